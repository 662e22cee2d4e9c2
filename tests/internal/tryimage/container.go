package tryimage

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

// unitsOfProcessor is how many CPU units are one vCPU.
const unitsOfProcessor = 1024

// surroundings are what the container gets beside what the task definition says.
type surroundings struct {
	// name is the container's name.
	name string
	// access are the variables with which the application reaches AWS, by name. Those that the task definition sets
	// stay as they are.
	access map[string]string
	// hosts are names that lead to this machine.
	hosts []string
	// processors is how many processors the engine has; it refuses a limit above that.
	processors int
}

// createArguments are the arguments of docker that make the container, and the variables that the command needs in its
// own environment: a secret is not on the command line, where every process of the machine could read it.
func (p Plan) createArguments(image string, around surroundings) (arguments, environment []string) {
	container := p.Container
	arguments = []string{
		"create", "--pull", "never", "--platform", p.Platform,
		"--name", around.name, "--label", label + "=" + image,
		// The engine may have another default whose log cannot be read back.
		"--log-driver", "json-file",
		"--publish", fmt.Sprintf("127.0.0.1::%d", p.Port),
	}
	add := func(words ...string) { arguments = append(arguments, words...) }
	for _, host := range around.hosts {
		add("--add-host", host+":host-gateway")
	}
	arguments = append(arguments, p.limits(around.processors)...)
	set := map[string]bool{}
	for _, variable := range container.Environment {
		name := aws.ToString(variable.Name)
		set[name] = true
		add("--env", name+"="+aws.ToString(variable.Value))
	}
	hidden := map[string]string{}
	maps.Copy(hidden, around.access)
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
		name string
		is   bool
	}{
		{"dependsOn", len(container.DependsOn) > 0},
		{"dnsServers", len(container.DnsServers) > 0},
		{"environmentFiles", len(container.EnvironmentFiles) > 0},
		{"extraHosts", len(container.ExtraHosts) > 0},
		{"mountPoints", len(container.MountPoints) > 0},
		{"systemControls", len(container.SystemControls) > 0},
		{"volumesFrom", len(container.VolumesFrom) > 0},
	} {
		if each.is {
			names = append(names, each.name)
		}
	}
	return strings.Join(names, ", ")
}
