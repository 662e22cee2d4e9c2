package policies

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/inventory"
)

func TestEachRoleIsGrantedWhatTheStackNeedsAndNothingElse(t *testing.T) {
	reads := sorted(lookups, stateReads)
	all := sorted(lookups, stateReads, stateWrites)
	for _, each := range inventory.Types() {
		reads = sorted(reads, each.Needs.Read)
		all = sorted(all, each.Needs.Read, each.Needs.Create, each.Needs.Update, each.Needs.Delete)
	}
	for who, each := range map[string]struct{ role, needed []string }{
		"preview": {previewer, reads}, "up": {deployer, all},
	} {
		if got := granted(t, each.role); !slices.Equal(got, each.needed) {
			t.Errorf("%s lacks %q, and grants in vain %q", who, lacking(got, each.needed), lacking(each.needed, got))
		}
	}
}

func TestPreviewOnlyReads(t *testing.T) {
	reading := regexp.MustCompile(`^[a-z0-9-]+:(Get|List|Describe)|^kms:Decrypt$`)
	for _, action := range granted(t, previewer) {
		if !reading.MatchString(action) {
			t.Errorf("preview grants %s", action)
		}
	}
}

func TestEveryGrantIsBoundAsFarAsAWSAllows(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			document := parse(t, name, template(t, name))
			if document.Version != "2012-10-17" {
				t.Errorf("version %q", document.Version)
			}
			seen := map[string]bool{}
			for _, each := range document.Statements {
				if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(each.Sid) || seen[each.Sid] {
					t.Errorf("statement %q: the Sid is not one of letters and digits, or is there twice", each.Sid)
				}
				seen[each.Sid] = true
				if each.Effect != iampolicy.Allow || len(each.Action) == 0 || !slices.IsSorted(each.Action) {
					t.Errorf("statement %s: effect %q, actions %q", each.Sid, each.Effect, each.Action)
				}
				if len(each.Principal) == 0 && len(each.Resource) == 0 {
					t.Errorf("statement %s names no resource", each.Sid)
				}
				for _, action := range each.Action {
					if !regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`).MatchString(action) {
						t.Errorf("statement %s: action %q", each.Sid, action)
					}
				}
				for _, resource := range each.Resource {
					// Buckets, zones and their changes belong to an account without its number in their ARNs.
					ofTheWorld := strings.HasPrefix(resource, "arn:<PARTITION>:s3:::") || strings.HasPrefix(resource, "arn:<PARTITION>:route53:::")
					ofAWS := strings.HasSuffix(resource, ":repository/aws-guardduty-agent-fargate")
					if resource != "*" && !ofTheWorld && !ofAWS && !strings.Contains(resource, ":<ACCOUNT_ID>:") {
						t.Errorf("statement %s: %s is not bound to the account", each.Sid, resource)
					}
				}
			}
		})
	}
}

// Limits of IAM in characters, white space aside: of a managed policy, and of the trust policy of a role.
const (
	managedPolicyLimit = 6144
	trustPolicyLimit   = 2048
)

func TestEveryDocumentFitsIntoAPolicyWithTheLongestNames(t *testing.T) {
	long := stack{
		"ACCOUNT_ID": "123456789012", "REGION": "us-gov-west-1", partition: "aws-us-gov", "NAME": strings.Repeat("n", 28), "PROJECT": strings.Repeat("p", 100),
		"STACK": strings.Repeat("s", 100), "STATE_BUCKET": strings.Repeat("b", 63), "KMS_KEY_ID": strings.Repeat("k", 36),
		"TAG_PROJECT": strings.Repeat("t", 256), "TAG_ENVIRONMENT": strings.Repeat("t", 256),
		"BOUNDARY_ARN":                   "arn:aws:iam::123456789012:policy/" + strings.Repeat("b", 128),
		"REPOSITORY_SUBJECT":             "repo:" + strings.Repeat("o", 39) + "@1234567890/" + strings.Repeat("r", 100) + "@1234567890",
		"APPLICATION_REPOSITORY_SUBJECT": "repo:" + strings.Repeat("o", 39) + "@1234567890/" + strings.Repeat("a", 100) + "@1234567890",
		"ENVIRONMENT":                    strings.Repeat("e", 255),
		"HOSTED_ZONE_ID":                 strings.Repeat("Z", 32), "DOMAIN_NAME": strings.Repeat("d", 64),
	}
	for _, name := range names(t) {
		text := long.fill(template(t, name))
		if left := placeholder.FindString(text); left != "" {
			t.Errorf("%s: %s has no value", name, left)
		}
		limit := managedPolicyLimit
		if strings.HasPrefix(name, "trust-") {
			limit = trustPolicyLimit
		}
		if length := len(strings.Join(strings.Fields(text), "")); length > limit {
			t.Errorf("%s: %d characters, IAM accepts %d", name, length, limit)
		}
	}
}

func TestRolesArePassedToTheirServicesOnly(t *testing.T) {
	tasks := iampolicy.Statement{
		Sid: "PassTheRolesToTasks", Effect: iampolicy.Allow, Action: iampolicy.Texts{"iam:PassRole"},
		Resource: iampolicy.Texts{
			"arn:<PARTITION>:iam::<ACCOUNT_ID>:role/<NAME>-ecs-task-execution-role", "arn:<PARTITION>:iam::<ACCOUNT_ID>:role/<NAME>-ecs-task-role",
		},
		Condition: map[string]map[string]iampolicy.Texts{"StringEquals": {"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}},
	}
	// Nobody but its service can take a service-linked role (IAM user guide, "Create a service-linked role").
	scaling := iampolicy.Statement{
		Sid: "PassTheRoleThatScalesTheService", Effect: iampolicy.Allow, Action: iampolicy.Texts{"iam:PassRole"},
		Resource: iampolicy.Texts{
			"arn:<PARTITION>:iam::<ACCOUNT_ID>:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
		},
	}
	for who, each := range map[string]struct {
		role []string
		want []iampolicy.Statement
	}{
		"who previews":                {previewer, nil},
		"who deploys the stack":       {deployer, []iampolicy.Statement{tasks, scaling}},
		"who deploys the application": {applicationDeployer, []iampolicy.Statement{tasks}},
		"a task":                      {[]string{"boundary"}, nil},
	} {
		var found []iampolicy.Statement
		for _, statement := range unfilled(t, each.role) {
			if slices.Contains(statement.Action, "iam:PassRole") {
				found = append(found, statement)
			}
		}
		if !reflect.DeepEqual(found, each.want) {
			t.Errorf("%s may pass\n%+v\nwant\n%+v", who, found, each.want)
		}
	}
}

func TestRolesTrustOneKindOfWorkflowRun(t *testing.T) {
	for name, each := range map[string]struct{ sid, subject string }{
		"trust-preview":    {"PullRequestsOfThisRepository", "<REPOSITORY_SUBJECT>:pull_request"},
		"trust-up":         {"ProtectTheEnvironmentOrAnyBranchDeploys", "<REPOSITORY_SUBJECT>:environment:<ENVIRONMENT>"},
		"trust-deploy-app": {"ProtectTheEnvironmentOrAnyBranchDeploys", "<APPLICATION_REPOSITORY_SUBJECT>:environment:<ENVIRONMENT>"},
	} {
		want := iampolicy.Statements{{
			Sid: each.sid, Effect: iampolicy.Allow, Action: iampolicy.Texts{"sts:AssumeRoleWithWebIdentity"},
			Principal: iampolicy.Principals{"Federated": {"arn:<PARTITION>:iam::<ACCOUNT_ID>:oidc-provider/token.actions.githubusercontent.com"}},
			Condition: map[string]map[string]iampolicy.Texts{"StringEquals": {
				"token.actions.githubusercontent.com:aud": {"sts.amazonaws.com"},
				"token.actions.githubusercontent.com:sub": {each.subject},
			}},
		}}
		if trust := parse(t, name, template(t, name)).Statements; !reflect.DeepEqual(trust, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", name, trust, want)
		}
	}
}

func TestTheDeployToolMayDoExactlyWhatItDoes(t *testing.T) {
	var source strings.Builder
	files, err := filepath.Glob("../../tools/deploy/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if content, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		} else if !strings.HasSuffix(file, "_test.go") {
			source.Write(content)
		}
	}
	services := map[string]string{
		"ecs": "ecs", "ecr": "ecr", "elasticloadbalancingv2": "elasticloadbalancing", "applicationautoscaling": "application-autoscaling",
	}
	// Every call of the SDK names the type of its input.
	calls := regexp.MustCompile(`&(\w+)\.(\w+)Input\{`).FindAllStringSubmatch(source.String(), -1)
	if len(calls) < 15 {
		t.Fatalf("found %q in the tool", calls)
	}
	var wanted []string
	for _, call := range calls {
		wanted = append(wanted, services[call[1]]+":"+call[2])
	}
	wanted = sorted(wanted,
		[]string{"ecs:TagResource", "iam:PassRole"}, // with ecs:RegisterTaskDefinition
		// the push, in the registry's own protocol
		[]string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
		})
	if got := granted(t, applicationDeployer); !slices.Equal(got, wanted) {
		t.Errorf("granted and not used: %q; used and not granted: %q", lacking(wanted, got), lacking(got, wanted))
	}
}
