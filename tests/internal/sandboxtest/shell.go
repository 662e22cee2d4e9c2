package sandboxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mediaserver/tests/internal/sandbox"
)

// Shell prepares a shell that runs commands of the documents on a stack, as a reader would who has the AWS CLI. It ends
// with the first command that fails.
func Shell(tb testing.TB, stack *sandbox.Stack, commands string) *exec.Cmd {
	tb.Helper()
	shell := exec.CommandContext(tb.Context(), "bash", "-euo", "pipefail", "-c", commands)
	shell.Env = append(stack.Env(), "PATH="+filepath.Dir(AWSCLI(tb))+string(os.PathListSeparator)+stack.Path())
	return shell
}
