package sandboxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/sandbox"
)

// awsCLIVersion is the version of the AWS CLI that is installed if the machine has none.
const awsCLIVersion = "1.45.11"

// Shell prepares a shell that runs commands of the documents on a stack, as a reader would who has the AWS CLI. It ends
// with the first command that fails.
func Shell(tb testing.TB, stack *sandbox.Stack, commands string) *exec.Cmd {
	tb.Helper()
	shell := exec.CommandContext(tb.Context(), "bash", "-euo", "pipefail", "-c", commands)
	shell.Env = append(stack.Env(), "PATH="+filepath.Dir(AWSCLI(tb))+string(os.PathListSeparator)+stack.Path())
	return shell
}

// AWSCLI returns the path of the AWS CLI: the aws on PATH, else the one of a virtual environment in the repository's
// bin folder, which is made with pip when it is not there. It ends the test if that fails.
func AWSCLI(tb testing.TB) string {
	tb.Helper()
	if path, err := exec.LookPath("aws"); err == nil {
		return path
	}
	bin, err := install.Bin(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	environment := filepath.Join(bin, "awscli-"+awsCLIVersion)
	if err := install.Python(tb.Context(), environment, "awscli=="+awsCLIVersion); err != nil {
		tb.Fatalf("no aws on PATH; install the AWS CLI, or what installs it here: %v", err)
	}
	return filepath.Join(environment, "bin", "aws")
}
