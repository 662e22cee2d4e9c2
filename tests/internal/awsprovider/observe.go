package awsprovider

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mediaserver/tests/internal/provider"
)

// deref is the value that a pointer leads to, zero for nil.
func deref[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// observeRequired overwrites a required input with what the API reports.
func observeRequired[T any](input *T, observed *T) {
	if observed != nil {
		*input = *observed
	}
}

// observeSet takes over a list whose members, in whatever order, differ.
func observeSet(input *[]string, observed []string) {
	if !slices.Equal(slices.Sorted(slices.Values(*input)), slices.Sorted(slices.Values(observed))) {
		*input = observed
	}
}

func observeBool(input **bool, observed *string) {
	if value, err := strconv.ParseBool(deref(observed)); err == nil {
		provider.Observe(input, &value)
	}
}

func observeInt(input **int32, observed *string) {
	if value, err := strconv.ParseInt(deref(observed), 10, 32); err == nil {
		provider.Observe(input, aws.Int32(int32(value)))
	}
}

// observeJSON takes over a document that differs in more than its spelling.
func observeJSON(input *string, observed string) {
	var had, has any
	if json.Unmarshal([]byte(*input), &had) == nil && json.Unmarshal([]byte(observed), &has) == nil &&
		reflect.DeepEqual(had, has) {
		return
	}
	*input = observed
}
