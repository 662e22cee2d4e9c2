// Package install installs the programs that the sandbox, the scripts and the tests need where the machine has none:
// once, into a folder of their own that is kept.
package install

import (
	"context"
	"errors"
	"fmt"
	"io"
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
func Once(folder string, install func() error) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return fmt.Errorf("create the folder of what is installed once: %w", err)
	}
	unlock, err := lockedfile.MutexAt(folder + ".lock").Lock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(folder, finished)); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", folder, err)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove an unfinished installation: %w", err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return fmt.Errorf("create the folder of an installation: %w", err)
	}
	if err := install(); err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	if err := os.WriteFile(filepath.Join(folder, finished), nil, 0o644); err != nil {
		return fmt.Errorf("finish the installation: %w", err)
	}
	return nil
}

// Python installs a package of the Python package index, such as awscli==1.45.11, into a virtual environment, once. The
// line on progress says what is installed and how long that takes.
func Python(ctx context.Context, environment, requirement, line string, progress io.Writer) error {
	return Once(environment, func() error {
		python, err := exec.LookPath("python3")
		if err != nil {
			return fmt.Errorf("python3 is not on PATH; install Python 3 with venv and pip: %w", err)
		}
		fmt.Fprintln(progress, line)
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
	if _, err := os.Stat(filepath.Join(root, "Pulumi.yaml")); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no Pulumi.yaml in %s; start this command through scripts/%s", root, filepath.Base(executable))
	} else if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return root, nil
}
