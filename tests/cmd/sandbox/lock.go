package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a waiting process tries to take a lock.
const lockPoll = 20 * time.Millisecond

// tryLock takes the lock on a file, or returns nil if another process has it. The kernel drops the lock when every
// process that has the returned file open has closed it or ended, in whatever way. So a lock that is passed on to a child
// shows when both have ended. A process id does not, because ids are reused.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, file.Close()
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

// await takes the lock on a file as soon as no other process has it.
func await(ctx context.Context, path string) (*os.File, error) {
	for {
		file, err := tryLock(path)
		if err != nil || file != nil {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// lock keeps other commands away from a sandbox until the returned file is closed here and in the children that it was
// passed on to. While another one has the lock, it waits, after a line on progress.
func lock(ctx context.Context, path string, progress io.Writer) (*os.File, error) {
	file, err := tryLock(path)
	if err != nil || file != nil {
		return file, err
	}
	fmt.Fprintln(progress, "Waiting for another command on this sandbox to end ...")
	return await(ctx, path)
}
