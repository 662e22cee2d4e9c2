// Package awscli finds the AWS CLI that the scripts under test call.
package awscli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// version of the AWS CLI that is installed where there is none.
const version = "1.45.11"

// Path returns the aws on PATH, else the one of a virtual environment in the repository's
// bin folder, which is made with pip when it is not there. It ends the test if that fails.
func Path(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("aws"); err == nil {
		return path
	}
	path, err := install(tb)
	if err != nil {
		tb.Fatalf("no aws on PATH, and installing awscli %s with pip failed: %v", version, err)
	}
	return path
}

func install(tb testing.TB) (string, error) {
	module, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module of the tests: %w", err)
	}
	environment := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "bin", "awscli-"+version)
	if err := os.MkdirAll(filepath.Dir(environment), 0o755); err != nil {
		return "", fmt.Errorf("create the folder for what is built once: %w", err)
	}
	unlock, err := lockedfile.MutexAt(environment + ".lock").Lock()
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", environment, err)
	}
	defer unlock()

	// Written last, so that an installation that was interrupted is not taken for a whole one.
	finished := filepath.Join(environment, "finished")
	path := filepath.Join(environment, "bin", "aws")
	if _, err := os.Stat(finished); err == nil {
		return path, nil
	}
	fmt.Fprintf(os.Stderr, "Installing the AWS CLI %s into %s with pip (about 1 minute, once) ...\n", version, environment)
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", environment},
		{filepath.Join(environment, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", "awscli==" + version},
	} {
		if output, err := exec.CommandContext(tb.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w; install the AWS CLI, or Python 3 with venv, pip and a package index\n%s", strings.Join(command, " "), err, output)
		}
	}
	return path, os.WriteFile(finished, nil, 0o644)
}
