package awsprovider

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

func checkContainers(in *taskDefinitionInputs, problems *provider.Problems) {
	const path = "containerDefinitions"
	if !problems.Known(path) {
		return
	}
	var containers []types.ContainerDefinition
	if err := decodeJSON(in.Containers, &containers); err != nil {
		problems.Refuse(path, in.Containers, "must be a list of container definitions as JSON: "+err.Error())
		return
	}
	essential := false
	for i, container := range containers {
		at := path + "[" + strconv.Itoa(i) + "]"
		ecsName.check(problems, at+".name", deref(container.Name))
		if deref(container.Image) == "" {
			problems.Refuse(at+".image", "", "must be stated")
		}
		// A container is essential unless it says otherwise.
		essential = essential || container.Essential == nil || *container.Essential
		for j, mapping := range container.PortMappings {
			if deref(in.NetworkMode) == "awsvpc" && mapping.HostPort != nil && *mapping.HostPort != deref(mapping.ContainerPort) {
				problems.Refuse(at+".portMappings["+strconv.Itoa(j)+"].hostPort", *mapping.HostPort,
					"must equal containerPort in the network mode awsvpc")
			}
		}
		if check := container.HealthCheck; check != nil {
			checkContainerHealth(problems, at+".healthCheck", check)
		}
		if container.LogConfiguration != nil && container.LogConfiguration.LogDriver == types.LogDriverAwslogs {
			for _, option := range []string{"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} {
				if container.LogConfiguration.Options[option] == "" {
					problems.Refuse(at+".logConfiguration.options", container.LogConfiguration.Options, "must have "+option)
				}
			}
		}
	}
	if !essential {
		problems.Refuse(path, in.Containers, "must have an essential container")
	}
}

func checkContainerHealth(problems *provider.Problems, path string, check *types.HealthCheck) {
	if len(check.Command) < 2 || !slices.Contains([]string{"CMD", "CMD-SHELL"}, check.Command[0]) {
		problems.Refuse(path+".command", check.Command, "must begin with CMD or CMD-SHELL and a command")
	}
	for _, bound := range []struct {
		name        string
		value       *int32
		least, most int32
	}{
		{"interval", check.Interval, 5, 300},
		{"timeout", check.Timeout, 2, 60},
		{"retries", check.Retries, 1, 10},
		{"startPeriod", check.StartPeriod, 0, 300},
	} {
		if bound.value != nil {
			checkRange(problems, path+"."+bound.name, *bound.value, bound.least, bound.most)
		}
	}
}
