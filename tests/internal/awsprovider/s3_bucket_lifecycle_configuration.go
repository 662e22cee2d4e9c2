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
var s3BucketLifecycleConfiguration = &kind[lifecycleInputs, none]{
	Token:   "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
	Replace: []string{"bucket"},
	Check:   checkBucketLifecycle,
	Create: func(ctx context.Context, client *api, in *lifecycleInputs) (string, error) {
		return in.Bucket, putLifecycle(ctx, client, in)
	},
	Read: readBucketLifecycle,
	Update: func(ctx context.Context, client *api, _ string, _, in *lifecycleInputs, _ *none) error {
		return putLifecycle(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *lifecycleInputs, _ *none) error {
		_, err := client.S3.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &id})
		return err
	},
}

func checkBucketLifecycle(in *lifecycleInputs, problems *provider.Problems) {
	// terraform-provider-aws, internal/service/s3/bucket_lifecycle_configuration.go, Schema.
	if len(in.Rules) == 0 {
		problems.Refuse("rules", len(in.Rules), "must be at least one rule")
	}
	for i, r := range in.Rules {
		path := "rules[" + strconv.Itoa(i) + "]"
		textRule{min: 1, max: 255}.check(problems, path+".id", r.ID)
		checkOneOf(problems, path+".status", r.Status, []string{"Enabled", "Disabled"})
		for j, transition := range r.Transitions {
			at := path + ".transitions[" + strconv.Itoa(j) + "]"
			checkOneOf(problems, at+".storageClass", transition.StorageClass, []string{
				"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE",
			})
			if transition.Days == nil {
				problems.Refuse(at+".days", "", "must be stated")
			}
			// terraform-provider-aws, internal/service/s3/bucket_lifecycle_configuration.go, Schema.
			if deref(transition.Days) < 0 {
				problems.Refuse(at+".days", *transition.Days, "must be at least 0")
			}
			infrequent := transition.StorageClass == "STANDARD_IA" || transition.StorageClass == "ONEZONE_IA"
			if infrequent && deref(transition.Days) < leastDaysToInfrequentAccess {
				problems.Refuse(at+".days", deref(transition.Days), "must be at least 30 for "+transition.StorageClass)
			}
			if j > 0 && deref(transition.Days) <= deref(r.Transitions[j-1].Days) {
				problems.Refuse(at+".days", deref(transition.Days), "must be later than the transition before it")
			}
		}
		checkExpiry(r, path, problems)
		if len(r.Transitions) == 0 && r.Expiration == nil && r.AbortUploads == nil && r.Noncurrent == nil {
			problems.Refuse(path, r.ID, "must have at least one action")
		}
	}
	if in.MinimumObjectSizes != nil {
		checkOneOf(problems, "transitionDefaultMinimumObjectSize", *in.MinimumObjectSizes,
			[]string{"all_storage_classes_128K", "varies_by_storage_class"})
	}
}

// checkExpiry refuses what S3 does not take of a rule by which objects go.
//
// Rules: Amazon S3 API reference, LifecycleExpiration and NoncurrentVersionExpiration.
func checkExpiry(r lifecycleRule, path string, problems *provider.Problems) {
	const positive = "must be a number of days above 0"
	if expiration := r.Expiration; expiration != nil {
		if expiration.Days != nil && *expiration.Days < 1 {
			problems.Refuse(path+".expiration.days", *expiration.Days, positive)
		}
		if expiration.Days != nil && deref(expiration.ExpiredObjectDeleteMarker) {
			problems.Refuse(path+".expiration.expiredObjectDeleteMarker", true, "must not be set together with days")
		}
	}
	if upload := r.AbortUploads; upload != nil && deref(upload.Days) < 1 {
		problems.Refuse(path+".abortIncompleteMultipartUpload.daysAfterInitiation", deref(upload.Days), positive)
	}
	if old := r.Noncurrent; old != nil && old.Kept != nil {
		checkRange(problems, path+".noncurrentVersionExpiration.newerNoncurrentVersions", *old.Kept, 1, 100)
	}
	if old := r.Noncurrent; old != nil && deref(old.Days) < 1 {
		problems.Refuse(path+".noncurrentVersionExpiration.noncurrentDays", deref(old.Days), positive)
	}
}

func readBucketLifecycle(ctx context.Context, client *api, id string, in *lifecycleInputs, _ *none) error {
	found, err := client.S3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &id})
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
}

func putLifecycle(ctx context.Context, client *api, in *lifecycleInputs) error {
	_, err := client.S3.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket:                             &in.Bucket,
		TransitionDefaultMinimumObjectSize: types.TransitionDefaultMinimumObjectSize(deref(in.MinimumObjectSizes)),
		LifecycleConfiguration:             &types.BucketLifecycleConfiguration{Rules: storedLifecycle(in.Rules)},
	})
	return err
}
