package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
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

// difference is a property that changes, or that may change as far as the plan shows.
type difference struct {
	// path leads to the property: a name for each object, and [index] or [name] for each list.
	path []string
	// before and after are its values. Nil where there is none.
	before, after any
}

// String is the path as the free list writes it.
func (d difference) String() string { return strings.ReplaceAll(strings.Join(d.path, "."), ".[", "[") }

// submatches are what a pattern finds in both values. Nil for one that it does not match.
func (d difference) submatches(pattern *regexp.Regexp) (before, after []string) {
	return pattern.FindStringSubmatch(at[string](d.before)), pattern.FindStringSubmatch(at[string](d.after))
}

// hidden tells whether a value, or a part of it, is secret or not known yet.
func hidden(value any) bool {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, secret) || strings.Contains(value, unknown)
	case []any:
		return slices.ContainsFunc(value, hidden)
	case object:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), hidden)
	}
	return false
}

// compare finds what differs in two values, JSON in texts included. Where changes tells that the provider is asked to
// change something, what is hidden may have changed, too.
func compare(path []string, before, after any, changes bool) []difference {
	if reflect.DeepEqual(before, after) && !(changes && hidden(after)) {
		return nil
	}
	if oldValue, newValue := structured(before), structured(after); oldValue != nil && newValue != nil {
		before, after = oldValue, newValue
	}
	var found []difference
	if oldList, newList, are := both[[]any](before, after); are {
		if oldNamed, newNamed, are := named(oldList, newList); are {
			before, after = oldNamed, newNamed
		} else if len(oldList) == len(newList) {
			for i := range oldList {
				found = append(found, compare(append(slices.Clone(path), "["+strconv.Itoa(i)+"]"), oldList[i], newList[i], changes)...)
			}
			return found
		}
	}
	if oldObject, newObject, are := objects(before, after); are {
		for _, key := range keysOf(oldObject, newObject) {
			found = append(found, compare(append(slices.Clone(path), key), oldObject[key], newObject[key], changes)...)
		}
		return found
	}
	return []difference{{path, before, after}}
}

// structured reads a text that is an object or a list in strict JSON. It is nil for everything else.
func structured(value any) any {
	text, _ := value.(string)
	content, err := strictJSON([]byte(text))
	switch content.(type) {
	case object, []any:
		if err == nil {
			return content
		}
	}
	return nil
}

// strictJSON reads a text that is exactly one JSON value, in which no object has a key twice: readers disagree about
// which of two counts. Objects become map[string]any, lists []any, and numbers stay as they are written.
func strictJSON(text []byte) (any, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is empty, not JSON, cut short, or more than one document")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return strictValue(decoder)
}

// strictValue reads the next value.
func strictValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil || token != json.Delim('{') && token != json.Delim('[') {
		return token, err
	}
	list, fields := []any{}, object{}
	for decoder.More() {
		var key string
		if token == json.Delim('{') {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			key = name.(string)
			if _, twice := fields[key]; twice {
				return nil, fmt.Errorf("it has the key %q twice in one object", key)
			}
		}
		value, err := strictValue(decoder)
		if err != nil {
			return nil, err
		}
		list, fields[key] = append(list, value), value
	}
	if _, err := decoder.Token(); err != nil || token == json.Delim('[') {
		return list, err
	}
	return fields, nil
}

func both[T any](before, after any) (T, T, bool) {
	oldValue, isOld := before.(T)
	newValue, isNew := after.(T)
	return oldValue, newValue, isOld && isNew
}

// objects are two values that are objects. One that is absent counts as an empty one beside one that is not empty.
func objects(before, after any) (object, object, bool) {
	oldObject, newObject, are := both[object](before, after)
	oneSided := before == nil && len(newObject) > 0 || after == nil && len(oldObject) > 0
	return oldObject, newObject, are || oneSided
}

// keysOf are the keys of two objects, in order, each once.
func keysOf(one, other object) []string {
	all := maps.Clone(one)
	if all == nil {
		all = object{}
	}
	maps.Copy(all, other)
	return slices.Sorted(maps.Keys(all))
}

// named turns two lists into objects by the names of their elements, such as containers, their variables and the
// settings of a cluster. It returns false unless each element has a name of its own, and those of both lists stand in
// the same order.
func named(before, after []any) (object, object, bool) {
	oldNamed, oldOrder := byName(before)
	newNamed, newOrder := byName(after)
	inBoth := func(names []string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return oldNamed[name] == nil || newNamed[name] == nil })
	}
	return oldNamed, newNamed, len(oldNamed) == len(before) && len(newNamed) == len(after) &&
		slices.Equal(inBoth(oldOrder), inBoth(newOrder))
}

func byName(list []any) (object, []string) {
	elements, order := object{}, []string{}
	for _, element := range list {
		if name, has := at[any](element, "name").(string); has {
			elements["["+name+"]"] = element
			order = append(order, "["+name+"]")
		}
	}
	return elements, order
}

// number is a value that is a number, or a text that is one: AWS takes both.
func number(value any) (float64, bool) {
	text, isText := value.(string)
	if !isText {
		text = at[json.Number](value).String()
	}
	// ParseFloat would also take NaN and Inf.
	result, err := strconv.ParseFloat(text, 64)
	return result, err == nil && strings.Trim(text, "0123456789.-") == ""
}
