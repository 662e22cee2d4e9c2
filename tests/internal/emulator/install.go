package emulator

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"mediaserver/tests/internal/install"
)

// Account is the number of the emulated AWS account.
const Account = "123456789012"

// The release of moto that the sandbox was tested with, and the releases that it takes from PATH.
const (
	pinned = "5.2.1"
	series = "5.2."
)

// probe prints the path of a Python and moto's version, if this Python can serve it.
const probe = `import importlib.metadata, importlib.util, sys
print(sys.executable)
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

// interpreters are the Pythons that were found suitable, by the script. To ask one takes a tenth of a second.
var interpreters sync.Map

// interpreterOf finds the Python that an installed moto_server runs with: the one in its first line, or, for a wrapper
// in another language, the one beside it.
func interpreterOf(ctx context.Context, script string) (interpreter string, suitable bool) {
	if known, ok := interpreters.Load(script); ok {
		return known.(string), true
	}
	folder := filepath.Dir(script)
	for _, candidate := range []string{firstLineInterpreter(script), filepath.Join(folder, "python3"), filepath.Join(folder, "python")} {
		if candidate == "" {
			continue
		}
		output, err := exec.CommandContext(ctx, candidate, "-c", probe).Output()
		path, version, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
		if err == nil {
			suitable = strings.HasPrefix(version, series)
			if suitable {
				interpreters.Store(script, path)
			}
			return path, suitable
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
