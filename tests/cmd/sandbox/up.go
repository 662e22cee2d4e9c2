package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tools/shellword"
)

// up brings the sandbox up if it is not running, deploys the program, and says how to go on.
func up(ctx context.Context, place place, flags []string) error {
	lock, err := lock(ctx, place.lock(), os.Stderr)
	if err != nil {
		return err
	}
	defer lock.Close()
	stack, err := ensure(ctx, place)
	if err != nil {
		return err
	}
	if err := deploy(ctx, stack, lock, append([]string{"up", "--yes", "--skip-preview"}, flags...)...); err != nil {
		return err
	}
	script, takeDown := "scripts/sandbox", "make sandbox-down"
	if folder, err := os.Getwd(); err != nil || !sameFile(folder, place.root) {
		script = shellword.Quote(filepath.Join(place.root, script))
		takeDown = script + " down"
	}
	lines := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(lines, "\neval \"$(%s env)\"\t# points aws and pulumi in your shell at it\n", script)
	fmt.Fprintf(lines, "%s\t# takes it down\n", takeDown)
	return lines.Flush()
}

// deploy runs a command of the CLI that changes what is deployed. The CLI holds the lock, too: if this process alone is
// killed, the next command waits for the CLI.
func deploy(ctx context.Context, stack *sandbox.Stack, lock *os.File, arguments ...string) error {
	command := stack.Command(context.WithoutCancel(ctx), arguments...)
	command.ExtraFiles = []*os.File{lock}
	return interactive(ctx, command)
}

// ensure returns the stack of the running sandbox, and starts one if there is none that works.
func ensure(ctx context.Context, place place) (*sandbox.Stack, error) {
	options, err := place.options()
	if err != nil {
		return nil, err
	}
	process := daemon{options.Dir}
	stack, err := process.connect()
	if errors.Is(err, errNone) {
		lost, err := process.served()
		if err != nil {
			return nil, err
		}
		if lost {
			fmt.Fprintln(os.Stderr, "The emulated AWS account is gone (its process ended, or this machine was restarted), "+
				"and with it what was deployed there. Starting clean.")
		}
		return restart(ctx, place, options)
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
		return restart(ctx, place, options)
	case stack.Plugins != options.Plugins:
		return nil, fmt.Errorf("the sandbox is running with the %s plugins; take it down before you start it with the %s ones",
			stack.Plugins, options.Plugins)
	}
	return stack, nil
}

// restart starts a sandbox with an empty account, in place of any that there is.
func restart(ctx context.Context, place place, options sandbox.Options) (*sandbox.Stack, error) {
	process := daemon{options.Dir}
	if err := process.remove(ctx); err != nil {
		return nil, err
	}
	if err := sandbox.Prepare(ctx, options); err != nil {
		return nil, err
	}
	fmt.Fprintln(os.Stderr, "Starting the sandbox (about 2 seconds) ...")
	return process.launch(ctx, place.executable(), "serve")
}

// sameFile tells whether two paths lead to the same file.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
