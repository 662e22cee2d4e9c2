package iampolicy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Widened tells what a policy document newly allows compared with an old one, a sentence for each grant: an
// action, a resource or a principal that no single old statement covers, a condition that is gone, and a denial
// that is gone. Nothing means that the new document allows no more than the old one.
//
// It compares statements one by one. So a grant that only several old statements together cover counts as new:
// it may call a policy wider that is not, but never the other way round.
func Widened(before, after Document) []string {
	var found []string
	if before.Version != after.Version {
		found = append(found, fmt.Sprintf("is in version %q of the policy language, not %q", after.Version, before.Version))
	}
	for _, statement := range after.Statements {
		if statement.Effect != Allow {
			continue
		}
		for _, part := range statement.parts() {
			if !before.hasStatement(Allow, part) {
				found = append(found, "allows "+part.describe()+before.lostConditions(part))
			}
		}
	}
	for _, statement := range before.Statements {
		if statement.Effect != Deny {
			continue
		}
		for _, part := range statement.parts() {
			if !after.hasStatement(Deny, part) {
				found = append(found, "no longer denies "+part.describe())
			}
		}
	}
	return found
}

// hasStatement tells whether one of the statements with the effect covers all of a part.
func (d Document) hasStatement(effect string, part Statement) bool {
	return slices.ContainsFunc(d.Statements, func(candidate Statement) bool {
		return candidate.Effect == effect && candidate.covers(part)
	})
}

// lostConditions names the conditions under which a document allows a part that it does not allow otherwise.
// It is empty if the document does not allow the part under any.
func (d Document) lostConditions(part Statement) string {
	for _, candidate := range d.Statements {
		conditions := candidate.Condition
		candidate.Condition = nil
		if candidate.Effect != Allow || !candidate.covers(part) {
			continue
		}
		var lost []string
		for _, operator := range slices.Sorted(maps.Keys(conditions)) {
			for _, key := range slices.Sorted(maps.Keys(conditions[operator])) {
				values := conditions[operator][key]
				if !implied(map[string]map[string]Texts{operator: {key: values}}, part.Condition) {
					lost = append(lost, fmt.Sprintf("%s %s %s", operator, key, strings.Join(values, ", ")))
				}
			}
		}
		return " without the condition " + strings.Join(lost, " and ")
	}
	return ""
}

// parts are statements with one principal, one action and one resource each, which together say the same. A
// statement that speaks of what is not meant stays whole.
func (s Statement) parts() []Statement {
	if len(s.NotAction) > 0 || len(s.NotResource) > 0 || len(s.NotPrincipal) > 0 {
		return []Statement{s}
	}
	var parts []Statement
	for _, principal := range s.Principal.each() {
		for _, action := range s.Action {
			for _, resource := range orNone(s.Resource) {
				parts = append(parts, Statement{
					Sid: s.Sid, Effect: s.Effect, Principal: principal, Action: Texts{action}, Resource: resource, Condition: s.Condition,
				})
			}
		}
	}
	return parts
}

// each splits principals into single ones. Without any it returns one empty entry.
func (p Principals) each() []Principals {
	if len(p) == 0 {
		return []Principals{nil}
	}
	var all []Principals
	for _, kind := range slices.Sorted(maps.Keys(p)) {
		for _, identity := range p[kind] {
			all = append(all, Principals{kind: {identity}})
		}
	}
	return all
}

// orNone splits texts into single ones. Without any it returns one empty entry.
func orNone(texts Texts) []Texts {
	if len(texts) == 0 {
		return []Texts{nil}
	}
	all := make([]Texts, len(texts))
	for i, text := range texts {
		all[i] = Texts{text}
	}
	return all
}

// covers tells whether a statement speaks of all that a part speaks of. A part is as parts returns it.
func (s Statement) covers(part Statement) bool {
	if len(part.NotAction) > 0 || len(part.NotResource) > 0 || len(part.NotPrincipal) > 0 ||
		len(s.NotAction) > 0 || len(s.NotResource) > 0 || len(s.NotPrincipal) > 0 {
		s.Sid, part.Sid = "", ""
		return reflect.DeepEqual(s, part)
	}
	return s.Principal.cover(part.Principal) &&
		slices.ContainsFunc(s.Action, func(pattern string) bool {
			// The names of actions are not case-sensitive.
			return includes(strings.ToLower(pattern), strings.ToLower(part.Action[0]))
		}) &&
		coverResource(s.Resource, part.Resource) &&
		implied(s.Condition, part.Condition)
}

// cover tells whether a single principal, or none, is among the principals.
func (p Principals) cover(single Principals) bool {
	if len(p) == 0 || len(single) == 0 {
		return len(p) == 0 && len(single) == 0
	}
	for kind, identities := range single {
		if slices.Contains(p[kind], identities[0]) {
			return true
		}
		// {"AWS": "*"} and "*" both mean everybody.
		if slices.Contains(p["AWS"], "*") || slices.Contains(p["*"], "*") {
			return kind == "AWS" || kind == "*"
		}
	}
	return false
}

