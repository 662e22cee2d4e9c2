package policies

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// fittedStack is a team in the sandbox whose every call to AWS is recorded.
type fittedStack struct {
	*team
	// calls are those of the provider, which the stacks of the team make.
	calls      *recorder
	identities *iam.Client
	// resources are those of the stack dev once it is up.
	resources []sandboxtest.Resource
}

func newFittedStack(t *testing.T) *fittedStack {
	t.Helper()
	calls := &recorder{actions: map[string]bool{}}
	deployed := sandboxtest.New(t, "../..", func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (string, error) {
			var err error
			calls.forward, err = proxyTo(emulator)
			return serve(t, calls), err
		}
	})
	return &fittedStack{team: newTeam(t, deployed), calls: calls, identities: deployed.Clients().IAM}
}

// The order matters: each subtest finds the stacks as the one before it has left them.
func TestThePoliciesFitTheStackInTheSandbox(t *testing.T) {
	s := newFittedStack(t)
	t.Run("IAM accepts every document", s.acceptsEveryDocument)
	t.Run("the documented commands make the boundary and the role that deploys", s.documentedCommands)

	s.run(t, s.dev, previewer, "preview")
	t.Run("a preview makes only calls that the preview may make", func(t *testing.T) {
		s.wantOnlyGranted(t, previewer, 3)
	})

	// With alarms for people and secrets of the application there is all that a policy must reach.
	s.run(t, s.dev, deployer, "up", "--yes", "--skip-preview", "--config-path", "-c", "mediaserver:alarmEmails[0]=oncall@example.com",
		"-c", "mediaserver:secrets.API_KEY=arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/api-key",
		"-c", "mediaserver:secrets.DATABASE_PASSWORD=arn:aws:secretsmanager:eu-west-2:123456789012:secret:mediaserver/database-AbCdEf",
		"-c", "mediaserver:secretsKeyArns[0]=arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
	s.calls.made()
	s.run(t, s.dev, previewer, "preview", "--refresh")
	t.Run("a preview with refresh makes only calls that the preview may make", func(t *testing.T) {
		s.wantOnlyGranted(t, previewer, 20)
	})

	s.readResources(t)
	t.Run("the grants reach what exists", s.grantsReach)
	t.Run("security groups carry the tags that their grants ask for", s.securityGroupTags)
	t.Run("the boundary takes nothing away that the program grants, and allows nothing else", func(t *testing.T) {
		checkBoundary(t, s.identities, s.dev.values.documents(t, boundary), s.resources)
	})

	t.Run("up and destroy make only calls that up may make", s.upAndDestroy)
	s.run(t, s.dev, deployer, "stack", "output", "--json")
	t.Run("an interrupted run's lock is released by who may deploy", s.interruptedRun)
	t.Run("the state is reached in every way that is granted, and in no other", func(t *testing.T) {
		checkState(t, s.team)
	})
	t.Run("a role of one stack neither reads nor writes the state of another", s.otherStacksState)
}

// wantOnlyGranted asserts that the calls since the last look are at least so many, and that the role may make each of them.
func (s *fittedStack) wantOnlyGranted(t *testing.T, role []string, atLeast int) {
	t.Helper()
	actions := s.calls.made()
	if len(actions) < atLeast {
		t.Fatalf("recorded %d actions: %q", len(actions), actions)
	}
	if missing := lacking(granted(t, role), actions); len(missing) > 0 {
		t.Errorf("not granted: %q", missing)
	}
}

// readResources reads the resources of the stack dev.
func (s *fittedStack) readResources(t *testing.T) {
	t.Helper()
	var state struct {
		Deployment sandboxtest.State
	}
	if err := json.Unmarshal([]byte(s.run(t, s.dev, deployer, "stack", "export", "--show-secrets").Stdout), &state); err != nil {
		t.Fatal(err)
	}
	s.resources = state.Deployment.Resources
}

// acceptsEveryDocument has IAM make a policy or a role of each document.
func (s *fittedStack) acceptsEveryDocument(t *testing.T) {
	for _, name := range names(t) {
		physicalName, text := "mediaserver-"+name, s.dev.values.fill(template(t, name))
		var err error
		if strings.HasPrefix(name, "trust-") {
			_, err = s.identities.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &physicalName, AssumeRolePolicyDocument: &text})
		} else {
			_, err = s.identities.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &physicalName, PolicyDocument: &text})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// documentedCommands runs the commands of the guide for the stack prod.
