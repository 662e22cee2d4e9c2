package languagehost

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// compiled is what this process has compiled: by binary, the state of its sources and of itself after that.
var compiled = struct {
	sync.Mutex
	states map[string]string
}{states: map[string]string{}}

// unchanged tells whether this process has compiled the binary from a directory, and both are still as they were
// then. To ask the Go tool takes as long as everything else in an unchanged preview.
func unchanged(directory, binary string) bool {
	state, err := stateOf(directory, binary)
	compiled.Lock()
	defer compiled.Unlock()
	return err == nil && state != "" && compiled.states[binary] == state
}

// rememberCompiled remembers that the binary is up to date.
func rememberCompiled(directory, binary string) {
	state, err := stateOf(directory, binary)
	compiled.Lock()
	defer compiled.Unlock()
	if err != nil {
		state = ""
	}
	compiled.states[binary] = state
}

// stateOf is the size and time of the binary and of every file of the directory's module. It is empty where the
// program may also consist of files elsewhere: in a workspace, and where the module replaces another.
func stateOf(directory, binary string) (string, error) {
	elsewhere, err := inWorkspace(directory)
	if err != nil || elsewhere {
		return "", err
	}
	module, err := os.ReadFile(filepath.Join(directory, "go.mod"))
	if err != nil || bytes.Contains(module, []byte("replace")) {
		return "", err
	}
	var state strings.Builder
	add := func(path string) error {
		info, err := os.Stat(path)
		if err == nil {
			fmt.Fprintln(&state, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return add(path)
		case path != directory && (strings.HasPrefix(entry.Name(), ".") || isFile(filepath.Join(path, "go.mod"))),
			path == filepath.Dir(binary):
			return filepath.SkipDir
		}
		return nil
	})
	if err == nil {
		err = add(binary)
	}
	return state.String(), err
}

// inWorkspace tells whether the Go tool uses a workspace in a directory.
func inWorkspace(directory string) (bool, error) {
	switch os.Getenv("GOWORK") {
	case "off":
		return false, nil
	case "":
	default:
		return true, nil
	}
	folder, err := filepath.Abs(directory)
	if err != nil {
		return false, err
	}
	for {
		if isFile(filepath.Join(folder, "go.work")) {
			return true, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return false, nil
		}
		folder = parent
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
