package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Killed tells whether a run of the CLI on the stack was killed: the lock is left that the file backend gives to each
// run, and the process that it names is gone. State and account may then differ.
func (s *Stack) Killed() (bool, error) {
	project, err := readProject(s.Root)
	if err != nil {
		return false, err
	}
	// The file backend has one organization, of this name.
	folder := filepath.Join(s.stateDir(), ".pulumi", "locks", "organization", string(project.Name), s.Name)
	locks, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look whether the last run was killed: %w", err)
	}
	for _, each := range locks {
		var lock struct{ PID int }
		text, err := os.ReadFile(filepath.Join(folder, each.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("look whether the last run was killed: %w", err)
		}
		// One that was killed while it wrote its lock leaves half of it.
		if json.Unmarshal(text, &lock) != nil || !ProcessRuns(lock.PID) {
			return true, nil
		}
	}
	return false, nil
}

// ProcessRuns tells whether a process runs. One that has ended keeps its id until somebody asks for its end, which in a
// container may be never; where there is a /proc, that tells.
func ProcessRuns(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("\nState:\tZ"))
}
