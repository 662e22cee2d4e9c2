package shellword

import (
	"os/exec"
	"testing"
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
