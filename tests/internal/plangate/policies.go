package plangate

import (
	"maps"
	"slices"
	"strings"

	"mediaserver/tests/internal/iampolicy"
)

// allowsNoMore is the rule for a policy document: it must not allow what it did not allow before.
func allowsNoMore(path, why string) rule {
	return func(before, after properties) []Weakening {
		return comparePolicies(path, []value{before.at(path)}, []value{after.at(path)}, why)
	}
}

// inlinePoliciesAllowNoMore is the rule for the inline policies of a role, which count together.
func inlinePoliciesAllowNoMore(path, why string) rule {
	documents := func(all properties) ([]value, bool) {
		var texts []value
		list := all.at(path)
		for _, element := range list.list() {
			texts = append(texts, properties{"element": element}.at("element.policy"))
		}
		return texts, list.known() || len(texts) > 0
	}
	return func(before, after properties) []Weakening {
		old, _ := documents(before)
		changed, readable := documents(after)
		if !readable {
			return weaker(path, before, after, why)
		}
		return comparePolicies(path, old, changed, why)
	}
}

// comparePolicies compares what the documents on each side allow together. Absent ones allow nothing. The same
// documents are not read, so that one which cannot be read does no harm while it stays.
func comparePolicies(path string, before, after []value, why string) []Weakening {
	if sameTexts(before, after) {
		return nil
	}
	old, err := mergePolicies(before)
	if err != nil {
		return []Weakening{{Property: path, From: err.Error(), To: "another document", Why: why}}
	}
	changed, err := mergePolicies(after)
	if err != nil {
		return []Weakening{{Property: path, From: "a known document", To: err.Error(), Why: why}}
	}
	var found []Weakening
	for _, each := range iampolicy.Widened(old, changed) {
		found = append(found, Weakening{Property: path, From: "not so", To: each, Why: why})
	}
	return found
}

func sameTexts(before, after []value) bool {
	if len(before) != len(after) {
		return false
	}
	for i := range before {
		if before[i].content != after[i].content || !after[i].known() {
			return false
		}
	}
	return true
}

// mergePolicies reads documents and puts their statements together.
func mergePolicies(texts []value) (iampolicy.Document, error) {
	merged := iampolicy.Document{Version: iampolicy.CurrentVersion}
	versions := map[string]bool{}
	for _, text := range texts {
		if text.content == nil {
			continue
		}
		if !text.known() {
			return iampolicy.Document{}, unjudged{text}
		}
		document, err := iampolicy.Parse(text.text())
		if err != nil {
			return iampolicy.Document{}, err
		}
		versions[document.Version] = true
		merged.Statements = append(merged.Statements, document.Statements...)
	}
	if len(versions) > 0 {
		merged.Version = strings.Join(slices.Sorted(maps.Keys(versions)), " and ")
	}
	return merged, nil
}

// unjudged is a value that cannot be judged because it is secret or not known yet.
type unjudged struct{ value }

func (u unjudged) Error() string { return u.String() }
