package policies

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// iamAction is what AWS's service authorization reference says of an action.
type iamAction struct {
	// Resources are the patterns of the ARNs that the action can be granted on, with placeholders such as ${Region}.
	// Empty if a grant must name every resource.
	Resources []string
	// Conditions are the condition keys that a request for the action may carry, beside those of every request.
	Conditions []string
}

// reference holds the actions of all documents, as iam-data.mjs took them from the service authorization reference.
// That one is asked by hand: it changes each week, and a change of AWS's must not fail a change of ours.
var reference = sync.OnceValues(func() (map[string]iamAction, error) {
	text, err := os.ReadFile("testdata/iam.json")
	if err != nil {
		return nil, err
	}
	var data struct{ Actions map[string]iamAction }
	return data.Actions, json.Unmarshal(text, &data)
})

// referenceOf is what the reference says of an action.
func referenceOf(t *testing.T, action string) iamAction {
	t.Helper()
	actions, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	known, found := actions[action]
	if !found {
		t.Fatalf("testdata/iam.json does not know %s: make it anew with iam-data.mjs", action)
	}
	return known
}

// listsThemAll are the actions that are granted on every resource although AWS knows one: they list.
var listsThemAll = []string{"cloudwatch:DescribeAlarms"}

// boundByCondition are the actions that a condition binds instead of a resource: to the cluster and to the namespace.
var boundByCondition = []string{"cloudwatch:PutMetricData", "ecs:ListTasks"}

func TestActionsResourcesAndConditionKeysAreThoseOfAWS(t *testing.T) {
	used := map[string]bool{}
	for _, name := range names(t) {
		for _, statement := range parse(t, name, template(t, name)).Statements {
			if len(statement.Resource) == 0 {
				continue
			}
			fitting := map[string]bool{}
			for _, action := range statement.Action {
				used[action] = true
				known := referenceOf(t, action)
				for _, resource := range statement.Resource {
					if resource == "*" && (len(known.Resources) == 0 || slices.Contains(listsThemAll, action)) ||
						resource == "*" && slices.Contains(boundByCondition, action) && len(statement.Condition) > 0 ||
						slices.ContainsFunc(known.Resources, func(pattern string) bool { return isOfType(resource, pattern) }) {
						fitting[action], fitting[resource] = true, true
					}
				}
				for _, keys := range statement.Condition {
					for key := range keys {
						if !slices.ContainsFunc(known.Conditions, func(pattern string) bool { return overlap(open.ReplaceAllString(pattern, "*"), key) }) {
							t.Errorf("%s, statement %s: no request for %s carries %s", name, statement.Sid, action, key)
						}
					}
				}
			}
			for _, each := range slices.Concat(statement.Action, statement.Resource) {
				if !fitting[each] {
					t.Errorf("%s, statement %s: %s fits none of %q and %q", name, statement.Sid, each, statement.Action, statement.Resource)
				}
			}
		}
	}
	known, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
		t.Errorf("testdata/iam.json knows %q in vain: make it anew with iam-data.mjs", lacking(want, got))
	}
}

// open is what either side leaves open in a text: AWS's placeholders, ours, and wildcards.
var open = regexp.MustCompile(`\$\{[A-Za-z]+\}|<[A-Z_]+>|\*`)

// isOfType tells whether the ARN in a document can be one of AWS's type. An object's is no bucket's.
func isOfType(resource, pattern string) bool {
	if strings.HasPrefix(resource, "arn:<PARTITION>:s3:::") && strings.Contains(resource, "/") != strings.Contains(pattern, "/") {
		return false
	}
	// Part by part, because what is left open ends where its part ends.
	const parts = 6
	return slices.EqualFunc(strings.SplitN(open.ReplaceAllString(resource, "*"), ":", parts),
		strings.SplitN(open.ReplaceAllString(pattern, "*"), ":", parts), overlap)
}

// overlap tells whether a text exists that fits both patterns, in which * stands for any characters and ? for one.
func overlap(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case strings.HasPrefix(a, "*"):
		return overlap(a[1:], b) || b != "" && overlap(a, b[1:])
	case strings.HasPrefix(b, "*"):
		return overlap(b, a)
	default:
		return a != "" && b != "" && (a[0] == b[0] || a[0] == '?' || b[0] == '?') && overlap(a[1:], b[1:])
	}
}
