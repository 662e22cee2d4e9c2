package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mediaserver/tests/internal/sandbox"
)

// underway is the file that is there while a command of ours changes what is deployed. If it is there when the next
// one begins, which waits for the end of this one, this one was killed.
func (p place) underway() string { return filepath.Join(p.dir(), "underway") }

// killed tells whether the last command was killed while it changed what is deployed. State and account may then
// differ, and the state may be locked.
func (p place) killed() (bool, error) {
	_, err := os.Stat(p.underway())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether the last run was killed: %w", err)
	}
	return true, nil
}

// deploy runs a command of the CLI that changes what is deployed to its end, whatever that is.
func deploy(ctx context.Context, place place, stack *sandbox.Stack, arguments ...string) error {
	if err := os.WriteFile(place.underway(), nil, 0o600); err != nil {
		return fmt.Errorf("note that a run is under way: %w", err)
	}
	failure := interactive(ctx, stack.Command(context.WithoutCancel(ctx), arguments...))
	if err := os.Remove(place.underway()); err != nil {
		return errors.Join(failure, fmt.Errorf("note that a run has ended: %w", err))
	}
	return failure
}
