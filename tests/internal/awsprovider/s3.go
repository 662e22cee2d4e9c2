package awsprovider

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var s3Kinds = kinds{
	&kind[bucket]{
		Token:    "aws:s3/bucketV2:BucketV2",
		Create:   createBucket,
		Complete: setBucketTags,
		Read:     readBucket,
		Delete:   deleteBucket,
	},
	&kind[publicAccessBlock]{
		Token:  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		Put:    put[publicAccessBlock]((*s3.Client).PutPublicAccessBlock),
		Read:   read[publicAccessBlock]((*s3.Client).GetPublicAccessBlock, "Bucket"),
		Delete: remove[publicAccessBlock]((*s3.Client).DeletePublicAccessBlock, "Bucket"),
	},
	&kind[encryption]{
		Token:  "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		Put:    put[encryption]((*s3.Client).PutBucketEncryption),
		Read:   read[encryption]((*s3.Client).GetBucketEncryption, "Bucket"),
		Delete: remove[encryption]((*s3.Client).DeleteBucketEncryption, "Bucket"),
	},
	&kind[versioning]{
		Token: "aws:s3/bucketVersioningV2:BucketVersioningV2",
		Put:   put[versioning]((*s3.Client).PutBucketVersioning),
		Read: func(ctx context.Context, client *api, id string, in *versioning) error {
			found, err := client.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &id})
			if err != nil {
				return err
			}
			// That is what the official provider says where there never was any. S3 has no word for it.
			in.VersioningConfiguration.Status = cmp.Or(string(found.Status), "Disabled")
			return nil
		},
		// Versioning that was once on can only be suspended.
		Delete: func(ctx context.Context, client *api, id string, _ *versioning) error {
			return putVersioning(ctx, client, id, "Suspended")
		},
	},
	&kind[lifecycle]{
		Token:  "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		Put:    putLifecycle,
		Read:   readLifecycle,
		Delete: remove[lifecycle]((*s3.Client).DeleteBucketLifecycle, "Bucket"),
	},
	&kind[cors]{
		Token:  "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
		Put:    put[cors]((*s3.Client).PutBucketCors),
		Read:   read[cors]((*s3.Client).GetBucketCors, "Bucket"),
		Delete: remove[cors]((*s3.Client).DeleteBucketCors, "Bucket"),
	},
}

type bucket struct {
	Bucket       string            `json:"bucket" pulumi:"id"`
	ForceDestroy *bool             `json:"forceDestroy" default:"false"`
	Tags         map[string]string `json:"tags"`
	Arn          string            `json:"arn" pulumi:"output"`
}

func createBucket(ctx context.Context, client *api, in *bucket) (string, error) {
	request := &s3.CreateBucketInput{Bucket: &in.Bucket}
	// This is the one region that must not be stated.
	if client.region != "us-east-1" {
		request.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(client.region),
		}
	}
	_, err := client.S3.CreateBucket(ctx, request)
	return "", err
}

func readBucket(ctx context.Context, client *api, id string, in *bucket) error {
	if _, err := client.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &id}); err != nil {
		return err
	}
	found, err := client.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &id})
	if err != nil && !missing(err) {
		return err
	}
	in.Tags = nil
	if err == nil {
		in.Tags = tagsOf(found.TagSet)
	}
	in.Arn = "arn:" + partitionOf(client.region).Partition + ":s3:::" + id
	return nil
}

func deleteBucket(ctx context.Context, client *api, id string, in *bucket) error {
	if deref(in.ForceDestroy) {
		if err := emptyBucket(ctx, client, id); err != nil {
			return err
		}
	}
	_, err := client.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id})
	return err
}

// setBucketTags replaces all tags of a bucket: S3 cannot change single ones.
func setBucketTags(ctx context.Context, client *api, id string, in *bucket) error {
	if len(in.Tags) == 0 {
		_, err := client.S3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &id})
		return err
	}
	_, err := client.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
		Bucket: &id, Tagging: &types.Tagging{TagSet: tagList[types.Tag](in.Tags)},
	})
	return err
}

// emptyBucket deletes every version of every object.
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
		// The emulator knows single versions only while versioning is on, and by now it is mostly suspended, its own
		// resource being deleted.
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
	return nil
}

type publicAccessBlock struct {
	Bucket string `json:"bucket" pulumi:"id"`
	PublicAccessBlockConfiguration
}

