package provider

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// decoder fills a struct from properties and notes everything that does not fit. [Kind] says which tags the fields of
// the struct carry.
type decoder struct {
	unknown  []string
	secret   []string
	problems []plugin.CheckFailure
}

func (d *decoder) refuse(path, format string, args ...any) {
	d.problems = append(d.problems, plugin.CheckFailure{
		Property: resource.PropertyKey(path),
		Reason:   fmt.Sprintf(format, args...),
	})
}

// field is one property of a struct.
type field struct {
	name                                string
	index                               []int
	optional, watched, output, volatile bool
}

// isInput and isOutput say on which side a property is. It may be on both.
func isInput(f field) bool  { return f.optional || !f.output }
func isOutput(f field) bool { return f.output }

// fieldsOf lists the properties of a struct type, those of embedded structs included.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("pulumi")
		if !ok {
			continue
		}
		flags := strings.Split(tag, ",")
		watched, volatile := slices.Contains(flags, "watched"), slices.Contains(flags, "volatile")
		fields = append(fields, field{
			name: flags[0], index: f.Index, watched: watched, volatile: volatile,
			optional: watched || slices.Contains(flags, "optional"),
			output:   volatile || slices.Contains(flags, "output"),
		})
	}
	return fields
}

func (d *decoder) object(path string, properties resource.PropertyMap, into reflect.Value) {
	fields := slices.DeleteFunc(fieldsOf(into.Type()), func(f field) bool { return !isInput(f) })
	for _, key := range properties.StableKeys() {
		known := slices.ContainsFunc(fields, func(f field) bool { return f.name == string(key) })
		if !known && !properties[key].IsNull() {
			d.refuse(join(path, string(key)), "unknown or unsupported property %q; supported here: %s",
				join(path, string(key)), names(fields))
		}
	}
	for _, f := range fields {
		value, present := properties[resource.PropertyKey(f.name)]
		if !present || value.IsNull() {
			if !f.optional {
				d.refuse(join(path, f.name), "required property %q is missing", join(path, f.name))
			}
			continue
		}
		d.value(join(path, f.name), value, into.FieldByIndex(f.index))
	}
}

func (d *decoder) value(path string, value resource.PropertyValue, into reflect.Value) {
	switch {
	case value.IsSecret():
		d.secret = append(d.secret, path)
		d.value(path, value.SecretValue().Element, into)
		return
	case value.IsOutput():
		output := value.OutputValue()
		if output.Secret {
			d.secret = append(d.secret, path)
		}
		if !output.Known {
			d.unknown = append(d.unknown, path)
			return
		}
		d.value(path, output.Element, into)
		return
	case value.IsComputed():
		d.unknown = append(d.unknown, path)
		return
	}

	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, value, into.Elem())
	case reflect.Struct:
		if value.IsObject() {
			d.object(path, value.ObjectValue(), into)
			return
		}
		d.mismatch(path, value, "an object")
	case reflect.Slice:
		if !value.IsArray() {
			d.mismatch(path, value, "a list")
			return
		}
		elements := value.ArrayValue()
		into.Set(reflect.MakeSlice(into.Type(), len(elements), len(elements)))
		for i, element := range elements {
			d.value(path+"["+strconv.Itoa(i)+"]", element, into.Index(i))
		}
	case reflect.Map:
		if !value.IsObject() {
			d.mismatch(path, value, "a map")
			return
		}
		into.Set(reflect.MakeMap(into.Type()))
		for key, element := range value.ObjectValue() {
			entry := reflect.New(into.Type().Elem()).Elem()
			d.value(join(path, string(key)), element, entry)
			into.SetMapIndex(reflect.ValueOf(string(key)), entry)
		}
	case reflect.String:
		if !value.IsString() {
			d.mismatch(path, value, "a string")
			return
		}
		into.SetString(value.StringValue())
	case reflect.Bool:
		if !value.IsBool() {
			d.mismatch(path, value, "true or false")
			return
		}
		into.SetBool(value.BoolValue())
	case reflect.Int, reflect.Int32, reflect.Int64:
		if !value.IsNumber() || value.NumberValue() != math.Trunc(value.NumberValue()) ||
			math.Abs(value.NumberValue()) > math.MaxInt32 {
			d.mismatch(path, value, "an integer")
			return
		}
		into.SetInt(int64(value.NumberValue()))
	case reflect.Float64:
		if !value.IsNumber() {
			d.mismatch(path, value, "a number")
			return
		}
		into.SetFloat(value.NumberValue())
	default:
		panic(fmt.Sprintf("provider: property %s has the unsupported Go type %s", path, into.Type()))
	}
}

func (d *decoder) mismatch(path string, value resource.PropertyValue, want string) {
	d.refuse(path, "property %q must be %s, but is a value of type %s", path, want, value.TypeString())
}

// decode fills into, a pointer to a struct. Properties that are unknown or
// unfit leave their fields at zero.
func decode(properties resource.PropertyMap, into any) *decoder {
	d := &decoder{}
	d.object("", properties, reflect.ValueOf(into).Elem())
	return d
}

// err is all that was refused as one error, nil if nothing was. Nothing may be
// unknown when it is called.
func (d *decoder) err() error {
	var reasons []string
	for _, problem := range d.problems {
		reasons = append(reasons, problem.Reason)
	}
	for _, path := range d.unknown {
		reasons = append(reasons, fmt.Sprintf("property %q is not known yet", path))
	}
	if len(reasons) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(reasons, "; "))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func names(fields []field) string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
