package fit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// label marks the containers of this program: docker ps --all --filter label=try-image.
const label = "try-image"

// firstUnprivilegedPort is the first port that Linux lets every user listen on.
const firstUnprivilegedPort = 1024

// unitsOfProcessor is how many CPU units are one vCPU.
const unitsOfProcessor = 1024

// createArguments are the arguments of docker that make the container, and the variables that the command needs in its
// own environment: a secret is not on the command line, where every process of the machine could read it. Variables that
// the task definition sets stay as they are. The engine refuses a limit above its number of processors.
//
// The options come from the task definition alone, and so nothing is given that AWS Fargate would not give: no further
// capability, no privilege, no folder or device of the machine.
func (p Plan) createArguments(image, name string, access access, processors int) (arguments, environment []string) {
	container := p.Container
	arguments = []string{
		"create", "--pull", "never", "--platform", p.Platform,
		"--name", name, "--label", label + "=" + image,
		// The engine may have another default whose log cannot be read back.
		"--log-driver", "json-file",
		"--publish", fmt.Sprintf("127.0.0.1::%d", p.Port),
		// Docker lets every user listen on every port. AWS Fargate does not, and no task definition for it can say this
		// (aws/containers-roadmap#1721).
		"--sysctl", fmt.Sprintf("net.ipv4.ip_unprivileged_port_start=%d", firstUnprivilegedPort),
	}
	add := func(words ...string) { arguments = append(arguments, words...) }
	for _, host := range access.hosts {
		add("--add-host", host+":host-gateway")
	}
	arguments = append(arguments, p.limits(processors)...)
	set := map[string]bool{}
	for _, variable := range container.Environment {
		name := aws.ToString(variable.Name)
		set[name] = true
		add("--env", name+"="+aws.ToString(variable.Value))
	}
	hidden := map[string]string{}
	maps.Copy(hidden, access.variables)
	maps.Copy(hidden, p.Secrets)
	for _, name := range slices.Sorted(maps.Keys(hidden)) {
		if !set[name] {
			add("--env", name)
			environment = append(environment, name+"="+hidden[name])
		}
	}
	arguments = append(arguments, processOptions(container)...)
	entryPoint := container.EntryPoint
	if len(entryPoint) > 0 {
		add("--entrypoint", entryPoint[0])
		entryPoint = entryPoint[1:]
	}
	add(image)
	add(entryPoint...)
	add(container.Command...)
	return arguments, environment
}

// limits are the options for processor and memory. A task on AWS Fargate has no swap.
func (p Plan) limits(processors int) []string {
	memory := p.Memory
	if own := int(aws.ToInt32(p.Container.Memory)); own > 0 {
		memory = own
	}
	share := min(float64(p.CPU)/unitsOfProcessor, float64(processors))
	limit := strconv.Itoa(memory) + "m"
	return []string{
		"--cpus", strconv.FormatFloat(share, 'f', -1, 64),
		"--memory", limit, "--memory-swap", limit,
	}
}

// processOptions are the options for how the container's process runs.
func processOptions(container ecstypes.ContainerDefinition) []string {
	var options []string
	add := func(words ...string) { options = append(options, words...) }
	if user := aws.ToString(container.User); user != "" {
		add("--user", user)
	}
	if folder := aws.ToString(container.WorkingDirectory); folder != "" {
		add("--workdir", folder)
	}
	if aws.ToBool(container.ReadonlyRootFilesystem) {
		add("--read-only")
	}
	if aws.ToBool(container.PseudoTerminal) {
		add("--tty")
	}
	if aws.ToBool(container.Interactive) {
		add("--interactive")
	}
	for _, limit := range container.Ulimits {
		add("--ulimit", fmt.Sprintf("%s=%d:%d", limit.Name, limit.SoftLimit, limit.HardLimit))
	}
	if seconds := aws.ToInt32(container.StopTimeout); seconds > 0 {
		add("--stop-timeout", strconv.Itoa(int(seconds)))
	}
	if linux := container.LinuxParameters; linux != nil {
		if aws.ToBool(linux.InitProcessEnabled) {
			add("--init")
		}
		if linux.Capabilities != nil {
			for _, capability := range linux.Capabilities.Add {
				add("--cap-add", capability)
			}
			for _, capability := range linux.Capabilities.Drop {
				add("--cap-drop", capability)
			}
		}
	}
	return options
}

// leftOut names what the container's definition says and this program does not do.
func leftOut(container ecstypes.ContainerDefinition) string {
	var names []string
	for _, each := range []struct {
		name  string
		count int
	}{
		{"dependsOn", len(container.DependsOn)},
		{"environmentFiles", len(container.EnvironmentFiles)},
		{"mountPoints", len(container.MountPoints)},
		{"systemControls", len(container.SystemControls)},
		{"volumesFrom", len(container.VolumesFrom)},
	} {
		if each.count > 0 {
			names = append(names, each.name)
		}
	}
	return strings.Join(names, ", ")
}
