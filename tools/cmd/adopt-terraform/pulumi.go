package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"mediaserver/tools/adopt"
)

// pulumi is the Pulumi CLI on a stack of the program.
type pulumi struct{ root, stack string }

// run runs the CLI and returns its output, which may hold secrets: an error therefore shows standard error only. input
// is its standard input.
func (p pulumi) run(ctx context.Context, input io.Reader, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "pulumi", append(arguments, "--stack", p.stack, "--non-interactive")...)
	command.Dir = p.root
	command.Stdin = input
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, exitError{exitMissing, errors.New("the Pulumi CLI is not on PATH; install it")}
	}
	if err != nil {
		return nil, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(arguments, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// export is the state of the stack.
func (p pulumi) export(ctx context.Context, flags ...string) (*adopt.Deployment, error) {
	exported, err := p.run(ctx, nil, append([]string{"stack", "export"}, flags...)...)
	if err != nil {
		return nil, err
	}
	return adopt.ReadDeployment(exported, p.stack)
}

// insertRandomValues puts the two random values into the stack's state. They go to the CLI through a pipe, and the CLI
// encrypts the secret. `pulumi import` would need it as an id, on the command line or in a file.
func insertRandomValues(ctx context.Context, stack pulumi, adopted *adopt.Adoption, stdout io.Writer) error {
	deployment, err := stack.export(ctx)
	if err != nil {
		return err
	}
	if err := adopted.CheckImported(deployment); err != nil {
		return err
	}
	// It fails if the stack does not set it; then the default counts.
	imageTag, _ := stack.run(ctx, nil, "config", "get", "imageTag")
	if err := adopted.CheckRevision(deployment, strings.TrimSpace(string(imageTag))); err != nil {
		return err
	}
	revealed, err := stack.export(ctx, "--show-secrets")
	if err != nil {
		return err
	}
	if err := adopted.CheckSecret(revealed); err != nil {
		return err
	}
	if err := adopted.InsertRandomValues(deployment, revealed); errors.Is(err, adopt.ErrDone) {
		_, err := fmt.Fprintf(stdout, "The random values are in the state of the stack %s already.\n", stack.stack)
		return err
	} else if err != nil {
		return err
	}
	var inPlain bytes.Buffer
	if err := deployment.Write(&inPlain); err != nil {
		return err
	}
	if _, err := stack.run(ctx, &inPlain, "stack", "import"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The suffix of the bucket's name and the JWT secret are in the state of the stack %s, the secret encrypted.\n", stack.stack)
	return err
}
