// Package tests is the root of the module that runs the program from outside: the local sandbox, its stand-in providers and
// the end-to-end tests. Its own tests hold the modules together.
package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheREADMENamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for i, part := range strings.Split(string(text), "`") {
		if i%2 == 1 {
			named[filepath.Base(part)] = true
		}
	}
	var files []string
	for _, pattern := range []string{"*/*.go", "internal/*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 100 {
		t.Fatalf("found only %q", files)
	}
	for _, file := range files {
		if folder := filepath.Dir(file); !named[filepath.Base(folder)] {
			t.Errorf("README.md does not name %s", folder)
		}
	}
}

// Where two modules use different versions of something, everything that depends on it is compiled twice.
func TestTheModulesUseTheSameVersions(t *testing.T) {
	own := versions(t, ".", "-m", "-f", "{{.Path}} {{.Version}}", "all")
	for folder, packages := range map[string]string{"..": ".", "../tools": "./..."} {
		compared := 0
		for path, version := range versions(t, folder, "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", packages) {
			if own[path] == "" || version == "" {
				continue
			}
			compared++
			if own[path] != version {
				t.Errorf("%s uses %s %s, its tests use %s: run 'go get' of the newer one where the older one is", folder, path, version, own[path])
			}
		}
		if compared == 0 {
			t.Errorf("%s and its tests have no module in common", folder)
		}
	}
}

// versions are those of the modules that the Go tool lists in a folder.
func versions(t *testing.T, folder string, arguments ...string) map[string]string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...)
	command.Dir = folder
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", folder, err)
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(output)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		versions[path] = version
	}
	return versions
}

func TestFlagsAreAddedToThoseOfTheUserOnce(t *testing.T) {
	goflags := func(users string) string {
		command := exec.CommandContext(t.Context(), filepath.Join("..", "scripts", "goflags"))
		command.Env = append(os.Environ(), "GOFLAGS="+users)
		output, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(output), "\n")
	}
	none := goflags("")
	for users, want := range map[string]string{"-mod=mod": "-mod=mod " + none, "-mod=mod " + none: "-mod=mod " + none} {
		if got := goflags(users); got != want || !strings.Contains(none, "-trimpath") {
			t.Errorf("with %q the flags are %q", users, got)
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
	// runs runs the script, and checks its exit code and how what it prints begins.
	runs := func(code int, says string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "tool"), arguments...)
		output, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != code || !strings.HasPrefix(string(output), says) {
			t.Errorf("scripts/tool %q: exit code %d, %q; want %d, %q", arguments, command.ProcessState.ExitCode(), output, code, says)
		}
	}
	const building = "Building bin/greet (about a moment the first time, seconds after a change) ...\n"
	greet := func(greeting string) {
		write("tools/cmd/greet/main.go", "package main\n\nfunc main() { print(\""+greeting+"\") }\n")
	}
	greet("hello")
	runs(0, building+"hello", "greet", "about a moment")
	runs(0, "hello", "greet", "about a moment")
	greet("good day")
	runs(0, building+"good day", "greet", "about a moment")
	runs(2, "Usage: scripts/tool NAME HOW-LONG-THE-FIRST-BUILD-TAKES [ARGUMENT...]\n", "greet")
	runs(2, "tool: there is no command 'gret' in tools/cmd or tests/cmd\n", "gret", "about a moment")
	t.Setenv("PATH", withoutGo(t))
	runs(3, "greet: the Go tool is not on PATH; install Go\n", "greet", "about a moment")
}

// withoutGo is a folder with nothing but what the script itself needs.
func withoutGo(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"sh", "dirname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
