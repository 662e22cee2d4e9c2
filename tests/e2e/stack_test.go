// Package e2e deploys the program with the Pulumi CLI into an emulated AWS account and looks at what is
// there. Each test has a sandbox of its own: an empty account and an empty stack.
package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/sandboxtest"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// TestTheDefaultStackKeepsItsPromises follows one stack with the default settings from its first update to its end.
func TestTheDefaultStackKeepsItsPromises(t *testing.T) {
	t.Parallel()
	d := sandboxtest.New(t, repository)
	d.Up("--diff", "--debug", "--logtostderr")
	d.CheckValues(nil)
	d.Must("preview", "--expect-no-changes")
	d.Must("refresh", "--yes", "--diff", "--debug", "--logtostderr", "--expect-no-changes")
	d.Must("up", "--yes", "--skip-preview", "--expect-no-changes")
	// README.md gives the command: the CLI refuses a list that is given as text.
	d.Must("config", "set", "--path", "mediaserver:corsAllowedOrigins[0]", "https://media.example.com")
	d.CheckPlan("update media-storage (aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2)")
	d.Unset("mediaserver:corsAllowedOrigins")

	checkSecret(t, d)
	checkDrift(t, d)
	checkDestroy(t, d)
}

// checkSecret looks for the JWT secret in everything that the CLI has printed and kept so far.
func checkSecret(t *testing.T, d *sandboxtest.Deployment) {
	t.Helper()
	d.Must("preview", "--diff", "--json")
	d.Must("preview", "--diff", "-c", "mediaserver:name=other", "--show-sames")
	// The CLI keeps the settings of a preview.
	d.Unset("mediaserver:name")
	d.Must("stack", "output", "--json")
	d.Must("stack")
	d.Must("stack", "export")
	printed := d.Output()

	parameter, err := d.Clients().SSM.GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/mediaserver/jwt-secret"), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := *parameter.Parameter.Value
	if len(secret) != 32 {
		t.Fatalf("the secret has %d characters, want 32", len(secret))
	}
	if revealed := d.Must("stack", "export", "--show-secrets").Stdout; !sandboxtest.Reveals(revealed, secret) {
		t.Fatal("the search does not find the secret where it is on purpose, in an export with --show-secrets")
	}
	if sandboxtest.Reveals(printed, secret) {
		t.Error("the secret is in what the CLI printed")
	}
	sandboxtest.NoFileReveals(t, secret, "", d.Dir)
}

// checkDrift shows that refresh and up bring back what somebody else has deleted.
func checkDrift(t *testing.T, d *sandboxtest.Deployment) {
	t.Helper()
	if _, err := d.Clients().Logs.DeleteLogGroup(t.Context(),
		&cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/aws/ecs/mediaserver/app")}); err != nil {
		t.Fatal(err)
	}
	d.Must("refresh", "--yes", "--skip-preview")
	d.CheckPlan(
		"create app-logs (aws:cloudwatch/logGroup:LogGroup)",
		// The policy names the log group, and the new one's ARN is not known before it is there.
		"update ecs-task-cloudwatch-policy (aws:iam/rolePolicy:RolePolicy)",
	)
	d.Up()
	d.CheckValues(nil)
}

// image is the manifest of a container image that is as small as can be.
const image = `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
  "config": {
    "mediaType": "application/vnd.docker.container.image.v1+json",
    "size": 2,
    "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
  },
  "layers": []
}`

// checkDestroy destroys the stack while it holds media, a deleted file and an image.
func checkDestroy(t *testing.T, d *sandboxtest.Deployment) {
	t.Helper()
	ctx, objects := t.Context(), d.Clients().S3
	bucket, key := aws.String(d.Outputs()["bucketName"].(string)), aws.String("videos/holiday.mp4")
	for _, body := range []string{"first version", "second version"} {
		if _, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Clients().ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: aws.String("mediaserver"), ImageManifest: aws.String(image), ImageTag: aws.String("latest"),
	}); err != nil {
		t.Fatal(err)
	}
	// A second revision, beside the one of the first `up`.
	d.Up("-c", "mediaserver:imageTag=v2")
	d.Destroy(nil)
	if managed := d.Managed(); len(managed) != 0 {
		t.Errorf("the state still has %d managed resources", len(managed))
	}
	removal := sandboxtest.Shell(t, &d.Stack, documents.Commands(t, repository+"/docs/operating.md", "aws ecs deregister-task-definition"))
	if output, err := removal.CombinedOutput(); err != nil || strings.Count(string(output), ":task-definition/mediaserver:") != 2 {
		t.Errorf("the commands of docs/operating.md: %v\n%s", err, output)
	}
}
