package emulator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePython puts a python3 first and alone on PATH that has the given version of moto, if any. Its venv module makes a
// folder with a python in it that runs the given shell commands.
func fakePython(t *testing.T, moto, commands string) string {
	t.Helper()
	folder := t.TempDir()
	script := `#!/bin/sh
set -e
if [ "$1" = -c ]; then
	case "$2" in *importlib*) [ -z "` + moto + `" ] || { echo "` + moto + ` $0"; exit; } ;; esac
	exit 1
fi
[ "$1 $2" = "-m venv" ]
/bin/mkdir -p "$3/bin"
printf '%s\n' '#!/bin/sh' '` + commands + `' > "$3/bin/python"
/bin/chmod +x "$3/bin/python"
`
	path := filepath.Join(folder, "python3")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	return path
}

func TestWithoutASuitableMotoAVirtualEnvironmentIsMadeOnce(t *testing.T) {
	repository := t.TempDir()
	for _, moto := range []string{"", "5.1.9", "5.20.0", "6.0.0"} {
		fakePython(t, moto, `echo "$@" >> "${0%/*}/calls"`)
		python, err := Locate(t.Context(), repository)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(repository, "bin", "moto-5.2.1", "bin", "python"); python != want {
			t.Errorf("beside moto %q, moto is served by %s, want %s", moto, python, want)
		}
	}
	calls, err := os.ReadFile(filepath.Join(repository, "bin", "moto-5.2.1", "bin", "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := "-m pip install --disable-pip-version-check --no-input --quiet moto[server]==5.2.1\n"
	if string(calls) != want {
		t.Errorf("the environment's python was called with\n%swant\n%s", calls, want)
	}
	suitable := fakePython(t, "5.2.0", "exit 1")
	if python, err := Locate(t.Context(), repository); err != nil || python != suitable {
		t.Errorf("beside moto 5.2.0, moto is served by %s (%v), want %s", python, err, suitable)
	}
}

func TestWhenPipCannotInstallTheErrorSaysWhyAndNothingUnfinishedIsLeft(t *testing.T) {
	fakePython(t, "", `echo "no matching distribution" >&2; exit 1`)
	repository := t.TempDir()
	_, err := Locate(t.Context(), repository)
	for _, want := range []string{"moto[server]==5.2.1", "pip", "no matching distribution", "install moto[server] 5.2.x for python3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := os.Stat(filepath.Join(repository, "bin", "moto-5.2.1")); err == nil {
		t.Error("an unfinished virtual environment is left")
	}
}

func TestWithoutPythonTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Locate(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "install Python 3") {
		t.Errorf("the error is %v, want what to install", err)
	}
}

func TestAPythonThatCannotServeMotoIsNamed(t *testing.T) {
	python := fakePython(t, "5.2.1", "exit 1")
	if _, err := serve(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), python+" ended before it served moto") {
		t.Errorf("the error is %v", err)
	}
}
