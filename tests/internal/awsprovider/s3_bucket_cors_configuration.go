package awsprovider

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

type corsInputs struct {
	Bucket string     `pulumi:"bucket"`
	Rules  []corsRule `pulumi:"corsRules"`
}

type corsRule struct {
	ID             *string  `pulumi:"id,optional"`
	AllowedHeaders []string `pulumi:"allowedHeaders,optional"`
	AllowedMethods []string `pulumi:"allowedMethods"`
	AllowedOrigins []string `pulumi:"allowedOrigins"`
	ExposeHeaders  []string `pulumi:"exposeHeaders,optional"`
	MaxAgeSeconds  *int32   `pulumi:"maxAgeSeconds,optional"`
}

var corsRuleID = textRule{0, 255, nil, ""}

// Rules: Amazon S3 user guide, "Elements of a CORS configuration".
var s3BucketCorsConfiguration = &kind[corsInputs, none]{
	Token:   "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
	Replace: []string{"bucket"},
	Check:   checkBucketCors,
	Create: func(ctx context.Context, client *api, in *corsInputs) (string, error) {
		return in.Bucket, putCors(ctx, client, in)
	},
	Read: readBucketCors,
	Update: func(ctx context.Context, client *api, _ string, _, in *corsInputs, _ *none) error {
		return putCors(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *corsInputs, _ *none) error {
		_, err := client.S3.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: &id})
		return err
	},
}

func checkBucketCors(in *corsInputs, problems *provider.Problems) {
	if len(in.Rules) < 1 || len(in.Rules) > 100 {
		problems.Refuse("corsRules", len(in.Rules), "must be 1 to 100 rules")
	}
	for i, r := range in.Rules {
		// terraform-provider-aws, internal/service/s3/bucket_cors_configuration.go.
		corsRuleID.check(problems, "corsRules["+strconv.Itoa(i)+"].id", deref(r.ID))
		for j, method := range r.AllowedMethods {
			checkOneOf(problems, "corsRules["+strconv.Itoa(i)+"].allowedMethods["+strconv.Itoa(j)+"]", method,
				[]string{"GET", "PUT", "POST", "DELETE", "HEAD"})
		}
	}
}

func readBucketCors(ctx context.Context, client *api, id string, in *corsInputs, _ *none) error {
	found, err := client.S3.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &id})
	if err != nil {
		return err
	}
	in.Bucket = id
	var rules []corsRule
	for _, r := range found.CORSRules {
		rules = append(rules, corsRule{
			ID: r.ID, AllowedHeaders: r.AllowedHeaders, AllowedMethods: r.AllowedMethods,
			AllowedOrigins: r.AllowedOrigins, ExposeHeaders: r.ExposeHeaders, MaxAgeSeconds: r.MaxAgeSeconds,
		})
	}
	in.Rules = rules
	return nil
}

func putCors(ctx context.Context, client *api, in *corsInputs) error {
	var rules []types.CORSRule
	for _, r := range in.Rules {
		rules = append(rules, types.CORSRule{
			ID: r.ID, AllowedHeaders: r.AllowedHeaders, AllowedMethods: r.AllowedMethods,
			AllowedOrigins: r.AllowedOrigins, ExposeHeaders: r.ExposeHeaders, MaxAgeSeconds: r.MaxAgeSeconds,
		})
	}
	_, err := client.S3.PutBucketCors(ctx, &s3.PutBucketCorsInput{
		Bucket: &in.Bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules},
	})
	return err
}
