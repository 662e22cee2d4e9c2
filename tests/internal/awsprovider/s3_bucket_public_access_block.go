package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

type publicAccessBlockInputs struct {
	Bucket                string `pulumi:"bucket"`
	BlockPublicAcls       *bool  `pulumi:"blockPublicAcls,optional"`
	BlockPublicPolicy     *bool  `pulumi:"blockPublicPolicy,optional"`
	IgnorePublicAcls      *bool  `pulumi:"ignorePublicAcls,optional"`
	RestrictPublicBuckets *bool  `pulumi:"restrictPublicBuckets,optional"`
}

var s3BucketPublicAccessBlock = &kind[publicAccessBlockInputs, none]{
	Token:   "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	Replace: []string{"bucket"},
	Create: func(ctx context.Context, client *api, in *publicAccessBlockInputs) (string, error) {
		return in.Bucket, putPublicAccessBlock(ctx, client, in)
	},
	Read: readBucketPublicAccessBlock,
	Update: func(ctx context.Context, client *api, _ string, _, in *publicAccessBlockInputs, _ *none) error {
		return putPublicAccessBlock(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *publicAccessBlockInputs, _ *none) error {
		_, err := client.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &id})
		return err
	},
}

func readBucketPublicAccessBlock(ctx context.Context, client *api, id string, in *publicAccessBlockInputs, _ *none) error {
	found, err := client.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &id})
	if err != nil {
		return err
	}
	in.Bucket = id
	observed := found.PublicAccessBlockConfiguration
	provider.Observe(&in.BlockPublicAcls, observed.BlockPublicAcls)
	provider.Observe(&in.BlockPublicPolicy, observed.BlockPublicPolicy)
	provider.Observe(&in.IgnorePublicAcls, observed.IgnorePublicAcls)
	provider.Observe(&in.RestrictPublicBuckets, observed.RestrictPublicBuckets)
	return nil
}

func putPublicAccessBlock(ctx context.Context, client *api, in *publicAccessBlockInputs) error {
	_, err := client.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &in.Bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls:       aws.Bool(deref(in.BlockPublicAcls)),
			BlockPublicPolicy:     aws.Bool(deref(in.BlockPublicPolicy)),
			IgnorePublicAcls:      aws.Bool(deref(in.IgnorePublicAcls)),
			RestrictPublicBuckets: aws.Bool(deref(in.RestrictPublicBuckets)),
		},
	})
	return err
}
