package shell

import (
	"os/exec"
	"strings"
	"testing"

	"mediaserver/tests/internal/sandbox"
)

func TestAShellReadsAQuotedWordAsTheTextItWasMadeOf(t *testing.T) {
	for _, text := range []string{
		"", "plain", "two words", "it's", `"quoted"`, "$HOME", "`date`", `back\slash`, "new\nline", "*", "~", "a;b", "é", "-n", "#",
	} {
		output, err := exec.Command("sh", "-c", "printf %s "+Quote(text)).Output()
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if string(output) != text {
			t.Errorf("a shell reads %s as %q, want %q", Quote(text), output, text)
		}
	}
}

func TestExportsUnsetWhatLeadsElsewhereAndPutTheCLIFirstOnPath(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	stack := &sandbox.Stack{
		Dir: "/it's a folder", CLI: "/some tools/pulumi", Name: "sandbox", Plugins: sandbox.StandIn, Emulator: "http://127.0.0.1:1",
	}
	script := Exports(stack) + `printf '%s|' "${AWS_PROFILE-unset}" "$PULUMI_HOME" "$AWS_ENDPOINT_URL" "${PATH%%:*}"`
	output, err := exec.Command("sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "unset|/it's a folder/home|http://127.0.0.1:1|/some tools|"; string(output) != want {
		t.Errorf("the shell has %q, want %q", output, want)
	}
	if !strings.HasSuffix(Exports(stack), "\n") {
		t.Error("the last command does not end its line")
	}
}
