package policies

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// team are two stacks whose states are in one bucket of the emulator, behind a guard, and whose secrets
// are encrypted with a key for each.
type team struct {
	guard    *guard
	endpoint string
	storage  *s3.Client
	dev      *member
	prod     *member
}

// member is a stack of the team.
type member struct {
	*sandbox.Stack
	// values fill in the placeholders for the stack.
	values stack
}

// newTeam makes the bucket, the keys and the two empty stacks as an administrator.
func newTeam(t *testing.T, deployed *sandboxtest.Deployment) *team {
	t.Helper()
	guarding, err := newGuard(deployed.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	shared := &team{guard: guarding, endpoint: serve(t, guarding)}
	shared.storage = deployed.Clients().S3
	if _, err := shared.storage.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(dev["STATE_BUCKET"]),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: sandbox.Region},
	}); err != nil {
		t.Fatal(err)
	}
	keys := kms.NewFromConfig(sandbox.AWSConfig(deployed.Endpoint()))
	newMember := func(name string, values stack) *member {
		key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		one := deployed.Another(name, map[string]string{
			"mediaserver:name": values["NAME"], "mediaserver:permissionsBoundaryArn": values["BOUNDARY_ARN"],
		})
		created := &member{one, values.but(stack{"KMS_KEY_ID": *key.KeyMetadata.KeyId})}
		provider := "awskms://" + created.values["KMS_KEY_ID"] + "?region=" + sandbox.Region
		command := shared.command(t, created, "stack", "init", name, "--secrets-provider", provider)
		command.Dir = deployed.FolderForNewStacks()
		if result := run(t, command); result.ExitCode != 0 {
			t.Fatalf("make the stack %s: %s%s", name, result.Stdout, result.Stderr)
		}
		seen, _ := shared.guard.take()
		makesTheKey := func(request iampolicy.Request) bool {
			return request.Action == "kms:Encrypt" && request.Resource == keyARN(created.values["KMS_KEY_ID"])
		}
		if !slices.ContainsFunc(seen, makesTheKey) {
			t.Errorf("making the stack %s encrypted no data key: %v", name, seen)
		}
		return created
	}
	shared.dev, shared.prod = newMember("dev", dev), newMember("prod", prod)
	return shared
}

// command prepares the Pulumi CLI for a stack of the team.
func (s *team) command(t *testing.T, of *member, arguments ...string) *exec.Cmd {
	t.Helper()
	command := of.Command(t.Context(), append([]string{"--non-interactive"}, arguments...)...)
	command.Env = append(command.Env,
		"PULUMI_BACKEND_URL=s3://"+of.values["STATE_BUCKET"]+"?region="+sandbox.Region+"&awssdk=v2",
		"AWS_ENDPOINT_URL="+s.endpoint)
	return command
}

// run runs the Pulumi CLI on a stack with the documents of a role of that stack, and ends the test if it fails.
func (s *team) run(t *testing.T, of *member, role []string, arguments ...string) sandbox.Result {
	t.Helper()
	result := s.try(t, of, role, arguments...)
	if result.ExitCode != 0 {
		t.Fatalf("pulumi %s: exit status %d\n%s%s", strings.Join(arguments, " "), result.ExitCode, result.Stdout, result.Stderr)
	}
	return result
}

// try runs the Pulumi CLI on a stack with the documents of a role of that stack, whatever its end.
func (s *team) try(t *testing.T, of *member, role []string, arguments ...string) sandbox.Result {
	t.Helper()
	return s.tryAs(t, of, of.values.documents(t, role), arguments...)
}

// tryAs runs the Pulumi CLI on a stack with any documents, whatever its end.
func (s *team) tryAs(t *testing.T, of *member, documents []iampolicy.Document, arguments ...string) sandbox.Result {
	t.Helper()
	s.guard.as(documents)
	return run(t, s.command(t, of, arguments...))
}

func run(t *testing.T, command *exec.Cmd) sandbox.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return sandbox.Result{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: command.ProcessState.ExitCode()}
}

// lock leaves the lock of a run that is gone.
func (s *team) lock(t *testing.T, of *member) {
	t.Helper()
	_, err := s.storage.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(of.values["STATE_BUCKET"]),
		Key:    aws.String(of.values.fill(".pulumi/locks/organization/<PROJECT>/<STACK>/gone.json")),
		Body:   strings.NewReader(`{"pid": 1, "username": "somebody", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00Z"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// objects are the keys and the contents of the state bucket, sorted.
func (s *team) objects(t *testing.T) []string {
	t.Helper()
	var all []string
	pages := s3.NewListObjectsV2Paginator(s.storage, &s3.ListObjectsV2Input{Bucket: aws.String(dev["STATE_BUCKET"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			all = append(all, *object.Key+" "+*object.ETag)
		}
	}
	slices.Sort(all)
	return all
}
