package gate

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const (
	// unknown stands in a plan for a value that only the update itself will know (pulumi/sdk,
	// resource/plugin.UnknownStringValue).
	unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	// secret stands in a plan for a value that Pulumi keeps secret (pulumi/pkg, backend/display.MassageSecrets).
	secret = "[secret]"
)

// Difference is a property that changes, or of which the plan does not tell whether it does.
type Difference struct {
	// Path leads to the property: a name for each object, and [index] or [name] for each list.
	Path []string
	// Before and After are its values. Nil where there is none.
	Before, After any
}

// path is the path in one text, as the free list writes it.
func (d Difference) path() string {
	return strings.ReplaceAll(strings.Join(d.Path, "."), ".[", "[")
}

// hidden tells whether a value, or a part of it, is secret or not known yet.
func hidden(value any) bool {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, secret) || strings.Contains(value, unknown)
	case []any:
		return slices.ContainsFunc(value, hidden)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), hidden)
	}
	return false
}

// comparison collects the differences of two values.
type comparison struct {
	// changes tells that the provider is asked to change something: then what is hidden may have changed too.
	changes bool
	found   []Difference
}

// compare compares two values, JSON in texts included, and adds what differs.
func (c *comparison) compare(path []string, before, after any) {
	if reflect.DeepEqual(before, after) && !(c.changes && hidden(after)) {
		return
	}
	if oldText, newText, are := both[string](before, after); are {
		oldValue, isOld := structured(oldText)
		newValue, isNew := structured(newText)
		if isOld && isNew {
			before, after = oldValue, newValue
		}
	}
	if oldObject, newObject, are := objects(before, after); are {
		keys := map[string]any{}
		maps.Copy(keys, oldObject)
		maps.Copy(keys, newObject)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			c.compare(append(slices.Clone(path), key), oldObject[key], newObject[key])
		}
		return
	}
	if oldList, newList, are := both[[]any](before, after); are {
		if oldNamed, newNamed, are := named(oldList, newList); are {
			c.compare(path, oldNamed, newNamed)
			return
		}
		if len(oldList) == len(newList) {
			for i := range oldList {
				c.compare(append(slices.Clone(path), "["+strconv.Itoa(i)+"]"), oldList[i], newList[i])
			}
			return
		}
	}
	c.found = append(c.found, Difference{path, before, after})
}

// structured reads a text that is an object or a list in strict JSON.
func structured(text string) (any, bool) {
	value, err := strictJSON([]byte(text))
	switch value.(type) {
	case map[string]any, []any:
		return value, err == nil
	}
	return nil, false
}

func both[T any](before, after any) (T, T, bool) {
	oldValue, isOld := before.(T)
	newValue, isNew := after.(T)
	return oldValue, newValue, isOld && isNew
}

// objects are two values that are objects. One that is absent counts as an empty one beside one that is not empty.
func objects(before, after any) (map[string]any, map[string]any, bool) {
	oldObject, newObject, are := both[map[string]any](before, after)
	oneSided := before == nil && len(newObject) > 0 || after == nil && len(oldObject) > 0
	return oldObject, newObject, are || oneSided
}

// named turns two lists into objects by the names of their elements, such as containers, their variables and the
// settings of a cluster. It returns false unless each element has a name of its own, and those of both lists stand in
// the same order.
func named(before, after []any) (map[string]any, map[string]any, bool) {
	oldNamed, oldOrder := byName(before)
	newNamed, newOrder := byName(after)
	onlyIn := func(other map[string]any) func(string) bool {
		return func(name string) bool { return other[name] == nil }
	}
	return oldNamed, newNamed, len(oldNamed) == len(before) && len(newNamed) == len(after) &&
		slices.Equal(slices.DeleteFunc(oldOrder, onlyIn(newNamed)), slices.DeleteFunc(newOrder, onlyIn(oldNamed)))
}

func byName(list []any) (map[string]any, []string) {
	elements, order := map[string]any{}, []string{}
	for _, each := range list {
		element, _ := each.(map[string]any)
		if name, has := element["name"].(string); has {
			elements["["+name+"]"] = element
			order = append(order, "["+name+"]")
		}
	}
	return elements, order
}

// number is a value that is a number, or a text that is one: AWS takes both.
func number(value any) (float64, bool) {
	var text string
	switch value := value.(type) {
	case json.Number:
		text = value.String()
	case string:
		text = value
	}
	// ParseFloat would also take NaN and Inf.
	result, err := strconv.ParseFloat(text, 64)
	return result, err == nil && strings.Trim(text, "0123456789.-") == ""
}
