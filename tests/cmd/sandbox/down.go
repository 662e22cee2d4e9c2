package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"mediaserver/tests/internal/sandbox"
)

// down destroys what is deployed, ends the sandbox process and removes the folder. If destroy fails, the exit status says
// so, and the rest disappears with the emulated account.
func down(ctx context.Context, place place) error {
	lock, err := lock(ctx, place.lock(), os.Stderr)
	if err != nil {
		return err
	}
	defer lock.Close()
	process := daemon{place.dir()}
	exists, err := process.exists()
	if err != nil {
		return err
	}
	if !exists {
		fmt.Fprintln(os.Stderr, "There is no sandbox.")
		return nil
	}
	failure := destroy(ctx, process, lock)
	if failure != nil && ctx.Err() != nil {
		return failure
	}
	// The emulator may have been ending when destroy began.
	if _, err := process.connect(); failure != nil && errors.Is(err, errNone) {
		fmt.Fprintln(os.Stderr, "The emulated AWS account has ended meanwhile, and with it what was deployed.")
		failure = nil
	}
	if err := process.remove(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(failure, err)
	}
	if failure != nil {
		return fmt.Errorf("the sandbox is removed, but what was deployed in it could not be destroyed first: %w", failure)
	}
	fmt.Fprintln(os.Stderr, "The sandbox is removed.")
	return nil
}

// destroy deletes the stack's resources. It is no error if the emulated account is gone already.
func destroy(ctx context.Context, process daemon, lock *os.File) error {
	stack, err := process.connect()
	if errors.Is(err, errNone) {
		fmt.Fprintln(os.Stderr, "The emulated AWS account has ended already, so there is nothing to destroy.")
		return nil
	}
	if err != nil {
		return err
	}
	if killed, err := stack.Killed(); err != nil {
		return err
	} else if killed {
		fmt.Fprintln(os.Stderr, "The last run was killed, so what it deployed disappears with the emulated AWS account.")
		return nil
	}
	protected, err := anyProtected(stack)
	if err != nil {
		return err
	}
	if protected {
		fmt.Fprintln(os.Stderr, "Removing the protection of protectData, as this account is only emulated.")
		if err := deploy(ctx, stack, lock, "state", "unprotect", "--all", "--yes"); err != nil {
			return err
		}
	}
	return deploy(ctx, stack, lock, "destroy", "--yes", "--skip-preview", "--remove")
}

// anyProtected tells whether Pulumi would refuse to delete a resource of the stack. It reads the state itself, because
// state unprotect takes a run of the CLI and fails on a stack that was never deployed.
func anyProtected(stack *sandbox.Stack) (bool, error) {
	path, err := stack.StateFile()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("look for protected resources: %w", err)
	}
	type resource struct{ Protect bool }
	var state struct {
		Checkpoint struct {
			Latest struct{ Resources []resource }
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return false, fmt.Errorf("look for protected resources in %s: %w", path, err)
	}
	return slices.ContainsFunc(state.Checkpoint.Latest.Resources, func(r resource) bool { return r.Protect }), nil
}
