package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a waiting process looks whether a lock is free.
const lockPoll = 20 * time.Millisecond

// lock is a POSIX record lock on a file. The kernel drops it when the process that took it ends, whatever
// the way, and names that process to others. So a lock tells which process is alive and is ours, which a
// process id written to a file cannot after the id has been reused.
//
// A process loses its lock when it closes any descriptor of the file; nothing else may open it.
type lock struct{ file *os.File }

// tryLock takes the lock on a file, or returns nil if another process has it.
func tryLock(path string) (*lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of a lock: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	err = unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return nil, file.Close()
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return &lock{file: file}, nil
}

// release gives the lock up.
func (l *lock) release() { _ = l.file.Close() }

// holder is the id of the process that has the lock on a file, or 0 if none has.
func holder(path string) (int, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("open a lock: %w", err)
	}
	defer file.Close()
	state := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &state); err != nil {
		return 0, fmt.Errorf("ask who has the lock %s: %w", path, err)
	}
	if state.Type == unix.F_UNLCK {
		return 0, nil
	}
	if state.Pid <= 0 {
		return 0, fmt.Errorf("the lock %s is held by a process that is not visible from here, "+
			"for instance outside of this container; stop that one first", path)
	}
	return int(state.Pid), nil
}

// awaitFree returns when no process has the lock on a file.
func awaitFree(ctx context.Context, path string) error {
	for {
		pid, err := holder(path)
		if err != nil || pid == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// Lock keeps other commands away from a sandbox until unlock is called or the process ends. While another one
// has the lock, it waits, after a line on progress.
func Lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	for told := false; ; told = true {
		lock, err := tryLock(path)
		if err != nil {
			return nil, err
		}
		if lock != nil {
			return lock.release, nil
		}
		if !told {
			fmt.Fprintln(progress, "Waiting for another command on this sandbox to end ...")
		}
		if err := awaitFree(ctx, path); err != nil {
			return nil, err
		}
	}
}
