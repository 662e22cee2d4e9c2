package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"mediaserver/tools/adopt"
)

// pulumi is the Pulumi CLI on a stack of the program.
type pulumi struct{ root, stack string }

// run runs the CLI with input as its standard input, and returns its output. Both may hold secrets: an error therefore
// shows standard error only.
func (p pulumi) run(ctx context.Context, input []byte, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "pulumi", append(arguments, "--stack", p.stack, "--non-interactive")...)
	command.Dir = p.root
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, exitError{exitMissing, errors.New("the Pulumi CLI is not on PATH; install it")}
	}
	if err != nil {
		return nil, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(arguments, " "), err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}

// export is the state of the stack, with its secrets in plain text.
func (p pulumi) export(ctx context.Context) ([]byte, error) {
	return p.run(ctx, nil, "stack", "export", "--show-secrets")
}

// insertRandomValues puts the two random values into the stack's state. They go to the CLI through a pipe, and the CLI
// encrypts what is secret. `pulumi import` would need the secret as an id, on the command line or in a file.
func insertRandomValues(ctx context.Context, stack pulumi, adopted *adopt.Adoption) (string, error) {
	exported, err := stack.export(ctx)
	if err != nil {
		return "", err
	}
	// It fails if the stack does not set it; then the default counts.
	imageTag, _ := stack.run(ctx, nil, "config", "get", "imageTag")
	complete, err := adopted.AddRandomValues(exported, strings.TrimSpace(string(imageTag)))
	if err != nil {
		return "", err
	}
	if complete == nil {
		return fmt.Sprintf("The random values are in the state of the stack %s already.\n", stack.stack), nil
	}
	if _, err := stack.run(ctx, complete, "stack", "import"); err != nil {
		return "", err
	}
	return fmt.Sprintf("The suffix of the bucket's name and the JWT secret are in the state of the stack %s, the secret encrypted.\n",
		stack.stack), nil
}
