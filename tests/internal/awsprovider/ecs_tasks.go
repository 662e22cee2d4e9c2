package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"mediaserver/tests/internal/provider"
)

type taskDefinitionInputs struct {
	Family           string            `pulumi:"family"`
	Containers       string            `pulumi:"containerDefinitions"`
	CPU              *string           `pulumi:"cpu,optional"`
	Memory           *string           `pulumi:"memory,optional"`
	NetworkMode      *string           `pulumi:"networkMode,optional"`
	Compatibilities  []string          `pulumi:"requiresCompatibilities,optional"`
	ExecutionRoleArn *string           `pulumi:"executionRoleArn,optional"`
	TaskRoleArn      *string           `pulumi:"taskRoleArn,optional"`
	RuntimePlatform  *runtimePlatform  `pulumi:"runtimePlatform,optional"`
	SkipDestroy      *bool             `pulumi:"skipDestroy,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
}

type runtimePlatform struct {
	Architecture    *string `pulumi:"cpuArchitecture,optional"`
	OperatingSystem *string `pulumi:"operatingSystemFamily,optional"`
}

type taskDefinitionOutputs struct {
	Arn                string `pulumi:"arn"`
	ArnWithoutRevision string `pulumi:"arnWithoutRevision"`
	Revision           int32  `pulumi:"revision"`
}

const fargate = "FARGATE"

// taskDefinition is a revision. The id is the family, as with the official
// plugin, so what tells revisions apart is the ARN among the outputs.
//
// Rules: Amazon ECS developer guide, "Amazon ECS task definition parameters for
// Fargate".
var taskDefinition = &kind[taskDefinitionInputs, taskDefinitionOutputs]{
	Token: "aws:ecs/taskDefinition:TaskDefinition",
	Replace: []string{
		"family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
		"executionRoleArn", "taskRoleArn", "runtimePlatform",
	},
	Check: func(in *taskDefinitionInputs, problems *provider.Problems) {
		ecsName.check(problems, "family", in.Family)
		checkContainers(in, problems)
		if slices.Contains(in.Compatibilities, fargate) {
			checkFargate(in, problems)
		}
	},
	Find: func(ctx context.Context, client *api, in *taskDefinitionInputs) ([]string, error) {
		var arns []string
		pages := ecs.NewListTaskDefinitionsPaginator(client.ecs, &ecs.ListTaskDefinitionsInput{
			FamilyPrefix: &in.Family, Status: types.TaskDefinitionStatusActive,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, arn := range page.TaskDefinitionArns {
				if strings.Contains(arn, ":task-definition/"+in.Family+":") {
					arns = append(arns, arn)
				}
			}
		}
		return arns, nil
	},
	Create: func(ctx context.Context, client *api, in *taskDefinitionInputs) (string, error) {
		var containers []types.ContainerDefinition
		if err := decodeJSON(in.Containers, &containers); err != nil {
			return "", fmt.Errorf("containerDefinitions: %w", err)
		}
		var compatibilities []types.Compatibility
		for _, compatibility := range in.Compatibilities {
			compatibilities = append(compatibilities, types.Compatibility(compatibility))
		}
		request := &ecs.RegisterTaskDefinitionInput{
			Family:                  &in.Family,
			ContainerDefinitions:    containers,
			Cpu:                     in.CPU,
			Memory:                  in.Memory,
			NetworkMode:             types.NetworkMode(deref(in.NetworkMode)),
			RequiresCompatibilities: compatibilities,
			ExecutionRoleArn:        in.ExecutionRoleArn,
			TaskRoleArn:             in.TaskRoleArn,
			Tags:                    tagList(in.Tags, ecsTag),
		}
		if platform := in.RuntimePlatform; platform != nil {
			request.RuntimePlatform = &types.RuntimePlatform{
				CpuArchitecture:       types.CPUArchitecture(deref(platform.Architecture)),
				OperatingSystemFamily: types.OSFamily(deref(platform.OperatingSystem)),
			}
		}
		_, err := client.ecs.RegisterTaskDefinition(ctx, request)
		return in.Family, err
	},
	Read: func(ctx context.Context, client *api, id string, in *taskDefinitionInputs, out *taskDefinitionOutputs) error {
		if out.Arn != "" {
			id = out.Arn
		}
		found, err := client.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &id, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
		})
		if unknownTaskDefinition(err) {
			return provider.ErrNotFound
		}
		if err != nil {
			return err
		}
		observed := found.TaskDefinition
		if observed.Status == types.TaskDefinitionStatusInactive {
			return provider.ErrNotFound
		}
		set(&in.Family, observed.Family)
		in.Tags = ecsTags(found.Tags)
		set(&out.Arn, observed.TaskDefinitionArn)
		out.ArnWithoutRevision = out.Arn[:strings.LastIndex(out.Arn, ":")]
		out.Revision = observed.Revision
		return nil
	},
	Delete: func(ctx context.Context, client *api, id string, in *taskDefinitionInputs, out *taskDefinitionOutputs) error {
		if out.Arn != "" {
			// As in the official plugin, the revision then stays registered.
			if in.SkipDestroy != nil && *in.SkipDestroy {
				return nil
			}
			id = out.Arn
		}
		_, err := client.ecs.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &id})
		if unknownTaskDefinition(err) {
			return nil
		}
		return err
	},
	Tag: func(ctx context.Context, client *api, _ string, out *taskDefinitionOutputs, set map[string]string, remove []string) error {
		return tagECS(ctx, client, out.Arn, set, remove)
	},
}

// unknownTaskDefinition tells the error for a task definition that does not
// exist: ECS has no code of its own for it.
func unknownTaskDefinition(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && failure.ErrorCode() == "ClientException" &&
		(strings.Contains(failure.ErrorMessage(), "Unable to describe task definition") ||
			strings.Contains(failure.ErrorMessage(), "The specified task definition does not exist"))
}

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

// fargateMemory maps the CPU units that Fargate offers to the memory, in MiB,
// that goes with them: from the least to the most in steps.
//
// Source: Amazon ECS developer guide, "Task size".
var fargateMemory = map[int]struct{ least, most, step int }{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func checkFargate(in *taskDefinitionInputs, problems *provider.Problems) {
	if deref(in.NetworkMode) != "awsvpc" {
		problems.Refuse("networkMode", deref(in.NetworkMode), "must be awsvpc for FARGATE")
	}
	if !problems.Known("cpu", "memory") {
		return
	}
	cpu, err := units(deref(in.CPU), "vcpu")
	if err != nil {
		problems.Refuse("cpu", deref(in.CPU), "must be CPU units, such as 256, or vCPUs, such as .25 vCPU")
		return
	}
	memory, err := units(deref(in.Memory), "gb")
	if err != nil {
		problems.Refuse("memory", deref(in.Memory), "must be MiB, such as 512, or GB, such as 0.5GB")
		return
	}
	const smallest = 256
	size, ok := fargateMemory[cpu]
	switch {
	case cpu == smallest:
		if memory != 512 && memory != 1024 && memory != 2048 {
			problems.Refuse("memory", *in.Memory, "must be 512, 1024 or 2048 for 256 CPU units on Fargate")
		}
	case !ok:
		problems.Refuse("cpu", *in.CPU, "must be 256, 512, 1024, 2048, 4096, 8192 or 16384 on Fargate")
	case memory < size.least || memory > size.most || memory%size.step != 0:
		problems.Refuse("memory", *in.Memory, fmt.Sprintf("must be from %d to %d in steps of %d for %d CPU units on Fargate",
			size.least, size.most, size.step, cpu))
	}
}

// units reads a size, either a number or a number of the unit, 1024 times as
// large.
func units(size, unit string) (int, error) {
	number, whole := strings.CutSuffix(strings.ToLower(strings.TrimSpace(size)), unit)
	if !whole {
		return strconv.Atoi(number)
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return int(math.Round(value * 1024)), err
}
