package fit

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

// Docker is the docker command of this machine. It is the command rather than the engine's API, because the command finds
// the engine wherever its contexts and variables say.
type Docker struct {
	// call runs docker with arguments and additional variables, and returns its exit code. An error means that there is
	// none.
	call func(ctx context.Context, variables, arguments []string, stdout, stderr io.Writer) (int, error)
}

// FindDocker finds docker and its engine, or returns a Verdict.
func FindDocker(ctx context.Context) (Docker, error) {
	path, err := exec.LookPath("docker")
	if err != nil {
		return Docker{}, &Verdict{Code: NoEngine, Problem: "docker is not on PATH",
			Remedy: "Install it (https://docs.docker.com/engine/install/, or docker.io on Debian); without it no image can be tried."}
	}
	docker := Docker{call: func(ctx context.Context, variables, arguments []string, stdout, stderr io.Writer) (int, error) {
		command := exec.CommandContext(ctx, path, arguments...)
		command.Env = append(os.Environ(), variables...)
		command.Stdout, command.Stderr = stdout, stderr
		// In a process group of its own, docker survives a Ctrl-C in the terminal: this program cleans up first.
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		command.WaitDelay = time.Second
		err := command.Run()
		if exit := new(exec.ExitError); errors.As(err, &exit) && ctx.Err() == nil {
			return exit.ExitCode(), nil
		}
		return 0, errors.Join(context.Cause(ctx), err)
	}}
	return docker, docker.check(ctx)
}

// check returns a Verdict unless an engine answers that runs Linux.
func (d Docker) check(ctx context.Context) error {
	platform, err := d.run(ctx, nil, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
	if failed := new(failure); errors.As(err, &failed) {
		return &Verdict{Code: NoEngine, Problem: "docker does not answer: " + failed.message,
			Remedy: "Start its engine (Docker Desktop, or systemctl start docker), and make sure that this user may use it."}
	}
	if err == nil && !strings.HasPrefix(platform, "linux/") {
		return &Verdict{Code: NoEngine, Problem: "docker runs containers of " + platform + ", and the tasks run Linux",
			Remedy: "Switch Docker Desktop to Linux containers."}
	}
	return err
}

// failure is what a failed docker command has said.
type failure struct {
	verb string
	exit int
	// message is what it has printed, including standard output, where docker says why it cannot start the program of an
	// exec.
	message string
}

func (f *failure) Error() string {
	return fmt.Sprintf("docker %s: %s (exit code %d)", f.verb, f.message, f.exit)
}

// run runs a docker command and returns its standard output without the white space around it.
func (d Docker) run(ctx context.Context, variables []string, arguments ...string) (string, error) {
	var output, messages bytes.Buffer
	exit, err := d.call(ctx, variables, arguments, &output, &messages)
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", arguments[0], err)
	}
	if exit != 0 {
		return "", &failure{verb: arguments[0], exit: exit, message: strings.TrimSpace(output.String() + messages.String())}
	}
	return strings.TrimSpace(output.String()), nil
}

// containerState is the state of a container, as docker tells it.
type containerState struct {
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

// remove removes a container, running or not, with its volumes. It is no error if there is none.
func (d Docker) remove(ctx context.Context, name string) error {
	_, err := d.run(ctx, nil, "rm", "--force", "--volumes", name)
	if failed := new(failure); errors.As(err, &failed) && strings.Contains(strings.ToLower(failed.message), "no such container") {
		return nil
	}
	return err
}
