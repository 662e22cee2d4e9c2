package awsprovider

import (
	"maps"
	"slices"
	"strings"
)

// tagList turns tags into the list that an API takes, sorted by key.
func tagList[T any](tags map[string]string, tag func(key, value *string) T) []T {
	list := make([]T, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		list = append(list, tag(&key, &value))
	}
	return list
}

// tagMap turns the list that an API returns into tags, without those that AWS
// itself sets.
func tagMap[T any](list []T, tag func(T) (key, value *string)) map[string]string {
	tags := make(map[string]string, len(list))
	for _, item := range list {
		if key, value := tag(item); !strings.HasPrefix(deref(key), "aws:") {
			tags[deref(key)] = deref(value)
		}
	}
	return tags
}
