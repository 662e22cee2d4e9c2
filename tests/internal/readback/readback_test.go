package readback

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/inventory"
)

func TestEveryResourceOfTheInventoryIsReadBack(t *testing.T) {
	t.Parallel()
	calls := slices.Concat(slices.Collect(maps.Values(expected.Lookups))...)
	for _, each := range inventory.All() {
		row, reads := expected.Resources[each.Key()], expected.Types[each.Type]
		// Random values are in Pulumi's state alone.
		if readable := !strings.HasPrefix(each.Type, "random:"); readable != (row.ID != "" && len(row.Want) > 0 && len(reads) > 0) {
			t.Errorf("%s: something is missing of %+v, read by %+v", each.Key(), row, reads)
		}
		calls = slices.Concat(calls, reads, row.Also)
	}
	for _, each := range calls {
		if !method(awsclients.New(aws.Config{}), each.Call).IsValid() {
			t.Errorf("there is no client with the method %s", each.Call)
		}
	}
}

func TestWhatIsNotAsItShouldBeIsTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, got, want, difference string }{
		{"a number and its text", `{"Port": "3000"}`, `{"port": 3000}`, ""},
		{"another number", `{"Port": 3000}`, `{"Port": 3001}`, ".Port is 3000, want 3001"},
		{"nothing and false", `{}`, `{"Enabled": false}`, ""},
		{"nothing and true", `{}`, `{"Enabled": true}`, ".Enabled is null, want true"},
		{"more than wanted", `{"Days": 7}`, `{"Days": null}`, ".Days is 7, want null"},
		{"a field that AWS adds", `{"A": 1, "B": 2}`, `{"A": 1}`, ""},
		{"another order", `[{"A": 1}, {"A": 2}]`, `[{"A": 2}, {"A": 1}]`, ""},
		{"one too many", `["a", "b", "b"]`, `["a", "b"]`, ` has "b", which is not wanted`},
		{"one too few", `["a"]`, `["a", "b"]`, ` has no "b"`},
		{"a single other one", `[{"A": 1, "B": 1}]`, `[{"A": 1, "B": 2}]`, ".B is 1, want 2"},
		{"fields of a list", `[{"Id": "a"}, {"Id": "b"}]`, `{"Id": ["b", "a"]}`, ""},
		{"others", `["a", "b"]`, `{"includes": ["c"]}`, ` has no "c"`},
		{"a pattern", `"media-1a"`, `"~media-[a-z0-9]+"`, ""},
		{"a longer text", `"media-1a!"`, `"~media-[a-z0-9]+"`, ` is "media-1a!", want "~media-[a-z0-9]+"`},
		{"a secret", `"hush"`, `{"secret": 5}`, " has 4 characters, want 5"},
		{"a document", `"{\"a\": {\"b\": 1}}"`, `{"a": {"b": 2}}`, ".a.b is 1, want 2"},
		{
			"a policy as IAM writes it", `"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Sid%22%3A%22X%22%2C%22Action%22%3A%5B%22a%3AB%22%5D%7D%7D"`,
			`{"policy": [{"Action": "a:B"}]}`, "",
		},
		{
			"a policy that allows more", `"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Principal\": {\"AWS\": \"x\", \"Service\": \"*\"}}]}"`,
			`{"policy": [{"Principal": {"AWS": "x"}}]}`,
			` is {"Statement":{"Principal":{"AWS":"x","Service":"*"}},"Version":"2012-10-17"}, want {"Statement":{"Principal":{"AWS":"x"}},"Version":"2012-10-17"}`,
		},
		{
			"a policy of more statements", `"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Action\": \"a\"}, {\"Action\": \"b\"}]}"`,
			`{"policy": [{"Action": "a"}]}`,
			` is {"Statement":[{"Action":"a"},{"Action":"b"}],"Version":"2012-10-17"}, want {"Statement":{"Action":"a"},"Version":"2012-10-17"}`,
		},
	} {
		var got, want any
		decode([]byte(test.got), &got)
		decode([]byte(test.want), &want)
		if differences := strings.Join(compare("", got, want), "; "); differences != test.difference {
			t.Errorf("%s: told is %q, want %q", test.name, differences, test.difference)
		}
	}
}
