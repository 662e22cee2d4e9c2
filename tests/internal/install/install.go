// Package install installs the programs that the sandbox and the tests need where the machine has none:
// once, into a folder of their own that is kept. It tells the user on standard error what takes long.
package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// finished is the file in a folder that says that its installation came to its end.
const finished = "finished"

// Once calls install to fill a folder, unless an earlier call has done so. Of several processes one installs, and the
// others wait. What is left of an installation that was interrupted is removed first; one that fails leaves nothing.
func Once(folder string, install func() error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("install into %s: %w", folder, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(folder + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(folder, finished)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if err := install(); err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	return os.WriteFile(filepath.Join(folder, finished), nil, 0o644)
}

// Python installs a package of the Python package index, such as awscli==1.45.11, into a virtual environment, once.
func Python(ctx context.Context, environment, requirement string) error {
	return Once(environment, func() error {
		python, err := exec.LookPath("python3")
		if err != nil {
			return fmt.Errorf("python3 is not on PATH; install Python 3 with venv and pip: %w", err)
		}
		fmt.Fprintf(os.Stderr, "Installing %s into %s with pip (up to a minute, once) ...\n", requirement, environment)
		if output, err := exec.CommandContext(ctx, python, "-m", "venv", environment).CombinedOutput(); err != nil {
			return fmt.Errorf("make a virtual environment with %s -m venv (on Debian and Ubuntu: install python3-venv): %w\n%s",
				python, err, output)
		}
		pip := exec.CommandContext(ctx, filepath.Join(environment, "bin", "python"), "-m", "pip", "install",
			"--disable-pip-version-check", "--no-input", "--quiet", requirement)
		if output, err := pip.CombinedOutput(); err != nil {
			return fmt.Errorf("install %s with pip, which needs a package index: %w\n%s", requirement, err, output)
		}
		return nil
	})
}

// Bin is the repository's folder for what is built or installed once and kept, for a test of this module.
func Bin(ctx context.Context) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module of the tests: %w", err)
	}
	return filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "bin"), nil
}

// Repository is the folder of the repository in whose bin folder the running command is, which its script in scripts/
// built there.
func Repository() (string, error) {
	executable, err := os.Executable()
	if err == nil {
		executable, err = filepath.EvalSymlinks(executable)
	}
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	root := filepath.Dir(filepath.Dir(executable))
	if _, err := os.Stat(filepath.Join(root, "Pulumi.yaml")); err != nil {
		return "", fmt.Errorf("find the repository; start this command through scripts/%s: %w", filepath.Base(executable), err)
	}
	return root, nil
}
