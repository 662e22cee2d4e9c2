// Package jq finds the jq program that the scripts under test need.
package jq

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"mediaserver/tests/internal/install"
)

// version of the jq that is written in Go. It is installed apart from this module, whose
// other requirements would make it start ten times slower.
const version = "v0.12.18"

var portable = sync.OnceValues(func() (string, error) {
	bin, err := install.Bin(context.Background())
	if err != nil {
		return "", err
	}
	folder := filepath.Join(bin, "gojq-"+version)
	err = install.Once(folder, func() error {
		command := exec.Command("go", "install", "github.com/itchyny/gojq/cmd/gojq@"+version)
		command.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-trimpath")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("install gojq %s: %w\n%s", version, err, output)
		}
		return nil
	})
	return filepath.Join(folder, "gojq"), err
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
