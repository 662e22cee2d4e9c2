package examples

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/sandboxtest"
)

// guide says how the state and a production stack are made.
const guide = "../../docs/permissions.md"

// reader is somebody who copies commands into a shell whose account is the emulated one, and who has no stack yet.
type reader struct {
	*sandboxtest.Deployment
	folder string
}

// run runs commands in the reader's copy of the program.
func (r *reader) run(t *testing.T, commands string) string {
	t.Helper()
	shell := sandboxtest.Shell(t, &r.Stack, commands)
	shell.Dir = r.folder
	// What the sandbox sets for its own stack is for the commands to say.
	shell.Env = slices.DeleteFunc(shell.Env, func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK"}, name)
	})
	output, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, commands, output)
	}
	return string(output)
}

func TestTheDocumentedCommandsMakeTheStateAndAProductionStack(t *testing.T) {
	r := &reader{sandboxtest.New(t, "../.."), sandboxtest.ChangedProgram(t, "../..")}
	example, err := os.ReadFile("../../examples/Pulumi.prod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(r.folder, "examples"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.folder, "examples", "Pulumi.prod.yaml"), example, 0o600); err != nil {
		t.Fatal(err)
	}
	zone, err := r.Clients().Route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("reader"),
	})
	if err != nil {
		t.Fatal(err)
	}

	r.run(t, documents.Commands(t, guide, "aws s3api create-bucket"))
	copied, rest, _ := strings.Cut(documents.Commands(t, guide, "cp examples/Pulumi.prod.yaml"), "\n")
	r.run(t, copied)
	settings := filepath.Join(r.folder, "Pulumi.prod.yaml")
	own := strings.ReplaceAll(string(example), "Z0123456789ABCDEFGHIJ", strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/"))
	if err := os.WriteFile(settings, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	if shown := r.run(t, rest); !strings.Contains(shown, "to create") {
		t.Errorf("the preview shows\n%s", shown)
	}

	versioning, err := r.Clients().S3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String("mediaserver-state")})
	if err != nil || versioning.Status != s3types.BucketVersioningStatusEnabled {
		t.Errorf("the versioning of the state's bucket is %v (%v)", versioning, err)
	}
	written, err := os.ReadFile(settings)
	if err != nil || !strings.Contains(string(written), "secretsprovider: awskms://alias/mediaserver-prod?region=eu-west-2\nencryptedkey: ") {
		t.Errorf("the settings do not say what decrypts the secrets: %v\n%s", err, written)
	}
}
