package provider

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// asked are the places in inputs that an import asks about: optional inputs that a Read overwrites with what the
// cloud reports, because they seem to be stated.
type asked map[uintptr]bool

// ask states every optional input that the inputs do not state, so that Observe takes over what the cloud reports.
func ask(inputs any) asked {
	places := asked{}
	places.fill(reflect.Indirect(reflect.ValueOf(inputs)))
	return places
}

func (a asked) fill(inputs reflect.Value) {
	for _, f := range fieldsOf(inputs.Type()) {
		value := inputs.FieldByIndex(f.index)
		if value.Kind() != reflect.Pointer || !value.IsNil() {
			continue
		}
		value.Set(reflect.New(value.Type().Elem()))
		a[value.Pointer()] = true
		if value.Elem().Kind() == reflect.Struct {
			a.fill(value.Elem())
		}
	}
}

// withdraw takes back what nothing was reported of, and what is empty: an official provider imports neither.
func (a asked) withdraw(inputs any) { a.empty(reflect.Indirect(reflect.ValueOf(inputs))) }

func (a asked) empty(inputs reflect.Value) {
	for _, f := range fieldsOf(inputs.Type()) {
		value := inputs.FieldByIndex(f.index)
		switch {
		case value.Kind() != reflect.Pointer || value.IsNil():
		case a[value.Pointer()] || value.Elem().Kind() != reflect.Struct && value.Elem().IsZero():
			value.SetZero()
		case value.Elem().Kind() == reflect.Struct:
			a.empty(value.Elem())
		}
	}
}

// alike are the inputs of a resource as it is and as it will be, without the differences that are none: an input
// that is not stated has its default, and the cloud decides one that it computes.
func (k *Kind[C, In, Out]) alike(old, new resource.PropertyMap) (resource.PropertyMap, resource.PropertyMap) {
	old, new = revealAll(old).Copy(), revealAll(new).Copy()
	for name, value := range k.Defaults {
		for _, inputs := range []resource.PropertyMap{old, new} {
			if _, stated := inputs[resource.PropertyKey(name)]; !stated {
				inputs[resource.PropertyKey(name)] = resource.NewPropertyValue(value)
			}
		}
	}
	for _, name := range k.Computed {
		key := resource.PropertyKey(name)
		if _, stated := new[key]; !stated {
			delete(old, key)
		}
	}
	return old, new
}
