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
	const (
		film  = "arn:aws:s3:::films/a.mp4"
		read  = `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/*"}`
		trust = "arn:aws:iam::123456789012:role/a"
	)
	conditional := func(operator, key, values string) string {
		return `{"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"` + operator + `": {"` + key + `": ` + values + `}}}`
	}
	for _, each := range []struct {
		what       string
		statements []string
		request    Request
		want       bool
	}{
		{"what is allowed", []string{read}, Request{Action: "s3:GetObject", Resource: film}, true},
		{"another action", []string{read}, Request{Action: "s3:PutObject", Resource: film}, false},
		{"another resource", []string{read}, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::songs/a"}, false},
		{"an action in another case", []string{read}, Request{Action: "S3:getobject", Resource: film}, true},
		{"a resource in another case", []string{read}, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::Films/a"}, false},
		{"a pattern of actions", []string{`{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`}, Request{Action: "s3:GetObject", Resource: film}, true},
		{
			"a denial before the allowance",
			[]string{`{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`, read},
			Request{Action: "s3:GetObject", Resource: film},
			false,
		},
		{
			"a denial after the allowance",
			[]string{read, `{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "` + film + `"}`},
			Request{Action: "s3:GetObject", Resource: film},
			false,
		},
		{
			"a denial of something else",
			[]string{read, `{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::films/b*"}`},
			Request{Action: "s3:GetObject", Resource: film},
			true,
		},
		{"NotAction of another", []string{`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`}, Request{Action: "s3:GetObject", Resource: film}, true},
		{"NotAction of this one", []string{`{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}`}, Request{Action: "s3:GetObject", Resource: film}, false},
		{"NotResource of another", []string{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::songs/*"}`}, Request{Action: "s3:GetObject", Resource: film}, true},
		{"NotResource of this one", []string{`{"Effect": "Allow", "Action": "*", "NotResource": "` + film + `"}`}, Request{Action: "s3:GetObject", Resource: film}, false},
		{
			"StringEquals, the value",
			[]string{conditional("StringEquals", "iam:PermissionsBoundary", `"a"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PermissionsBoundary": "a"}},
			true,
		},
		{
			"a key in another case",
			[]string{conditional("StringEquals", "iam:permissionsboundary", `"a"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PermissionsBoundary": "a"}},
			true,
		},
		{
			"StringEquals, another value",
			[]string{conditional("StringEquals", "iam:PermissionsBoundary", `["b", "A", "*"]`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PermissionsBoundary": "a"}},
			false,
		},
		{
			"one of several values",
			[]string{conditional("StringEquals", "iam:PermissionsBoundary", `["b", "a"]`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PermissionsBoundary": "a"}},
			true,
		},
		{
			"a key that the request does not carry",
			[]string{conditional("StringLike", "iam:PermissionsBoundary", `"*"`)},
			Request{Action: "iam:CreateRole", Resource: trust},
			false,
		},
		{
			"all values of a key",
			[]string{conditional("ForAllValues:StringEquals", "acm:DomainNames", `["b", "a"]`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"acm:DomainNames": "a"}},
			true,
		},
		{
			"another of all values of a key",
			[]string{conditional("ForAllValues:StringEquals", "acm:DomainNames", `"a*"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"acm:DomainNames": "ab"}},
			false,
		},
		{
			"a pattern of all values of a key",
			[]string{conditional("ForAllValues:StringLike", "acm:DomainNames", `"a*"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"acm:DomainNames": "ab"}},
			true,
		},
		{
			"all values of a key that the request does not carry",
			[]string{conditional("ForAllValues:StringLike", "acm:DomainNames", `"a*"`)},
			Request{Action: "iam:CreateRole", Resource: trust},
			true,
		},
		{
			"a key that must be lacking, and is",
			[]string{conditional("Null", "aws:ResourceTag/a", `"true"`)},
			Request{Action: "iam:CreateRole", Resource: trust},
			true,
		},
		{
			"a key that must be lacking, and is not",
			[]string{conditional("Null", "aws:ResourceTag/a", `"true"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"aws:ResourceTag/a": "1"}},
			false,
		},
		{
			"a key that must not be lacking, and is",
			[]string{conditional("Null", "aws:ResourceTag/a", `"false"`)},
			Request{Action: "iam:CreateRole", Resource: trust},
			false,
		},
		{
			"a condition that holds without the key",
			[]string{conditional("BoolIfExists", "ecs:enable-execute-command", `"false"`)},
			Request{Action: "iam:CreateRole", Resource: trust},
			true,
		},
		{
			"a condition that would hold without the key, with another value",
			[]string{conditional("BoolIfExists", "ecs:enable-execute-command", `"false"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"ecs:enable-execute-command": "true"}},
			false,
		},
		{
			"two keys of which one does not hold",
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a:b": "1", "a:c": "2"}}}`},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"a:b": "1", "a:c": "1"}},
			false,
		},
		{
			"two operators of which one does not hold",
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a:b": "1"}, "StringLike": {"a:c": "2*"}}}`},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"a:b": "1", "a:c": "1"}},
			false,
		},
		{
			"StringLike",
			[]string{conditional("StringLike", "s3:prefix", `"films/*"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"s3:prefix": "films/a"}},
			true,
		},
		{
			"ArnLike",
			[]string{conditional("ArnLike", "iam:PolicyARN", `"arn:aws:iam::*:policy/a-*"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PolicyARN": "arn:aws:iam::1:policy/a-b"}},
			true,
		},
		{
			"ArnEquals, where a wildcard would have to reach into the next part",
			[]string{conditional("ArnEquals", "iam:PolicyARN", `"arn:aws:*:policy/a"`)},
			Request{Action: "iam:CreateRole", Resource: trust, Context: map[string]string{"iam:PolicyARN": "arn:aws:iam::1:policy/a"}},
			false,
		},
	} {
		got, err := Evaluate(each.request, parse(t, each.statements...))
		if err != nil || got != each.want {
			t.Errorf("%s: %v (%v), want %v", each.what, got, err, each.want)
		}
	}
}

func TestSeveralDocumentsOfARoleAddUpAndADenialInOneCounts(t *testing.T) {
	read := parse(t, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`)
	write := parse(t, `{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}`)
	deny := parse(t, `{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`)
	request := Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::films/a"}
	for what, each := range map[string]struct {
		documents []Document
		want      bool
	}{
		"none":            {nil, false},
		"the other":       {[]Document{read}, false},
		"both":            {[]Document{read, write}, true},
		"with the denial": {[]Document{read, write, deny}, false},
	} {
		if got, err := Evaluate(request, each.documents...); err != nil || got != each.want {
			t.Errorf("%s: %v (%v), want %v", what, got, err, each.want)
		}
	}
}

func TestWhatWouldBeMisjudgedIsAnError(t *testing.T) {
	for statement, message := range map[string]string{
		`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}`:                                           "has a principal",
		`{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "s3:GetObject", "Resource": "*"}`:                               "has a principal",
		`{"Effect": "Allow", "Action": "s3:GetObject"}`:                                                                              "has no resource",
		`{"Sid": "Home", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/${aws:username}"}`:                 "statement 1 Home: arn:aws:s3:::a/${aws:username} has a policy variable",
		`{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}}`:     "policy variable",
		`{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"a:b": "c"}}}`:                      "operator StringNotEquals is unknown",
		`{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"NumericEquals": {"a:b": "1"}}}`:                      "operator NumericEquals is unknown",
		`{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["c"]}}}`: "unknown",
	} {
		if _, err := Evaluate(Request{Action: "s3:GetObject", Resource: "*"}, parse(t, statement)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", statement, err, message)
		}
	}
}
