package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mediaserver/tests/internal/sandbox"
)

// connect returns the stack of the running sandbox, or an error that says how to start it.
func connect(place place) (*sandbox.Stack, error) {
	stack, err := daemon{place.dir()}.connect()
	if errors.Is(err, errNone) {
		return nil, fmt.Errorf("%w; start it with make sandbox", err)
	}
	return stack, err
}

// pulumi becomes the Pulumi CLI. It runs in the current folder if that is in the repository, so that paths
// among its arguments mean what they say, and at the root otherwise.
func pulumi(ctx context.Context, place place, arguments []string) error {
	stack, err := connect(place)
	if err != nil {
		return err
	}
	folder, err := os.Getwd()
	if err != nil || !within(place.root, folder) {
		if err := os.Chdir(place.root); err != nil {
			return fmt.Errorf("run pulumi: %w", err)
		}
	}
	command := stack.Command(ctx, arguments...)
	if err := syscall.Exec(command.Path, command.Args, command.Env); err != nil {
		return fmt.Errorf("run %s: %w", command.Path, err)
	}
	return nil
}

// env prints what a shell has to evaluate to use the sandbox.
func env(place place) error {
	stack, err := connect(place)
	if err != nil {
		return err
	}
	fmt.Print(stack.Exports())
	return nil
}

// within tells whether a path is a folder or is inside of it.
func within(folder, path string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(folder, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
