package awsprovider

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

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
	bucketName = text{
		3, 63, regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`),
		"only lower-case letters, digits, dots and hyphens, and a letter or digit at both ends",
	}
	bucketNameForbidden = regexp.MustCompile(`\.\.|^(\d+\.){3}\d+$|^xn--|^sthree-|-s3alias$|--ol-s3$`)
)

// Rules: Amazon S3 user guide, "General purpose bucket naming rules".
var bucket = &kind[bucketInputs, bucketOutputs]{
	Token:   "aws:s3/bucketV2:BucketV2",
	Name:    "bucket",
	Replace: []string{"bucket"},
	Check: func(in *bucketInputs, problems *provider.Problems) {
		bucketName.check(problems, "bucket", in.Bucket)
		if bucketNameForbidden.MatchString(in.Bucket) {
			problems.Refuse("bucket", in.Bucket, "must not look like an IP address, have two dots in a row or a reserved prefix or suffix")
		}
	},
	ID: func(in *bucketInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *bucketInputs) (string, error) {
		request := &s3.CreateBucketInput{Bucket: &in.Bucket}
		// The one region that must not be stated.
		if client.region != "us-east-1" {
			request.CreateBucketConfiguration = &types.CreateBucketConfiguration{
				LocationConstraint: types.BucketLocationConstraint(client.region),
			}
		}
		if _, err := client.s3.CreateBucket(ctx, request); err != nil {
			return "", err
		}
		return in.Bucket, setBucketTags(ctx, client, in.Bucket, in.Tags)
	},
	Read: func(ctx context.Context, client *api, id string, in *bucketInputs, out *bucketOutputs) error {
		if _, err := client.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &id}); err != nil {
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
	},
	Delete: func(ctx context.Context, client *api, id string, in *bucketInputs, _ *bucketOutputs) error {
		if deref(in.ForceDestroy) {
			if err := emptyBucket(ctx, client, id); err != nil {
				return err
			}
		}
		_, err := client.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id})
		return err
	},
	// S3 only knows how to replace all tags of a bucket.
	Tag: func(ctx context.Context, client *api, id string, _ *bucketOutputs, set map[string]string, remove []string) error {
		tags, err := bucketTags(ctx, client, id)
		if err != nil {
			return err
		}
		for _, key := range remove {
			delete(tags, key)
		}
		for key, value := range set {
			tags[key] = value
		}
		return setBucketTags(ctx, client, id, tags)
	},
}

func bucketTags(ctx context.Context, client *api, name string) (map[string]string, error) {
	found, err := client.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name})
	if err != nil && !missing(err) {
		return nil, err
	}
	if err != nil {
		return map[string]string{}, nil
	}
	return tagMap(found.TagSet, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }), nil
}

func setBucketTags(ctx context.Context, client *api, name string, tags map[string]string) error {
	if len(tags) == 0 {
		_, err := client.s3.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: &name})
		return err
	}
	_, err := client.s3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
		Bucket: &name,
		Tagging: &types.Tagging{TagSet: tagList(tags, func(key, value *string) types.Tag {
			return types.Tag{Key: key, Value: value}
		})},
	})
	return err
}

// emptyBucket deletes every version of every object, and uploads that were
// never completed.
func emptyBucket(ctx context.Context, client *api, name string) error {
	versions := s3.NewListObjectVersionsPaginator(client.s3, &s3.ListObjectVersionsInput{Bucket: &name})
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
		deleted, err := client.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return err
		}
		for _, failure := range deleted.Errors {
			return fmt.Errorf("delete object %s of bucket %s: %s", deref(failure.Key), name, deref(failure.Message))
		}
	}
	uploads := s3.NewListMultipartUploadsPaginator(client.s3, &s3.ListMultipartUploadsInput{Bucket: &name})
	for uploads.HasMorePages() {
		page, err := uploads.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, upload := range page.Uploads {
			if _, err := client.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &name, Key: upload.Key, UploadId: upload.UploadId,
			}); err != nil && !missing(err) {
				return err
			}
		}
	}
	return nil
}

type publicAccessBlockInputs struct {
	Bucket                string `pulumi:"bucket"`
	BlockPublicAcls       *bool  `pulumi:"blockPublicAcls,optional"`
	BlockPublicPolicy     *bool  `pulumi:"blockPublicPolicy,optional"`
	IgnorePublicAcls      *bool  `pulumi:"ignorePublicAcls,optional"`
	RestrictPublicBuckets *bool  `pulumi:"restrictPublicBuckets,optional"`
}

var bucketPublicAccessBlock = &kind[publicAccessBlockInputs, none]{
	Token:   "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	Replace: []string{"bucket"},
	ID:      func(in *publicAccessBlockInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *publicAccessBlockInputs) (string, error) {
		return in.Bucket, putPublicAccessBlock(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *publicAccessBlockInputs, _ *none) error {
		found, err := client.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &id})
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
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *publicAccessBlockInputs, _ *none) error {
		return putPublicAccessBlock(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *publicAccessBlockInputs, _ *none) error {
		_, err := client.s3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &id})
		return err
	},
}

func putPublicAccessBlock(ctx context.Context, client *api, in *publicAccessBlockInputs) error {
	_, err := client.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
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

type encryptionInputs struct {
	Bucket string           `pulumi:"bucket"`
	Rules  []encryptionRule `pulumi:"rules"`
}

type encryptionRule struct {
	Default          *encryptionDefault `pulumi:"applyServerSideEncryptionByDefault,optional"`
	BucketKeyEnabled *bool              `pulumi:"bucketKeyEnabled,optional"`
}

type encryptionDefault struct {
	Algorithm string  `pulumi:"sseAlgorithm"`
	KeyID     *string `pulumi:"kmsMasterKeyId,optional"`
}

var bucketEncryption = &kind[encryptionInputs, none]{
	Token:   "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	Replace: []string{"bucket"},
	Check: func(in *encryptionInputs, problems *provider.Problems) {
		if len(in.Rules) != 1 {
			problems.Refuse("rules", len(in.Rules), "must be exactly one rule")
		}
		for i, r := range in.Rules {
			if r.Default != nil {
				checkOneOf(problems, "rules["+strconv.Itoa(i)+"].applyServerSideEncryptionByDefault.sseAlgorithm",
					r.Default.Algorithm, []string{"AES256", "aws:kms", "aws:kms:dsse"})
			}
		}
	},
	ID: func(in *encryptionInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *encryptionInputs) (string, error) {
		return in.Bucket, putEncryption(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *encryptionInputs, _ *none) error {
		found, err := client.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &id})
		if err != nil {
			return err
		}
		in.Bucket = id
		var rules []encryptionRule
		for i, observed := range found.ServerSideEncryptionConfiguration.Rules {
			var r encryptionRule
			if i < len(in.Rules) {
				r.BucketKeyEnabled = in.Rules[i].BucketKeyEnabled
			}
			provider.Observe(&r.BucketKeyEnabled, observed.BucketKeyEnabled)
			if byDefault := observed.ApplyServerSideEncryptionByDefault; byDefault != nil {
				r.Default = &encryptionDefault{Algorithm: string(byDefault.SSEAlgorithm), KeyID: byDefault.KMSMasterKeyID}
			}
			rules = append(rules, r)
		}
		in.Rules = rules
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *encryptionInputs, _ *none) error {
		return putEncryption(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *encryptionInputs, _ *none) error {
		_, err := client.s3.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &id})
		return err
	},
}

func putEncryption(ctx context.Context, client *api, in *encryptionInputs) error {
	var rules []types.ServerSideEncryptionRule
	for _, r := range in.Rules {
		converted := types.ServerSideEncryptionRule{BucketKeyEnabled: r.BucketKeyEnabled}
		if r.Default != nil {
			converted.ApplyServerSideEncryptionByDefault = &types.ServerSideEncryptionByDefault{
				SSEAlgorithm: types.ServerSideEncryption(r.Default.Algorithm), KMSMasterKeyID: r.Default.KeyID,
			}
		}
		rules = append(rules, converted)
	}
	_, err := client.s3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: &in.Bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: rules},
	})
	return err
}

type versioningInputs struct {
	Bucket        string                  `pulumi:"bucket"`
	Configuration versioningConfiguration `pulumi:"versioningConfiguration"`
}

type versioningConfiguration struct {
	Status string `pulumi:"status"`
}

var bucketVersioning = &kind[versioningInputs, none]{
	Token:   "aws:s3/bucketVersioningV2:BucketVersioningV2",
	Replace: []string{"bucket"},
	Check: func(in *versioningInputs, problems *provider.Problems) {
		checkOneOf(problems, "versioningConfiguration.status", in.Configuration.Status, []string{"Enabled", "Suspended", "Disabled"})
	},
	ID: func(in *versioningInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *versioningInputs) (string, error) {
		// Disabled is what a new bucket is, and S3 has no word for it.
		if in.Configuration.Status == "Disabled" {
			return in.Bucket, nil
		}
		return in.Bucket, putVersioning(ctx, client, in.Bucket, in.Configuration.Status)
	},
	Read: func(ctx context.Context, client *api, id string, in *versioningInputs, _ *none) error {
		found, err := client.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &id})
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
	},
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

func putVersioning(ctx context.Context, client *api, name, status string) error {
	_, err := client.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  &name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(status)},
	})
	return err
}
