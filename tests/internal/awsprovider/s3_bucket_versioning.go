package awsprovider

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

type versioningInputs struct {
	Bucket        string                  `pulumi:"bucket"`
	Configuration versioningConfiguration `pulumi:"versioningConfiguration"`
}

type versioningConfiguration struct {
	Status string `pulumi:"status"`
}

// neverVersioned is what the official provider calls the versioning of a bucket
// that never had any. S3 has no word for it.
const neverVersioned = "Disabled"

// Rules: terraform-provider-aws, internal/service/s3/bucket_versioning.go.
var s3BucketVersioning = &kind[versioningInputs, none]{
	Token:   "aws:s3/bucketVersioningV2:BucketVersioningV2",
	Replace: []string{"bucket"},
	Check: func(in *versioningInputs, problems *provider.Problems) {
		checkOneOf(problems, "versioningConfiguration.status", in.Configuration.Status, []string{"Enabled", "Suspended", neverVersioned})
	},
	CheckChange: checkVersioningChange,
	Create:      createBucketVersioning,
	Read:        readBucketVersioning,
	Update: func(ctx context.Context, client *api, _ string, _, in *versioningInputs, _ *none) error {
		return putVersioning(ctx, client, in.Bucket, in.Configuration.Status)
	},
	// Versioning that was once on can only be suspended.
	Delete: func(ctx context.Context, client *api, id string, in *versioningInputs, _ *none) error {
		if in.Configuration.Status == neverVersioned {
			return nil
		}
		return putVersioning(ctx, client, id, "Suspended")
	},
}

// checkVersioningChange refuses what S3 cannot do, as the official provider does
// in its CustomizeDiff.
func checkVersioningChange(old, in *versioningInputs) error {
	before := old.Configuration.Status
	if in.Configuration.Status == neverVersioned && (before == "Enabled" || before == "Suspended") {
		return fmt.Errorf("versioning_configuration.status cannot be updated from '%s' to '%s'", before, neverVersioned)
	}
	return nil
}

func createBucketVersioning(ctx context.Context, client *api, in *versioningInputs) (string, error) {
	if in.Configuration.Status == neverVersioned {
		return in.Bucket, nil
	}
	return in.Bucket, putVersioning(ctx, client, in.Bucket, in.Configuration.Status)
}

func readBucketVersioning(ctx context.Context, client *api, id string, in *versioningInputs, _ *none) error {
	found, err := client.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &id})
	if err != nil {
		return err
	}
	in.Bucket = id
	in.Configuration.Status = neverVersioned
	if found.Status != "" {
		in.Configuration.Status = string(found.Status)
	}
	return nil
}

func putVersioning(ctx context.Context, client *api, name, status string) error {
	_, err := client.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  &name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(status)},
	})
	return err
}
