package readback

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// evaluate replaces the placeholders in a part of the data, and the objects that stand for something else:
//
//   - {"if": condition, "then": …, "else": …} for one of the two. Without the other it is nothing.
//   - {"by": setting, value: …, value: …} for what is said of the setting's value, or of another fact.
//   - {"each": setting, "matching": pattern, "as": …} for a list with an element for each field of the setting, an
//     object, whose {key} and {value} it may name. With a pattern, only for the values that it matches from beginning
//     to end, and {value} is its first group.
//
// An element of a list that is a list itself afterwards is replaced by its elements, and one that is nothing is left out.
func (r *reader) evaluate(value any) any {
	switch value := value.(type) {
	case string:
		return r.fill(value)
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, asList(r.evaluate(each))...)
		}
		return list
	case map[string]any:
		if condition, is := value["if"].(string); is {
			if r.holds(condition) {
				return r.evaluate(value["then"])
			}
			return r.evaluate(value["else"])
		}
		if setting, is := value["by"].(string); is {
			chosen, offered := value[fmt.Sprint(r.facts[setting])]
			if !offered {
				fail("the inventory says nothing of %s %v", setting, r.facts[setting])
			}
			return r.evaluate(chosen)
		}
		if setting, is := value["each"].(string); is {
			return r.repeat(setting, value)
		}
		object := map[string]any{}
		for key, each := range value {
			object[key] = r.evaluate(each)
		}
		return object
	}
	return value
}

// repeat evaluates a loop over a setting that is an object.
func (r *reader) repeat(setting string, loop map[string]any) any {
	elements, _ := r.facts[setting].(map[string]any)
	matching, limited := loop["matching"].(string)
	if !limited {
		matching = "((?s).*)"
	}
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		if groups := regexp.MustCompile("^(?:" + matching + ")$").FindStringSubmatch(fmt.Sprint(elements[key])); groups != nil {
			r.facts["key"], r.facts["value"] = key, groups[1]
			list = append(list, r.evaluate(loop["as"]))
		}
	}
	return list
}

// holds decides a condition on settings and values: those that are set, joined by "and" or "or", and one after "without".
func (r *reader) holds(condition string) bool {
	set := func(key string) bool {
		value, known := r.facts[key]
		if !known {
			panic(fmt.Sprintf("the inventory has the condition %q, and %q is no setting", condition, key))
		}
		return !isNothing(r.evaluate(value))
	}
	if needed, excluded, without := strings.Cut(condition, " without "); without {
		return r.holds(needed) && !set(excluded)
	}
	if one, other, both := strings.Cut(condition, " and "); both {
		return set(one) && set(other)
	}
	return slices.ContainsFunc(strings.Split(condition, " or "), set)
}

// placeholder is {x}. {8} is a part of a regular expression.
var placeholder = regexp.MustCompile(`\{[A-Za-z][^{}]*\}`)

// fill replaces the placeholders of a text. A text that is one placeholder becomes what that stands for.
func (r *reader) fill(text string) any {
	if strings.HasPrefix(text, "{") && placeholder.FindString(text) == text {
		return r.resolve(text[1 : len(text)-1])
	}
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value := fmt.Sprint(r.resolve(found[1 : len(found)-1]))
		if strings.HasPrefix(text, pattern) {
			return regexp.QuoteMeta(value)
		}
		return value
	})
}

// resolve is what a placeholder stands for.
func (r *reader) resolve(name string) any {
	if value, known := r.facts[name]; known {
		return r.evaluate(value)
	}
	of, path, _ := strings.Cut(name, ".")
	var value any = r.read(of)
	for step := range strings.SplitSeq(path, ".") {
		value = field(value, step)
	}
	if value = one(value); isNothing(value) {
		fail("{%s}: %w", name, errMissing)
	}
	return value
}
