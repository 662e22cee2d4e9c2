package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tools/shellword"
)

// up brings the sandbox up if it is not running, deploys the program, and says how to go on.
func up(ctx context.Context, place place, flags []string) error {
	lock, err := lock(ctx, place)
	if err != nil {
		return err
	}
	defer lock.Close()
	stack, err := ensure(ctx, place)
	if err != nil {
		return err
	}
	if err := deploy(stack, append([]string{"up", "--yes", "--skip-preview"}, flags...)...); err != nil {
		return err
	}
	script := filepath.Join(place.root, "scripts", "sandbox")
	if relative, err := filepath.Rel(here(), script); err == nil {
		script = relative
	}
	script = shellword.Quote(script)
	fmt.Printf("\neval \"$(%s env)\"   # points aws and pulumi in your shell at it\n", script)
	fmt.Printf("%s down   # takes it down\n", script)
	return nil
}

// lock keeps other commands away from the sandbox until the returned file is closed. While another one has the lock,
// it waits, after a line that says so.
func lock(ctx context.Context, place place) (*os.File, error) {
	file, locked, err := tryLock(place.lock(), os.O_CREATE)
	if err != nil || locked {
		return file, err
	}
	fmt.Fprintln(os.Stderr, "Waiting for another command on this sandbox to end ...")
	return file, await(ctx, file)
}

// ensure returns the stack of the running sandbox, and starts one if there is none that works.
func ensure(ctx context.Context, place place) (*sandbox.Stack, error) {
	plugins, err := choosePlugins()
	if err != nil {
		return nil, err
	}
	stack, err := connect(ctx, place)
	if errors.Is(err, errNone) {
		if last, err := place.last(); err == nil && last.Emulator != "" {
			fmt.Fprintln(os.Stderr, "The emulated AWS account is gone (its process ended, or this machine was restarted), "+
				"and with it what was deployed there. Starting clean.")
		}
		return restart(ctx, place)
	}
	if err != nil {
		return nil, err
	}
	killed, err := stack.Killed()
	switch {
	case err != nil:
		return nil, err
	case killed:
		fmt.Fprintln(os.Stderr, "The last run was killed, so what it has deployed is not certain. Starting clean.")
		return restart(ctx, place)
	case stack.Plugins != plugins:
		return nil, fmt.Errorf("the sandbox is running with the %s plugins; take it down before you start it with the "+
			"%s ones", stack.Plugins, plugins)
	}
	return stack, nil
}

// restart starts a sandbox with an empty account, in place of any that there is.
func restart(ctx context.Context, place place) (*sandbox.Stack, error) {
	if err := remove(ctx, place); err != nil {
		return nil, err
	}
	if err := sandbox.Prepare(ctx, place.root); err != nil {
		return nil, err
	}
	fmt.Fprintln(os.Stderr, "Starting the sandbox (about 2 seconds) ...")
	return launch(ctx, place)
}

// down destroys what is deployed, ends the sandbox process and removes the folder. If destroy fails, the exit status
// says so, and the rest disappears with the emulated account.
func down(ctx context.Context, place place) error {
	lock, err := lock(ctx, place)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(place.dir()); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "There is no sandbox.")
		return nil
	}
	failure := destroy(ctx, place)
	if failure != nil && ctx.Err() != nil {
		return failure
	}
	if err := remove(ctx, place); err != nil {
		return errors.Join(failure, err)
	}
	fmt.Fprintln(os.Stderr, "The sandbox is removed.")
	return failure
}

// destroy deletes the stack's resources. It is no error if the emulated account is gone already.
func destroy(ctx context.Context, place place) error {
	stack, err := connect(ctx, place)
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
	// The state says so itself: state unprotect takes a run of the CLI and fails on a stack that was never deployed.
	state, err := os.ReadFile(stack.StateFile())
	if err != nil {
		return fmt.Errorf("look for protected resources: %w", err)
	}
	if bytes.Contains(state, []byte(`"protect":true`)) {
		fmt.Fprintln(os.Stderr, "Removing the protection of protectData, as this account is only emulated.")
		if err := deploy(stack, "state", "unprotect", "--all", "--yes"); err != nil {
			return err
		}
	}
	return deploy(stack, "destroy", "--yes", "--skip-preview", "--remove")
}

// deploy runs a command of the CLI that changes what is deployed, on this process's own input and output.
func deploy(stack *sandbox.Stack, arguments ...string) error {
	// Ctrl-C on a terminal reaches the CLI directly, as a member of the same process group. What asks this process
	// alone to end is passed on as an interrupt, after which the CLI ends in good order.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	command := stack.Command(ctx, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exitStatus(max(exit.ExitCode(), 1))
	}
	return err
}
