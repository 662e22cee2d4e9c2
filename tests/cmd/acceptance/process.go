package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// processes runs the programs of a run, each in a process group of its own: Ctrl-C on the terminal then reaches the
// run alone, which decides what becomes of them.
type processes struct {
	environment []string
	folder      string
	// log takes all that the programs print.
	log *os.File
	// abandon is closed when nobody waits for a program to end in good order any more.
	abandon <-chan struct{}
}

// outcome is what a program printed.
type outcome struct{ stdout, stderr string }

// killDelay is how long an abandoned program may take to end after its last interrupt.
const killDelay = 5 * time.Second

// run runs a program to its end; it is an error if its exit code is not the given one. When the context ends the program
// gets an interrupt, once, and all the time that it needs to end in good order: Pulumi waits for the operations under
// way and writes down what they made. Only when the run is abandoned it is interrupted again and then killed.
func (p processes) run(ctx context.Context, code int, name string, arguments ...string) (outcome, error) {
	if ctx.Err() != nil {
		return outcome{}, errInterrupted
	}
	fmt.Fprintf(p.log, "\n$ %s %s\n", name, strings.Join(arguments, " "))
	var stdout, stderr bytes.Buffer
	command := exec.Command(name, arguments...)
	command.Dir, command.Env = p.folder, p.environment
	command.Stdout, command.Stderr = io.MultiWriter(&stdout, p.log), io.MultiWriter(&stderr, p.log)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Something that the program started may hold its output open for longer than it lives.
	command.WaitDelay = killDelay
	if err := command.Start(); err != nil {
		return outcome{}, fmt.Errorf("run %s: %w", name, err)
	}
	ended := make(chan struct{})
	go p.stop(ctx, command.Process, ended)
	_ = command.Wait()
	close(ended)
	result := outcome{stdout.String(), stderr.String()}
	if ctx.Err() != nil {
		return result, errInterrupted
	}
	if got := command.ProcessState.ExitCode(); got != code {
		return result, fmt.Errorf("%s %s ended with exit code %d, want %d:\n%s",
			name, strings.Join(arguments, " "), got, code, lastLines(result.stdout+result.stderr))
	}
	return result, nil
}

// stop ends a program that must not go on.
func (p processes) stop(ctx context.Context, process *os.Process, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-p.abandon:
	case <-ctx.Done():
		_ = process.Signal(os.Interrupt)
		select {
		case <-ended:
			return
		case <-p.abandon:
		}
	}
	_ = process.Signal(os.Interrupt)
	select {
	case <-ended:
	case <-time.After(killDelay):
		_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
	}
}

// lastLines are the last lines that a program printed.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}
