package provider

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Rule is what the cloud demands of one value.
type Rule struct {
	// Property is the path of the value, with [] for each element of a list, for example ingress[].toPort.
	Property string
	// Must is the demand.
	Must Demand
	// Source is where the cloud or its official provider states it.
	Source string
}

// Demand is what a value must be.
type Demand struct {
	// words follow "must", for example "be from 1 to 10".
	words string
	// fits says whether a value, which is known, is fine. The one that is not stated is null.
	fits func(value resource.PropertyValue) bool
	// stated demands a value where there is none. Other demands are about values that there are.
	stated bool
}

// String is the demand in words that follow "must".
func (d Demand) String() string { return d.words }

// OneOf demands one of the values.
func OneOf[T ~string | ~int](allowed ...T) Demand {
	return Demand{words: fmt.Sprintf("be one of %v", allowed), fits: func(value resource.PropertyValue) bool {
		return slices.ContainsFunc(allowed, func(each T) bool {
			return fmt.Sprint(each) == fmt.Sprint(value.V)
		})
	}}
}

// Between demands a number within the bounds, which are allowed.
func Between(least, most float64) Demand {
	return Demand{
		words: fmt.Sprintf("be from %s to %s", strconv.FormatFloat(least, 'f', -1, 64), strconv.FormatFloat(most, 'f', -1, 64)),
		fits: func(value resource.PropertyValue) bool {
			return value.IsNumber() && value.NumberValue() >= least && value.NumberValue() <= most
		},
	}
}

// AtLeast demands a number of a least size.
func AtLeast(least float64) Demand {
	demand := Between(least, math.Inf(1))
	demand.words = "be at least " + strconv.FormatFloat(least, 'f', -1, 64)
	return demand
}

// MultipleOf demands a whole multiple of a number above 0, or one of the exceptions.
func MultipleOf(unit int, exceptions ...int) Demand {
	words := fmt.Sprintf("be a multiple of %d", unit)
	if len(exceptions) > 0 {
		words += fmt.Sprintf(" or one of %v", exceptions)
	}
	return Demand{words: words, fits: func(value resource.PropertyValue) bool {
		if !value.IsNumber() {
			return false
		}
		number := int(value.NumberValue())
		return slices.Contains(exceptions, number) || number > 0 && number%unit == 0
	}}
}

// Length demands a number of elements in a list, of characters in a text.
func Length(least, most int) Demand {
	return Demand{words: fmt.Sprintf("have a length of %d to %d", least, most), fits: func(value resource.PropertyValue) bool {
		length := 0
		switch {
		case value.IsString():
			length = utf8.RuneCountInString(value.StringValue())
		case value.IsArray():
			length = len(value.ArrayValue())
		}
		return length >= least && length <= most
	}}
}

// Matching demands a text of a form, which the words describe.
func Matching(pattern, words string) Demand {
	return Satisfying(words, regexp.MustCompile(pattern).MatchString)
}

// Unlike demands a text that is not of a form.
func Unlike(pattern, words string) Demand {
	expression := regexp.MustCompile(pattern)
	return Satisfying(words, func(text string) bool { return !expression.MatchString(text) })
}

// Satisfying demands a text of which the function says that it is fine.
func Satisfying(words string, fine func(text string) bool) Demand {
	return Demand{words: words, fits: func(value resource.PropertyValue) bool {
		return value.IsString() && fine(value.StringValue())
	}}
}

// Stated demands a value.
func Stated() Demand {
	return Demand{words: "be stated", stated: true, fits: func(value resource.PropertyValue) bool { return !value.IsNull() }}
}

// Apply refuses the values below a path that break rules, whose paths are relative to it.
func (p *Problems) Apply(path string, value resource.PropertyValue, rules []Rule) {
	for _, rule := range rules {
		p.apply(path, value, rule.Property, rule)
	}
}

func (p *Problems) apply(path string, value resource.PropertyValue, rest string, rule Rule) {
	value = reveal(value)
	list := strings.HasPrefix(rest, "[]")
	switch {
	case value.IsComputed():
	case rest == "":
		if (rule.Must.stated || !value.IsNull()) && !rule.Must.fits(value) {
			p.Refuse(path, shown(value), "must "+rule.Must.words+" ("+rule.Source+")")
		}
	case list && value.IsArray():
		for i, element := range value.ArrayValue() {
			p.apply(path+"["+strconv.Itoa(i)+"]", element, strings.TrimPrefix(rest[2:], "."), rule)
		}
	case !list && value.IsObject():
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		key := rest[:end]
		p.apply(join(path, key), value.ObjectValue()[resource.PropertyKey(key)], strings.TrimPrefix(rest[end:], "."), rule)
	}
}

func shown(value resource.PropertyValue) any {
	switch {
	case value.IsNull():
		return ""
	case value.IsArray():
		return fmt.Sprintf("of %d elements", len(value.ArrayValue()))
	default:
		return value.V
	}
}
