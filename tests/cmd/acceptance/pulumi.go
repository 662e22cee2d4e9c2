package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// execute runs a program to its end, and returns what it printed to standard output, and all that it printed. It is an error
// if the exit code is not the given one. When the context ends, the program gets an interrupt, once, and all the time that it
// needs to end in good order: Pulumi waits for the operations under way and writes down what they made. Only when the run is
// abandoned it is interrupted again and then killed.
func (r *run) execute(ctx context.Context, code int, name string, arguments ...string) (stdout, printed string, err error) {
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
	}
	fmt.Fprintf(r.log, "\n$ %s %s\n", name, strings.Join(arguments, " "))
	var output, errors bytes.Buffer
	command := exec.CommandContext(r.Abandoned, name, arguments...)
	command.Dir, command.Env = r.Folder, r.Environment.Environ()
	command.Stdout, command.Stderr = io.MultiWriter(&output, r.log), io.MultiWriter(&errors, r.log)
	// Ctrl-C on the terminal reaches the run alone, which decides what becomes of its programs.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	if err := command.Start(); err != nil {
		return "", "", fmt.Errorf("run %s: %w", name, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Signal(os.Interrupt) })
	_ = command.Wait()
	if r.Abandoned.Err() != nil {
		// What it started would go on beside the commands that are printed now.
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	}
	stop()
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
	}
	printed = output.String() + errors.String()
	if got := command.ProcessState.ExitCode(); got != code {
		return "", "", fmt.Errorf("%s %s ended with exit code %d, want %d:\n%s", name, strings.Join(arguments, " "), got, code, printed)
	}
	return output.String(), printed, nil
}

// pulumi runs the Pulumi CLI and returns what it printed to standard output.
func (r *run) pulumi(ctx context.Context, arguments ...string) (string, error) {
	printed, _, err := r.execute(ctx, 0, r.CLI, append([]string{"--non-interactive", "--color", "never"}, arguments...)...)
	return printed, err
}

// set changes a setting of the stack.
func (r *run) set(ctx context.Context, key string, value int) error {
	r.settings[key] = value
	_, err := r.pulumi(ctx, "config", "set", "mediaserver:"+key, fmt.Sprint(value))
	return err
}

// up deploys the stack, and reads its outputs.
func (r *run) up(ctx context.Context) error {
	if _, err := r.pulumi(ctx, "up", "--yes", "--skip-preview"); err != nil {
		return err
	}
	printed, err := r.pulumi(ctx, "stack", "output", "--json")
	if err != nil {
		return err
	}
	r.outputs = nil
	if err := json.Unmarshal([]byte(printed), &r.outputs); err != nil {
		return fmt.Errorf("read the stack's outputs: %w", err)
	}
	return nil
}

// unchanged is an error if a preview finds a change.
func (r *run) unchanged(ctx context.Context) error {
	_, err := r.pulumi(ctx, "preview", "--diff", "--expect-no-changes")
	return err
}

// planned are the changes that a preview finds, as operation, type and name, sorted.
func (r *run) planned(ctx context.Context) ([]string, error) {
	printed, err := r.pulumi(ctx, "preview", "--json")
	if err != nil {
		return nil, err
	}
	var plan struct {
		Steps []struct {
			Op  string
			URN resource.URN
		}
	}
	if err := json.Unmarshal([]byte(printed), &plan); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	var changes []string
	for _, step := range plan.Steps {
		// The stack itself changes when an output does.
		if step.Op != "same" && step.Op != "read" && step.URN.Type() != resource.RootStackType {
			changes = append(changes, fmt.Sprintf("%s %s %s", step.Op, step.URN.Type().Name(), step.URN.Name()))
		}
	}
	slices.Sort(changes)
	return changes, nil
}
