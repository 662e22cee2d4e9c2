package policies

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// fittedStack is the stack dev in the sandbox. Its state is in a bucket of the emulator behind a guard, its secrets are
// encrypted with a key, and a proxy notes every call of the provider.
type fittedStack struct {
	*sandboxtest.Deployment
	// of is the stack dev, and values fill in the placeholders for it.
	of     *sandbox.Stack
	values stack
	guard  *guard
	// guarded is the address of the guard.
	guarded string
	calls   *faultproxy.Proxy
	// seen is how many calls the test has looked at.
	seen int
}

// newFittedStack makes the bucket, the key and the empty stack as an administrator.
func newFittedStack(t *testing.T) *fittedStack {
	t.Helper()
	deployed, calls := sandboxtest.NewBehindProxy(t, "../..")
	s := &fittedStack{Deployment: deployed, calls: calls}
	s.guard, s.guarded = newGuard(t, deployed.Emulator)
	if _, err := deployed.Clients().S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(dev["STATE_BUCKET"]),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: sandbox.Region},
	}); err != nil {
		t.Fatal(err)
	}
	key, err := kms.NewFromConfig(sandbox.AWSConfig(deployed.Emulator)).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	s.values = dev.but(stack{"KMS_KEY_ID": *key.KeyMetadata.KeyId})
	s.of = deployed.Another(dev["STACK"], map[string]string{"mediaserver:permissionsBoundaryArn": dev["BOUNDARY_ARN"]})
	secrets := "awskms://" + s.values["KMS_KEY_ID"] + "?region=" + sandbox.Region
	initialize := s.command(t, "stack", "init", dev["STACK"], "--secrets-provider", secrets)
	initialize.Dir = deployed.FolderForNewStacks()
	run(t, initialize)
	if seen, _ := s.guard.take(); !slices.ContainsFunc(seen, func(request iampolicy.Request) bool {
		return request.Action == "kms:Encrypt" && request.Resource == keyARN(s.values["KMS_KEY_ID"])
	}) {
		t.Errorf("making the stack encrypted no data key: %v", seen)
	}
	return s
}

// command prepares the Pulumi CLI for the stack.
func (s *fittedStack) command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	command := s.of.Command(t.Context(), append([]string{"--non-interactive"}, arguments...)...)
	command.Env = append(command.Env,
		"PULUMI_BACKEND_URL=s3://"+s.values["STATE_BUCKET"]+"?region="+sandbox.Region+"&awssdk=v2", "AWS_ENDPOINT_URL="+s.guarded)
	return command
}

// as runs the Pulumi CLI as a role. It checks that the provider makes at least atLeast different calls, and that the role
// may make each.
func (s *fittedStack) as(t *testing.T, role string, atLeast int, arguments ...string) string {
	t.Helper()
	s.guard.as(s.values.documents(t, role))
	output := run(t, s.command(t, arguments...))
	calls := s.calls.Calls()
	var made []string
	for _, call := range calls[s.seen:] {
		// The requests of Amazon S3 do not name their operations.
		if call.Service != "s3" {
			made = append(made, strings.Replace(call.Service, "monitoring", "cloudwatch", 1)+":"+call.Action)
		}
	}
	s.seen, made = len(calls), sorted(made)
	// The stand-in looks for revisions that a run left behind; the official provider does not.
	if missing := lacking(append(granted(t, role), "ecs:ListTaskDefinitions"), made); len(missing) > 0 || len(made) < atLeast {
		t.Errorf("pulumi %s, by who may %s, made the calls %q; not granted: %q", strings.Join(arguments, " "), role, made, missing)
	}
	return output
}

