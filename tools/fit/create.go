package fit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
)

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
