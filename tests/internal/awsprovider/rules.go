package awsprovider

import (
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"mediaserver/tests/internal/provider"
)

// textRule is a rule on a string: its length in characters and its form.
type textRule struct {
	min, max int
	// pattern is nil where any characters are allowed.
	pattern *regexp.Regexp
	// rule says in words what the pattern demands.
	rule string
}

func (t textRule) check(problems *provider.Problems, path, value string) {
	length := utf8.RuneCountInString(value)
	if length < t.min || length > t.max {
		problems.Refuse(path, value, fmt.Sprintf("must have %d to %d characters, not %d", t.min, t.max, length))
		return
	}
	if t.pattern != nil && !t.pattern.MatchString(value) {
		problems.Refuse(path, value, "must have "+t.rule)
	}
}

// checkOneOf refuses a value that is not in the list.
func checkOneOf[T comparable](problems *provider.Problems, path string, value T, allowed []T) {
	if !slices.Contains(allowed, value) {
		problems.Refuse(path, value, fmt.Sprintf("must be one of %v", allowed))
	}
}

// checkRange refuses a number outside of the bounds, which are allowed.
func checkRange[T int32 | float64](problems *provider.Problems, path string, value, least, most T) {
	if value < least || value > most {
		problems.Refuse(path, value, fmt.Sprintf("must be from %v to %v", least, most))
	}
}
