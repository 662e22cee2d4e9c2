package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// Interrupted is what a run of the CLI that was killed has left behind.
type Interrupted struct {
	// Locked tells whether the killed run still has the stack's lock.
	Locked bool
	// Pending counts the operations of which the state does not say how they ended.
	Pending int
}

// Any tells whether there is anything to recover from.
func (i Interrupted) Any() bool { return i.Locked || i.Pending > 0 }

// Interrupted looks for what a killed run has left behind. A lock whose process is still running is not a
// killed run's.
func (s *Stack) Interrupted() (Interrupted, error) {
	var found Interrupted
	locks, err := s.locks()
	if err != nil {
		return found, err
	}
	for _, lock := range locks {
		if lock.running() {
			return Interrupted{}, nil
		}
		found.Locked = true
	}
	found.Pending, err = s.pending()
	return found, err
}

// Recover brings the stack into a state that the next run can start from, if a killed run has left any other:
// it releases the killed run's lock, and it removes the pending operations from the state while reading every
// resource anew. A resource whose creation was pending is made again by the next run; the stand-in providers
// undo the creation that the state does not know of first.
//
// With the official plugins nobody undoes that creation, so there the error says how to proceed by hand.
func (s *Stack) Recover(ctx context.Context, output io.Writer) error {
	found, err := s.Interrupted()
	if err != nil || !found.Any() {
		return err
	}
	fmt.Fprintln(output, "The last run was interrupted. Recovering ...")
	var steps [][]string
	if found.Locked {
		steps = append(steps, []string{"cancel", "--yes"})
	}
	if found.Pending > 0 {
		if s.Plugins == Official {
			return fmt.Errorf("%d operations of stack %s were interrupted; look in the emulated account which of their "+
				"resources exist and import those with: pulumi refresh --import-pending-creates 'URN ID'", found.Pending, s.Name)
		}
		steps = append(steps, []string{"refresh", "--yes", "--skip-preview", "--clear-pending-creates"})
	}
	for _, step := range steps {
		result, err := s.Pulumi(ctx, step...)
		if err != nil {
			return err
		}
		if result.ExitCode != 0 {
			return fmt.Errorf("recover from the interrupted run with pulumi %s: exit status %d\n%s%s",
				step[0], result.ExitCode, result.Stdout, result.Stderr)
		}
	}
	return nil
}

// stackLock is a lock of Pulumi's file backend, as pkg/backend/diy writes it.
type stackLock struct {
	PID       int32
	Hostname  string
	Timestamp time.Time
}

// running tells whether the process that took the lock may still be there. Another host's processes cannot
// be seen from here. A process that began after the lock was taken has only inherited the id, and one that has
// ended may keep its id until its parent asks for its exit status.
func (l stackLock) running() bool {
	if hostname, err := os.Hostname(); err != nil || hostname != l.Hostname {
		return true
	}
	owner, err := process.NewProcess(l.PID)
	if err != nil {
		return !errors.Is(err, process.ErrorProcessNotRunning)
	}
	if created, err := owner.CreateTime(); err == nil && time.UnixMilli(created).After(l.Timestamp.Add(clockError)) {
		return false
	}
	status, err := owner.Status()
	return err != nil || !slices.Contains(status, process.Zombie)
}

// clockError is how far the recorded begin of a process may be off.
const clockError = 2 * time.Second

func (s *Stack) locks() ([]stackLock, error) {
	project, err := readProject(s.Root)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(s.stateDir(), ".pulumi", "locks", "organization", project.Name, s.Name)
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for locks of stack %s: %w", s.Name, err)
	}
	var locks []stackLock
	for _, entry := range files {
		// A backend that was not told otherwise keeps a file with attributes beside each lock.
		if filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		file := filepath.Join(folder, entry.Name())
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a lock of stack %s: %w", s.Name, err)
		}
		var lock stackLock
		if err := json.Unmarshal(text, &lock); err != nil {
			return nil, fmt.Errorf("read the lock %s: %w", file, err)
		}
		locks = append(locks, lock)
	}
	return locks, nil
}

// checkpoint is what is read here of a stack's state.
type checkpoint struct {
	Checkpoint struct {
		Latest struct {
			Resources         []json.RawMessage `json:"resources"`
			PendingOperations []json.RawMessage `json:"pending_operations"`
		} `json:"latest"`
	} `json:"checkpoint"`
}

func (s *Stack) checkpoint() (checkpoint, error) {
	var state checkpoint
	path, err := s.StateFile()
	if err != nil {
		return state, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, fmt.Errorf("read the state of stack %s: %w", s.Name, err)
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("read the state of stack %s from %s: %w", s.Name, path, err)
	}
	return state, nil
}

func (s *Stack) pending() (int, error) {
	state, err := s.checkpoint()
	return len(state.Checkpoint.Latest.PendingOperations), err
}

// Deployed tells whether the stack's state names any resource.
func (s *Stack) Deployed() (bool, error) {
	state, err := s.checkpoint()
	return len(state.Checkpoint.Latest.Resources) > 0, err
}
