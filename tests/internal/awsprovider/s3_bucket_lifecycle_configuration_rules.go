package awsprovider

import (
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

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
