package tests

import (
	"os"
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

func TestACommandIsBuiltBeforeItsFirstRunAndAfterAChange(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{"scripts/tool", "scripts/goflags"} {
		text, err := os.ReadFile(filepath.Join("..", script))
		if err != nil {
			t.Fatal(err)
		}
		write(script, string(text))
	}
	write("go.mod", "module program\n")
	write("tools/go.mod", "module program/tools\n")
	const building = "Building bin/greet (about a moment the first time, seconds after a change) ...\n"
	for _, run := range []struct{ greeting, says string }{
		{"hello", building + "hello"},
		{"", "hello"},
		{"good day", building + "good day"},
	} {
		if run.greeting != "" {
			write("tools/cmd/greet/main.go", "package main\n\nfunc main() { print(\""+run.greeting+"\") }\n")
		}
		output, err := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "tool"), "greet", "about a moment").CombinedOutput()
		if err != nil || string(output) != run.says {
			t.Errorf("it prints %q (%v), want %q", output, err, run.says)
		}
	}
}
