package tests

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAScriptThatOtherScriptsCallSaysSo(t *testing.T) {
	for _, test := range []struct {
		says      string
		arguments []string
	}{
		{"Usage: scripts/tool NAME HOW-LONG-THE-FIRST-BUILD-TAKES [ARGUMENT...]\n", nil},
		{"Usage: scripts/tool NAME ", []string{"sandbox"}},
		{"tool: there is no command 'sandbx' in tools/cmd or tests/cmd\n", []string{"sandbx", "a minute"}},
	} {
		command := exec.CommandContext(t.Context(), filepath.Join("..", "scripts", "tool"), test.arguments...)
		output, err := command.CombinedOutput()
		if command.ProcessState.ExitCode() != 2 || !strings.HasPrefix(string(output), test.says) {
			t.Errorf("scripts/tool %q: %v, %q, want %q", test.arguments, err, output, test.says)
		}
	}
}