func (s *fittedStack) documentedCommands(t *testing.T) {
	filled := t.TempDir()
	for _, name := range names(t) {
		if err := os.WriteFile(filepath.Join(filled, name+".json"), []byte(s.prod.values.fill(template(t, name))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	block := strings.ReplaceAll(documents.Commands(t, guide, "aws iam create-open-id-connect-provider"), "/tmp/policies", filled)
	command := sandboxtest.Shell(t, s.prod.Stack, block)
	command.Dir = s.prod.Root
	if result := run(t, command); result.ExitCode != 0 {
		t.Fatalf("exit status %d\n%s%s", result.ExitCode, result.Stdout, result.Stderr)
	}
	attached, err := s.identities.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("mediaserver-prod-up")})
	if err != nil {
		t.Fatal(err)
	}
	var policies []string
	for _, policy := range attached.AttachedPolicies {
		policies = append(policies, strings.TrimPrefix(*policy.PolicyName, "mediaserver-prod-"))
	}
	if policies := sorted(policies); !slices.Equal(policies, sorted(deployer)) {
		t.Errorf("the role has %q, want %q", policies, deployer)
	}
	if _, err := s.identities.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String(prod["BOUNDARY_ARN"])}); err != nil {
		t.Error(err)
	}
	if set := run(t, s.prod.Command(t.Context(), "config", "get", "mediaserver:permissionsBoundaryArn")); strings.TrimSpace(set.Stdout) != prod["BOUNDARY_ARN"] {
		t.Errorf("the setting is %q: %s", set.Stdout, set.Stderr)
	}
}

