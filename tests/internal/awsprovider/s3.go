package awsprovider

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

var s3Kinds = kinds{
	&kind[bucket]{
		Token:    "aws:s3/bucketV2:BucketV2",
		Name:     "bucket",
		ID:       "bucket",
		Replace:  []string{"bucket"},
		Defaults: map[string]any{"forceDestroy": false},
		Rules:    bucketRules,
		Create:   createBucket,
		Complete: setBucketTags,
		Read:     readBucket,
		Delete:   deleteBucket,
	},
	&kind[publicAccessBlock]{
		Token:   "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		ID:      "bucket",
		Replace: []string{"bucket"},
		Put:     put[publicAccessBlock]((*s3.Client).PutPublicAccessBlock),
		Read:    get[publicAccessBlock]((*s3.Client).GetPublicAccessBlock, "Bucket"),
		Delete:  remove[publicAccessBlock]((*s3.Client).DeletePublicAccessBlock, "Bucket"),
	},
	&kind[encryption]{
		Token:   "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		ID:      "bucket",
		Replace: []string{"bucket"},
		Rules:   encryptionRules,
		Put:     put[encryption]((*s3.Client).PutBucketEncryption),
		Read:    readEncryption,
		Delete:  remove[encryption]((*s3.Client).DeleteBucketEncryption, "Bucket"),
	},
	&kind[versioning]{
		Token:       "aws:s3/bucketVersioningV2:BucketVersioningV2",
		ID:          "bucket",
		Replace:     []string{"bucket"},
		Rules:       versioningRules,
		CheckChange: checkVersioningChange,
		Put: func(ctx context.Context, client *api, in *versioning) error {
			return putVersioning(ctx, client, in.Bucket, in.Configuration.Status)
		},
		Read: readVersioning,
		// Versioning that was once on can only be suspended.
		Delete: func(ctx context.Context, client *api, id string, in *versioning) error {
			if in.Configuration.Status == neverVersioned {
				return nil
			}
			return putVersioning(ctx, client, id, "Suspended")
		},
	},
	&kind[lifecycle]{
		Token:   "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		ID:      "bucket",
		Replace: []string{"bucket"},
		Rules:   lifecycleRules,
		Check:   checkLifecycle,
		Put:     putLifecycle,
		Read:    readLifecycle,
		Delete:  remove[lifecycle]((*s3.Client).DeleteBucketLifecycle, "Bucket"),
	},
	&kind[cors]{
		Token:   "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
		ID:      "bucket",
		Replace: []string{"bucket"},
		Rules:   corsRules,
		Put: func(ctx context.Context, client *api, in *cors) error {
			_, err := client.S3.PutBucketCors(ctx, &s3.PutBucketCorsInput{
				Bucket: &in.Bucket, CORSConfiguration: expanded[types.CORSConfiguration](in),
			})
			return err
		},
		Read:   get[cors]((*s3.Client).GetBucketCors, "Bucket"),
		Delete: remove[cors]((*s3.Client).DeleteBucketCors, "Bucket"),
	},
}

type bucket struct {
	Bucket                   string            `pulumi:"bucket"`
	ForceDestroy             *bool             `pulumi:"forceDestroy,optional"`
	Tags                     map[string]string `pulumi:"tags,optional"`
	Arn                      string            `pulumi:"arn,output"`
	BucketDomainName         string            `pulumi:"bucketDomainName,output"`
	BucketRegionalDomainName string            `pulumi:"bucketRegionalDomainName,output"`
	Region                   string            `pulumi:"region,output"`
}

const bucketDocs = `Amazon S3 user guide, "General purpose bucket naming rules"`

