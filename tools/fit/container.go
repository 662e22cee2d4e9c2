package fit

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// label marks the containers of this program: docker ps --all --filter label=try-image.
const label = "try-image"

// firstUnprivilegedPort is the first port that Linux lets every user listen on.
const firstUnprivilegedPort = 1024

// unitsOfProcessor is how many CPU units are one vCPU.
const unitsOfProcessor = 1024

// createArguments are the arguments with which docker makes the container, and the variables that the docker command needs
// in its own environment: on its command line, every process of the machine could read a secret. Variables that the task
// definition sets win. processors is the engine's number, above which it refuses a limit.
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
	// A task on AWS Fargate has no swap.
	memory := strconv.Itoa(p.Memory) + "m"
	share := min(float64(p.CPU)/unitsOfProcessor, float64(processors))
	add("--cpus", strconv.FormatFloat(share, 'f', -1, 64), "--memory", memory, "--memory-swap", memory)
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
	if user := aws.ToString(container.User); user != "" {
		add("--user", user)
	}
	if aws.ToBool(container.ReadonlyRootFilesystem) {
		add("--read-only")
	}
	if linux := container.LinuxParameters; linux != nil && aws.ToBool(linux.InitProcessEnabled) {
		add("--init")
	}
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

// honoured are the properties of a container that a trial honours, and those that mean nothing on a single machine. If the
// definition has any other, the user is told.
var honoured = []string{
	"Name", "Image", "Essential", "Cpu", "PortMappings", "LogConfiguration", "VersionConsistency",
	"Environment", "Secrets", "HealthCheck", "InitProcessEnabled", "User", "ReadonlyRootFilesystem", "EntryPoint", "Command",
}

// leftOut names the properties of a container definition, or of a part of it, that are set and that a trial ignores.
func leftOut(definition reflect.Value) []string {
	var names []string
	for i := range definition.NumField() {
		field, value := definition.Type().Field(i), reflect.Indirect(definition.Field(i))
		switch {
		case !field.IsExported() || slices.Contains(honoured, field.Name) || !value.IsValid() || value.IsZero():
		case field.Name == "LinuxParameters":
			names = append(names, leftOut(value)...)
		case value.Kind() != reflect.Slice && value.Kind() != reflect.Map || value.Len() > 0:
			names = append(names, strings.ToLower(field.Name[:1])+field.Name[1:])
		}
	}
	return names
}
