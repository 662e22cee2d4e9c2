package provider

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// shownBytes is how much of a value a message shows: a document would bury the rule that it breaks.
const shownBytes = 100

// Problems collects what is refused of inputs. The engine shows each with the resource it concerns, in preview already.
type Problems struct {
	// unknown and secret are the paths of what is unknown and of what no message shows.
	unknown, secret []string
	failures        []plugin.CheckFailure
}

// Refuse notes that the value at a path breaks a rule, stated as a sentence about what the value must be. While the value
// is unknown it does nothing.
func (p *Problems) Refuse(path string, value any, rule string) {
	touches := func(other string) bool { return within(path, other) || within(other, path) }
	if slices.ContainsFunc(p.unknown, touches) {
		return
	}
	shown := fmt.Sprintf("%v", value)
	switch value := value.(type) {
	case nil:
		shown = `""`
	case string:
		shown = fmt.Sprintf("%q", value)
	}
	if len(shown) > shownBytes {
		shown = strings.ToValidUTF8(shown[:shownBytes], "") + "..."
	}
	if slices.ContainsFunc(p.secret, touches) {
		shown = "[secret]"
	}
	p.refuse(path, "property %q has the value %s: %s", path, shown, rule)
}

func (p *Problems) refuse(path, format string, arguments ...any) {
	p.failures = append(p.failures, plugin.CheckFailure{Property: resource.PropertyKey(path), Reason: fmt.Sprintf(format, arguments...)})
}

// err is all that was refused as one error, nil if nothing was. Nothing may be unknown when it is called.
func (p *Problems) err() error {
	var reasons []string
	for _, each := range p.failures {
		reasons = append(reasons, each.Reason)
	}
	for _, path := range p.unknown {
		reasons = append(reasons, fmt.Sprintf("property %q is not known yet", path))
	}
	if len(reasons) == 0 {
		return nil
	}
	return errors.New(strings.Join(reasons, "; "))
}

// fit returns a value without what is unknown in it. It notes that, properties that the type does not have, and inputs
// that must be stated.
func (p *Problems) fit(path string, value any, t reflect.Type) any {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch value := value.(type) {
	case resource.Computed:
		p.unknown = append(p.unknown, path)
		return nil
	case []any:
		if t.Kind() == reflect.Slice {
			fitting := make([]any, len(value))
			for i, each := range value {
				fitting[i] = p.fit(fmt.Sprintf("%s[%d]", path, i), each, t.Elem())
			}
			return fitting
		}
	case object:
		switch t.Kind() {
		case reflect.Map:
			fitting := object{}
			for key, each := range value {
				fitting[key] = p.fit(join(path, key), each, t.Elem())
			}
			return fitting
		case reflect.Struct:
			return p.fitFields(path, value, t)
		}
	}
	return value
}

func (p *Problems) fitFields(path string, value object, t reflect.Type) object {
	fitting := object{}
	var supported []string
	for _, f := range fieldsOf(t) {
		if !isInput(f) {
			continue
		}
		at := join(path, f.name)
		supported = append(supported, f.name)
		if f.is("secret") {
			p.secret = append(p.secret, at)
		}
		if each, stated := value[f.name]; stated {
			fitting[f.name] = p.fit(at, each, f.of)
		} else if f.required() {
			p.refuse(at, "required property %q is missing", at)
		}
	}
	for key := range value {
		if !slices.Contains(supported, key) {
			p.refuse(join(path, key), "unknown or unsupported property %q; supported here: %s", join(path, key), strings.Join(supported, ", "))
		}
	}
	return fitting
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// within says whether a path lies within another one, or is it.
func within(inner, outer string) bool {
	rest, ok := strings.CutPrefix(inner, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
