// Package iampolicy reads IAM policy documents and tells what they allow. It knows the parts of the language that the
// documents of this repository use, which allow and never deny, and refuses every other part rather than misread it
// (IAM user guide, "IAM JSON policy element reference").
package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Allow is the effect of a statement.
const Allow = "Allow"

// Document is a policy: a trust policy, a policy of a role, or a policy of a resource.
type Document struct {
	// Version is the version of the policy language.
	Version string `json:"Version,omitempty"`
	// Statements are what the document says, in its order.
	Statements Statements `json:"Statement"`
}

// Statements are the statements of a document. JSON may hold a single one without a list.
type Statements []Statement

// Statement allows actions. Lists that JSON may state as one text hold that text.
type Statement struct {
	// Sid says what the statement is for. Empty if it says nothing.
	Sid string `json:"Sid,omitempty"`
	// Effect is Allow.
	Effect string `json:"Effect"`
	// Principal is who is meant, by kind: AWS, Service or Federated. Empty in policies that belong to a role.
	Principal Principals `json:"Principal,omitempty"`
	// Action lists patterns of actions.
	Action Texts `json:"Action,omitempty"`
	// Resource lists patterns of ARNs. Empty in policies that belong to a resource.
	Resource Texts `json:"Resource,omitempty"`
	// Condition narrows the statement: operator, key, values. All operators and keys must hold; one value of a
	// key is enough.
	Condition map[string]map[string]Texts `json:"Condition,omitempty"`
}

// Texts are one or more texts.
type Texts []string

// Principals are identities by their kind.
type Principals map[string]Texts

// Parse reads a policy document. An element that the package does not know is an error, because it could change
// what the document means.
func Parse(text string) (Document, error) {
	var document Document
	if err := checkNames([]byte(text)); err != nil {
		return Document{}, fmt.Errorf("read the policy document: %w", err)
	}
	if err := decode([]byte(text), &document); err != nil {
		return Document{}, fmt.Errorf("read the policy document: %w", err)
	}
	if len(document.Statements) == 0 {
		return Document{}, errors.New("read the policy document: it has no statement")
	}
	for i, statement := range document.Statements {
		if err := statement.check(); err != nil {
			return Document{}, fmt.Errorf("read the policy document: statement %d: %w", i+1, err)
		}
	}
	return document, nil
}

// check refuses statements that IAM refuses, or that would mean something else than they seem to.
func (s Statement) check() error {
	if s.Effect != Allow {
		return fmt.Errorf("the effect is %q, not Allow", s.Effect)
	}
	if len(s.Action) == 0 {
		return errors.New("it needs an Action")
	}
	for kind, identities := range s.Principal {
		if len(identities) == 0 {
			return fmt.Errorf("the principal %s names nobody", kind)
		}
	}
	return nil
}

// UnmarshalJSON reads a list of statements, or a single one.
func (s *Statements) UnmarshalJSON(text []byte) error {
	if begins(text, '{') {
		var single Statement
		if err := decode(text, &single); err != nil {
			return err
		}
		*s = Statements{single}
		return nil
	}
	var list []Statement
	if err := decode(text, &list); err != nil {
		return err
	}
	*s = list
	return nil
}

// UnmarshalJSON reads a list of texts, or a single one.
func (t *Texts) UnmarshalJSON(text []byte) error {
	if !begins(text, '[') {
		text = append(append([]byte("["), text...), ']')
	}
	return json.Unmarshal(text, (*[]string)(t))
}

// checkNames refuses an object that has a name twice, in any case of its letters: readers of JSON differ in which of
// the two counts.
func checkNames(text []byte) error {
	return checkNamesOf(json.NewDecoder(bytes.NewReader(text)))
}

// checkNamesOf checks the value that comes next.
func checkNamesOf(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		for decoder.More() {
			if err := checkNamesOf(decoder); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		seen := map[string]bool{}
		for decoder.More() {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name := strings.ToLower(fmt.Sprint(token))
			if seen[name] {
				return fmt.Errorf("it says %v twice", token)
			}
			seen[name] = true
			if err := checkNamesOf(decoder); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	_, err = decoder.Token()
	return err
}

// begins tells whether a JSON value begins with a character.
func begins(text []byte, character byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && text[0] == character
}

// decode reads exactly one JSON value and refuses fields that the target does not have.
func decode(text []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

// Matches tells whether a value fits a pattern, in which * stands for any text and ? for any one character. Case
// counts, as it does in ARNs.
func Matches(pattern, value string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(value); i++ {
				if Matches(rest, value[i:]) {
					return true
				}
			}
			return false
		case value == "" || pattern[0] != '?' && pattern[0] != value[0]:
			return false
		}
		pattern, value = pattern[1:], value[1:]
	}
	return value == ""
}
