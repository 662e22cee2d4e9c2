package iampolicy

import (
	"reflect"
	"strings"
	"testing"
)

func TestADocumentIsReadInEveryFormThatIAMAccepts(t *testing.T) {
	for what, text := range map[string]string{
		"lists": `{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Principal": {"AWS": ["1", "2"]},
			"Action": ["s3:GetObject"], "Resource": ["*"], "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}]}`,
		"single values": `{"Version": "2012-10-17", "Statement": {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": ["1", "2"]},
			"Action": "s3:GetObject", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}}`,
	} {
		got, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		want := Document{Version: "2012-10-17", Statements: Statements{{
			Sid: "A", Effect: Allow, Principal: Principals{"AWS": {"1", "2"}}, Action: Texts{"s3:GetObject"}, Resource: Texts{"*"},
			Condition: map[string]map[string]Texts{"Bool": {"aws:SecureTransport": {"true"}}},
		}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func TestADocumentThatCouldBeMisreadIsRefused(t *testing.T) {
	for text, message := range map[string]string{
		`{"Statement": []}`: "no statement",
		`{"Statement": [{"Effect": "Allow", "Action": "*"}]} {}`:                        "follows",
		`{"Statement": [{"Effect": "Deny", "Action": "*"}]}`:                            `the effect is "Deny"`,
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "action": "*"}]}`:          "says action twice",
		`{"Statement": [{"Effect": "Allow", "Action": "*"}], "Statement": []}`:          "says Statement twice",
		`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": []}, "Action": "*"}]}`: "names nobody",
		`{"Statement": [{"Effect": "Allow"}]}`:                                          "needs an Action",
		`{"Statement": [{"Effect": "Allow", "NotAction": "a:c"}]}`:                      "NotAction",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b", "Principal": "*"}]}`:       "cannot unmarshal string",
		`{"Statement": [{"Effect": "Allow", "Action": [{}]}]}`:                          "cannot unmarshal object",
		`{"Statement": {"Effect": "Allow", "Action": "a:b", "Actions": "*"}}`:           "Actions",
		`{"Statement": [{"Effect": "Allow", "Action": "a:b"}], "Extra": 1}`:             "Extra",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestPatternsMatchAsInIAM(t *testing.T) {
	for _, each := range []struct {
		pattern, value string
		want           bool
	}{
		{"*", "", true}, {"*", "anything", true}, {"", "", true}, {"", "a", false}, {"a", "", false},
		{"s3:Get*", "s3:GetObject", true}, {"s3:Get*", "s3:PutObject", false}, {"s3:Get?bject", "s3:GetObject", true},
		{"s3:Get?bject", "s3:Getbject", false}, {"arn:*:role/a-*", "arn:aws:iam::1:role/a-b", true}, {"a*b*c", "aXbYc", true},
		{"a*b*c", "aXcYb", false}, {"**a", "a", true}, {"a", "A", false}, {"abc", "ab", false}, {"ab", "abc", false},
	} {
		if got := Matches(each.pattern, each.value); got != each.want {
			t.Errorf("Matches(%q, %q) is %v", each.pattern, each.value, got)
		}
	}
}
