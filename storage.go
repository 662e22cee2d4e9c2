package main

import (
	"fmt"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The lifecycle of a media file in days since its upload (step 10). The setting
// oldVersionDays says how long an overwritten or deleted file is kept.
const (
	daysUntilInfrequentAccess = 30
	daysUntilArchive          = 90
	daysUntilUploadIsAborted  = 7
)

// corsMaxAgeSeconds is how long a browser may remember the answer to a
// preflight request.
const corsMaxAgeSeconds = 3000

// storageOutputs are the media bucket.
type storageOutputs struct {
	bucketName pulumi.StringOutput
	// bucketArn is the ARN of the bucket. Objects are below it: bucketArn/*.
	bucketArn pulumi.StringOutput
}

// createStorage is phase 4: the media bucket and its five
// settings. Amazon S3 answers 409 OperationAborted when several settings of one
// bucket are written at the same time, so each waits for the one before it.
func createStorage(ctx *pulumi.Context, settings settings, randomValues randomValuesOutputs) (storageOutputs, error) {
	bucket, err := s3.NewBucketV2(ctx, "media-storage", &s3.BucketV2Args{
		Bucket:       pulumi.Sprintf("%s-%s", settings.physicalName("{name}-storage"), randomValues.bucketSuffix),
		ForceDestroy: pulumi.Bool(settings.forceDestroy),
	}, pulumi.Protect(settings.protectData), settings.keep("bucket"))
	if err != nil {
		return storageOutputs{}, fmt.Errorf("create bucket media-storage: %w", err)
	}
	publicAccessBlock, err := s3.NewBucketPublicAccessBlock(ctx, "media-storage", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	})
	if err != nil {
		return storageOutputs{}, fmt.Errorf("create public access block of bucket media-storage: %w", err)
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, "media-storage",
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.ID(),
			Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
				&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
					ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
						SseAlgorithm: pulumi.String("AES256"),
					},
				},
			},
		}, after(publicAccessBlock))
	if err != nil {
		return storageOutputs{}, fmt.Errorf("create encryption of bucket media-storage: %w", err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, "media-storage", &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, after(encryption))
	if err != nil {
		return storageOutputs{}, fmt.Errorf("create versioning of bucket media-storage: %w", err)
	}
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(ctx, "media-storage", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		// Stated, or the provider shows a change on every run.
		TransitionDefaultMinimumObjectSize: pulumi.String("all_storage_classes_128K"),
		Rules:                              s3.BucketLifecycleConfigurationV2RuleArray{mediaLifecycle(settings)},
	}, after(versioning))
	if err != nil {
		return storageOutputs{}, fmt.Errorf("create lifecycle of bucket media-storage: %w", err)
	}
	if _, err := s3.NewBucketCorsConfigurationV2(ctx, "media-storage", &s3.BucketCorsConfigurationV2Args{
		Bucket: bucket.ID(),
		CorsRules: s3.BucketCorsConfigurationV2CorsRuleArray{&s3.BucketCorsConfigurationV2CorsRuleArgs{
			AllowedHeaders: pulumi.ToStringArray([]string{"*"}),
			// Not HEAD: a URL that is signed for GET answers 403 to it, and a player learns
			// the size of a file from Content-Range.
			AllowedMethods: pulumi.ToStringArray([]string{"GET", "PUT", "POST", "DELETE"}),
			AllowedOrigins: pulumi.ToStringArray(settings.corsAllowedOrigins),
			// A browser needs the ETag of each part to complete an upload in parts, and the
			// others to play a file from any point.
			ExposeHeaders: pulumi.ToStringArray([]string{"ETag", "Content-Range", "Accept-Ranges", "Content-Length"}),
			MaxAgeSeconds: pulumi.Int(corsMaxAgeSeconds),
		}},
	}, after(lifecycle)); err != nil {
		return storageOutputs{}, fmt.Errorf("create CORS configuration of bucket media-storage: %w", err)
	}
	return storageOutputs{bucket.Bucket, bucket.Arn}, nil
}

// mediaLifecycle moves media files to cheaper storage, and deletes unfinished
// uploads and old versions (step 10).
func mediaLifecycle(settings settings) *s3.BucketLifecycleConfigurationV2RuleArgs {
	transitions := s3.BucketLifecycleConfigurationV2RuleTransitionArray{
		&s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
			Days:         pulumi.Int(daysUntilInfrequentAccess),
			StorageClass: pulumi.String("STANDARD_IA"),
		},
	}
	if settings.archiveStorageClass != noArchive {
		transitions = append(transitions, &s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
			Days:         pulumi.Int(daysUntilArchive),
			StorageClass: pulumi.String(settings.archiveStorageClass),
		})
	}
	rule := &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id:     pulumi.String("archive-media"),
		Status: pulumi.String("Enabled"),
		// An empty filter means every object. Without one the provider shows a
		// change on every run.
		Filter:      &s3.BucketLifecycleConfigurationV2RuleFilterArgs{},
		Transitions: transitions,
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(daysUntilUploadIsAborted),
		},
	}
	if settings.oldVersionDays > 0 {
		rule.NoncurrentVersionExpiration = &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(settings.oldVersionDays),
		}
		// A deleted file leaves a marker with its name, which outlives its versions
		// unless it goes too. Without days this touches no file that is current
		// (Amazon S3 API reference, LifecycleExpiration).
		rule.Expiration = &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{
			ExpiredObjectDeleteMarker: pulumi.Bool(true),
		}
	}
	return rule
}

// after makes a setting of the bucket wait for the one before it.
func after(setting pulumi.Resource) pulumi.ResourceOption {
	return pulumi.DependsOn([]pulumi.Resource{setting})
}
