package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
)

// Rules are what the cloud demands of the inputs of a type. In YAML they stand under the source that states them, as
// properties with their demands:
//
//	Elastic Load Balancing API reference, CreateTargetGroup:
//	  healthCheck.timeout: {from: 2, to: 120, below: interval}
//
// A path has [] for each element of a list, and goes on into a text that holds JSON. Several groups of demands of one
// property are a list. These are the demands. Only the first two are about a property that is not there:
//
//	stated: true                must be there; false: must not be
//	when: {type: forward}       the others hold where properties beside this one have these values, null for none
//	oneOf: [a, b]               is one of these
//	from: 1, to: 10             is a number within these bounds; above and below exclude the bound
//	multipleOf: [60, 10, 20]    is a multiple of the first number or one of the others
//	length: [1, 255]            has so many characters or elements
//	matching: {words: pattern}  is a text that the pattern finds, as the words say; unlike: one that it does not find
//	document: {path: demands}   is a text that holds JSON, of which these are the demands
//	anyOf: [a, b]               is an object with one of these properties; exactlyOneOf: with one and no other
//
// A bound may be the name of a property beside this one.
type Rules []Rule

// Rule is one demand.
type Rule struct {
	// Property is the path of what the demand is about, and Source says who states it.
	Property, Source string
	// When has the properties on which the demand depends.
	When map[string]any

	demand   string
	argument any
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (r *Rules) UnmarshalYAML(node *yaml.Node) error {
	var sources map[string]map[string]any
	if err := node.Decode(&sources); err != nil {
		return err
	}
	for source, properties := range sources {
		for property, stated := range properties {
			r.add(source, property, stated)
		}
	}
	slices.SortFunc(*r, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Property, b.Property), cmp.Compare(a.demand, b.demand))
	})
	return nil
}

func (r *Rules) add(source, property string, stated any) {
	groups, several := stated.([]any)
	if !several {
		groups = []any{stated}
	}
	for _, group := range groups {
		group := maps.Clone(group.(map[string]any))
		when, _ := group["when"].(map[string]any)
		delete(group, "when")
		for demand, argument := range group {
			if demands[demand] == nil {
				panic(fmt.Sprintf("provider: the rules of %s have the unknown demand %q", property, demand))
			}
			*r = append(*r, Rule{Property: property, Source: source, When: when, demand: demand, argument: argument})
			if inside, isDocument := argument.(map[string]any); isDocument && demand == "document" {
				for path, each := range inside {
					r.add(source, strings.Replace(property+"."+path, ".[", "[", 1), each)
				}
			}
		}
	}
}

// String is the demand in words that follow "must".
func (r Rule) String() string {
	words, _ := demands[r.demand](r.argument, nil, nil)
	return words
}

// apply refuses what breaks the rules.
func (r Rules) apply(inputs object, problems *Problems) {
	for _, rule := range r {
		rule.find("", rule.Property, inputs, nil, func(path string, value any, beside object) {
			_, isUnknown := value.(resource.Computed)
			if isUnknown || !rule.holds(beside) || value == nil && rule.demand != "stated" {
				return
			}
			if words, fits := demands[rule.demand](rule.argument, value, beside); !fits {
				problems.Refuse(path, value, "must "+words+" ("+rule.Source+")")
			}
		})
	}
}

// find visits each value at the rest of a path, with the object that it is in.
func (r Rule) find(path, rest string, value any, in object, visit func(path string, value any, in object)) {
	if text, isText := value.(string); isText && rest != "" {
		_ = json.Unmarshal([]byte(text), &value)
	}
	inside, isObject := value.(object)
	after, ofList := strings.CutPrefix(rest, "[]")
	switch end := strings.IndexAny(rest+".", ".["); {
	case rest == "":
		visit(path, value, in)
	case ofList:
		list, isList := value.([]any)
		if !isList && value != nil {
			// A policy may have one statement or resource without a list.
			list = []any{value}
		}
		for i, each := range list {
			r.find(fmt.Sprintf("%s[%d]", path, i), strings.TrimPrefix(after, "."), each, in, visit)
		}
	case isObject:
		r.find(join(path, rest[:end]), strings.TrimPrefix(rest[end:], "."), inside[rest[:end]], inside, visit)
	}
}

