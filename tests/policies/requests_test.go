package policies

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/iampolicy"
)

// row is a row of testdata/requests.yaml, which explains it.
type row struct {
	What             string
	Actions, On, May []string
	With             map[string]string
}

func readRequests(t *testing.T) []row {
	t.Helper()
	file, err := os.Open("testdata/requests.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var content struct {
		Names    []any
		Requests []row
	}
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&content); err != nil {
		t.Fatal(err)
	}
	return content.Requests
}

// misjudged are the requests that the documents of a role do not decide as they should.
func misjudged(rows []row, role string, documents []iampolicy.Document) (found []string) {
	for _, each := range rows {
		for _, action := range each.Actions {
			for _, resource := range each.On {
				may := iampolicy.Allows(documents, iampolicy.Request{Action: action, Resource: resource, Context: each.With})
				if may != slices.Contains(each.May, role) {
					found = append(found, fmt.Sprintf("%s: to %s, %s on %s with %v is allowed: %t", role, each.What, action, resource, each.With, may))
				}
			}
		}
	}
	return found
}

func TestEachRoleMayDoWhatItShouldAndTakesNoKnownWayUp(t *testing.T) {
	rows := readRequests(t)
	for role := range roles {
		for _, each := range misjudged(rows, role, dev.documents(t, role)) {
			t.Error(each)
		}
	}
}

// TestEveryConditionEarnsItsPlace takes one restriction away after the other: each condition, and each list of resources of
// the document on roles. Each time a known way up opens.
func TestEveryConditionEarnsItsPlace(t *testing.T) {
	rows := readRequests(t)
	for role, names := range roles {
		for i, name := range names {
			loosened := func(statement int, what string, loosen func(*iampolicy.Statement)) {
				t.Helper()
				documents := dev.documents(t, role)
				loosen(&documents[i].Statements[statement])
				if len(misjudged(rows, role, documents)) == 0 {
					t.Errorf("%s: without %s of %s no known way up is open", name, what, documents[i].Statements[statement].Sid)
				}
			}
			for at, statement := range unfilled(t, name) {
				if name == "up-roles" {
					loosened(at, "the resources", func(s *iampolicy.Statement) { s.Resource = iampolicy.Texts{"*"} })
				}
				for operator, keys := range statement.Condition {
					for key := range keys {
						loosened(at, "the condition on "+key, func(s *iampolicy.Statement) { delete(s.Condition[operator], key) })
					}
				}
			}
		}
	}
}
