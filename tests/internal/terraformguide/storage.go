package terraformguide

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	registries "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Object is a media file that is in the bucket, and Content what it holds.
const (
	Object  = "films/holiday.mp4"
	Content = "not really a film"
)

// storage is phase 4, with a file in the bucket.
func (g *guide) storage() {
	bucket, ctx := g.Deployed.Bucket, g.Context()
	attributes := map[string]any{
		"bucket": bucket, "id": bucket, "arn": "arn:aws:s3:::" + bucket, "region": Region, "force_destroy": true,
		// What version 5 of the provider reads into the bucket, whoever set it.
		"cors_rule": []any{map[string]any{"allowed_origins": []any{"*"}}}, "lifecycle_rule": []any{map[string]any{"enabled": true}},
		"versioning": []any{map[string]any{"enabled": true}}, "logging": []any{}, "website": []any{}, "replication_configuration": []any{},
		"server_side_encryption_configuration": []any{map[string]any{"rule": []any{map[string]any{
			"apply_server_side_encryption_by_default": []any{map[string]any{"sse_algorithm": "AES256"}},
		}}}},
	}
	must(g.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{
		LocationConstraint: types.BucketLocationConstraint(Region),
	}}))
	if tags := g.tags(bucket, attributes); len(tags) > 0 {
		must(g.S3.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &bucket, Tagging: &types.Tagging{
			TagSet: tagList(tags, func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }),
		}}))
	}
	g.record("aws_s3_bucket.media_storage", attributes)
	setting := func(kind string, attributes map[string]any) {
		attributes["bucket"], attributes["id"], attributes["expected_bucket_owner"] = bucket, bucket, ""
		g.record(kind+".media_storage", attributes)
	}
	must(g.S3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
		}}}}))
	setting("aws_s3_bucket_server_side_encryption_configuration", map[string]any{"rule": []any{map[string]any{
		"apply_server_side_encryption_by_default": []any{map[string]any{"sse_algorithm": "AES256", "kms_master_key_id": ""}},
	}}})
	must(g.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	setting("aws_s3_bucket_versioning", map[string]any{"versioning_configuration": []any{map[string]any{"status": "Enabled"}}})
	must(g.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
			IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}}))
	setting("aws_s3_bucket_public_access_block", map[string]any{"block_public_acls": true, "block_public_policy": true,
		"ignore_public_acls": true, "restrict_public_buckets": true})
	must(g.S3.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &bucket, CORSConfiguration: &types.CORSConfiguration{
		CORSRules: []types.CORSRule{{AllowedHeaders: []string{"*"}, AllowedMethods: []string{"GET", "PUT", "POST", "DELETE"},
			AllowedOrigins: []string{"*"}, MaxAgeSeconds: aws.Int32(3000)}}}}))
	setting("aws_s3_bucket_cors_configuration", map[string]any{"cors_rule": []any{map[string]any{
		"allowed_origins": []any{"*"}, "allowed_methods": []any{"DELETE", "GET", "POST", "PUT"},
	}}})
	if g.has("aws_s3_bucket_lifecycle_configuration.media_storage") {
		g.lifecycle(bucket)
		setting("aws_s3_bucket_lifecycle_configuration", map[string]any{"rule": []any{map[string]any{"id": "media_lifecycle", "status": "Enabled"}}})
	} else {
		attributes["lifecycle_rule"] = []any{}
	}
	must(g.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(Object), Body: reader(Content)}))
}

func (g *guide) lifecycle(bucket string) {
	must(g.S3.PutBucketLifecycleConfiguration(g.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: &bucket,
		LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
			ID: aws.String("media_lifecycle"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
			Transitions: []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa},
				{Days: aws.Int32(90), StorageClass: types.TransitionStorageClassGlacier}},
			AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
		}}}}))
}

// registry is phase 5.
func (g *guide) registry(roles roles) {
	name, ctx := g.named("registry", "mediaserver"), g.Context()
	attributes := map[string]any{"name": name, "id": name, "image_tag_mutability": "MUTABLE", "force_delete": false,
		"image_scanning_configuration": []any{map[string]any{"scan_on_push": true}},
		"encryption_configuration":     []any{map[string]any{"encryption_type": "AES256", "kms_key": ""}}}
	created := must(g.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &name,
		ImageScanningConfiguration: &registries.ImageScanningConfiguration{ScanOnPush: true}, ImageTagMutability: registries.ImageTagMutabilityMutable,
		Tags: tagList(g.tags(name, attributes), func(key, value *string) registries.Tag { return registries.Tag{Key: key, Value: value} }),
	}))
	attributes["arn"], attributes["repository_url"] = *created.Repository.RepositoryArn, *created.Repository.RepositoryUri
	g.record("aws_ecr_repository.mediaserver", attributes)
	policy := g.policy(`{"Version":"2012-10-17","Statement":[{"Sid":"AllowPull","Effect":"Allow","Principal":{"AWS":"` + roles.execution + `"},` +
		`"Action":["ecr:GetDownloadUrlForLayer","ecr:BatchGetImage","ecr:BatchCheckLayerAvailability"]}]}`)
	must(g.ECR.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name, PolicyText: &policy}))
	g.record("aws_ecr_repository_policy.mediaserver", map[string]any{"repository": name, "id": name, "policy": policy})
	if !g.has("aws_ecr_lifecycle_policy.mediaserver") {
		return
	}
	policy = `{"rules":[{"rulePriority":1,"description":"Keep last 10 images","selection":{"tagStatus":"tagged","tagPrefixList":["v"],` +
		`"countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}},{"rulePriority":2,"description":"Keep 5 untagged images",` +
		`"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}`
	must(g.ECR.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: &name, LifecyclePolicyText: &policy}))
	g.record("aws_ecr_lifecycle_policy.mediaserver", map[string]any{"repository": name, "id": name, "policy": policy})
}

// parameters is phase 7.
func (g *guide) parameters() {
	for _, each := range []struct {
		address, what, name, value string
		kind                       parameters.ParameterType
	}{
		{"aws_ssm_parameter.jwt_secret", "jwt-secret", "/mediaserver/jwt-secret", JWTSecret, parameters.ParameterTypeSecureString},
		{"aws_ssm_parameter.s3_bucket_name", "s3-bucket-name", "/mediaserver/s3-bucket-name", g.Deployed.Bucket, parameters.ParameterTypeString},
		{"aws_ssm_parameter.app_config", "app-config", "/mediaserver/app-config", `{"NODE_ENV":"production","AWS_REGION":"` + Region +
			`","S3_BUCKET":"` + g.Deployed.Bucket + `","APP_PORT":"3000"}`, parameters.ParameterTypeString},
	} {
		name := g.named(each.what, each.name)
		attributes := map[string]any{"name": name, "id": name, "type": string(each.kind), "value": each.value, "tier": "Standard",
			"data_type": "text", "description": "", "arn": "arn:aws:ssm:" + Region + ":" + Account + ":parameter" + name}
		must(g.SSM.PutParameter(g.Context(), &ssm.PutParameterInput{Name: &name, Value: &each.value, Type: each.kind,
			Tags: tagList(g.tags(name, attributes), func(key, value *string) parameters.Tag { return parameters.Tag{Key: key, Value: value} })}))
		g.record(each.address, attributes, "value")
	}
}
