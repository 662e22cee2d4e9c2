package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// object is properties as JSON has them.
type object = map[string]any

// unknown is a value that is not known during a preview.
var unknown = resource.Computed{Element: resource.NewProperty("")}

// plain is a value as JSON has it, without the marks of secrets. What is unknown stays so, and in an object what is null
// is left out.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsComputed(), value.IsOutput():
		return unknown
	case value.IsArray():
		list := []any{}
		for _, each := range value.ArrayValue() {
			list = append(list, plain(each))
		}
		return list
	case value.IsObject():
		return plainObject(value.ObjectValue())
	default:
		return value.V
	}
}

func plainObject(properties resource.PropertyMap) object {
	all := object{}
	for key, value := range properties {
		if !value.IsNull() {
			all[string(key)] = plain(value)
		}
	}
	return all
}

// field is one property of a struct. [Kind] says which tags it carries.
type field struct {
	name  string
	index []int
	of    reflect.Type
	flags []string
	// initial is the value of an input that is not stated. Nil for none.
	initial any
}

func (f field) is(flag string) bool { return slices.Contains(f.flags, flag) }

// isInput and isOutput say on which side a property is. It may be on both.
func isInput(f field) bool  { return f.is("input") || !f.is("output") }
func isOutput(f field) bool { return f.is("output") }

// required says whether an input must be stated.
func (f field) required() bool {
	return !slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, f.of.Kind())
}

// fieldsOf lists the properties of a struct type, those of embedded structs included.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("json")
		if name == "" {
			continue
		}
		made := field{name: name, index: f.Index, of: f.Type, flags: strings.Split(f.Tag.Get("pulumi"), ",")}
		if text, hasDefault := f.Tag.Lookup("default"); hasDefault && json.Unmarshal([]byte(text), &made.initial) != nil {
			made.initial = text
		}
		fields = append(fields, made)
	}
	return fields
}

// decode fills into, a pointer to a struct, from inputs and from outputs that are recorded. Inputs that are unknown
// leave their fields at zero.
func decode(inputs, outputs object, into any) *Problems {
	problems := &Problems{}
	t := reflect.TypeOf(into).Elem()
	fitting := problems.fit("", inputs, t).(object)
	for _, f := range fieldsOf(t) {
		if value, recorded := outputs[f.name]; recorded && isOutput(f) && fitting[f.name] == nil {
			fitting[f.name] = value
		}
	}
	text, err := json.Marshal(fitting)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if mismatch, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		problems.refuse(mismatch.Field, "property %q must be of type %s, but is a %s", mismatch.Field, mismatch.Type, mismatch.Value)
	} else if err != nil {
		problems.refuse("", "%v", err)
	}
	return problems
}

// encode turns those properties of a pointer to a struct that are wanted into an object. What is nil is left out.
func encode(from any, wanted func(field) bool) object {
	text, err := json.Marshal(from)
	var all object
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(fmt.Sprintf("provider: encode %T: %v", from, err))
	}
	all = plainObject(resource.NewPropertyMapFromMap(all))
	for _, f := range fieldsOf(reflect.TypeOf(from).Elem()) {
		if !wanted(f) {
			delete(all, f.name)
		}
	}
	return all
}

// changedKeys are the properties that are not the same, sorted.
func changedKeys(old, new object) []resource.PropertyKey {
	var changed []resource.PropertyKey
	all := maps.Clone(old)
	maps.Copy(all, new)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(old[key], new[key]) {
			changed = append(changed, resource.PropertyKey(key))
		}
	}
	return changed
}

// alike says whether two values mean the same to the cloud: nothing is as good as zero, lists of texts are sets, and
// documents are compared by what they say.
func alike(a, b any) bool {
	if blank(a) || blank(b) {
		return blank(a) && blank(b)
	}
	switch a := a.(type) {
	case object:
		b, isObject := b.(object)
		all := maps.Clone(a)
		maps.Copy(all, b)
		for key := range all {
			if !alike(a[key], b[key]) {
				return false
			}
		}
		return isObject
	case []any:
		b, isList := b.([]any)
		if _, texts := a[0].(string); texts {
			a, b = sorted(a), sorted(b)
		}
		return isList && slices.EqualFunc(a, b, alike)
	case string:
		return a == b || sameDocument(a, b)
	default:
		return a == b
	}
}

func sorted(texts []any) []any {
	return slices.SortedFunc(slices.Values(texts), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

func sameDocument(a string, b any) bool {
	var had, has object
	text, _ := b.(string)
	return json.Unmarshal([]byte(a), &had) == nil && json.Unmarshal([]byte(text), &has) == nil && reflect.DeepEqual(had, has)
}

// blank says whether a value says nothing.
func blank(value any) bool {
	switch value := value.(type) {
	case object:
		return !slices.ContainsFunc(slices.Collect(maps.Values(value)), func(each any) bool { return !blank(each) })
	case []any:
		return len(value) == 0
	default:
		return value == nil || value == "" || value == false || value == 0.0
	}
}
