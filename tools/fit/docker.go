package fit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// docker runs docker with additional variables and returns its exit code. An error means that there is none.
type docker func(ctx context.Context, variables, arguments []string, stdout, stderr io.Writer) (int, error)

// command is the docker command of this machine. It is the command rather than the engine's API, because the command finds
// the engine wherever its contexts and variables say.
func command(ctx context.Context, variables, arguments []string, stdout, stderr io.Writer) (int, error) {
	command := exec.CommandContext(ctx, "docker", arguments...)
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
}

// failure is a docker command that failed.
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
func (d docker) run(ctx context.Context, variables []string, arguments ...string) (string, error) {
	var output, messages bytes.Buffer
	exit, err := d(ctx, variables, arguments, &output, &messages)
	if err != nil {
		return "", fmt.Errorf("docker %s: %w", arguments[0], err)
	}
	if exit != 0 {
		return "", &failure{verb: arguments[0], exit: exit, message: strings.TrimSpace(output.String() + messages.String())}
	}
	return strings.TrimSpace(output.String()), nil
}

// check returns a Verdict unless an engine answers.
func (d docker) check(ctx context.Context) error {
	if _, err := d.run(ctx, nil, "version"); err != nil {
		return &Verdict{Code: NoEngine, Problem: err.Error(),
			Remedy: "Install docker (https://docs.docker.com/engine/install/, or docker.io on Debian), start its engine " +
				"(systemctl start docker), and make sure that this user may use it."}
	}
	return nil
}

// container is what docker tells about a container.
type container struct {
	ID    string
	State struct {
		Running, OOMKilled bool
		ExitCode, Pid      int
	}
	Config          struct{ User string }
	NetworkSettings struct {
		// Ports are the places on this machine where its ports are published, by names such as 3000/tcp.
		Ports map[string][]struct{ HostIP, HostPort string }
	}
}

// address is where a port of the container is reached from here, such as 127.0.0.1:32768. Empty if it has ended.
func (c container) address(port int) string {
	for _, published := range c.NetworkSettings.Ports[fmt.Sprintf("%d/tcp", port)] {
		return published.HostIP + ":" + published.HostPort
	}
	return ""
}

const (
	// firstUnprivilegedPort is the first port that Linux lets every user listen on.
	firstUnprivilegedPort = 1024
	// unitsOfProcessor is how many CPU units are one vCPU.
	unitsOfProcessor = 1024
	// quotaPeriod is the time in microseconds in which a container may use its quota of processor time.
	quotaPeriod = 100_000
)

// createArguments are the arguments with which docker makes the container, and the variables that the docker command needs
// in its own environment: on its command line, every process of the machine could read a secret. Variables that the task
// definition sets win.
func (p plan) createArguments(image, name string) (arguments, environment []string) {
	// A task on AWS Fargate has no swap.
	memory := strconv.Itoa(p.memory) + "m"
	arguments = []string{
		"create", "--pull", "never", "--platform", p.platform, "--name", name,
		// The engine may have another default whose log cannot be read back.
		"--log-driver", "json-file",
		"--publish", fmt.Sprintf("127.0.0.1::%d", p.port),
		// Docker lets every user listen on every port. AWS Fargate does not, and no task definition for it can say this
		// (aws/containers-roadmap#1721).
		"--sysctl", fmt.Sprintf("net.ipv4.ip_unprivileged_port_start=%d", firstUnprivilegedPort),
		// Unlike --cpus, a quota may be above what the machine has.
		"--cpu-period", strconv.Itoa(quotaPeriod), "--cpu-quota", strconv.Itoa(p.cpu * quotaPeriod / unitsOfProcessor),
		"--memory", memory, "--memory-swap", memory,
	}
	add := func(words ...string) { arguments = append(arguments, words...) }
	hidden := maps.Clone(p.variables)
	for _, variable := range p.container.Environment {
		add("--env", *variable.Name+"="+aws.ToString(variable.Value))
		delete(hidden, *variable.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		add("--env", name)
		environment = append(environment, name+"="+hidden[name])
	}
	if user := aws.ToString(p.container.User); user != "" {
		add("--user", user)
	}
	if aws.ToBool(p.container.ReadonlyRootFilesystem) {
		add("--read-only")
	}
	if linux := p.container.LinuxParameters; linux != nil && aws.ToBool(linux.InitProcessEnabled) {
		add("--init")
	}
	entryPoint := p.container.EntryPoint
	if len(entryPoint) > 0 {
		add("--entrypoint", entryPoint[0])
		entryPoint = entryPoint[1:]
	}
	add(image)
	add(entryPoint...)
	add(p.container.Command...)
	return arguments, environment
}
