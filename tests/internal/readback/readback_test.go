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
	known := operations(awsclients.New(aws.Config{}))
	var used []call
	for _, each := range inventory.All() {
		row, found := expected.Resources[each.Key()]
		calls := expected.Types[each.Type]
		if strings.HasPrefix(each.Type, "random:") {
			if found || calls != nil {
				t.Errorf("%s is in Pulumi's state alone, and something says how to read it", each.Key())
			}
			continue
		}
		if row.ID == "" || len(row.Want) == 0 || len(calls) == 0 {
			t.Errorf("%s: something is missing of %+v, read by %+v", each.Key(), row, calls)
		}
		used = slices.Concat(used, calls, row.Also)
	}
	for _, calls := range expected.Lookups {
		used = append(used, calls...)
	}
	called := map[string]bool{}
	for _, each := range used {
		called[each.Call] = true
	}
	if got, want := slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(known)); !slices.Equal(got, want) {
		t.Errorf("the inventory calls\n%q\nand known are\n%q", got, want)
	}
	if read, listed := len(expected.Resources)+2, len(inventory.All()); read != listed {
		t.Errorf("%d resources are read back or in Pulumi's state alone, the inventory has %d", read, listed)
	}
}

func TestSettingsBringTheirResources(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		settings map[string]any
		want     int
	}{
		{nil, 34},
		{map[string]any{"domainName": "media.example.com", "hostedZoneId": "Z1"}, 39},
		{map[string]any{"domainName": "media.example.com", "certificateArn": "arn"}, 35},
		{map[string]any{"domainName": "media.example.com", "certificateArn": "arn", "hostedZoneId": "Z1"}, 36},
		{map[string]any{"alarmEmails": []string{"oncall@example.com"}}, 43},
		{map[string]any{"alarmTopicArn": "arn"}, 40},
	} {
		if got := Resources(Stack{Settings: test.settings}); len(got) != test.want {
			t.Errorf("%v bring %d resources, want %d: %q", test.settings, len(got), test.want, got)
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
		{"a list of nothing", `[]`, `["a"]`, ` has no "a"`},
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
			`{"policy": [{"Principal": {"AWS": "x"}}]}`, `.Statement.Principal has the field Service, want none: "*"`,
		},
		{
			"a policy of more statements", `"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Action\": \"a\"}, {\"Action\": \"b\"}]}"`,
			`{"policy": [{"Action": "a"}]}`, `.Statement has {"Action":"b"}, which is not wanted`,
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
