package plangate

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// properties are the inputs of a resource.
type properties map[string]any

// value is one property: known, unknown until the update, secret, or absent.
type value struct {
	// content is the value itself. Nil if there is none.
	content any
}

// at returns the property at a path: names separated by dots. A list of one element is entered as if it were the
// element, because the provider writes blocks that way.
func (p properties) at(path string) value {
	var content any = map[string]any(p)
	for _, name := range strings.Split(path, ".") {
		if list, isList := content.([]any); isList && len(list) == 1 {
			content = list[0]
		}
		object, isObject := content.(map[string]any)
		if !isObject {
			// What is inside an unknown value is unknown, and inside a secret secret.
			if content == unknown || content == secret {
				return value{content}
			}
			return value{}
		}
		content = object[name]
	}
	return value{content}
}

// known tells whether the value can be judged. An absent one can.
func (v value) known() bool {
	switch content := v.content.(type) {
	case string:
		return content != unknown && content != secret
	case []any:
		return !slices.ContainsFunc(content, func(element any) bool { return !value{element}.known() })
	case map[string]any:
		for _, element := range content {
			if !(value{element}).known() {
				return false
			}
		}
	}
	return true
}

// shown tells whether there is a value that can be judged. Of a new resource, a plan leaves out some of what is not known
// yet.
func (v value) shown() bool { return v.content != nil && v.known() }

// is tells whether the value is known and equal to a text, a truth or a number. A provider takes a truth or a
// number as a text too.
func (v value) is(wanted any) bool {
	return v.content != nil && fmt.Sprint(v.content) == fmt.Sprint(wanted)
}

// isOff tells whether a truth is known to be false or absent.
func (v value) isOff() bool { return v.content == nil || v.is(false) }

// isNothing tells whether a value is absent, or says no more than an absent one does.
func (v value) isNothing() bool {
	switch content := v.content.(type) {
	case []any:
		return len(content) == 0
	case map[string]any:
		for _, element := range content {
			if !(value{element}).isNothing() {
				return false
			}
		}
		return true
	}
	return v.content == nil || v.content == "" || v.content == false
}

// text is the value if it is a text, else empty.
func (v value) text() string {
	text, _ := v.content.(string)
	return text
}

// list are the elements of a list. A provider takes a single element for a list of one. Empty for an absent list.
func (v value) list() []any {
	switch content := v.content.(type) {
	case nil:
		return nil
	case []any:
		return content
	default:
		return []any{content}
	}
}

// String shows the value in a report. A secret or unknown part of it is never shown.
func (v value) String() string {
	switch content := v.content.(type) {
	case nil:
		return "not set"
	case string:
		switch content {
		case unknown:
			return "not known yet"
		case secret:
			return "a secret"
		}
		return content
	default:
		if !v.known() {
			return "not known yet"
		}
		encoded, err := json.Marshal(content)
		if err != nil {
			return "unreadable"
		}
		return string(encoded)
	}
}

// inputsOf are the properties of a resource without what the provider notes for itself. Nil for no state.
func inputsOf(state *State) properties {
	if state == nil {
		return nil
	}
	cleaned, _ := withoutNotes(state.Inputs).(map[string]any)
	return cleaned
}

// withoutNotes returns a value without the key in which providers note what they filled in.
func withoutNotes(content any) any {
	switch content := content.(type) {
	case []any:
		cleaned := make([]any, len(content))
		for i, element := range content {
			cleaned[i] = withoutNotes(element)
		}
		return cleaned
	case map[string]any:
		cleaned := make(map[string]any, len(content))
		for name, element := range content {
			if name != "__defaults" {
				cleaned[name] = withoutNotes(element)
			}
		}
		return cleaned
	}
	return content
}

// changed are the names of the properties that differ or are not known, sorted.
func changed(before, after properties) []string {
	names := map[string]bool{}
	for _, all := range []properties{before, after} {
		for name := range all {
			names[name] = true
		}
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool {
		return reflect.DeepEqual(before[name], after[name]) && value{after[name]}.known()
	})
	return slices.Sorted(maps.Keys(names))
}

// sameValue tells whether two values are known and equal.
func sameValue(a, b any) bool { return reflect.DeepEqual(a, b) && value{a}.known() }