var bucketRules = rules{
	rule("bucket", provider.Length(3, 63), bucketDocs),
	rule("bucket", provider.Matching(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`,
		"have only lower-case letters, digits, dots and hyphens, and a letter or digit at both ends"), bucketDocs),
	rule("bucket", provider.Unlike(
		`\.\.|^(\d+\.){3}\d+$|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$`,
		"not look like an IP address, have two dots in a row or a reserved prefix or suffix"), bucketDocs),
}

func createBucket(ctx context.Context, client *api, in *bucket) (string, error) {
	request := &s3.CreateBucketInput{Bucket: &in.Bucket}
	// In the one region that must not be stated, S3 takes the creation of a bucket that the account has already. The
	// official provider looks first (terraform-provider-aws, internal/service/s3/bucket.go, resourceBucketCreate).
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
	suffix := partitionOf(client.region).DNSSuffix
	in.Arn, in.Region = "arn:"+partitionOf(client.region).Partition+":s3:::"+id, client.region
	in.BucketDomainName, in.BucketRegionalDomainName = id+".s3."+suffix, id+".s3."+client.region+"."+suffix
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

// emptyBucket deletes every version of every object, and uploads that were never completed.
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

type publicAccessBlock struct {
	Bucket string `pulumi:"bucket"`
	PublicAccessBlockConfiguration
}

// PublicAccessBlockConfiguration is what requests and answers hold under this name.
type PublicAccessBlockConfiguration struct {
	BlockPublicAcls       *bool `pulumi:"blockPublicAcls,optional"`
	BlockPublicPolicy     *bool `pulumi:"blockPublicPolicy,optional"`
	IgnorePublicAcls      *bool `pulumi:"ignorePublicAcls,optional"`
	RestrictPublicBuckets *bool `pulumi:"restrictPublicBuckets,optional"`
}

type encryption struct {
	Bucket string `pulumi:"bucket"`
	ServerSideEncryptionConfiguration
}

// ServerSideEncryptionConfiguration is what requests and answers hold under this name.
type ServerSideEncryptionConfiguration struct {
	Rules []encryptionRule `pulumi:"rules"`
}

type encryptionRule struct {
	ApplyServerSideEncryptionByDefault *encryptionDefault `pulumi:"applyServerSideEncryptionByDefault,optional"`
	BucketKeyEnabled                   *bool              `pulumi:"bucketKeyEnabled,optional"`
}

type encryptionDefault struct {
	SSEAlgorithm string `pulumi:"sseAlgorithm"`
}

const encryptionDocs = "Amazon S3 API reference, ServerSideEncryptionByDefault"

var encryptionRules = rules{
	rule("rules", provider.Length(1, 1), "Amazon S3 API reference, PutBucketEncryption"),
	rule("rules[].applyServerSideEncryptionByDefault.sseAlgorithm", provider.OneOf("AES256", "aws:kms", "aws:kms:dsse"), encryptionDocs),
}

func readEncryption(ctx context.Context, client *api, id string, in *encryption) error {
	if err := get[encryption]((*s3.Client).GetBucketEncryption, "Bucket")(ctx, client, id, in); err != nil {
		return err
	}
	for i, each := range in.Rules {
		if !deref(each.BucketKeyEnabled) {
			in.Rules[i].BucketKeyEnabled = nil
		}
	}
	return nil
}

type versioning struct {
	Bucket        string                  `pulumi:"bucket"`
	Configuration versioningConfiguration `pulumi:"versioningConfiguration"`
}

type versioningConfiguration struct {
	Status string `pulumi:"status"`
}

const (
	// neverVersioned is what the official provider calls the versioning of a bucket that never had any. S3 has no
	// word for it.
	neverVersioned = "Disabled"
	versioningDocs = "terraform-provider-aws, internal/service/s3/bucket_versioning.go"
)

var versioningRules = rules{
	rule("versioningConfiguration.status", provider.OneOf("Enabled", "Suspended", neverVersioned), versioningDocs),
}

// checkVersioningChange refuses what S3 cannot do, as the official provider does in its CustomizeDiff.
func checkVersioningChange(old, in *versioning) error {
	before := old.Configuration.Status
	if in.Configuration.Status == neverVersioned && (before == "Enabled" || before == "Suspended") {
		return fmt.Errorf("versioning_configuration.status cannot be updated from '%s' to '%s'", before, neverVersioned)
	}
	return nil
}

func readVersioning(ctx context.Context, client *api, id string, in *versioning) error {
	found, err := client.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &id})
	if err != nil {
		return err
	}
	in.Configuration.Status = neverVersioned
	if found.Status != "" {
		in.Configuration.Status = string(found.Status)
	}
	return nil
}

func putVersioning(ctx context.Context, client *api, name, status string) error {
	if status == neverVersioned {
		return nil
	}
	_, err := client.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatus(status)},
	})
	return err
}

type lifecycle struct {
	Bucket                             string          `pulumi:"bucket"`
	Rules                              []lifecycleRule `pulumi:"rules"`
	TransitionDefaultMinimumObjectSize *string         `pulumi:"transitionDefaultMinimumObjectSize,optional"`
}

type lifecycleRule struct {
	ID                             string                `pulumi:"id"`
	Status                         string                `pulumi:"status"`
	Filter                         *lifecycleFilter      `pulumi:"filter,optional"`
	Transitions                    []lifecycleTransition `pulumi:"transitions,optional"`
	Expiration                     *lifecycleExpiration  `pulumi:"expiration,optional"`
	AbortIncompleteMultipartUpload *lifecycleAbort       `pulumi:"abortIncompleteMultipartUpload,optional"`
	NoncurrentVersionExpiration    *lifecycleNoncurrent  `pulumi:"noncurrentVersionExpiration,optional"`
}

type lifecycleFilter struct {
	Prefix *string `pulumi:"prefix,optional"`
}

type lifecycleTransition struct {
	Days         *int32 `pulumi:"days,optional"`
	StorageClass string `pulumi:"storageClass"`
}

type lifecycleExpiration struct {
	Days                      *int32 `pulumi:"days,optional"`
	ExpiredObjectDeleteMarker *bool  `pulumi:"expiredObjectDeleteMarker,optional"`
}

type lifecycleAbort struct {
	DaysAfterInitiation *int32 `pulumi:"daysAfterInitiation,optional"`
}

type lifecycleNoncurrent struct {
	NoncurrentDays *int32 `pulumi:"noncurrentDays,optional"`
}

const (
	lifecycleDocs    = `Amazon S3 user guide, "Lifecycle configuration elements"`
	transitionDocs   = `Amazon S3 user guide, "Transitioning objects"`
	lifecycleSchema  = "terraform-provider-aws, internal/service/s3/bucket_lifecycle_configuration.go, Schema"
	lifecycleActions = "must have at least one action (" + lifecycleDocs + ")"
	// leastDaysToInfrequentAccess is how long an object stays in the standard class before it may move to one for
	// infrequent access.
	leastDaysToInfrequentAccess = 30
)

var lifecycleRules = rules{
	rule("rules", provider.Length(1, 1000), lifecycleSchema),
	rule("rules[].id", provider.Length(1, 255), lifecycleDocs),
	rule("rules[].status", provider.OneOf("Enabled", "Disabled"), lifecycleDocs),
	rule("rules[].transitions[].days", provider.Stated(), transitionDocs),
	rule("rules[].transitions[].days", provider.AtLeast(0), lifecycleSchema),
	rule("rules[].transitions[].storageClass", provider.OneOf(
		"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"), transitionDocs),
	rule("rules[].expiration.days", provider.AtLeast(1), "Amazon S3 API reference, LifecycleExpiration"),
	rule("rules[].abortIncompleteMultipartUpload.daysAfterInitiation", provider.AtLeast(1), lifecycleDocs),
	rule("rules[].noncurrentVersionExpiration.noncurrentDays", provider.AtLeast(1),
		"Amazon S3 API reference, NoncurrentVersionExpiration"),
	rule("transitionDefaultMinimumObjectSize", provider.OneOf("all_storage_classes_128K", "varies_by_storage_class"), lifecycleDocs),
}

func checkLifecycle(in *lifecycle, problems *provider.Problems) {
	for i, each := range in.Rules {
		path := "rules[" + strconv.Itoa(i) + "]"
		for j, transition := range each.Transitions {
			at, days := path+".transitions["+strconv.Itoa(j)+"].days", deref(transition.Days)
			infrequent := transition.StorageClass == "STANDARD_IA" || transition.StorageClass == "ONEZONE_IA"
			if infrequent && days < leastDaysToInfrequentAccess {
				problems.Refuse(at, days, "must be at least 30 for "+transition.StorageClass+" ("+transitionDocs+")")
			}
			if j > 0 && days <= deref(each.Transitions[j-1].Days) {
				problems.Refuse(at, days, "must be later than the transition before it ("+transitionDocs+")")
			}
		}
		if expiration := each.Expiration; expiration != nil && expiration.Days != nil && deref(expiration.ExpiredObjectDeleteMarker) {
			problems.Refuse(path+".expiration.expiredObjectDeleteMarker", true,
				"must not be set together with days (Amazon S3 API reference, LifecycleExpiration)")
		}
		if len(each.Transitions) == 0 && each.Expiration == nil && each.AbortIncompleteMultipartUpload == nil &&
			each.NoncurrentVersionExpiration == nil {
			problems.Refuse(path, each.ID, lifecycleActions)
		}
	}
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
	Bucket    string     `pulumi:"bucket"`
	CORSRules []corsRule `pulumi:"corsRules"`
}

type corsRule struct {
	ID             *string  `pulumi:"id,optional"`
	AllowedHeaders []string `pulumi:"allowedHeaders,optional"`
	AllowedMethods []string `pulumi:"allowedMethods"`
	AllowedOrigins []string `pulumi:"allowedOrigins"`
	ExposeHeaders  []string `pulumi:"exposeHeaders,optional"`
	MaxAgeSeconds  *int32   `pulumi:"maxAgeSeconds,optional"`
}

const corsDocs = `Amazon S3 user guide, "Elements of a CORS configuration"`

var corsRules = rules{
	rule("corsRules", provider.Length(1, 100), corsDocs),
	rule("corsRules[].id", provider.Length(0, 255), "terraform-provider-aws, internal/service/s3/bucket_cors_configuration.go"),
	rule("corsRules[].allowedMethods[]", provider.OneOf("GET", "PUT", "POST", "DELETE", "HEAD"), corsDocs),
}