// holds says whether the properties beside a value are known, and those on which the demand depends.
func (r Rule) holds(beside object) bool {
	for key, value := range r.When {
		if fmt.Sprint(beside[key]) != fmt.Sprint(value) {
			return false
		}
	}
	_, isUnknown := beside[fmt.Sprint(r.argument)].(resource.Computed)
	return !isUnknown
}

// demand says whether a value fits, in view of what is beside it, and what it must be, which no value changes.
type demand = func(argument, value any, beside object) (words string, fits bool)

// demands are explained at [Rules].
var demands map[string]demand

func init() {
	demands = map[string]demand{
		"stated": func(argument, value any, _ object) (string, bool) {
			if argument == true {
				return "be stated", value != nil
			}
			return "not be stated", value == nil
		},
		"oneOf": func(argument, value any, _ object) (string, bool) {
			same := func(each any) bool { return fmt.Sprint(each) == fmt.Sprint(value) }
			return fmt.Sprintf("be one of %v", argument), slices.ContainsFunc(argument.([]any), same)
		},
		"from":  bound("at least", func(value, bound float64) bool { return value >= bound }),
		"to":    bound("at most", func(value, bound float64) bool { return value <= bound }),
		"above": bound("more than", func(value, bound float64) bool { return value > bound }),
		"below": bound("less than", func(value, bound float64) bool { return value < bound }),
		"multipleOf": func(argument, value any, _ object) (string, bool) {
			number, _ := value.(float64)
			unit, others := argument.([]any)[0].(int), argument.([]any)[1:]
			return fmt.Sprintf("be a multiple of %d or one of %v", unit, others),
				slices.Contains(others, any(int(number))) || number > 0 && int(number)%unit == 0
		},
		"length": func(argument, value any, _ object) (string, bool) {
			length := 0
			switch value := value.(type) {
			case string:
				length = utf8.RuneCountInString(value)
			case []any:
				length = len(value)
			}
			least, most := argument.([]any)[0].(int), argument.([]any)[1].(int)
			return fmt.Sprintf("have a length of %d to %d", least, most), length >= least && length <= most
		},
		"matching": pattern(true),
		"unlike":   pattern(false),
		"document": func(_, value any, _ object) (string, bool) {
			text, isText := value.(string)
			return "be JSON", !isText || json.Valid([]byte(text))
		},
		"anyOf":        properties("one of", func(stated int) bool { return stated > 0 }),
		"exactlyOneOf": properties("exactly one of", func(stated int) bool { return stated == 1 }),
	}
}

// bound demands a number on one side of another. While the property that is the bound is not stated, any fits.
func bound(relation string, fits func(value, bound float64) bool) demand {
	return func(argument, value any, beside object) (string, bool) {
		words := fmt.Sprintf("be %s %v", relation, argument)
		if sibling, isName := argument.(string); isName {
			argument = beside[sibling]
		}
		number, isNumber := value.(float64)
		var limit float64
		switch argument := argument.(type) {
		case nil:
			return words, true
		case int:
			limit = float64(argument)
		case float64:
			limit = argument
		}
		return words, isNumber && fits(number, limit)
	}
}

// pattern demands that each pattern is found in a text, or that none is.
func pattern(wanted bool) demand {
	return func(argument, value any, _ object) (string, bool) {
		text, isText := value.(string)
		var words []string
		fits := isText
		for said, expression := range argument.(map[string]any) {
			words = append(words, said)
			fits = fits && regexp.MustCompile(expression.(string)).MatchString(text) == wanted
		}
		return strings.Join(words, " and "), fits
	}
}

// properties demands that an object has some of a list.
func properties(relation string, fits func(stated int) bool) demand {
	return func(argument, value any, _ object) (string, bool) {
		stated := 0
		in, _ := value.(object)
		for _, name := range argument.([]any) {
			if !blank(in[name.(string)]) {
				stated++
			}
		}
		return fmt.Sprintf("have %s %v", relation, argument), fits(stated)
	}
}