func coverResource(patterns, resource Texts) bool {
	if len(patterns) == 0 || len(resource) == 0 {
		return len(patterns) == 0 && len(resource) == 0
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool { return includesARN(pattern, resource[0]) })
}

// includesARN tells whether a pattern of ARNs matches all that another one matches: part by part, because a wildcard
// ends where its part of the ARN ends (IAM user guide, "IAM JSON policy elements: Resource").
func includesARN(outer, inner string) bool {
	if outer == inner || !strings.Contains(outer, ":") {
		return includes(outer, inner)
	}
	const parts = 6
	outers, inners := strings.SplitN(outer, ":", parts), strings.SplitN(inner, ":", parts)
	return len(outers) == parts && slices.EqualFunc(outers, inners, includes)
}

// includes tells whether a pattern matches all that another pattern matches. Of one with a policy variable, whose
// value only the request tells, it believes so only if both are the same.
func includes(outer, inner string) bool {
	if strings.Contains(outer, "${") {
		return outer == inner
	}
	for outer != "" {
		switch {
		case outer[0] == '*':
			rest := strings.TrimLeft(outer, "*")
			for i := 0; i <= len(inner); i++ {
				if includes(rest, inner[i:]) {
					return true
				}
			}
			return false
		case inner == "" || inner[0] == '*' || outer[0] != '?' && outer[0] != inner[0]:
			return false
		}
		outer, inner = outer[1:], inner[1:]
	}
	return inner == ""
}

// Operators of conditions for which fewer values are narrower, those whose values are patterns or patterns of ARNs
// besides, and the operators for which more values are narrower.
var (
	positiveOperators = []string{"StringEquals", "StringEqualsIgnoreCase", "IpAddress", "Bool"}
	patternOperators  = []string{"StringLike"}
	arnOperators      = []string{"ArnEquals", "ArnLike"}
	negativeOperators = []string{"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike", "NotIpAddress"}
)

// implied tells whether the inner conditions hold only where the outer ones hold. Of an operator that it does not
// know it believes so only if the values are the same.
func implied(outer, inner map[string]map[string]Texts) bool {
	for operator, keys := range outer {
		for key, values := range keys {
			found, has := lookUp(inner[operator], key)
			switch {
			case !has:
				return false
			case slices.Contains(patternOperators, operator):
				if !eachIn(found, values, includes) {
					return false
				}
			case slices.Contains(arnOperators, operator):
				if !eachIn(found, values, includesARN) {
					return false
				}
			case slices.Contains(positiveOperators, operator):
				if !eachIn(found, values, equal) {
					return false
				}
			case slices.Contains(negativeOperators, operator):
				if !eachIn(values, found, equal) {
					return false
				}
			case !eachIn(found, values, equal) || !eachIn(values, found, equal):
				return false
			}
		}
	}
	return true
}

// eachIn tells whether every one of the texts fits one of the candidates.
func eachIn(texts, candidates Texts, fits func(candidate, text string) bool) bool {
	return !slices.ContainsFunc(texts, func(text string) bool {
		return !slices.ContainsFunc(candidates, func(candidate string) bool { return fits(candidate, text) })
	})
}

func equal(candidate, text string) bool { return candidate == text }

// lookUp finds a condition key, whose case does not count.
func lookUp(keys map[string]Texts, wanted string) (Texts, bool) {
	for key, values := range keys {
		if strings.EqualFold(key, wanted) {
			return values, true
		}
	}
	return nil, false
}

// describe says in a few words what a statement is about.
func (s Statement) describe() string {
	var words []string
	if len(s.NotAction) > 0 {
		words = append(words, "every action but "+strings.Join(s.NotAction, ", "))
	} else {
		words = append(words, strings.Join(s.Action, ", "))
	}
	if len(s.Resource) > 0 {
		words = append(words, "on "+strings.Join(s.Resource, ", "))
	}
	if len(s.NotResource) > 0 {
		words = append(words, "on everything but "+strings.Join(s.NotResource, ", "))
	}
	if len(s.Principal) > 0 {
		words = append(words, "to "+s.Principal.describe())
	}
	if len(s.NotPrincipal) > 0 {
		words = append(words, "to everybody but "+s.NotPrincipal.describe())
	}
	return strings.Join(words, " ")
}

func (p Principals) describe() string {
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(p)) {
		for _, identity := range p[kind] {
			if identity == "*" {
				words = append(words, "everybody")
			} else {
				words = append(words, fmt.Sprintf("%s %s", kind, identity))
			}
		}
	}
	return strings.Join(words, ", ")
}
