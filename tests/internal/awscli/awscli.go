// Package awscli finds the AWS CLI that commands in the documents call.
package awscli

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mediaserver/tests/internal/install"
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
	return installed(tb)
}

// installed returns the aws of the virtual environment.
func installed(tb testing.TB) string {
	tb.Helper()
	bin, err := install.Bin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	environment := filepath.Join(bin, "awscli-"+version)
	err = install.Python(tb.Context(), environment, "awscli=="+version,
		"Installing the AWS CLI "+version+" into "+environment+" with pip (about 1 minute, once) ...", os.Stderr)
	if err != nil {
		tb.Fatalf("no aws on PATH; install the AWS CLI, or what installs it here: %v", err)
	}
	return filepath.Join(environment, "bin", "aws")
}
