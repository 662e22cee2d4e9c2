// Package iampolicy reads IAM policy documents and tells what they allow. It knows the parts of the language that the
// documents of this repository use, which allow and never deny, and refuses every other part rather than misread it
// (IAM user guide, "IAM JSON policy element reference").
package iampolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Allow is the effect of a statement.
const Allow = "Allow"

// Document is a policy: a trust policy or a policy of a role.
type Document struct {
	// Version is the version of the policy language.
	Version string `yaml:"Version"`
	// Statements are what the document says, in its order.
	Statements []Statement `yaml:"Statement"`
}

// Statement allows actions. Lists that a document may state as one text hold that text.
type Statement struct {
	// Sid says what the statement is for. Empty if it says nothing.
	Sid string `yaml:"Sid"`
	// Effect is Allow.
	Effect string `yaml:"Effect"`
	// Principal is who is meant, by kind: AWS, Service or Federated. Empty in policies that belong to a role.
	Principal map[string]Texts `yaml:"Principal"`
	// Action lists patterns of actions.
	Action Texts `yaml:"Action"`
	// Resource lists patterns of ARNs. Empty in trust policies.
	Resource Texts `yaml:"Resource"`
	// Condition narrows the statement: operator, key, values. All operators and keys must hold; one value of a
	// key is enough.
	Condition map[string]map[string]Texts `yaml:"Condition"`
}

// Texts are one or more texts.
type Texts []string

// UnmarshalYAML reads a list of texts, or a single one.
func (t *Texts) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*t = Texts{node.Value}
		return nil
	}
	return node.Decode((*[]string)(t))
}

// Parse reads a policy document as the YAML that all JSON is, because that decoder refuses a name that is there twice, and
// one in other letters. An element that the package does not know is an error: it could change what the document means.
func Parse(text string) (Document, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	var document Document
	err := decoder.Decode(&document)
	if err == nil && len(document.Statements) == 0 {
		err = errors.New("it has no statement")
	}
	for i, statement := range document.Statements {
		if problem := statement.check(); err == nil && problem != nil {
			err = fmt.Errorf("statement %d %s: %w", i+1, statement.Sid, problem)
		}
	}
	if err != nil {
		return Document{}, fmt.Errorf("read the policy document: %w", err)
	}
	return document, nil
}

// check refuses what IAM refuses, and what [Allows] would misjudge.
func (s Statement) check() error {
	if s.Effect != Allow {
		return fmt.Errorf("the effect is %q, not Allow", s.Effect)
	}
	if len(s.Action) == 0 {
		return errors.New("it needs an Action")
	}
	texts := slices.Clone(s.Resource)
	for operator, keys := range s.Condition {
		if operators[strings.TrimSuffix(operator, ifExists)] == nil {
			return fmt.Errorf("the condition operator %s is unknown", operator)
		}
		texts = append(texts, slices.Concat(slices.Collect(maps.Values(keys))...)...)
	}
	for _, text := range texts {
		if strings.Contains(text, "${") {
			return fmt.Errorf("%s has a policy variable", text)
		}
	}
	return nil
}

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

// Allows tells whether the policies of one role, taken together, allow a request. Policies that bound each other, such
// as a role's and its permissions boundary, are asked one by one.
func Allows(documents []Document, request Request) bool {
	for _, document := range documents {
		if slices.ContainsFunc(document.Statements, func(s Statement) bool { return s.allows(request) }) {
			return true
		}
	}
	return false
}

func (s Statement) allows(request Request) bool {
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

// Matches tells whether a value fits a pattern, in which * stands for any text and ? for any one character. Case
// counts, as it does in ARNs.
func Matches(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return Matches(pattern[1:], value) || value != "" && Matches(pattern, value[1:])
	default:
		return value != "" && (pattern[0] == '?' || pattern[0] == value[0]) && Matches(pattern[1:], value[1:])
	}
}
