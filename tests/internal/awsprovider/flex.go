package awsprovider

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// expanded is a structure of the SDK with the fields that the properties have too.
func expanded[T any](properties any) *T {
	to := new(T)
	copyFields(properties, to)
	return to
}

// copyFields copies the fields that two structures have under the same name, letters' case aside: from properties to a
// request of the SDK, or from its answer to properties. It is for this package what flex is for
// terraform-provider-aws.
//
// Optional fields without a value, and texts that an answer leaves empty, are not copied. An empty list or map becomes
// none, as with the official provider: some calls refuse an empty one. Texts become enumerations and the other way
// round, tags and dimensions lists of keys and values.
func copyFields(from, to any) {
	copyStruct(reflect.Indirect(reflect.ValueOf(from)), reflect.ValueOf(to).Elem())
}

func copyStruct(from, to reflect.Value) {
	for i := range to.NumField() {
		field := to.Type().Field(i)
		source := from.FieldByNameFunc(func(other string) bool { return strings.EqualFold(other, field.Name) })
		switch {
		case source.IsValid() && field.IsExported():
			copyValue(source, to.Field(i))
		case field.Anonymous:
			copyStruct(from, to.Field(i))
		}
	}
}

func copyValue(from, to reflect.Value) {
	optional := from.Kind() == reflect.Pointer
	if optional {
		if from.IsNil() {
			return
		}
		from = from.Elem()
	}
	if to.Kind() != reflect.Pointer {
		convert(from, to)
		return
	}
	if !optional && from.Kind() == reflect.String && from.Len() == 0 {
		return
	}
	target := reflect.New(to.Type().Elem())
	convert(from, target.Elem())
	to.Set(target)
}

func convert(from, to reflect.Value) {
	switch source, target := from.Kind(), to.Kind(); {
	case source == reflect.Struct:
		copyStruct(from, to)
	case (source == reflect.Slice || source == reflect.Map) && from.Len() == 0:
		to.SetZero()
	case source == reflect.Slice && target == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyValue(from.Index(i), to.Index(i))
		}
	case source == reflect.Map && target == reflect.Slice:
		to.Set(listPairs(from.Interface().(map[string]string), to.Type()))
	case source == reflect.Slice && target == reflect.Map:
		to.Set(reflect.ValueOf(collectPairs(from)))
	case source == reflect.Map:
		to.Set(reflect.ValueOf(maps.Clone(from.Interface().(map[string]string))))
	case source == reflect.String && target == reflect.Float64:
		number, _ := strconv.ParseFloat(from.String(), 64)
		to.SetFloat(number)
	case source == reflect.Float64 && target == reflect.String:
		to.SetString(strconv.FormatFloat(from.Float(), 'g', -1, 64))
	case from.CanInt():
		to.SetInt(from.Int())
	default:
		to.Set(from.Convert(to.Type()))
	}
}

// pairNames are what the SDK calls the first half of a pair: in tags and in dimensions of metrics.
var pairNames = []string{"Key", "Name"}

func listPairs(pairs map[string]string, list reflect.Type) reflect.Value {
	all := reflect.MakeSlice(list, 0, len(pairs))
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		pair := reflect.New(list.Elem()).Elem()
		for _, name := range pairNames {
			if field := pair.FieldByName(name); field.IsValid() {
				copyValue(reflect.ValueOf(key), field)
			}
		}
		copyValue(reflect.ValueOf(new(pairs[key])), pair.FieldByName("Value"))
		all = reflect.Append(all, pair)
	}
	return all
}

// collectPairs leaves out the tags that AWS itself sets.
func collectPairs(list reflect.Value) map[string]string {
	pairs := map[string]string{}
	for i := range list.Len() {
		var key, value string
		for _, name := range pairNames {
			if field := list.Index(i).FieldByName(name); field.IsValid() {
				copyValue(field, reflect.ValueOf(&key).Elem())
			}
		}
		copyValue(list.Index(i).FieldByName("Value"), reflect.ValueOf(&value).Elem())
		if !strings.HasPrefix(key, "aws:") {
			pairs[key] = value
		}
	}
	return pairs
}

// tagsOf are the tags in an answer of the SDK.
func tagsOf[T any](list []T) map[string]string { return collectPairs(reflect.ValueOf(list)) }

// tagList is the list of tags that an API takes.
func tagList[T any](tags map[string]string) []T {
	return listPairs(tags, reflect.TypeFor[[]T]()).Interface().([]T)
}

// deref is the value that a pointer leads to, zero for nil.
func deref[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}
