package awsprovider

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

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

var s3BucketServerSideEncryptionConfiguration = &kind[encryptionInputs, none]{
	Token:   "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	Replace: []string{"bucket"},
	Check:   checkBucketEncryption,
	Create: func(ctx context.Context, client *api, in *encryptionInputs) (string, error) {
		return in.Bucket, putEncryption(ctx, client, in)
	},
	Read: readBucketEncryption,
	Update: func(ctx context.Context, client *api, _ string, _, in *encryptionInputs, _ *none) error {
		return putEncryption(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *encryptionInputs, _ *none) error {
		_, err := client.S3.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &id})
		return err
	},
}

func checkBucketEncryption(in *encryptionInputs, problems *provider.Problems) {
	if len(in.Rules) != 1 {
		problems.Refuse("rules", len(in.Rules), "must be exactly one rule")
	}
	for i, r := range in.Rules {
		if r.Default != nil {
			checkOneOf(problems, "rules["+strconv.Itoa(i)+"].applyServerSideEncryptionByDefault.sseAlgorithm",
				r.Default.Algorithm, []string{"AES256", "aws:kms", "aws:kms:dsse"})
			// Amazon S3 API reference, ServerSideEncryptionByDefault.
			if r.Default.KeyID != nil && r.Default.Algorithm == "AES256" {
				problems.Refuse("rules["+strconv.Itoa(i)+"].applyServerSideEncryptionByDefault.kmsMasterKeyId", *r.Default.KeyID,
					"must not be set together with AES256")
			}
		}
	}
}

func readBucketEncryption(ctx context.Context, client *api, id string, in *encryptionInputs, _ *none) error {
	found, err := client.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &id})
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
	_, err := client.S3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: &in.Bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: rules},
	})
	return err
}
