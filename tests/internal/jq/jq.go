// Package jq finds the jq program that the scripts under test need.
package jq

import (
	"os/exec"
	"strings"
	"sync"
	"testing"
)

var portable = sync.OnceValues(func() (string, error) {
	path, err := exec.Command("go", "tool", "-n", "gojq").Output()
	return strings.TrimSpace(string(path)), err
})

// Portable returns the jq that is written in Go and pinned in this module. The go
// command builds it on first use and keeps it in its cache, so a test needs no jq
// on the machine; it also starts many times faster than jq 1.6.
func Portable(tb testing.TB) string {
	tb.Helper()
	path, err := portable()
	if err != nil {
		tb.Fatalf("build the pinned jq with 'go tool -n gojq': %v", err)
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
