package emulator

import (
	"bufio"
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

// The release of moto that the sandbox was tested with, and the releases that it takes from PATH.
const (
	pinned = "5.2.1"
	series = "5.2."
)

// finished is the file in a virtual environment that says that its installation came to its end.
const finished = "moto-installed"

// probe prints moto's version if this Python can serve it.
const probe = `import importlib.metadata, importlib.util
for name in ("flask", "flask_cors", "werkzeug"):
    assert importlib.util.find_spec(name), name
print(importlib.metadata.version("moto"))`

// Locate returns a Python that can serve moto: the one that moto_server on PATH runs with, if its version
// suits, else the one of a virtual environment in binDir. That is made when it is not there, after a line on
// progress.
func Locate(ctx context.Context, binDir string, progress io.Writer) (string, error) {
	if script, err := exec.LookPath("moto_server"); err == nil {
		if python, ok := interpreterOf(ctx, script); ok {
			return python, nil
		}
	}
	environment := filepath.Join(binDir, "moto-"+pinned)
	unlock, err := lockEnvironment(environment)
	if err != nil {
		return "", err
	}
	defer unlock()
	python := filepath.Join(environment, "bin", "python")
	if _, err := os.Stat(filepath.Join(environment, finished)); err == nil {
		return python, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look for the emulator's virtual environment: %w", err)
	}
	return python, install(ctx, environment, progress)
}

func lockEnvironment(environment string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(environment), 0o755); err != nil {
		return nil, fmt.Errorf("create the folder of the emulator's virtual environment: %w", err)
	}
	unlock, err = lockedfile.MutexAt(environment + ".lock").Lock()
	if err != nil {
		return nil, fmt.Errorf("lock the emulator's virtual environment: %w", err)
	}
	return unlock, nil
}

// interpreterOf finds the Python that an installed moto_server runs with: the one in its first line, or, for
// a wrapper in another language, the one beside it.
func interpreterOf(ctx context.Context, script string) (python string, suitable bool) {
	candidates := []string{
		firstLineInterpreter(script),
		filepath.Join(filepath.Dir(script), "python3"),
		filepath.Join(filepath.Dir(script), "python"),
	}
	for _, candidate := range candidates {
		if candidate == "" {
			continue
		}
		version, err := exec.CommandContext(ctx, candidate, "-c", probe).Output()
		if err == nil && strings.HasPrefix(strings.TrimSpace(string(version)), series) {
			return candidate, true
		}
	}
	return "", false
}

// firstLineInterpreter is the Python named in a script's first line, or nothing.
func firstLineInterpreter(script string) string {
	file, err := os.Open(script)
	if err != nil {
		return ""
	}
	defer file.Close()
	line, err := bufio.NewReader(file).ReadString('\n')
	if err != nil {
		return ""
	}
	interpreter, isScript := strings.CutPrefix(strings.TrimSpace(line), "#!")
	if !isScript || !strings.HasPrefix(filepath.Base(interpreter), "python") {
		return ""
	}
	return interpreter
}

// install makes the virtual environment, and marks it as finished last.
func install(ctx context.Context, environment string, progress io.Writer) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("the emulator needs Python 3 and python3 is not on PATH; install Python 3 with venv and pip: %w", err)
	}
	fmt.Fprintf(progress,
		"Installing the AWS emulator, moto %s, into %s with pip (about 1 minute, once) ...\n", pinned, environment)
	if err := os.RemoveAll(environment); err != nil {
		return fmt.Errorf("remove an unfinished virtual environment: %w", err)
	}
	if output, err := exec.CommandContext(ctx, python, "-m", "venv", environment).CombinedOutput(); err != nil {
		return fmt.Errorf("make a virtual environment for the emulator with %s -m venv "+
			"(on Debian and Ubuntu: install python3-venv): %w\n%s", python, err, output)
	}
	pip := exec.CommandContext(ctx, filepath.Join(environment, "bin", "python"), "-m", "pip", "install",
		"--disable-pip-version-check", "--no-input", "--quiet", "moto[server]=="+pinned)
	if output, err := pip.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("install moto[server]==%s with pip; "+
			"pip needs a package index, or put a moto_server of version %sx on PATH: %w\n%s",
			pinned, series, err, output), os.RemoveAll(environment))
	}
	if err := os.WriteFile(filepath.Join(environment, finished), nil, 0o644); err != nil {
		return fmt.Errorf("finish the emulator's virtual environment: %w", err)
	}
	return nil
}
