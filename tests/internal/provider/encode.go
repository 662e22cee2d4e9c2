package provider

import (
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// encode turns those properties of a struct, or of a pointer to one, that are wanted into a map. Nil pointers, slices
// and maps are left out.
func encode(from any, wanted func(field) bool) resource.PropertyMap {
	return encodeObject(reflect.Indirect(reflect.ValueOf(from)), wanted)
}

func encodeObject(from reflect.Value, wanted func(field) bool) resource.PropertyMap {
	properties := resource.PropertyMap{}
	for _, f := range fieldsOf(from.Type()) {
		value := from.FieldByIndex(f.index)
		switch value.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if value.IsNil() {
				continue
			}
		}
		if wanted(f) {
			properties[resource.PropertyKey(f.name)] = encodeValue(value)
		}
	}
	return properties
}

func anyField(field) bool { return true }

func encodeValue(from reflect.Value) resource.PropertyValue {
	switch from.Kind() {
	case reflect.Pointer:
		return encodeValue(from.Elem())
	case reflect.Struct:
		return resource.NewProperty(encodeObject(from, anyField))
	case reflect.Slice:
		elements := make([]resource.PropertyValue, from.Len())
		for i := range elements {
			elements[i] = encodeValue(from.Index(i))
		}
		return resource.NewProperty(elements)
	case reflect.Map:
		entries := resource.PropertyMap{}
		for _, key := range from.MapKeys() {
			entries[resource.PropertyKey(key.String())] = encodeValue(from.MapIndex(key))
		}
		return resource.NewProperty(entries)
	case reflect.String:
		return resource.NewProperty(from.String())
	case reflect.Bool:
		return resource.NewProperty(from.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return resource.NewProperty(float64(from.Int()))
	case reflect.Float64:
		return resource.NewProperty(from.Float())
	default:
		panic(fmt.Sprintf("provider: no property for the Go type %s", from.Type()))
	}
}

// reveal returns the value without the marks of secrets and outputs in it, so
// that two values can be compared.
func reveal(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return reveal(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return resource.MakeComputed(resource.NewProperty(""))
		}
		return reveal(value.OutputValue().Element)
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = reveal(element)
		}
		return resource.NewProperty(elements)
	case value.IsObject():
		return resource.NewProperty(revealAll(value.ObjectValue()))
	default:
		return value
	}
}

func revealAll(properties resource.PropertyMap) resource.PropertyMap {
	revealed := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if !value.IsNull() {
			revealed[key] = reveal(value)
		}
	}
	return revealed
}
