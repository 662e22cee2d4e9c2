package awsprovider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

type bucketInputs struct {
	Bucket       string            `pulumi:"bucket"`
	ForceDestroy *bool             `pulumi:"forceDestroy,optional"`
	Tags         map[string]string `pulumi:"tags,optional"`
}

type bucketOutputs struct {
	Arn                      string `pulumi:"arn"`
	BucketDomainName         string `pulumi:"bucketDomainName"`
	BucketRegionalDomainName string `pulumi:"bucketRegionalDomainName"`
	Region                   string `pulumi:"region"`
}

var (
	bucketName = textRule{
		3, 63, regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`),
		"only lower-case letters, digits, dots and hyphens, and a letter or digit at both ends",
	}
	bucketNameForbidden = regexp.MustCompile(`\.\.|^(\d+\.){3}\d+$|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$`)
)

// Rules: Amazon S3 user guide, "General purpose bucket naming rules".
var s3Bucket = &kind[bucketInputs, bucketOutputs]{
	Token:    "aws:s3/bucketV2:BucketV2",
	Name:     "bucket",
	Replace:  []string{"bucket"},
	Defaults: map[string]any{"forceDestroy": false},
	Check: func(in *bucketInputs, problems *provider.Problems) {
		bucketName.check(problems, "bucket", in.Bucket)
		if bucketNameForbidden.MatchString(in.Bucket) {
			problems.Refuse("bucket", in.Bucket, "must not look like an IP address, have two dots in a row or a reserved prefix or suffix")
		}
	},
	Create:   createBucket,
	Complete: setBucketTags,
	Read:     readBucket,
	Delete:   deleteBucket,
}

func createBucket(ctx context.Context, client *api, in *bucketInputs) (string, error) {
	request := &s3.CreateBucketInput{Bucket: &in.Bucket}
	// In the one region that must not be stated, S3 takes the creation of a bucket
	// that the account has already. The official provider looks first
	// (terraform-provider-aws, internal/service/s3/bucket.go, resourceBucketCreate).
	if client.region == "us-east-1" {
		if _, err := client.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &in.Bucket}); err == nil {
			return "", fmt.Errorf("creating S3 Bucket (%s): BucketAlreadyExists", in.Bucket)
		}
	} else {
		request.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(client.region),
		}
	}
	_, err := client.S3.CreateBucket(ctx, request)
	return in.Bucket, err
}

func readBucket(ctx context.Context, client *api, id string, in *bucketInputs, out *bucketOutputs) error {
	if _, err := client.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &id}); err != nil {
		return err
	}
	tags, err := bucketTags(ctx, client, id)
	if err != nil {
		return err
	}
	in.Bucket, in.Tags = id, tags
	out.Arn = "arn:" + partitionOf(client.region).Partition + ":s3:::" + id
	out.BucketDomainName = id + ".s3." + partitionOf(client.region).DNSSuffix
	out.BucketRegionalDomainName = id + ".s3." + client.region + "." + partitionOf(client.region).DNSSuffix
	out.Region = client.region
	return nil
}

func deleteBucket(ctx context.Context, client *api, id string, in *bucketInputs, _ *bucketOutputs) error {
	if deref(in.ForceDestroy) {
		if err := emptyBucket(ctx, client, id); err != nil {
			return err
		}
	}
	_, err := client.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id})
	return err
}

func bucketTags(ctx context.Context, client *api, name string) (map[string]string, error) {
	found, err := client.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	if err != nil && !missing(err) {
		return nil, err
	}
	if err != nil {
		return map[string]string{}, nil
	}
	return tagMap(found.TagSet, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }), nil
}

// setBucketTags replaces all tags of a bucket: S3 cannot change single ones.
func setBucketTags(ctx context.Context, client *api, id string, in *bucketInputs) error {
	if len(in.Tags) == 0 {
		_, err := client.S3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &id})
		return err
	}
	_, err := client.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
		Bucket: &id,
		Tagging: &types.Tagging{TagSet: tagList(in.Tags, func(key, value *string) types.Tag {
			return types.Tag{Key: key, Value: value}
		})},
	})
	return err
}

// emptyBucket deletes every version of every object, and uploads that were
// never completed.
func emptyBucket(ctx context.Context, client *api, name string) error {
	versions := s3.NewListObjectVersionsPaginator(client.S3, &s3.ListObjectVersionsInput{Bucket: &name})
	for versions.HasMorePages() {
		page, err := versions.NextPage(ctx)
		if err != nil {
			return err
		}
		var objects []types.ObjectIdentifier
		for _, version := range page.Versions {
			objects = append(objects, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
		}
		for _, marker := range page.DeleteMarkers {
			objects = append(objects, types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
		}
		if len(objects) == 0 {
			continue
		}
		// The emulator knows single versions only while versioning is on, and by
		// now it is mostly suspended, its own resource being deleted.
		if err := putVersioning(ctx, client, name, "Enabled"); err != nil {
			return err
		}
		deleted, err := client.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return err
		}
		for _, failure := range deleted.Errors {
			return fmt.Errorf("delete object %s of bucket %s: %s", deref(failure.Key), name, deref(failure.Message))
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(client.S3, &s3.ListMultipartUploadsInput{Bucket: &name})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, upload := range page.Uploads {
			if _, err := client.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &name, Key: upload.Key, UploadId: upload.UploadId,
			}); err != nil && !missing(err) {
				return err
			}
		}
	}
	return nil
}
