package plangate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Weakening is a protection that a change takes away or makes weaker.
type Weakening struct {
	// Property is the path of the property.
	Property string
	// From and To are its value before and after, or a part of it that tells the difference.
	From, To string
	// Why says what may happen without the protection.
	Why string
}

// rule compares a resource before and after a change and returns the protections that get weaker.
type rule func(before, after properties) []Weakening

// weaker is a single weakening of a property.
func weaker(path string, before, after properties, why string) []Weakening {
	return []Weakening{{Property: path, From: before.at(path).String(), To: after.at(path).String(), Why: why}}
}

// keeps is the rule for a property that protects while it has one of the values, best first: it must not go to a
// worse one, to any other, or to one that is not known yet.
func keeps(path, why string, best ...any) rule {
	rank := func(v value) int {
		if at := slices.IndexFunc(best, v.is); at >= 0 {
			return at
		}
		return len(best)
	}
	return func(before, after properties) []Weakening {
		if rank(after.at(path)) > rank(before.at(path)) {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysOff is the rule for a property that takes protection away while it is true.
func staysOff(path, why string) rule {
	return func(before, after properties) []Weakening {
		if before.at(path).isOff() && !after.at(path).isOff() {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysOn is the rule for a property that protects unless it is false.
func staysOn(path, why string) rule {
	return func(before, after properties) []Weakening {
		isOn := func(v value) bool { return v.content == nil || v.is(true) }
		if isOn(before.at(path)) && !isOn(after.at(path)) {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysAway is the rule for a property that takes protection away while it has one value.
func staysAway(path, why string, from any) rule {
	return func(before, after properties) []Weakening {
		if !before.at(path).is(from) && (after.at(path).is(from) || !after.at(path).known()) {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysNamed is the rule for a list that must not become empty.
func staysNamed(path, why string) rule {
	return func(before, after properties) []Weakening {
		if len(before.at(path).list()) > 0 && len(after.at(path).list()) == 0 {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysAsItIs is the rule for a property of which only the sameness can be judged.
func staysAsItIs(path, why string) rule {
	return func(before, after properties) []Weakening {
		if !after.at(path).known() || before.at(path).String() != after.at(path).String() {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// staysOnceSet is the rule for a property that protects as soon as it is set: it must not be taken away or change,
// but may be added.
func staysOnceSet(path, why string) rule {
	same := staysAsItIs(path, why)
	return func(before, after properties) []Weakening {
		if before.at(path).content == nil {
			return nil
		}
		return same(before, after)
	}
}

// gainsNothing is the rule for a list in which each element gives something away: it may lose elements, not gain
// any.
func gainsNothing(path, why string) rule {
	return func(before, after properties) []Weakening {
		if !after.at(path).known() {
			return weaker(path, before, after, why)
		}
		had := before.at(path).list()
		var found []Weakening
		for _, element := range after.at(path).list() {
			if !slices.ContainsFunc(had, func(old any) bool { return sameValue(old, element) }) {
				found = append(found, Weakening{Property: path, From: before.at(path).String(), To: "also " + value{element}.String(), Why: why})
			}
		}
		return found
	}
}

// otherPropertiesStay is the rule for types whose properties nearly all matter: a change of any property that is
// neither judged by another rule nor known to be harmless cannot be judged.
func otherPropertiesStay(judgedOrHarmless ...string) rule {
	return othersChanged(judgedOrHarmless, func(path, why string) rule {
		return func(before, after properties) []Weakening { return weaker(path, before, after, why) }
	})
}

// gainsNone is the rule for a property that may give something away, whatever it says: it may go, but not come or become
// another one.
func gainsNone(path, why string) rule {
	return func(before, after properties) []Weakening {
		if after.at(path).isNothing() || sameValue(before.at(path).content, after.at(path).content) {
			return nil
		}
		return weaker(path, before, after, why)
	}
}

// gainsNoOther is the rule for types whose further properties may send something elsewhere: of those that are neither
// judged by another rule nor known to be harmless, none may come or become another one.
func gainsNoOther(judgedOrHarmless ...string) rule { return othersChanged(judgedOrHarmless, gainsNone) }

// othersChanged applies a rule to each property that changes and is not among these.
func othersChanged(judgedOrHarmless []string, each func(path, why string) rule) rule {
	return func(before, after properties) []Weakening {
		var found []Weakening
		for _, name := range changed(before, after) {
			if !slices.Contains(judgedOrHarmless, name) {
				found = append(found, each(name, "the gate does not know what this property does; enter it into the gate's rules")(before, after)...)
			}
		}
		return found
	}
}

// all applies several rules.
func all(rules ...rule) rule {
	return func(before, after properties) []Weakening {
		var found []Weakening
		for _, each := range rules {
			found = append(found, each(before, after)...)
		}
		return found
	}
}

// lasts is the rule for a length of time that must not get smaller. Absent and zero mean for ever.
func lasts(path, unit, why string) rule {
	return func(before, after properties) []Weakening {
		old, isNumber := number(before.at(path))
		if !isNumber {
			old = 0
		}
		kept, isNumber := number(after.at(path))
		if isNumber && (kept == 0 || old != 0 && kept >= old) {
			return nil
		}
		return []Weakening{{Property: path, From: duration(before.at(path), unit), To: duration(after.at(path), unit), Why: why}}
	}
}

// number is a value that is a number, also one that is written as a text; an absent one counts as zero.
func number(v value) (float64, bool) {
	switch content := v.content.(type) {
	case nil:
		return 0, true
	case float64:
		return content, true
	case string:
		read, err := strconv.ParseFloat(content, 64)
		return read, err == nil && v.known() && !math.IsNaN(read)
	}
	return 0, false
}

func duration(v value, unit string) string {
	length, isNumber := number(v)
	switch {
	case !isNumber:
		return v.String()
	case length == 0:
		return "for ever"
	}
	return count(length, unit)
}

// count is a number with its unit, such as 1 day or 30 days.
func count(number float64, unit string) string {
	if number == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%g %ss", number, unit)
}
