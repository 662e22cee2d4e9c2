package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestEverybodyBuildsTheSameProgram holds the flags together that stand in several places: those of the sandbox, of
// `make build`, and of the Go host that comes with Pulumi. Where they differ, one of them compiles or links again
// what another has built.
func TestEverybodyBuildsTheSameProgram(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	// In a repository Go would put the commit into the program.
	for _, arguments := range [][]string{{"init", "--quiet"}, {"add", "main.go"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "Begin"}} {
		c.succeeds("git", arguments...)
	}
	c.must("up")
	built := c.read("bin/clone")
	c.succeeds("make", "build")
	if !bytes.Equal(c.read("bin/mediaserver"), built) {
		t.Error("make build makes another program than the sandbox")
	}
	// The flags of pulumi-language-go, compileProgram.
	c.succeeds("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-w -s", "-o", "bin/plugin", ".")
	if !bytes.Equal(c.read("bin/plugin"), built) {
		t.Error("Pulumi's own Go host makes another program than the sandbox")
	}
}

// succeeds runs a program in the clone that must succeed, without the flags that the tests themselves are built with.
func (c clone) succeeds(name string, arguments ...string) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), name, arguments...)
	command.Dir = c.root
	command.Env = append(c.environment, "GOFLAGS=")
	if output, err := command.CombinedOutput(); err != nil {
		c.t.Fatalf("%s %q: %v\n%s", name, arguments, err, output)
	}
}

func (c clone) read(name string) []byte {
	c.t.Helper()
	content, err := os.ReadFile(c.path(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return content
}
