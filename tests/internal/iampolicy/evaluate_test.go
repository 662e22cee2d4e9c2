package iampolicy

import (
	"strings"
	"testing"
)

func parse(t *testing.T, statements ...string) Document {
	t.Helper()
	document, err := Parse(`{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestARequestIsJudgedAsByIAM(t *testing.T) {
	read := `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"}`
	for _, each := range []struct {
		what, statement, action, resource string
		want                              bool
	}{
		{"what is allowed", read, "s3:GetObject", "arn:aws:s3:::films/a.mp4", true},
		{"another action", read, "s3:PutObject", "arn:aws:s3:::films/a.mp4", false},
		{"another resource", read, "s3:GetObject", "arn:aws:s3:::songs/a", false},
		{"an action in another case", read, "S3:getobject", "arn:aws:s3:::films/a.mp4", true},
		{"a resource in another case", read, "s3:GetObject", "arn:aws:s3:::Films/a", false},
		{"a pattern of actions", `{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`, "s3:GetObject", "arn:aws:s3:::films/a.mp4", true},
	} {
		got, err := Evaluate(Request{Action: each.action, Resource: each.resource}, parse(t, each.statement))
		if err != nil || got != each.want {
			t.Errorf("%s: %v (%v), want %v", each.what, got, err, each.want)
		}
	}
}

func TestConditionsHoldAsInIAM(t *testing.T) {
	type values = map[string]string
	for _, each := range []struct {
		what, condition string
		context         values
		want            bool
	}{
		{"the value", `"StringEquals": {"a:b": "1"}`, values{"a:b": "1"}, true},
		{"a key in another case", `"StringEquals": {"a:B": "1"}`, values{"A:b": "1"}, true},
		{"other values", `"StringEquals": {"a:b": ["2", "X", "*"]}`, values{"a:b": "x"}, false},
		{"one of several values", `"StringEquals": {"a:b": ["2", "1"]}`, values{"a:b": "1"}, true},
		{"a key that the request lacks", `"StringEquals": {"a:b": "1"}`, nil, false},
		{"all values of a key", `"ForAllValues:StringEquals": {"a:b": ["2", "1"]}`, values{"a:b": "1"}, true},
		{"another of all values of a key", `"ForAllValues:StringEquals": {"a:b": "1*"}`, values{"a:b": "12"}, false},
		{"a pattern of all values of a key", `"ForAllValues:StringLike": {"a:b": "1*"}`, values{"a:b": "12"}, true},
		{"all values of a key that the request lacks", `"ForAllValues:StringLike": {"a:b": "1*"}`, nil, true},
		{"a key that must be lacking, and is", `"Null": {"a:b": "true"}`, nil, true},
		{"a key that must be lacking, and is not", `"Null": {"a:b": "true"}`, values{"a:b": "1"}, false},
		{"a key that must not be lacking, and is", `"Null": {"a:b": "false"}`, nil, false},
		{"a condition that holds without the key", `"BoolIfExists": {"a:b": "false"}`, nil, true},
		{"a condition that would hold without the key, with another value", `"BoolIfExists": {"a:b": "false"}`, values{"a:b": "true"}, false},
		{"two keys of which one does not hold", `"StringEquals": {"a:b": "1", "a:c": "2"}`, values{"a:b": "1", "a:c": "1"}, false},
		{"two operators of which one does not hold", `"StringEquals": {"a:b": "1"}, "Bool": {"a:c": "true"}`, values{"a:b": "1", "a:c": "false"}, false},
		{"a pattern of an ARN", `"ArnLike": {"a:b": "arn:aws:iam::*:policy/a-*"}`, values{"a:b": "arn:aws:iam::1:policy/a-b"}, true},
		{"a wildcard that would have to reach into the next part", `"ArnEquals": {"a:b": "arn:aws:*:policy/a"}`, values{"a:b": "arn:aws:iam::1:policy/a"}, false},
	} {
		document := parse(t, `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {`+each.condition+`}}`)
		got, err := Evaluate(Request{Action: "iam:CreateRole", Resource: "arn:aws:iam::1:role/a", Context: each.context}, document)
		if err != nil || got != each.want {
			t.Errorf("%s: %v (%v), want %v", each.what, got, err, each.want)
		}
	}
}

func TestSeveralDocumentsOfARoleAddUp(t *testing.T) {
	read := parse(t, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`)
	write := parse(t, `{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}`)
	for want, documents := range map[bool][]Document{false: {read}, true: {read, write}} {
		if got, err := Evaluate(Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::films/a"}, documents...); err != nil || got != want {
			t.Errorf("%d documents: %v (%v), want %v", len(documents), got, err, want)
		}
	}
}

func TestWhatWouldBeMisjudgedIsAnError(t *testing.T) {
	for statement, message := range map[string]string{
		`{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "s3:GetObject", "Resource": "*"}`:                               "has a principal",
		`{"Effect": "Allow", "Action": "s3:GetObject"}`:                                                                           "has no resource",
		`{"Sid": "Home", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/${aws:username}"}`:              "statement 1 Home: arn:aws:s3:::a/${aws:username} has a policy variable",
		`{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}}`: "policy variable",
		`{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"a:b": "c"}}}`:                  "operator StringNotEquals is unknown",
	} {
		if _, err := Evaluate(Request{Action: "s3:GetObject", Resource: "*"}, parse(t, statement)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", statement, err, message)
		}
	}
}
