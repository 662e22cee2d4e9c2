// Package python runs programs in Python: with the Python that an installed script has, and in forks of a process that
// has loaded what takes long to load.
package python

import (
	"bufio"
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

//go:embed forks.py
var forks string

// Command is a Python that runs a program, which may import the module forks, in a process group of its own: Ctrl-C on a
// terminal is for the process that starts it, which still needs it to take everything down.
func Command(python, program string, arguments ...string) *exec.Cmd {
	command := exec.Command(python, append([]string{"-c", forks, program}, arguments...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// Found is a Python that a script runs with.
type Found struct {
	// Path is the Python's own path, and Printed what the probe has printed.
	Path, Printed string
}

// found are the Pythons that were found, by the script and the probe. A script keeps its Python as long as this process
// runs.
var found sync.Map

// Of finds the Python that an installed script runs with: the one in its first line, or, for a wrapper in another
// language, the one beside it. The probe is a program that fails with a Python which does not do.
func Of(ctx context.Context, script, probe string) (Found, bool) {
	type question struct{ script, probe string }
	asked := question{script, probe}
	if known, ok := found.Load(asked); ok {
		return known.(Found), true
	}
	candidates := []string{
		firstLineInterpreter(script),
		filepath.Join(filepath.Dir(script), "python3"),
		filepath.Join(filepath.Dir(script), "python"),
	}
	for _, candidate := range candidates {
		if candidate == "" {
			continue
		}
		output, err := exec.CommandContext(ctx, candidate, "-c", "import sys; print(sys.executable)\n"+probe).Output()
		path, printed, cut := strings.Cut(strings.TrimSpace(string(output)), "\n")
		if err == nil && cut {
			found.Store(asked, Found{path, printed})
			return Found{path, printed}, true
		}
	}
	return Found{}, false
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

// socketPair makes a pair of connected sockets that no other program inherits.
func socketPair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(ends[0])
		syscall.CloseOnExec(ends[1])
	}
	return ends, err
}
