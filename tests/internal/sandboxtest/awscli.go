package sandboxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mediaserver/tests/internal/install"
)

// awsCLIVersion is that of the AWS CLI which is installed where there is none.
const awsCLIVersion = "1.45.11"

// AWSCLI returns the path of the AWS CLI: the aws on PATH, else the one of a virtual environment in the repository's
// bin folder, which is made with pip when it is not there. It ends the test if that fails.
func AWSCLI(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("aws"); err == nil {
		return path
	}
	return installedAWSCLI(tb)
}

// installedAWSCLI returns the aws of the virtual environment.
func installedAWSCLI(tb testing.TB) string {
	tb.Helper()
	bin, err := install.Bin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	environment := filepath.Join(bin, "awscli-"+awsCLIVersion)
	err = install.Python(tb.Context(), environment, "awscli=="+awsCLIVersion,
		"Installing the AWS CLI "+awsCLIVersion+" into "+environment+" with pip (about 1 minute, once) ...", os.Stderr)
	if err != nil {
		tb.Fatalf("no aws on PATH; install the AWS CLI, or what installs it here: %v", err)
	}
	return filepath.Join(environment, "bin", "aws")
}
