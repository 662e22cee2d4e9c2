package tryimage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Docker is the docker command of this machine. The command, and not the engine's API, because it finds the engine
// wherever its contexts and variables say.
type Docker struct{ path string }

// failure is what a docker command that failed has said.
type failure struct {
	// command is its verb, such as "image inspect".
	command string
	// exit is its exit code.
	exit int
	// message is what it has printed on standard error, and before that on standard output: there docker says why
	// the program of an exec cannot be started.
	message string
}

func (f *failure) Error() string {
	return fmt.Sprintf("docker %s: %s (exit code %d)", f.command, f.message, f.exit)
}

// command is a docker command in a process group of its own: a Ctrl-C in the terminal ends this program, which then
// takes away what docker has made.
func (d Docker) command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, d.path, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = time.Second
	return command
}

// run runs a docker command and returns its standard output without white space around it. The extra variables are
// for the command's environment only.
func (d Docker) run(ctx context.Context, extra []string, arguments ...string) (string, error) {
	command := d.command(ctx, arguments...)
	command.Env = append(os.Environ(), extra...)
	var output, messages bytes.Buffer
	command.Stdout, command.Stderr = &output, &messages
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		said := strings.TrimSpace(output.String() + messages.String())
		return "", &failure{command: verb(arguments), exit: exit.ExitCode(), message: said}
	}
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", verb(arguments), errors.Join(context.Cause(ctx), err))
	}
	return strings.TrimSpace(output.String()), nil
}

// verb are the words of a command before its first option or name.
func verb(arguments []string) string {
	if len(arguments) > 1 && (arguments[0] == "image" || arguments[0] == "network") {
		return strings.Join(arguments[:2], " ")
	}
	return arguments[0]
}

// platform is what the engine runs without emulation, such as linux/amd64. It fails if no engine answers.
func (d Docker) platform(ctx context.Context) (string, error) {
	return d.run(ctx, nil, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
}

// processors is how many processors the engine has.
func (d Docker) processors(ctx context.Context) (int, error) {
	output, err := d.run(ctx, nil, "info", "--format", "{{.NCPU}}")
	if err != nil {
		return 0, err
	}
	var count int
	if _, err := fmt.Sscan(output, &count); err != nil {
		return 0, fmt.Errorf("docker info: %q is no number of processors", output)
	}
	return count, nil
}

// containerState is the state of a container, as docker tells it.
type containerState struct {
	Status    string
	Running   bool
	OOMKilled bool
	ExitCode  int
	Pid       int
	// ID is the container's full id.
	ID string `json:"-"`
}

func (d Docker) state(ctx context.Context, name string) (containerState, error) {
	output, err := d.run(ctx, nil, "inspect", "--type", "container", "--format", "{{.Id}} {{json .State}}", name)
	if err != nil {
		return containerState{}, err
	}
	id, text, _ := strings.Cut(output, " ")
	state := containerState{ID: id}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return state, fmt.Errorf("docker inspect: the state of %s is %q: %w", name, text, err)
	}
	return state, nil
}

// address is where this machine reaches a port of a container.
func (d Docker) address(ctx context.Context, name string, port int) (string, error) {
	output, err := d.run(ctx, nil, "port", name, fmt.Sprintf("%d/tcp", port))
	if err != nil {
		return "", err
	}
	address, _, _ := strings.Cut(output, "\n")
	return address, nil
}

// lastLines are the last lines that a container has printed.
func (d Docker) lastLines(ctx context.Context, name string, count int) ([]string, error) {
	command := d.command(ctx, "logs", "--tail", fmt.Sprint(count), name)
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("docker logs: %w", err)
	}
	text := strings.TrimRight(string(output), "\n")
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

// follow copies what a container prints, from its start, to output, a prefix before each line. The returned function
// waits until the container has ended and all is copied, or at most the given time.
func (d Docker) follow(ctx context.Context, name, prefix string, output io.Writer) (drain func(time.Duration), err error) {
	command := d.command(ctx, "logs", "--follow", name)
	lines := &prefixed{prefix: prefix, output: output}
	command.Stdout, command.Stderr = lines, lines
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("docker logs: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// However it ends, the log was shown as far as it went.
		_ = command.Wait()
		lines.flush()
	}()
	return func(limit time.Duration) {
		select {
		case <-ended:
		case <-time.After(limit):
		}
	}, nil
}

// remove removes a container, running or not, with its volumes. It is no error if there is none.
func (d Docker) remove(ctx context.Context, name string) error {
	_, err := d.run(ctx, nil, "rm", "--force", "--volumes", name)
	var failed *failure
	if errors.As(err, &failed) && strings.Contains(strings.ToLower(failed.message), "no such container") {
		return nil
	}
	return err
}
