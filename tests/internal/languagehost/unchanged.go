package languagehost

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// compiled is what this process has compiled: by directory, the binary and the state of it and of its sources.
var compiled = struct {
	sync.Mutex
	states map[string]string
}{states: map[string]string{}}

// unchanged tells whether this process has compiled the binary from sources in this state, and it is still there. To ask
// the Go tool takes as long as everything else in an unchanged preview.
func unchanged(directory, binary, sources string) bool {
	state := versionOf(binary)
	compiled.Lock()
	defer compiled.Unlock()
	return sources != "" && state != "" && compiled.states[directory] == sources+state
}

// rememberCompiled remembers that the binary was compiled from sources in this state.
func rememberCompiled(directory, binary, sources string) {
	state := versionOf(binary)
	compiled.Lock()
	defer compiled.Unlock()
	compiled.states[directory] = sources + state
}

// sourcesOf is the state of all that a program's binary is made from: the Go tool, its settings and every file of the
// directory's module but the binary. It leaves out hidden folders, which may be large and change all the time. It is
// empty where something else may belong to the program too: a workspace, another module in place of a required one, a
// folder behind a link, a hidden folder that a file takes something from.
func sourcesOf(directory, binary, goTool string) string {
	module, err := os.ReadFile(filepath.Join(directory, "go.mod"))
	if err != nil || bytes.Contains(module, []byte("replace")) || inWorkspace(directory) {
		return ""
	}
	var state strings.Builder
	state.WriteString(stateOf(goTool))
	if settings, err := os.UserConfigDir(); err == nil {
		state.WriteString(stateOf(filepath.Join(settings, "go", "env")))
	}
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if path != directory && (strings.HasPrefix(entry.Name(), ".") || isFile(filepath.Join(path, "go.mod"))) {
				return filepath.SkipDir
			}
		case entry.Type()&fs.ModeSymlink != 0 && !isFile(path):
			return fmt.Errorf("%s leads elsewhere", path)
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && mayReachHidden(path):
			return fmt.Errorf("%s may reach a hidden folder", path)
		case path != filepath.Clean(binary) && path != filepath.Clean(binary)+".lock":
			state.WriteString(stateOf(path))
		}
		return nil
	})
	if err != nil {
		return ""
	}
	return state.String()
}

// buildIDWithin is how much of the beginning of a binary the Go tool reads for its build ID (cmd/internal/buildid).
const buildIDWithin = 32 << 10

// versionOf is the size of a binary and its beginning, which has the build ID, an ID of all that it is made of, on every
// system. Its time tells nothing: the Go tool renews it each time that another process asks whether the binary is up to
// date. The version is empty if there is no binary.
func versionOf(binary string) string {
	file, err := os.Open(binary)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	beginning, err := io.ReadAll(io.LimitReader(file, buildIDWithin))
	if err != nil {
		return ""
	}
	return fmt.Sprintln(info.Mode(), info.Size()) + string(beginning)
}

// stateOf is the size and time of a file. It is empty if there is none.
func stateOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintln(path, info.Mode(), info.Size(), info.ModTime().UnixNano())
}

// inWorkspace tells whether the Go tool may use a workspace in a directory.
func inWorkspace(directory string) bool {
	switch os.Getenv("GOWORK") {
	case "off":
		return false
	case "":
	default:
		return true
	}
	for folder, err := filepath.Abs(directory); ; folder = filepath.Dir(folder) {
		if err != nil || isFile(filepath.Join(folder, "go.work")) {
			return true
		}
		if folder == filepath.Dir(folder) {
			return false
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
