package outputs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputsAreReadFromAFile(t *testing.T) {
	folder := t.TempDir()
	for text, says := range map[string]string{
		"\ufeff" + `{"region": "eu-west-2", "appUrl": "http://a", "containerPort": 3000}`: "",
		`{"region": "", "appUrl": 3}`: "missing stack output: appUrl, region; run 'pulumi up', then 'pulumi stack output --json' again",
		"":                            "the outputs are not a JSON object; they must be what 'pulumi stack output --json' prints",
		`{"appUrl": "http`:            "the outputs are not a JSON object",
		"[]":                          "the outputs are not a JSON object",
		"null":                        "the outputs are not a JSON object",
	} {
		file := filepath.Join(folder, "outputs.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		expect(t, Source{File: file, Program: "nowhere", Stack: "another"}, says)
	}
	expect(t, Source{File: "/nowhere/outputs.json"}, "cannot read the outputs file '/nowhere/outputs.json': no such file")
}

func TestOutputsAreReadFromTheStack(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder+":/usr/bin:/bin")
	script := `#!/bin/sh
case $* in
"stack output --json --cwd /program --stack prod" | "stack output --json --cwd /program") echo '{"region": "eu-west-2", "appUrl": "http://a"}' ;;
*) echo "error: no $*" >&2; exit 255 ;;
esac
`
	if err := os.WriteFile(filepath.Join(folder, "pulumi"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	expect(t, Source{Program: "/program", Stack: "prod"}, "")
	expect(t, Source{Program: "/program"}, "")
	expect(t, Source{Program: "/program", Stack: "dev"}, "cannot read the stack's outputs: error: no stack output --json --cwd /program --stack dev")
}

// expect reads two outputs, and checks them, or how the error begins.
func expect(t *testing.T, source Source, says string) {
	t.Helper()
	var region, address string
	err := source.Read(t.Context(), map[string]*string{"region": &region, "appUrl": &address})
	switch {
	case says == "":
		if err != nil || region != "eu-west-2" || address != "http://a" {
			t.Errorf("read %q and %q (%v)", region, address, err)
		}
	case err == nil || !strings.HasPrefix(err.Error(), says):
		t.Errorf("got %v, want %s", err, says)
	}
}
