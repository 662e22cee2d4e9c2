// Package jq finds the jq program that the scripts under test need.
package jq

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// version of the jq that is written in Go. It is installed apart from this module, whose
// other requirements would make it start ten times slower.
const version = "v0.12.18"

var portable = sync.OnceValues(func() (string, error) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module of the tests: %w", err)
	}
	// The repository's bin folder is where everything goes that is built once and kept.
	bin := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "bin")
	path := filepath.Join(bin, "gojq-"+version)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("create the folder for what is built once: %w", err)
	}
	scratch, err := os.MkdirTemp(bin, "gojq")
	if err != nil {
		return "", fmt.Errorf("create a folder to install gojq into: %w", err)
	}
	defer os.RemoveAll(scratch)
	install := exec.Command("go", "install", "github.com/itchyny/gojq/cmd/gojq@"+version)
	install.Env = append(os.Environ(), "GOBIN="+scratch, "GOFLAGS=-trimpath")
	if output, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install gojq %s: %w\n%s", version, err, output)
	}
	// Several test binaries may do this at once: the last one replaces an equal file.
	return path, os.Rename(filepath.Join(scratch, "gojq"), path)
})

// Portable returns the jq that is written in Go, which is built on first use and kept,
// so that a test needs no jq on the machine. It also starts many times faster than jq 1.6.
func Portable(tb testing.TB) string {
	tb.Helper()
	path, err := portable()
	if err != nil {
		tb.Fatalf("prepare a jq for the tests: %v", err)
	}
	return path
}

// Installed returns the jq on PATH, which is the one that a user's script meets, and
// the portable one where there is none.
func Installed(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("jq"); err == nil {
		return path
	}
	return Portable(tb)
}