// PublicAccessBlockConfiguration is what requests and answers hold under this name.
type PublicAccessBlockConfiguration struct {
	BlockPublicAcls       *bool `json:"blockPublicAcls"`
	BlockPublicPolicy     *bool `json:"blockPublicPolicy"`
	IgnorePublicAcls      *bool `json:"ignorePublicAcls"`
	RestrictPublicBuckets *bool `json:"restrictPublicBuckets"`
}

type encryption struct {
	Bucket string `json:"bucket" pulumi:"id"`
	ServerSideEncryptionConfiguration
}

// ServerSideEncryptionConfiguration is what requests and answers hold under this name.
type ServerSideEncryptionConfiguration struct {
	Rules []encryptionRule `json:"rules"`
}

type encryptionRule struct {
	ApplyServerSideEncryptionByDefault *encryptionDefault `json:"applyServerSideEncryptionByDefault"`
}

type encryptionDefault struct {
	SSEAlgorithm string `json:"sseAlgorithm"`
}

type versioning struct {
	Bucket                  string                  `json:"bucket" pulumi:"id"`
	VersioningConfiguration versioningConfiguration `json:"versioningConfiguration"`
}

type versioningConfiguration struct {
	Status string `json:"status"`
}

func putVersioning(ctx context.Context, client *api, name, status string) error {
	_, err := client.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(status)},
	})
	return err
}

type lifecycle struct {
	Bucket                             string          `json:"bucket" pulumi:"id"`
	Rules                              []lifecycleRule `json:"rules"`
	TransitionDefaultMinimumObjectSize *string         `json:"transitionDefaultMinimumObjectSize"`
}

type lifecycleRule struct {
	ID                             string                `json:"id"`
	Status                         string                `json:"status"`
	Filter                         *lifecycleFilter      `json:"filter"`
	Transitions                    []lifecycleTransition `json:"transitions"`
	Expiration                     *lifecycleExpiration  `json:"expiration"`
	AbortIncompleteMultipartUpload *lifecycleAbort       `json:"abortIncompleteMultipartUpload"`
	NoncurrentVersionExpiration    *lifecycleNoncurrent  `json:"noncurrentVersionExpiration"`
}

type lifecycleFilter struct {
	Prefix *string `json:"prefix"`
}

type lifecycleTransition struct {
	Days         *int32 `json:"days"`
	StorageClass string `json:"storageClass"`
}

type lifecycleExpiration struct {
	Days                      *int32 `json:"days"`
	ExpiredObjectDeleteMarker *bool  `json:"expiredObjectDeleteMarker"`
}

type lifecycleAbort struct {
	DaysAfterInitiation *int32 `json:"daysAfterInitiation"`
}

type lifecycleNoncurrent struct {
	NoncurrentDays *int32 `json:"noncurrentDays"`
}

// putLifecycle gives each rule a filter: without a prefix it covers all objects.
func putLifecycle(ctx context.Context, client *api, in *lifecycle) error {
	request := expanded[s3.PutBucketLifecycleConfigurationInput](in)
	request.LifecycleConfiguration = expanded[types.BucketLifecycleConfiguration](in)
	for i, each := range request.LifecycleConfiguration.Rules {
		if each.Filter == nil || each.Filter.Prefix == nil {
			request.LifecycleConfiguration.Rules[i].Filter = &types.LifecycleRuleFilter{Prefix: aws.String("")}
		}
	}
	_, err := client.S3.PutBucketLifecycleConfiguration(ctx, request)
	return err
}

func readLifecycle(ctx context.Context, client *api, id string, in *lifecycle) error {
	found, err := client.S3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &id})
	if err != nil {
		return err
	}
	copyFields(found, in)
	for i, each := range in.Rules {
		if each.Filter == nil || deref(each.Filter.Prefix) == "" {
			in.Rules[i].Filter = &lifecycleFilter{}
		}
	}
	return nil
}

type cors struct {
	Bucket string `json:"bucket" pulumi:"id"`
	CORSConfiguration
}

// CORSConfiguration is what requests hold under this name.
type CORSConfiguration struct {
	CORSRules []corsRule `json:"corsRules"`
}

type corsRule struct {
	ID             *string  `json:"id"`
	AllowedHeaders []string `json:"allowedHeaders"`
	AllowedMethods []string `json:"allowedMethods"`
	AllowedOrigins []string `json:"allowedOrigins"`
	ExposeHeaders  []string `json:"exposeHeaders"`
	MaxAgeSeconds  *int32   `json:"maxAgeSeconds"`
}
