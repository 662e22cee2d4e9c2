package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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

func TestDestroyLeavesNothingAlsoWithMediaAndAnImageStored(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.checkInventory(nil)
	d.up()

	ctx, objects := t.Context(), d.objects()
	bucket := aws.String(d.outputs()["bucketName"].(string))
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
	if _, err := ecr.NewFromConfig(d.account()).PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: aws.String("mediaserver"), ImageManifest: aws.String(image), ImageTag: aws.String("latest"),
	}); err != nil {
		t.Fatal(err)
	}

	d.must("destroy", "--yes", "--skip-preview")
	d.checkInventory(nil)
	if managed := d.managed(); len(managed) != 0 {
		t.Errorf("the state still has %d managed resources", len(managed))
	}
}
