package e2e

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func readBucketSuffix(r *reader) {
	suffix, found := strings.CutPrefix(r.bucketName, "mediaserver-storage-")
	r.equal("bucket's name begins with mediaserver-storage-", found, true)
	r.equal("length", len(suffix), 8)
	r.equal("characters that are neither lower-case letters nor digits",
		strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyz0123456789"), "")
}

func readJWTPassword(r *reader) {
	value := aws.ToString(r.parameter("/mediaserver/jwt-secret").Value)
	// The message must not show the secret.
	r.equal("length", len(value), 32)
}

func readBucket(r *reader) {
	location, err := r.s3.GetBucketLocation(r.ctx, &s3.GetBucketLocationInput{Bucket: &r.bucketName})
	r.need(err, 1, 1)
	r.equal("region", location.LocationConstraint, "eu-west-2")
	found, err := r.s3.GetBucketTagging(r.ctx, &s3.GetBucketTaggingInput{Bucket: &r.bucketName})
	r.need(err, 1, 1)
	r.tags(tagsOf(found.TagSet, func(tag s3types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readBucketEncryption(r *reader) {
	found, err := r.s3.GetBucketEncryption(r.ctx, &s3.GetBucketEncryptionInput{Bucket: &r.bucketName})
	r.need(err, 1, 1)
	rules := found.ServerSideEncryptionConfiguration.Rules
	r.need(nil, len(rules), 1)
	r.equal("algorithm", rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm, "AES256")
}

func readBucketVersioning(r *reader) {
	found, err := r.s3.GetBucketVersioning(r.ctx, &s3.GetBucketVersioningInput{Bucket: &r.bucketName})
	r.need(err, 1, 1)
	r.equal("status", found.Status, "Enabled")
}

func readBucketPublicAccessBlock(r *reader) {
	found, err := r.s3.GetPublicAccessBlock(r.ctx, &s3.GetPublicAccessBlockInput{Bucket: &r.bucketName})
	r.need(err, 1, 1)
	block := found.PublicAccessBlockConfiguration
	r.equal("blocks public ACLs", block.BlockPublicAcls, true)
	r.equal("blocks public policies", block.BlockPublicPolicy, true)
	r.equal("ignores public ACLs", block.IgnorePublicAcls, true)
	r.equal("restricts public buckets", block.RestrictPublicBuckets, true)
}

func readBucketCORS(r *reader) {
	found, err := r.s3.GetBucketCors(r.ctx, &s3.GetBucketCorsInput{Bucket: &r.bucketName})
	r.need(err, len(found.CORSRules), 1)
	r.set("methods", found.CORSRules[0].AllowedMethods, "GET", "PUT", "POST", "DELETE")
	r.set("origins", found.CORSRules[0].AllowedOrigins, "*")
	r.set("headers", found.CORSRules[0].AllowedHeaders, "*")
}

func readBucketLifecycle(r *reader) {
	found, err := r.s3.GetBucketLifecycleConfiguration(r.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &r.bucketName})
	r.need(err, len(found.Rules), 1)
	rule := found.Rules[0]
	r.equal("status", rule.Status, "Enabled")
	r.equal("prefix of the filter", aws.ToString(rule.Filter.Prefix), "")
	r.need(nil, len(rule.Transitions), 2)
	r.equal("first transition", rule.Transitions[0].StorageClass, "STANDARD_IA")
	r.equal("days to the first transition", rule.Transitions[0].Days, 30)
	r.equal("second transition", rule.Transitions[1].StorageClass, "GLACIER")
	r.equal("days to the second transition", rule.Transitions[1].Days, 90)
	r.equal("days after which uploads are aborted", rule.AbortIncompleteMultipartUpload.DaysAfterInitiation, 7)
	r.equal("expires objects", rule.Expiration != nil || rule.NoncurrentVersionExpiration != nil, false)
}

func readRepository(r *reader) {
	found, err := r.ecr.DescribeRepositories(r.ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"mediaserver"}})
	r.need(err, len(found.Repositories), 1)
	repository := found.Repositories[0]
	r.equal("scans on push", repository.ImageScanningConfiguration.ScanOnPush, true)
	r.equal("tag mutability", repository.ImageTagMutability, "MUTABLE")
	tags, err := r.ecr.ListTagsForResource(r.ctx, &ecr.ListTagsForResourceInput{ResourceArn: repository.RepositoryArn})
	r.need(err, 1, 1)
	r.tags(tagsOf(tags.Tags, func(tag ecrtypes.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readRepositoryPolicy(r *reader) {
	found, err := r.ecr.GetRepositoryPolicy(r.ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: aws.String("mediaserver")})
	r.need(err, 1, 1)
	r.policy("policy", *found.PolicyText, permission{
		Effect:    "Allow",
		Principal: map[string]string{"AWS": "arn:aws:iam::123456789012:role/mediaserver-ecs-task-execution-role"},
		Action:    []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"},
	})
}

func readRepositoryLifecycle(r *reader) {
	found, err := r.ecr.GetLifecyclePolicy(r.ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: aws.String("mediaserver")})
	r.need(err, 1, 1)
	policy := document[struct {
		Rules []struct {
			RulePriority int
			Selection    struct {
				TagStatus, CountType string
				TagPatternList       []string
				CountNumber          int
			}
			Action struct{ Type string }
		}
	}](r, *found.LifecyclePolicyText)
	r.need(nil, len(policy.Rules), 2)
	for i, want := range []struct {
		status   string
		patterns []string
		kept     int
	}{{"tagged", []string{"*"}, 10}, {"untagged", nil, 5}} {
		rule := policy.Rules[i]
		r.equal("priority", rule.RulePriority, i+1)
		r.equal("tag status", rule.Selection.TagStatus, want.status)
		r.equal("tag patterns of "+want.status, rule.Selection.TagPatternList, want.patterns)
		r.equal("count type of "+want.status, rule.Selection.CountType, "imageCountMoreThan")
		r.equal("images kept of "+want.status, rule.Selection.CountNumber, want.kept)
		r.equal("action on "+want.status, rule.Action.Type, "expire")
	}
}

func (r *reader) parameter(name string) *ssmtypes.Parameter {
	r.t.Helper()
	found, err := r.ssm.GetParameter(r.ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	r.need(err, 1, 1)
	return found.Parameter
}

func (r *reader) parameterTags(name string) {
	r.t.Helper()
	found, err := r.ssm.ListTagsForResource(r.ctx, &ssm.ListTagsForResourceInput{
		ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: &name,
	})
	r.need(err, 1, 1)
	r.tags(tagsOf(found.TagList, func(tag ssmtypes.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readJWTParameter(r *reader) {
	parameter := r.parameter("/mediaserver/jwt-secret")
	r.equal("type", parameter.Type, "SecureString")
	r.equal("length of the value", len(aws.ToString(parameter.Value)), 32)
	r.parameterTags("/mediaserver/jwt-secret")
}

func readBucketNameParameter(r *reader) {
	parameter := r.parameter("/mediaserver/s3-bucket-name")
	r.equal("type", parameter.Type, "String")
	r.equal("value", parameter.Value, r.bucketName)
	r.parameterTags("/mediaserver/s3-bucket-name")
}

func readAppConfigParameter(r *reader) {
	parameter := r.parameter("/mediaserver/app-config")
	r.equal("type", parameter.Type, "String")
	r.equal("value", document[map[string]any](r, aws.ToString(parameter.Value)), map[string]any{
		"NODE_ENV": "production", "AWS_REGION": "eu-west-2", "S3_BUCKET": r.bucketName, "APP_PORT": 3000,
	})
	r.parameterTags("/mediaserver/app-config")
}
