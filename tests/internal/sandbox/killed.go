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

// Killed tells whether a run of the CLI on the stack was killed: then the lock that the file backend gives each run is
// still there, and the process that it names has ended. State and account may differ.
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
		// A run that was killed while it wrote its lock leaves half of it.
		if json.Unmarshal(text, &lock) != nil || !ProcessRuns(lock.PID) {
			return true, nil
		}
	}
	return false, nil
}

// ProcessRuns tells whether a process runs. A zombie keeps its id until its parent waits for it, which may never happen in
// a container; /proc, where there is one, tells it apart.
func ProcessRuns(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("\nState:\tZ"))
}
