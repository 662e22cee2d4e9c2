package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Request is one call as IAM judges it: one action on one resource. A call that needs several resources is
// several requests.
type Request struct {
	// Action is the action, such as s3:GetObject.
	Action string
	// Resource is the ARN of the resource, or * if IAM knows no resource for the action.
	Resource string
	// Context holds the condition keys of the call, each with its value. A key that the call does not carry is
	// not in it. A key that may have several values has one.
	Context map[string]string
}

// operators compare the value of a condition key with a value of a policy.
var operators = map[string]func(pattern, value string) bool{
	"StringEquals": func(pattern, value string) bool { return pattern == value },
	"StringLike":   Matches,
	"Bool":         strings.EqualFold,
	// IAM takes wildcards in both.
	"ArnEquals": arnMatches,
	"ArnLike":   arnMatches,
	// Of a key with several values, which hold without any.
	"ForAllValues:StringEquals": func(pattern, value string) bool { return pattern == value },
	"ForAllValues:StringLike":   Matches,
	null:                        func(pattern, lacks string) bool { return pattern == lacks },
}

// ifExists ends an operator whose condition also holds where the call does not carry the key.
const ifExists = "IfExists"

// null is the operator that asks whether the call lacks a key: true or false.
const null = "Null"

// Evaluate tells whether the policies of one role, taken together, allow a request. Policies that bound each other, such
// as a role's and its permissions boundary, are evaluated one by one.
//
// It returns an error for what it does not judge: a policy of a resource, a statement without a resource, an
// unknown condition operator, a policy variable.
func Evaluate(request Request, documents ...Document) (bool, error) {
	allowed := false
	for _, document := range documents {
		for i, statement := range document.Statements {
			if err := statement.judgeable(); err != nil {
				return false, fmt.Errorf("evaluate statement %d %s: %w", i+1, statement.Sid, err)
			}
			allowed = allowed || statement.appliesTo(request)
		}
	}
	return allowed, nil
}

// judgeable refuses what Evaluate would misjudge.
func (s Statement) judgeable() error {
	if len(s.Principal) > 0 {
		return errors.New("it has a principal, as only policies of resources have")
	}
	if len(s.Resource) == 0 {
		return errors.New("it has no resource")
	}
	texts := slices.Clone(s.Resource)
	for operator, keys := range s.Condition {
		if operators[strings.TrimSuffix(operator, ifExists)] == nil {
			return fmt.Errorf("the condition operator %s is unknown", operator)
		}
		for _, values := range keys {
			texts = append(texts, values...)
		}
	}
	for _, text := range texts {
		if strings.Contains(text, "${") {
			return fmt.Errorf("%s has a policy variable", text)
		}
	}
	return nil
}

// appliesTo tells whether a statement speaks of a request.
func (s Statement) appliesTo(request Request) bool {
	// Actions have no case, unlike resources.
	action := func(pattern string) bool { return Matches(strings.ToLower(pattern), strings.ToLower(request.Action)) }
	resource := func(pattern string) bool { return Matches(pattern, request.Resource) }
	return slices.ContainsFunc(s.Action, action) && slices.ContainsFunc(s.Resource, resource) && s.holds(request.Context)
}

// holds tells whether all conditions hold. One on a key that the request does not carry does not, unless it asks for
// that, or for all of the key's values.
func (s Statement) holds(context map[string]string) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			value, found := contextValue(context, key)
			if operator == null {
				value, found = strconv.FormatBool(!found), true
			}
			operator, mayLack := strings.CutSuffix(operator, ifExists)
			if !found && (mayLack || strings.HasPrefix(operator, "ForAllValues:")) {
				continue
			}
			compare := func(pattern string) bool { return operators[operator](pattern, value) }
			if !found || !slices.ContainsFunc(values, compare) {
				return false
			}
		}
	}
	return true
}

// contextValue finds the value of a condition key. The names of keys have no case.
func contextValue(context map[string]string, key string) (string, bool) {
	for name, value := range context {
		if strings.EqualFold(name, key) {
			return value, true
		}
	}
	return "", false
}

// arnMatches compares ARNs part by part: a wildcard ends where its part ends.
func arnMatches(pattern, value string) bool {
	const parts = 6
	patterns, values := strings.SplitN(pattern, ":", parts), strings.SplitN(value, ":", parts)
	return len(patterns) == parts && slices.EqualFunc(patterns, values, Matches)
}