// run runs a command, ends the test if it fails, and returns what it printed.
func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var failure *exec.ExitError
	output, err := command.Output()
	if errors.As(err, &failure) {
		t.Fatalf("%s: %v\n%s%s", command, err, output, failure.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// The order matters: each part finds the stack as the one before it has left it.
func TestThePoliciesFitTheStackInTheSandbox(t *testing.T) {
	s := newFittedStack(t)
	s.acceptsEveryDocument(t)
	s.documentedCommands(t)
	zone := sandboxtest.CreateZone(t, s.Clients(), "example.com")

	// With HTTPS, alarms for people and secrets of the application there is all that a policy must reach.
	s.as(t, "preview", 3, "preview", "--config-path", "-c", "mediaserver:alarmEmails[0]=oncall@example.com",
		"-c", "mediaserver:domainName=media.example.com", "-c", "mediaserver:hostedZoneId="+zone,
		"-c", "mediaserver:secrets.API_KEY=arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/api-key",
		"-c", "mediaserver:secrets.DATABASE_PASSWORD=arn:aws:secretsmanager:eu-west-2:123456789012:secret:mediaserver/database-AbCdEf",
		"-c", "mediaserver:secretsKeyArns[0]=arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
	s.as(t, "up", 40, "up", "--yes", "--skip-preview")
	s.as(t, "preview", 20, "preview", "--refresh")
	resources := s.resources(t)
	s.grantsReach(t, resources)
	checkBoundary(t, s.values.documents(t, "task"), resources)

	s.as(t, "up", 10, "up", "--yes", "--skip-preview", "-c", "mediaserver:domainName=films.example.com",
		"-c", "mediaserver:imageTag=v2", "-c", "mediaserver:logRetentionDays=90", "-c", "mediaserver:scaleUpCpu=75")
	s.as(t, "up", 20, "destroy", "--yes", "--skip-preview")
	plan := filepath.Join(t.TempDir(), "plan.json")
	// The emulator does not take a record again that it had before.
	s.as(t, "up", 3, "preview", "--save-plan", plan, "-c", "mediaserver:domainName=shows.example.com")
	s.as(t, "up", 40, "up", "--yes", "--skip-preview", "--plan", plan)
	s.as(t, "up", 20, "refresh", "--yes", "--skip-preview")
	s.as(t, "up", 0, "stack", "output", "--json")
	s.checkState(t)
}

// acceptsEveryDocument has IAM make a policy or a role of each document.
func (s *fittedStack) acceptsEveryDocument(t *testing.T) {
	t.Helper()
	for _, name := range names(t) {
		physicalName, text := "mediaserver-"+name, s.values.fill(template(t, name))
		var err error
		if strings.HasPrefix(name, "trust-") {
			_, err = s.Clients().IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &physicalName, AssumeRolePolicyDocument: &text})
		} else {
			_, err = s.Clients().IAM.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &physicalName, PolicyDocument: &text})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// documentedCommands runs the commands of the guide, which make the boundary and the role that deploys, for the stack prod.
func (s *fittedStack) documentedCommands(t *testing.T) {
	t.Helper()
	filled := t.TempDir()
	for _, name := range names(t) {
		if err := os.WriteFile(filepath.Join(filled, name+".json"), []byte(prod.fill(template(t, name))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	block := strings.ReplaceAll(documents.Commands(t, guide, "aws iam create-open-id-connect-provider"), "/tmp/policies", filled)
	of := s.Another("prod", nil)
	command := sandboxtest.Shell(t, of, block)
	command.Dir = of.Root
	run(t, command)
	attached, err := s.Clients().IAM.ListAttachedRolePolicies(t.Context(),
		&iam.ListAttachedRolePoliciesInput{RoleName: aws.String("mediaserver-prod-up")})
	if err != nil {
		t.Fatal(err)
	}
	var policies []string
	for _, policy := range attached.AttachedPolicies {
		policies = append(policies, strings.TrimPrefix(*policy.PolicyName, "mediaserver-prod-"))
	}
	if policies := sorted(policies); !slices.Equal(policies, sorted(roles["up"])) {
		t.Errorf("the role has %q, want %q", policies, roles["up"])
	}
	if _, err := s.Clients().IAM.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String(prod["BOUNDARY_ARN"])}); err != nil {
		t.Error(err)
	}
	set := run(t, of.Command(t.Context(), "config", "get", "mediaserver:permissionsBoundaryArn"))
	if strings.TrimSpace(set) != prod["BOUNDARY_ARN"] {
		t.Errorf("the setting is %q", set)
	}
}

// resources are those of the stack.
func (s *fittedStack) resources(t *testing.T) []sandboxtest.Resource {
	t.Helper()
	var state struct{ Deployment sandboxtest.State }
	if err := json.Unmarshal([]byte(s.as(t, "up", 0, "stack", "export", "--show-secrets")), &state); err != nil {
		t.Fatal(err)
	}
	return state.Deployment.Resources
}

// grantsReach asks for the calls that create and delete each resource on the ARN that it has.
func (s *fittedStack) grantsReach(t *testing.T, resources []sandboxtest.Resource) {
	t.Helper()
	granted := s.values.documents(t, "up")
	for _, document := range granted {
		for i := range document.Statements {
			document.Statements[i].Condition = nil
		}
	}
	checked := 0
	for _, resource := range resources {
		arn, _ := resource.Outputs["arn"].(string)
		if dashboard, _ := resource.Outputs["dashboardArn"].(string); dashboard != "" {
			arn = dashboard
		}
		// Grants name a scalable target, which has no ARN here.
		if arn == "" || strings.HasPrefix(resource.Type, "aws:appautoscaling/") {
			continue
		}
		checked++
		kind, _ := inventory.Find(resource.Type)
		for _, action := range slices.Concat(kind.Needs.Create, kind.Needs.Delete) {
			on := arn
			switch service, name, _ := strings.Cut(action, ":"); {
			case service != strings.Split(arn, ":")[2]:
				// The action reaches something else too, which has a grant of its own.
				continue
			case strings.HasPrefix(name, "DeleteObject"):
				on += "/film.mp4"
			case strings.HasSuffix(name, "ubscribe"):
				// It takes the topic, whose ARN is the beginning of the subscription's.
				on = arn[:strings.LastIndex(arn, ":")]
			}
			if !iampolicy.Allows(granted, iampolicy.Request{Action: action, Resource: on}) {
				t.Errorf("%s is not granted on %s", action, on)
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d resources have an ARN", checked)
	}
}

// checkBoundary holds the boundary against what the program grants to both roles of the tasks. testdata/requests.yaml has
// what AWS's own policy grants to one of them.
func checkBoundary(t *testing.T, bounds []iampolicy.Document, resources []sandboxtest.Resource) {
	t.Helper()
	var inline []string
	for _, resource := range resources {
		if resource.Type == "aws:iam/rolePolicy:RolePolicy" {
			inline = append(inline, resource.Outputs["policy"].(string))
		}
		policies, _ := resource.Outputs["inlinePolicies"].([]any)
		for _, policy := range policies {
			inline = append(inline, policy.(map[string]any)["policy"].(string))
		}
	}
	if len(inline) != 3 {
		t.Errorf("found %d inline policies, want 3", len(inline))
	}
	taggedAsDev := map[string]string{
		"aws:ResourceTag/Project": dev["TAG_PROJECT"], "aws:ResourceTag/Environment": dev["TAG_ENVIRONMENT"],
	}
	used := []string{
		"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
		"logs:CreateLogStream", "logs:PutLogEvents",
	}
	for _, text := range inline {
		for _, statement := range parse(t, "an inline policy", text).Statements {
			for _, request := range requests(statement) {
				used = append(used, request.Action)
				if request.Action == "kms:Decrypt" {
					request.Context = taggedAsDev
				}
				if !iampolicy.Allows(bounds, request) {
					t.Errorf("the boundary takes %s on %s with %v away", request.Action, request.Resource, request.Context)
				}
			}
		}
	}
	if allowed := granted(t, "task"); !slices.Equal(allowed, sorted(used)) {
		t.Errorf("the boundary allows %q, which no role has", lacking(used, allowed))
	}
}

// checkState holds the documents against the requests that the CLI made with them: they allow each of them, and everything
// that they allow was used. The same role of another stack may make none of them.
func (s *fittedStack) checkState(t *testing.T) {
	t.Helper()
	seen, refused := s.guard.take()
	// The CLI looks for stacks of the time before there were projects, and goes on without the list.
	legacy := listing(dev["STATE_BUCKET"], ".pulumi/stacks/")
	others := slices.DeleteFunc(slices.Clone(refused), func(request iampolicy.Request) bool { return reflect.DeepEqual(request, legacy) })
	if len(others) > 0 || len(refused) == 0 {
		t.Errorf("of %v these were refused: %v, want the list of old stacks alone", seen, refused)
	}
	elsewhere := prod.documents(t, "up")
	for _, request := range seen {
		if !strings.HasSuffix(request.Resource, "/.pulumi/meta.yaml") && iampolicy.Allows(elsewhere, request) {
			t.Errorf("a role of another stack may %s on %s with %v", request.Action, request.Resource, request.Context)
		}
	}
	for _, open := range unfilled(t, "state-read", "state-write") {
		statement := s.values.fillStatement(open)
		for _, action := range statement.Action {
			for _, resource := range statement.Resource {
				for _, context := range contexts(statement) {
					if !slices.ContainsFunc(seen, func(request iampolicy.Request) bool {
						return request.Action == action && iampolicy.Matches(resource, request.Resource) &&
							(len(context) == 0 || maps.Equal(context, request.Context))
					}) {
						t.Errorf("nothing used %s on %s with %v", action, resource, context)
					}
				}
			}
		}
	}
}
