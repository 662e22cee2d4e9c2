package tfstate

import (
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

func TestAMarkAtTheBeginningDoesNoHarm(t *testing.T) {
	read, err := Read(strings.NewReader("\xef\xbb\xbf" + state))
	if err != nil || len(read.Managed) != 1 {
		t.Errorf("%v, %v", read, err)
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
