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

var s3BucketVersioning = &kind[versioningInputs, none]{
	Token:   "aws:s3/bucketVersioningV2:BucketVersioningV2",
	Replace: []string{"bucket"},
	Check: func(in *versioningInputs, problems *provider.Problems) {
		checkOneOf(problems, "versioningConfiguration.status", in.Configuration.Status, []string{"Enabled", "Suspended", "Disabled"})
	},
	Create: createBucketVersioning,
	Read:   readBucketVersioning,
	Update: func(ctx context.Context, client *api, _ string, _, in *versioningInputs, _ *none) error {
		if in.Configuration.Status == "Disabled" {
			return fmt.Errorf("the versioning of bucket %s cannot go back to Disabled: use Suspended", in.Bucket)
		}
		return putVersioning(ctx, client, in.Bucket, in.Configuration.Status)
	},
	// Versioning that was once on can only be suspended.
	Delete: func(ctx context.Context, client *api, id string, _ *versioningInputs, _ *none) error {
		return putVersioning(ctx, client, id, "Suspended")
	},
}

func createBucketVersioning(ctx context.Context, client *api, in *versioningInputs) (string, error) {
	// Disabled is what a new bucket is, and S3 has no word for it.
	if in.Configuration.Status == "Disabled" {
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
	switch {
	case found.Status != "":
		in.Configuration.Status = string(found.Status)
	case in.Configuration.Status != "Disabled":
		return provider.ErrNotFound
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