// grantsReach asks for the calls that create and delete each resource on the ARN that it has.
func (s *fittedStack) grantsReach(t *testing.T) {
	documents := unconditional(s.dev.values.documents(t, deployer))
	var checked int
	for _, resource := range s.resources {
		arn, _ := resource.Outputs["arn"].(string)
		if dashboard, _ := resource.Outputs["dashboardArn"].(string); dashboard != "" {
			arn = dashboard
		}
		if arn == "" || resource.Type == "aws:appautoscaling/policy:Policy" || resource.Type == "aws:appautoscaling/target:Target" {
			continue
		}
		checked++
		kind, _ := inventory.Find(resource.Type)
		for _, action := range slices.Concat(kind.Needs.Create, kind.Needs.Delete) {
			if !mayReach(t, documents, action, arn) {
				t.Errorf("%s is not granted on %s", action, arn)
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d resources have an ARN", checked)
	}
}

// securityGroupTags asks for a change of each security group with the tags that it carries, for its own stack and for another.
func (s *fittedStack) securityGroupTags(t *testing.T) {
	var checked int
	for _, resource := range s.resources {
		if resource.Type != "aws:ec2/securityGroup:SecurityGroup" {
			continue
		}
		checked++
		tags, _ := resource.Outputs["tagsAll"].(map[string]any)
		change := iampolicy.Request{Action: "ec2:AuthorizeSecurityGroupIngress", Resource: resource.Outputs["arn"].(string), Context: map[string]string{}}
		for key, value := range tags {
			change.Context["aws:ResourceTag/"+key] = value.(string)
		}
		if !allowed(t, s.dev.values.documents(t, deployer), change) {
			t.Errorf("with the tags %v %s cannot be changed", tags, resource.URN)
		}
		if allowed(t, s.prod.values.documents(t, deployer), change) {
			t.Errorf("another stack's role may change %s with the tags %v", resource.URN, tags)
		}
	}
	if checked != 2 {
		t.Errorf("found %d security groups", checked)
	}
}

// upAndDestroy changes the stack dev, destroys it and brings it up again from a plan.
func (s *fittedStack) upAndDestroy(t *testing.T) {
	s.calls.made()
	s.run(t, s.dev, deployer, "up", "--yes", "--skip-preview",
		"-c", "mediaserver:imageTag=v2", "-c", "mediaserver:logRetentionDays=90", "-c", "mediaserver:scaleUpCpu=75")
	s.run(t, s.dev, deployer, "destroy", "--yes", "--skip-preview")
	plan := filepath.Join(t.TempDir(), "plan.json")
	s.run(t, s.dev, deployer, "preview", "--save-plan", plan)
	s.run(t, s.dev, deployer, "up", "--yes", "--skip-preview", "--plan", plan)
	s.run(t, s.dev, deployer, "refresh", "--yes", "--skip-preview")
	s.wantOnlyGranted(t, deployer, 50)
}

// interruptedRun leaves a lock behind, as a run does that is killed, and cancels it.
func (s *fittedStack) interruptedRun(t *testing.T) {
	s.lock(t, s.dev)
	if result := s.try(t, s.dev, deployer, "up", "--yes", "--skip-preview"); result.ExitCode == 0 || !strings.Contains(result.Stderr, "currently locked") {
		t.Errorf("a locked stack: exit status %d\n%s", result.ExitCode, result.Stderr)
	}
	s.run(t, s.dev, deployer, "cancel", "--yes")
	s.run(t, s.dev, deployer, "up", "--yes", "--skip-preview")
}

// otherStacksState uses the stack prod with the roles of the stack dev.
func (s *fittedStack) otherStacksState(t *testing.T) {
	before := s.objects(t)
	for who, role := range map[string][]string{"previews": previewer, "deploys": deployer} {
		for _, command := range [][]string{
			{"preview"},
			{"stack", "output"},
			{"stack", "export"},
			{"up", "--yes", "--skip-preview"},
			{"refresh", "--yes", "--skip-preview"},
			{"destroy", "--yes", "--skip-preview"},
			{"cancel", "--yes"},
			{"stack", "rm", "--yes", "--force"},
		} {
			result := s.tryAs(t, s.prod, s.dev.values.documents(t, role), command...)
			if result.ExitCode == 0 || !strings.Contains(result.Stdout+result.Stderr, "PermissionDenied") {
				t.Errorf("pulumi %s on prod, by who %s dev: exit status %d\n%s%s",
					strings.Join(command, " "), who, result.ExitCode, result.Stdout, result.Stderr)
			}
		}
	}
	if after := s.objects(t); !slices.Equal(before, after) {
		t.Errorf("the state bucket holds\n%q\nand held\n%q", after, before)
	}
	s.run(t, s.prod, previewer, "preview")
}

// checkState holds the documents against the requests that the CLI made with them.
func checkState(t *testing.T, shared *team) {
	t.Helper()
	seen, refused := shared.guard.take()
	// The CLI looks for stacks of the time before there were projects, and goes on without the list.
	legacy := listing(dev["STATE_BUCKET"], ".pulumi/stacks/")
	for _, request := range refused {
		if !reflect.DeepEqual(request, legacy) {
			t.Errorf("refused: %s on %s with %v", request.Action, request.Resource, request.Context)
		}
	}
	for _, open := range unfilled(t, []string{"state-read", "state-write"}) {
		statement := shared.dev.values.fillStatement(open)
		for _, action := range statement.Action {
			for _, resource := range statement.Resource {
				for _, context := range contexts(statement) {
					used := func(request iampolicy.Request) bool {
						return request.Action == action && iampolicy.Matches(resource, request.Resource) && (len(context) == 0 || maps.Equal(context, request.Context))
					}
					if !slices.ContainsFunc(seen, used) {
						t.Errorf("nothing used %s on %s with %v", action, resource, context)
					}
				}
			}
		}
	}
}

// unconditional are documents without their conditions.
func unconditional(documents []iampolicy.Document) []iampolicy.Document {
	for _, document := range documents {
		for i := range document.Statements {
			document.Statements[i].Condition = nil
		}
	}
	return documents
}

// mayReach tells whether the documents grant the action on the resource, or on something
// that the action reaches besides it: another resource that has a grant of its own.
func mayReach(t *testing.T, documents []iampolicy.Document, action, arn string) bool {
	t.Helper()
	service := strings.Split(arn, ":")[2]
	if prefix, _, _ := strings.Cut(action, ":"); prefix != service {
		return true
	}
	// Objects are below the bucket.
	if action == "s3:DeleteObject" || action == "s3:DeleteObjectVersion" {
		arn += "/film.mp4"
	}
	request := iampolicy.Request{Action: action, Resource: arn}
	// Whoever subscribes or unsubscribes needs the topic, whose ARN is the beginning of the subscription's.
	if strings.HasSuffix(action, "ubscribe") {
		request.Resource = arn[:strings.LastIndex(arn, ":")]
		request.Context = map[string]string{"sns:Protocol": "email"}
	}
	return allowed(t, documents, request)
}
