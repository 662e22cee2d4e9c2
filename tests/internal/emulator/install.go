package emulator

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/python"
)

// The release of moto that the sandbox was tested with, and the releases that it takes from PATH.
const (
	pinned = "5.2.1"
	series = "5.2."
)

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
		if interpreter, ok := interpreterOf(ctx, script); ok {
			return interpreter, nil
		}
	}
	environment := filepath.Join(binDir, "moto-"+pinned)
	err := install.Python(ctx, environment, "moto[server]=="+pinned,
		"Installing the AWS emulator, moto "+pinned+", into "+environment+" with pip (about 1 minute, once) ...", progress)
	if err != nil {
		return "", fmt.Errorf("the emulator needs moto; put a moto_server of version %sx on PATH, or what installs it here: %w", series, err)
	}
	return filepath.Join(environment, "bin", "python"), nil
}

// interpreterOf finds the Python that an installed moto_server runs with.
func interpreterOf(ctx context.Context, script string) (interpreter string, suitable bool) {
	found, ok := python.Of(ctx, script, probe)
	return found.Path, ok && strings.HasPrefix(found.Printed, series)
}
