package readback

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var storageResources = []resource{
	{key: "BucketV2 media-storage", read: readBucket},
	{key: "BucketServerSideEncryptionConfigurationV2 media-storage", read: readBucketEncryption},
	{key: "BucketVersioningV2 media-storage", read: readBucketVersioning},
	{key: "BucketPublicAccessBlock media-storage", read: readBucketPublicAccessBlock},
	{key: "BucketCorsConfigurationV2 media-storage", read: readBucketCORS},
	{key: "BucketLifecycleConfigurationV2 media-storage", read: readBucketLifecycle},
}

// bucket is the name of the media bucket.
func (r *reader) bucket() string { return r.output("bucketName") }

func readBucket(r *reader) {
	location, err := r.S3.GetBucketLocation(r.ctx, &s3.GetBucketLocationInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	r.equal("region", bucketRegion(location.LocationConstraint), r.Region)
	found, err := r.S3.GetBucketTagging(r.ctx, &s3.GetBucketTaggingInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	r.tags(texts(found.TagSet, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

// bucketRegion is the region that a bucket's location means. The oldest two regions have a form of their own
// (Amazon S3 API reference, GetBucketLocation).
func bucketRegion(location types.BucketLocationConstraint) string {
	switch location {
	case "":
		return "us-east-1"
	case types.BucketLocationConstraintEu:
		return "eu-west-1"
	default:
		return string(location)
	}
}

func readBucketEncryption(r *reader) {
	found, err := r.S3.GetBucketEncryption(r.ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	rule := one(r, "rules", present(r, "the encryption", found.ServerSideEncryptionConfiguration).Rules)
	r.equal("algorithm", present(r, "the default encryption", rule.ApplyServerSideEncryptionByDefault).SSEAlgorithm, "AES256")
}

func readBucketVersioning(r *reader) {
	found, err := r.S3.GetBucketVersioning(r.ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	r.equal("status", found.Status, "Enabled")
}

func readBucketPublicAccessBlock(r *reader) {
	found, err := r.S3.GetPublicAccessBlock(r.ctx, &s3.GetPublicAccessBlockInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	block := present(r, "the block", found.PublicAccessBlockConfiguration)
	r.equal("blocks public ACLs", block.BlockPublicAcls, true)
	r.equal("blocks public policies", block.BlockPublicPolicy, true)
	r.equal("ignores public ACLs", block.IgnorePublicAcls, true)
	r.equal("restricts public buckets", block.RestrictPublicBuckets, true)
}

func readBucketCORS(r *reader) {
	found, err := r.S3.GetBucketCors(r.ctx, &s3.GetBucketCorsInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	rule := one(r, "rules", found.CORSRules)
	r.set("methods", rule.AllowedMethods, "GET", "PUT", "POST", "DELETE")
	r.set("origins", rule.AllowedOrigins, r.Settings.CORSAllowedOrigins...)
	r.set("headers", rule.AllowedHeaders, "*")
}

func readBucketLifecycle(r *reader) {
	found, err := r.S3.GetBucketLifecycleConfiguration(r.ctx,
		&s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(r.bucket())})
	r.answered(err)
	rule := one(r, "rules", found.Rules)
	r.equal("status", rule.Status, "Enabled")
	r.equal("prefix of the filter", aws.ToString(present(r, "the filter", rule.Filter).Prefix), "")
	r.count("transitions", len(rule.Transitions), 2)
	slices.SortFunc(rule.Transitions, func(a, b types.Transition) int { return cmp.Compare(aws.ToInt32(a.Days), aws.ToInt32(b.Days)) })
	r.equal("first transition", rule.Transitions[0].StorageClass, "STANDARD_IA")
	r.equal("days to the first transition", rule.Transitions[0].Days, 30)
	r.equal("second transition", rule.Transitions[1].StorageClass, "GLACIER")
	r.equal("days to the second transition", rule.Transitions[1].Days, 90)
	r.equal("days after which uploads are aborted",
		present(r, "the rule for unfinished uploads", rule.AbortIncompleteMultipartUpload).DaysAfterInitiation, 7)
	if r.Settings.OldVersionDays == 0 {
		r.equal("expires objects", rule.Expiration != nil || rule.NoncurrentVersionExpiration != nil, false)
		return
	}
	old := present(r, "the rule for old versions", rule.NoncurrentVersionExpiration)
	r.equal("days after which old versions go", old.NoncurrentDays, r.Settings.OldVersionDays)
	r.equal("keeps some old versions", old.NewerNoncurrentVersions != nil, false)
	gone := present(r, "the rule for delete markers", rule.Expiration)
	r.equal("delete markers go", gone.ExpiredObjectDeleteMarker, true)
	r.equal("expires current files", aws.ToInt32(gone.Days) != 0 || gone.Date != nil, false)
}

// randomResources live in Pulumi's state alone; what they drew is seen where it is used.
var randomResources = []resource{
	{key: "RandomString bucket-suffix", read: readBucketSuffix},
	{key: "RandomPassword jwt-secret", read: readJWTPassword},
}

func readBucketSuffix(r *reader) {
	suffix, found := strings.CutPrefix(r.bucket(), r.named("{name}-storage-"))
	r.equal("bucket's name begins with "+r.named("{name}-storage-"), found, true)
	r.equal("length", len(suffix), 8)
	r.equal("characters that are neither lower-case letters nor digits",
		strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyz0123456789"), "")
}

func readJWTPassword(r *reader) {
	value := aws.ToString(r.parameter("/{name}/jwt-secret").Value)
	// The message must not show the secret.
	r.equal("length", len(value), 32)
}
