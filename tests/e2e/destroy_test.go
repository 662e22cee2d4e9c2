package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/sandboxtest"
)

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

func TestDestroyLeavesOnlyRevisionsAlsoWithMediaAndAnImageStored(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.checkInventory(nil)
	d.Up()

	ctx, objects := t.Context(), d.Clients().S3
	bucket := aws.String(d.Outputs()["bucketName"].(string))
	for _, body := range []string{"first version", "second version"} {
		if _, err := objects.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: aws.String("videos/holiday.mp4"), Body: strings.NewReader(body),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := objects.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: bucket, Key: aws.String("videos/holiday.mp4"),
	}); err != nil {
		t.Fatal(err)
	}
	versions, err := objects.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
	if err != nil {
		t.Fatal(err)
	}
	if len(versions.Versions) != 2 || len(versions.DeleteMarkers) != 1 {
		t.Fatalf("the bucket holds %d versions and %d delete markers, want 2 and 1",
			len(versions.Versions), len(versions.DeleteMarkers))
	}
	if _, err := d.Clients().ECR.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: aws.String("mediaserver"), ImageManifest: aws.String(image), ImageTag: aws.String("latest"),
	}); err != nil {
		t.Fatal(err)
	}

	// A second revision, beside the one of the first `up`.
	d.Up("-c", "mediaserver:imageTag=v2")
	d.Must("destroy", "--yes", "--skip-preview")
	d.checkInventory(kept("mediaserver", 2))
	if managed := d.Managed(); len(managed) != 0 {
		t.Errorf("the state still has %d managed resources", len(managed))
	}

	removal := sandboxtest.Shell(t, &d.Stack, documents.Commands(t, filepath.Join(repository, "docs", "operating.md"), "aws ecs deregister-task-definition"))
	if output, err := removal.CombinedOutput(); err != nil || strings.Count(string(output), ":task-definition/mediaserver:") != 2 {
		t.Errorf("the commands of docs/operating.md: %v\n%s", err, output)
	}
	d.checkInventory(nil)
}
