// Package external runs other programs.
package external

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// shownLines is how many of the last lines that a program printed to standard error an error repeats.
const shownLines = 5

// Output runs a program and returns its standard output. The error of a program that fails is the end of what it printed
// to standard error, or why it did not run.
func Output(ctx context.Context, name string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	// Whatever the program left running may hold its output open.
	command.WaitDelay = time.Second
	var messages bytes.Buffer
	command.Stderr = &messages
	output, err := command.Output()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return output, nil
	}
	if said := strings.TrimSpace(messages.String()); said != "" {
		lines := strings.Split(said, "\n")
		err = errors.New(strings.Join(lines[max(0, len(lines)-shownLines):], "\n"))
	}
	return nil, err
}
