// Package policies checks the IAM policy documents in the folder policies against the
// resources that the program makes, the calls that reach AWS, and the deploy script.
package policies

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// folder holds the documents, seen from this package.
const folder = "../../policies"

// managedPolicyLimit is how many characters, white space aside, IAM accepts in a managed policy.
const managedPolicyLimit = 6144

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Principal map[string]string
	Condition map[string]map[string]any
}

type document struct {
	Version   string
	Statement []statement
}

func load(t *testing.T, name string) document {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	var loaded document
	if err := decoder.Decode(&loaded); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(loaded.Statement) == 0 {
		t.Fatalf("%s grants nothing", name)
	}
	return loaded
}

// statements are those of several documents together.
func statements(t *testing.T, names ...string) []statement {
	t.Helper()
	var all []statement
	for _, name := range names {
		all = append(all, load(t, name).Statement...)
	}
	return all
}

// previewer and deployer are the documents that one role needs to preview and to deploy the stack.
var (
	previewer = []string{"preview"}
	deployer  = []string{"preview", "up", "up-roles"}
)

// granted are the actions that the documents allow, sorted, each once.
func granted(t *testing.T, names ...string) []string {
	t.Helper()
	var actions []string
	for _, each := range statements(t, names...) {
		actions = append(actions, each.Action...)
	}
	return sorted(actions)
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lacking are the elements of wanted that are not in have.
func lacking(have, wanted []string) []string {
	var missing []string
	for _, each := range wanted {
		if !slices.Contains(have, each) {
			missing = append(missing, each)
		}
	}
	return missing
}

func TestPreviewMayReadWhatUpMayManage(t *testing.T) {
	preview, up := granted(t, previewer...), granted(t, deployer...)
	for resourceType, needs := range needed {
		if missing := lacking(preview, needs.read); len(missing) > 0 {
			t.Errorf("preview may not read %s: lacks %q", resourceType, missing)
		}
		for what, actions := range map[string][]string{"read": needs.read, "create": needs.create, "update": needs.update, "delete": needs.remove} {
			if missing := lacking(up, actions); len(missing) > 0 {
				t.Errorf("up may not %s %s: lacks %q", what, resourceType, missing)
			}
		}
	}
	for what, actions := range map[string][]string{"look the account up": lookups, "read the state": stateReads} {
		if missing := lacking(preview, actions); len(missing) > 0 {
			t.Errorf("preview may not %s: lacks %q", what, missing)
		}
	}
	if missing := lacking(up, stateWrites); len(missing) > 0 {
		t.Errorf("up may not write the state: lacks %q", missing)
	}
}

func TestNothingIsGrantedThatNothingNeeds(t *testing.T) {
	reads, all := sorted(lookups, stateReads), sorted(lookups, stateReads, stateWrites)
	for _, needs := range needed {
		reads = sorted(reads, needs.read)
		all = sorted(all, needs.read, needs.create, needs.update, needs.remove)
	}
	if extra := lacking(reads, granted(t, previewer...)); len(extra) > 0 {
		t.Errorf("preview grants %q, which no lookup and no reading of a resource needs", extra)
	}
	if extra := lacking(all, granted(t, deployer...)); len(extra) > 0 {
		t.Errorf("up grants %q, which nothing needs", extra)
	}
}

func TestPreviewOnlyReads(t *testing.T) {
	reading := regexp.MustCompile(`^[a-z0-9-]+:(Get|List|Describe)|^kms:Decrypt$`)
	for _, action := range granted(t, previewer...) {
		if !reading.MatchString(action) {
			t.Errorf("preview grants %s", action)
		}
	}
}

// unscoped are the actions that AWS cannot bind to a resource, or that list resources before their names are known.
var unscoped = regexp.MustCompile(`^(ec2|elasticloadbalancing|application-autoscaling):Describe` +
	`|^(cloudwatch:DescribeAlarms|logs:DescribeLogGroups|ssm:DescribeParameters|sts:GetCallerIdentity|ecr:GetAuthorizationToken)$` +
	`|^ecs:(CreateCluster|(Describe|Register|Deregister)TaskDefinition|ListTasks)$`)

// unbindable are the actions of which AWS knows no resource: a grant on one would grant nothing.
var unbindable = regexp.MustCompile(`^ecs:(CreateCluster|DeregisterTaskDefinition)$|^ecr:GetAuthorizationToken$`)

func TestEveryGrantIsBoundToTheStack(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(names) < 7 {
		t.Fatalf("found %q (%v)", names, err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			loaded := load(t, name)
			if loaded.Version != "2012-10-17" {
				t.Errorf("version %q", loaded.Version)
			}
			seen := map[string]bool{}
			for _, each := range loaded.Statement {
				if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(each.Sid) || seen[each.Sid] {
					t.Errorf("statement %q: the Sid is not one of letters and digits, or is there twice", each.Sid)
				}
				seen[each.Sid] = true
				if each.Effect != "Allow" || len(each.Action) == 0 || !slices.IsSorted(each.Action) {
					t.Errorf("statement %s: effect %q, actions %q", each.Sid, each.Effect, each.Action)
				}
				for _, action := range each.Action {
					if !regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`).MatchString(action) {
						t.Errorf("statement %s: action %q", each.Sid, action)
					}
					if unbindable.MatchString(action) && !slices.Contains(each.Resource, "*") {
						t.Errorf("statement %s grants %s on %q, and AWS knows no resource for it", each.Sid, action, each.Resource)
					}
					if slices.Contains(each.Resource, "*") && !unscoped.MatchString(action) {
						t.Errorf("statement %s grants %s on everything", each.Sid, action)
					}
				}
				for _, resource := range each.Resource {
					if resource != "*" && !strings.HasPrefix(resource, "arn:aws:s3:::") && !strings.Contains(resource, ":ACCOUNT_ID:") {
						t.Errorf("statement %s: %s is not bound to the account", each.Sid, resource)
					}
				}
				if each.Principal == nil && len(each.Resource) == 0 {
					t.Errorf("statement %s names no resource", each.Sid)
				}
			}
			compact, err := json.Marshal(loaded)
			if err != nil || len(compact) > managedPolicyLimit {
				t.Errorf("%d characters, IAM accepts %d (%v)", len(compact), managedPolicyLimit, err)
			}
		})
	}
}

func TestRolesArePassedToTasksOnly(t *testing.T) {
	var found int
	for _, each := range statements(t, "up-roles", "deploy-app") {
		if !slices.Contains(each.Action, "iam:PassRole") {
			continue
		}
		found++
		if len(each.Action) != 1 || each.Condition["StringEquals"]["iam:PassedToService"] != "ecs-tasks.amazonaws.com" {
			t.Errorf("statement %s: %q under %v", each.Sid, each.Action, each.Condition)
		}
		want := []string{"arn:aws:iam::ACCOUNT_ID:role/mediaserver-ecs-task-execution-role", "arn:aws:iam::ACCOUNT_ID:role/mediaserver-ecs-task-role"}
		if !slices.Equal(each.Resource, want) {
			t.Errorf("statement %s passes %q", each.Sid, each.Resource)
		}
	}
	if found != 2 {
		t.Errorf("found %d grants of iam:PassRole, want 2", found)
	}
}

func TestOnlyTheManagedExecutionPolicyMayBeAttached(t *testing.T) {
	for _, each := range statements(t, deployer...) {
		if slices.Contains(each.Action, "iam:AttachRolePolicy") {
			if got := each.Condition["ArnEquals"]["iam:PolicyARN"]; got != "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" {
				t.Errorf("statement %s may attach %v", each.Sid, got)
			}
			return
		}
	}
	t.Error("no statement may attach the policy")
}

func TestRolesTrustOneKindOfWorkflowRun(t *testing.T) {
	for name, subject := range map[string]string{
		"trust-preview":    "repo:OWNER/REPOSITORY:pull_request",
		"trust-up":         "repo:OWNER/REPOSITORY:environment:ENVIRONMENT",
		"trust-deploy-app": "repo:OWNER/APPLICATION_REPOSITORY:environment:ENVIRONMENT",
	} {
		loaded := load(t, name)
		if len(loaded.Statement) != 1 {
			t.Fatalf("%s has %d statements", name, len(loaded.Statement))
		}
		trust := loaded.Statement[0]
		want := statement{
			Sid: "GitHubActions", Effect: "Allow", Action: []string{"sts:AssumeRoleWithWebIdentity"},
			Principal: map[string]string{"Federated": "arn:aws:iam::ACCOUNT_ID:oidc-provider/token.actions.githubusercontent.com"},
			Condition: map[string]map[string]any{"StringEquals": {
				"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
				"token.actions.githubusercontent.com:sub": subject,
			}},
		}
		if fmt.Sprint(trust) != fmt.Sprint(want) {
			t.Errorf("%s:\n%v\nwant\n%v", name, trust, want)
		}
	}
}

func TestTheDeployScriptMayDoExactlyWhatItDoes(t *testing.T) {
	source, err := os.ReadFile("../../scripts/deploy-app")
	if err != nil {
		t.Fatal(err)
	}
	services := map[string]string{"ecs": "ecs", "ecr": "ecr", "elbv2": "elasticloadbalancing", "application-autoscaling": "application-autoscaling", "logs": "logs"}
	var wanted []string
	for line := range strings.Lines(string(source)) {
		// A hint for people names a command that the script does not run.
		if strings.Contains(line, "show 'Logs:") {
			continue
		}
		for _, call := range regexp.MustCompile(`\b(ecs|ecr|elbv2|application-autoscaling|logs) ([a-z]+(?:-[a-z]+)+)`).FindAllStringSubmatch(line, -1) {
			operation := ""
			for word := range strings.SplitSeq(call[2], "-") {
				operation += strings.ToUpper(word[:1]) + word[1:]
			}
			wanted = append(wanted, services[call[1]]+":"+operation)
		}
	}
	if len(wanted) < 10 {
		t.Fatalf("found %q in the script", wanted)
	}
	wanted = slices.DeleteFunc(wanted, func(action string) bool { return action == "ecr:GetLoginPassword" })
	wanted = sorted(wanted,
		[]string{"ecr:GetAuthorizationToken"},       // aws ecr get-login-password
		[]string{"ecs:TagResource", "iam:PassRole"}, // with ecs:RegisterTaskDefinition
		// docker push
		[]string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
		})
	if got := granted(t, "deploy-app"); !slices.Equal(got, wanted) {
		t.Errorf("granted and not used: %q; used and not granted: %q", lacking(wanted, got), lacking(got, wanted))
	}
}
