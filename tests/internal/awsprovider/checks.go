package awsprovider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mediaserver/tests/internal/provider"
)

// text is a rule on a string: its length in characters and its form.
type text struct {
	min, max int
	// pattern is nil where any characters are allowed.
	pattern *regexp.Regexp
	// rule says in words what the pattern demands.
	rule string
}

func (t text) check(problems *provider.Problems, path, value string) {
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

// checkPolicy refuses what is not a policy document: JSON with the current
// version and statements that each have an effect and an action, and a
// principal or a resource as the kind of policy demands.
func checkPolicy(problems *provider.Problems, path, document string, needs ...string) {
	var policy struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		problems.Refuse(path, document, "must be a policy as JSON: "+err.Error())
		return
	}
	if !slices.Contains([]string{"2012-10-17", "2008-10-17"}, policy.Version) {
		problems.Refuse(path, document, fmt.Sprintf("must have the Version 2012-10-17, not %q", policy.Version))
	}
	var statements []map[string]json.RawMessage
	if json.Unmarshal(policy.Statement, &statements) != nil {
		var single map[string]json.RawMessage
		if json.Unmarshal(policy.Statement, &single) == nil && single != nil {
			statements = append(statements, single)
		}
	}
	if len(statements) == 0 {
		problems.Refuse(path, document, "must have at least one Statement")
	}
	for i, statement := range statements {
		var effect string
		_ = json.Unmarshal(statement["Effect"], &effect)
		if effect != "Allow" && effect != "Deny" {
			problems.Refuse(path, document, fmt.Sprintf("Statement %d must have the Effect Allow or Deny", i))
		}
		for _, element := range append([]string{"Action"}, needs...) {
			_, has := statement[element]
			_, hasOpposite := statement["Not"+element]
			if !has && !hasOpposite {
				problems.Refuse(path, document, fmt.Sprintf("Statement %d must have %s or Not%s", i, element, element))
			}
		}
	}
}

// decodeJSON decodes a document and refuses members that the type lacks.
func decodeJSON(document string, into any) error {
	decoder := json.NewDecoder(bytes.NewReader([]byte(document)))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
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

// lastPart is what follows the last separator.
func lastPart(text, separator string) string {
	return text[strings.LastIndex(text, separator)+1:]
}
