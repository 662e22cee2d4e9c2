package awsprovider

import (
	"context"
	"reflect"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/provider"
)

type lifecycleInputs struct {
	Bucket             string          `pulumi:"bucket"`
	Rules              []lifecycleRule `pulumi:"rules"`
	MinimumObjectSizes *string         `pulumi:"transitionDefaultMinimumObjectSize,optional"`
}

type lifecycleRule struct {
	ID           string                 `pulumi:"id"`
	Status       string                 `pulumi:"status"`
	Filter       *lifecycleFilter       `pulumi:"filter,optional"`
	Transitions  []lifecycleTransition  `pulumi:"transitions,optional"`
	Expiration   *lifecycleExpiration   `pulumi:"expiration,optional"`
	AbortUploads *lifecycleAbortUploads `pulumi:"abortIncompleteMultipartUpload,optional"`
	Noncurrent   *lifecycleNoncurrent   `pulumi:"noncurrentVersionExpiration,optional"`
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

type lifecycleAbortUploads struct {
	Days *int32 `pulumi:"daysAfterInitiation,optional"`
}

type lifecycleNoncurrent struct {
	Days *int32 `pulumi:"noncurrentDays,optional"`
	Kept *int32 `pulumi:"newerNoncurrentVersions,optional"`
}

// leastDaysToInfrequentAccess is how long an object stays in the standard
// class before it may move to one for infrequent access.
const leastDaysToInfrequentAccess = 30

// Rules: Amazon S3 user guide, "Lifecycle configuration elements" and
// "Transitioning objects".
var bucketLifecycle = &kind[lifecycleInputs, none]{
	Token:   "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
	Replace: []string{"bucket"},
	Check: func(in *lifecycleInputs, problems *provider.Problems) {
		for i, r := range in.Rules {
			path := "rules[" + strconv.Itoa(i) + "]"
			text{min: 1, max: 255}.check(problems, path+".id", r.ID)
			checkOneOf(problems, path+".status", r.Status, []string{"Enabled", "Disabled"})
			for j, transition := range r.Transitions {
				at := path + ".transitions[" + strconv.Itoa(j) + "]"
				checkOneOf(problems, at+".storageClass", transition.StorageClass, []string{
					"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE",
				})
				infrequent := transition.StorageClass == "STANDARD_IA" || transition.StorageClass == "ONEZONE_IA"
				if infrequent && deref(transition.Days) < leastDaysToInfrequentAccess {
					problems.Refuse(at+".days", deref(transition.Days), "must be at least 30 for "+transition.StorageClass)
				}
				if j > 0 && deref(transition.Days) <= deref(r.Transitions[j-1].Days) {
					problems.Refuse(at+".days", deref(transition.Days), "must be later than the transition before it")
				}
			}
			if len(r.Transitions) == 0 && r.Expiration == nil && r.AbortUploads == nil && r.Noncurrent == nil {
				problems.Refuse(path, r.ID, "must have at least one action")
			}
		}
		if in.MinimumObjectSizes != nil {
			checkOneOf(problems, "transitionDefaultMinimumObjectSize", *in.MinimumObjectSizes,
				[]string{"all_storage_classes_128K", "varies_by_storage_class"})
		}
	},
	ID: func(in *lifecycleInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *lifecycleInputs) (string, error) {
		return in.Bucket, putLifecycle(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *lifecycleInputs, _ *none) error {
		found, err := client.s3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &id})
		if err != nil {
			return err
		}
		in.Bucket = id
		if observed := string(found.TransitionDefaultMinimumObjectSize); observed != "" {
			provider.Observe(&in.MinimumObjectSizes, &observed)
		}
		if !reflect.DeepEqual(storedLifecycle(in.Rules), storedLifecycle(observedLifecycle(found.Rules))) {
			in.Rules = observedLifecycle(found.Rules)
		}
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *lifecycleInputs, _ *none) error {
		return putLifecycle(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *lifecycleInputs, _ *none) error {
		_, err := client.s3.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &id})
		return err
	},
}

func putLifecycle(ctx context.Context, client *api, in *lifecycleInputs) error {
	_, err := client.s3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket:                             &in.Bucket,
		TransitionDefaultMinimumObjectSize: types.TransitionDefaultMinimumObjectSize(deref(in.MinimumObjectSizes)),
		LifecycleConfiguration:             &types.BucketLifecycleConfiguration{Rules: storedLifecycle(in.Rules)},
	})
	return err
}

