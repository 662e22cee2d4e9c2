package tfstate

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
)

const state = `{"version": 4, "lineage": "x", "resources": [
  {"mode": "managed", "type": "aws_lb", "name": "a", "instances": [{"attributes": {"name": "hush"}}]}
]}
`

// wide is a text in UTF-16, little-endian first.
func wide(text string, bigEndian bool) string {
	var written strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		low, high := byte(unit), byte(unit>>8)
		if bigEndian {
			low, high = high, low
		}
		written.Write([]byte{low, high})
	}
	return written.String()
}

func TestBothFormsSayTheSame(t *testing.T) {
	want := State{
		Managed: []Resource{
			{Address: "aws_lb.a", Type: "aws_lb", Name: "a", Replacing: true, Attributes: map[string]any{"idle_timeout": json.Number("60")}},
			{Address: `module.m["b c"].aws_lb.a[0]`, Type: "aws_lb", Name: "a", Replacing: true, Attributes: map[string]any{}},
			{Address: `module.m["b c"].aws_lb.b["d \"e"]`, Type: "aws_lb", Name: "b", Attributes: map[string]any{}},
		},
		Data: []Resource{{Address: "data.aws_vpc.main", Type: "aws_vpc", Name: "main", Attributes: map[string]any{"id": "vpc-1"}}},
	}
	for form, text := range map[string]string{
		"a state file": `{"version": 4, "resources": [
			{"mode": "managed", "type": "aws_lb", "name": "a", "instances": [{"status": "tainted", "attributes": {"idle_timeout": 60}}]},
			{"mode": "managed", "module": "module.m[\"b c\"]", "type": "aws_lb", "name": "a", "instances": [{"index_key": 0, "deposed": "1", "attributes": {}}]},
			{"mode": "managed", "module": "module.m[\"b c\"]", "type": "aws_lb", "name": "b", "instances": [{"index_key": "d \"e", "attributes": {}}]},
			{"mode": "data", "type": "aws_vpc", "name": "main", "instances": [{"attributes": {"id": "vpc-1"}}]}]}`,
		"with a mark at its beginning": "\xef\xbb\xbf" + `{"format_version": "1.0", "values": {"root_module": {
			"resources": [
				{"address": "aws_lb.a", "mode": "managed", "type": "aws_lb", "name": "a", "tainted": true, "values": {"idle_timeout": 60}},
				{"address": "data.aws_vpc.main", "mode": "data", "type": "aws_vpc", "name": "main", "values": {"id": "vpc-1"}}],
			"child_modules": [{"resources": [
				{"address": "module.m[\"b c\"].aws_lb.a[0]", "mode": "managed", "type": "aws_lb", "name": "a", "index": 0, "deposed_key": "1", "values": {}},
				{"address": "module.m[\"b c\"].aws_lb.b[\"d \\\"e\"]", "mode": "managed", "type": "aws_lb", "name": "b", "index": "d", "values": {}}]}]}}}`,
	} {
		read, err := Read(strings.NewReader(text))
		if err != nil || !reflect.DeepEqual(read, want) {
			t.Errorf("%s: %v\n%+v\nwant\n%+v", form, err, read, want)
		}
	}
}

func TestWhatStandsInTheWayIsTold(t *testing.T) {
	for text, want := range map[string]string{
		wide("\ufeff"+state, false):       "it is in UTF-16",
		wide("\ufeff"+state, true):        "it is in UTF-16",
		wide(state, false):                "it is in UTF-16",
		"hush: logging in\n" + state:      "its JSON begins only on line 2; remove what comes before it",
		"> hush\n> hush\n\n" + state:      "its JSON begins only on line 4",
		"\xef\xbb\xbf":                    "it is empty",
		" \n":                             "it is empty",
		"aws_lb.mediaserver\n":            "it is not a JSON object, or is cut short",
		state[:len(state)/2]:              "it is not a JSON object, or is cut short",
		state + "x":                       "it is not a JSON object, or is cut short",
		"[]":                              "it is not a JSON object",
		"{}":                              "it is neither a Terraform state nor what `terraform show -json` prints",
		`{"version": 3, "modules": []}`:   "its version is 3, and only 4 is read",
		`{"version": 5, "resources": []}`: "its version is 5, and only 4 is read",
		`{"version": 4, "resources": {}}`: "it is not a state file of version 4",
		`{"lineage": "x", "encrypted_data": "abc"}`:                "`tofu state pull` writes it in plain",
		`{"format_version": "1.2", "planned_values": {}}`:          "it is a plan, not a state",
		`{"format_version": "2.0", "values": {}}`:                  `its format_version is "2.0", and only 0 and 1 are read`,
		strings.Replace(state, "attributes", "attributes_flat", 1): "is as Terraform 0.11 wrote it",
	} {
		_, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}
