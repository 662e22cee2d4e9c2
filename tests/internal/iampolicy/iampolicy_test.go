package iampolicy

import (
	"strings"
	"testing"
)

func TestADocumentThatCouldBeMisreadIsRefused(t *testing.T) {
	for text, message := range map[string]string{
		`{"Statement": []}`: "no statement",
		`{"Statement": [{"Effect": "Deny", "Action": "*"}]}`:                                                    `the effect is "Deny"`,
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "action": "*"}]}`:                                  "field action not found",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Action": "*"}]}`:                                  `"Action" already defined`,
		`{"Statement": [{"Effect": "Allow", "Action": "a", "Condition": {"Bool": {"a:b": "c", "a:b": "d"}}}]}`:  `"a:b" already defined`,
		`{"Statement": [{"Effect": "Allow"}]}`:                                                                  "needs an Action",
		`{"Statement": [{"Effect": "Allow", "NotAction": "a:c"}]}`:                                              "NotAction",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Principal": "*"}]}`:                               "cannot unmarshal",
		`{"Statement": [{"Sid": "Home", "Effect": "Allow", "Action": "a:b", "Resource": "a/${aws:username}"}]}`: "statement 1 Home: a/${aws:username} has a policy variable",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Condition": {"StringEquals": {"a:b": "${a}"}}}]}`: "policy variable",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Condition": {"StringNotEquals": {"a:b": "c"}}}]}`: "operator StringNotEquals is unknown",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b"}], "Extra": 1}`:                                     "Extra",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", text, err, message)
		}
	}
}

func TestARequestIsJudgedAsByIAM(t *testing.T) {
	const read = `"Action": "s3:Get?bject", "Resource": "arn:aws:s3:::films/*"`
	type values = map[string]string
	for _, each := range []struct {
		what, statement, action, resource string
		context                           values
		want                              bool
	}{
		{"what is allowed", read, "s3:GetObject", "arn:aws:s3:::films/a.mp4", nil, true},
		{"another action", read, "s3:PutObject", "arn:aws:s3:::films/a.mp4", nil, false},
		{"an action that lacks a character", read, "s3:Getbject", "arn:aws:s3:::films/a.mp4", nil, false},
		{"another resource", read, "s3:GetObject", "arn:aws:s3:::songs/a", nil, false},
		{"an action in another case", read, "S3:getobject", "arn:aws:s3:::films/a.mp4", nil, true},
		{"a resource in another case", read, "s3:GetObject", "arn:aws:s3:::Films/a", nil, false},
		{"one of several", `"Action": ["a:b", "s3:GetObject"], "Resource": ["a", "b*d*f"]`, "s3:GetObject", "bcdef", nil, true},
		{"more than the pattern", `"Action": "s3:GetObject", "Resource": "b*d"`, "s3:GetObject", "bcdef", nil, false},
		{"the value", condition(`"StringEquals": {"a:b": "1"}`), "", "", values{"a:b": "1"}, true},
		{"a key in another case", condition(`"StringEquals": {"a:B": "1"}`), "", "", values{"A:b": "1"}, true},
		{"other values", condition(`"StringEquals": {"a:b": ["2", "X", "*"]}`), "", "", values{"a:b": "x"}, false},
		{"one of several values", condition(`"StringEquals": {"a:b": ["2", "1"]}`), "", "", values{"a:b": "1"}, true},
		{"a key that the request lacks", condition(`"StringEquals": {"a:b": "1"}`), "", "", nil, false},
		{"a pattern", condition(`"StringLike": {"a:b": "1*"}`), "", "", values{"a:b": "12"}, true},
		{"all values of a key", condition(`"ForAllValues:StringEquals": {"a:b": ["2", "1"]}`), "", "", values{"a:b": "1"}, true},
		{"another of all values of a key", condition(`"ForAllValues:StringEquals": {"a:b": "1*"}`), "", "", values{"a:b": "12"}, false},
		{"a pattern of all values of a key", condition(`"ForAllValues:StringLike": {"a:b": "1*"}`), "", "", values{"a:b": "12"}, true},
		{"all values of a key that the request lacks", condition(`"ForAllValues:StringLike": {"a:b": "1*"}`), "", "", nil, true},
		{"a key that must be lacking, and is", condition(`"Null": {"a:b": "true"}`), "", "", nil, true},
		{"a key that must be lacking, and is not", condition(`"Null": {"a:b": "true"}`), "", "", values{"a:b": "1"}, false},
		{"a key that must not be lacking, and is", condition(`"Null": {"a:b": "false"}`), "", "", nil, false},
		{"a condition that holds without the key", condition(`"BoolIfExists": {"a:b": "false"}`), "", "", nil, true},
		{"one with another value", condition(`"BoolIfExists": {"a:b": "false"}`), "", "", values{"a:b": "true"}, false},
		{"a key of two", condition(`"StringEquals": {"a:b": "1", "a:c": "2"}`), "", "", values{"a:b": "1", "a:c": "1"}, false},
		{"an operator of two", condition(`"StringEquals": {"a:b": "1"}, "Bool": {"a:c": "true"}`), "", "", values{"a:b": "1", "a:c": "false"}, false},
		{"an ARN", condition(`"ArnLike": {"a:b": "arn:aws:iam::*:policy/a-*"}`), "", "", values{"a:b": "arn:aws:iam::1:policy/a-b"}, true},
		{
			"a wildcard that would have to reach into the next part", condition(`"ArnEquals": {"a:b": "arn:aws:*:policy/a"}`), "", "",
			values{"a:b": "arn:aws:iam::1:policy/a"}, false,
		},
	} {
		document, err := Parse(`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "c"}, {"Effect": "Allow", ` + each.statement + `}]}`)
		if err != nil {
			t.Fatalf("%s: %v", each.what, err)
		}
		if got := Allows([]Document{{}, document}, Request{each.action, each.resource, each.context}); got != each.want {
			t.Errorf("%s: %v, want %v", each.what, got, each.want)
		}
	}
}

// condition is a statement on everything under conditions.
func condition(conditions string) string {
	return `"Action": "*", "Resource": "*", "Condition": {` + conditions + `}`
}