// storedLifecycle is the rules as S3 takes them. A rule always has a filter:
// without a prefix it covers all objects.
func storedLifecycle(rules []lifecycleRule) []types.LifecycleRule {
	var stored []types.LifecycleRule
	for _, r := range rules {
		prefix := ""
		if r.Filter != nil {
			prefix = deref(r.Filter.Prefix)
		}
		converted := types.LifecycleRule{
			ID:     &r.ID,
			Status: types.ExpirationStatus(r.Status),
			Filter: &types.LifecycleRuleFilter{Prefix: &prefix},
		}
		for _, transition := range r.Transitions {
			converted.Transitions = append(converted.Transitions, types.Transition{
				Days: transition.Days, StorageClass: types.TransitionStorageClass(transition.StorageClass),
			})
		}
		if r.Expiration != nil {
			converted.Expiration = &types.LifecycleExpiration{
				Days: r.Expiration.Days, ExpiredObjectDeleteMarker: r.Expiration.ExpiredObjectDeleteMarker,
			}
		}
		if r.AbortUploads != nil {
			converted.AbortIncompleteMultipartUpload = &types.AbortIncompleteMultipartUpload{
				DaysAfterInitiation: r.AbortUploads.Days,
			}
		}
		if r.Noncurrent != nil {
			converted.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{
				NoncurrentDays: r.Noncurrent.Days, NewerNoncurrentVersions: r.Noncurrent.Kept,
			}
		}
		stored = append(stored, converted)
	}
	return stored
}

// observedLifecycle is the rules as inputs.
func observedLifecycle(stored []types.LifecycleRule) []lifecycleRule {
	var rules []lifecycleRule
	for _, r := range stored {
		converted := lifecycleRule{ID: deref(r.ID), Status: string(r.Status), Filter: &lifecycleFilter{}}
		if r.Filter != nil && deref(r.Filter.Prefix) != "" {
			converted.Filter.Prefix = r.Filter.Prefix
		}
		for _, transition := range r.Transitions {
			converted.Transitions = append(converted.Transitions, lifecycleTransition{
				Days: transition.Days, StorageClass: string(transition.StorageClass),
			})
		}
		if r.Expiration != nil {
			converted.Expiration = &lifecycleExpiration{
				Days: r.Expiration.Days, ExpiredObjectDeleteMarker: r.Expiration.ExpiredObjectDeleteMarker,
			}
		}
		if r.AbortIncompleteMultipartUpload != nil {
			converted.AbortUploads = &lifecycleAbortUploads{Days: r.AbortIncompleteMultipartUpload.DaysAfterInitiation}
		}
		if r.NoncurrentVersionExpiration != nil {
			converted.Noncurrent = &lifecycleNoncurrent{
				Days: r.NoncurrentVersionExpiration.NoncurrentDays,
				Kept: r.NoncurrentVersionExpiration.NewerNoncurrentVersions,
			}
		}
		rules = append(rules, converted)
	}
	return rules
}

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

// Rules: Amazon S3 user guide, "Elements of a CORS configuration".
var bucketCors = &kind[corsInputs, none]{
	Token:   "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
	Replace: []string{"bucket"},
	Check: func(in *corsInputs, problems *provider.Problems) {
		if len(in.Rules) < 1 || len(in.Rules) > 100 {
			problems.Refuse("corsRules", len(in.Rules), "must be 1 to 100 rules")
		}
		for i, r := range in.Rules {
			for j, method := range r.AllowedMethods {
				checkOneOf(problems, "corsRules["+strconv.Itoa(i)+"].allowedMethods["+strconv.Itoa(j)+"]", method,
					[]string{"GET", "PUT", "POST", "DELETE", "HEAD"})
			}
		}
	},
	ID: func(in *corsInputs) string { return in.Bucket },
	Create: func(ctx context.Context, client *api, in *corsInputs) (string, error) {
		return in.Bucket, putCors(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *corsInputs, _ *none) error {
		found, err := client.s3.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &id})
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
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *corsInputs, _ *none) error {
		return putCors(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *corsInputs, _ *none) error {
		_, err := client.s3.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: &id})
		return err
	},
}

func putCors(ctx context.Context, client *api, in *corsInputs) error {
	var rules []types.CORSRule
	for _, r := range in.Rules {
		rules = append(rules, types.CORSRule{
			ID: r.ID, AllowedHeaders: r.AllowedHeaders, AllowedMethods: r.AllowedMethods,
			AllowedOrigins: r.AllowedOrigins, ExposeHeaders: r.ExposeHeaders, MaxAgeSeconds: r.MaxAgeSeconds,
		})
	}
	_, err := client.s3.PutBucketCors(ctx, &s3.PutBucketCorsInput{
		Bucket: &in.Bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules},
	})
	return err
}
