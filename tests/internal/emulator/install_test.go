package emulator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePython puts a python3 first and alone on PATH whose venv module makes a folder with a python in it that
// runs the given shell commands.
func fakePython(t *testing.T, commands string) {
	t.Helper()
	folder := t.TempDir()
	script := `#!/bin/sh
set -e
[ "$1 $2" = "-m venv" ]
/bin/mkdir -p "$3/bin"
printf '%s\n' '#!/bin/sh' '` + commands + `' > "$3/bin/python"
/bin/chmod +x "$3/bin/python"
`
	if err := os.WriteFile(filepath.Join(folder, "python3"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
}

func TestWithoutMotoOnPathAVirtualEnvironmentIsMadeOnceWithAVisibleLine(t *testing.T) {
	fakePython(t, `echo "$@" >> "${0%/*}/calls"`)
	binDir := filepath.Join(t.TempDir(), "a folder")
	var progress strings.Builder
	python, err := Locate(t.Context(), binDir, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(binDir, "moto-5.2.1", "bin", "python"); python != want {
		t.Errorf("moto is served by %s, want %s", python, want)
	}
	if line := progress.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "moto 5.2.1") || !strings.Contains(line, "minute") {
		t.Errorf("the user sees %q, want one line that says what is installed and how long it takes", line)
	}
	progress.Reset()
	if _, err := Locate(t.Context(), binDir, &progress); err != nil {
		t.Fatal(err)
	}
	if progress.Len() > 0 {
		t.Errorf("the second time the user sees %q", progress.String())
	}
	calls, err := os.ReadFile(filepath.Join(filepath.Dir(python), "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := "-m pip install --disable-pip-version-check --no-input --quiet moto[server]==5.2.1\n"
	if string(calls) != want {
		t.Errorf("the environment's python was called with\n%swant\n%s", calls, want)
	}
}

func TestWhenPipCannotInstallTheErrorSaysWhyAndNothingUnfinishedIsLeft(t *testing.T) {
	fakePython(t, `echo "no matching distribution" >&2; exit 1`)
	binDir := t.TempDir()
	_, err := Locate(t.Context(), binDir, &strings.Builder{})
	if err == nil {
		t.Fatal("the installation succeeds")
	}
	for _, want := range []string{"moto[server]==5.2.1", "pip", "no matching distribution", "put a moto_server of version 5.2.x on PATH"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := os.Stat(filepath.Join(binDir, "moto-5.2.1")); err == nil {
		t.Error("an unfinished virtual environment is left")
	}
}

func TestWithoutPythonTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Locate(t.Context(), t.TempDir(), &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "install Python 3") {
		t.Errorf("the error is %v, want what to install", err)
	}
}

func TestAMotoServerOfAnotherReleaseIsNotTaken(t *testing.T) {
	for version, want := range map[string]bool{"5.2.0": true, "5.2.1": true, "5.1.9": false, "5.20.0": false, "6.0.0": false} {
		folder := t.TempDir()
		interpreter := filepath.Join(folder, "python3")
		script := filepath.Join(folder, "moto_server")
		for path, text := range map[string]string{
			interpreter: "#!/bin/sh\necho \"$0\"; echo " + version + "\n",
			script:      "#!" + interpreter + "\n",
		} {
			if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		python, suitable := interpreterOf(t.Context(), script)
		if suitable != want || suitable && python != interpreter {
			t.Errorf("moto_server %s: suitable is %t with %q, want %t", version, suitable, python, want)
		}
	}
}
