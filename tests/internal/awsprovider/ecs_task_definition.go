package awsprovider

import (
	"context"
	"errors"
	"fmt"
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

type taskDefinitionOutputs struct {
	Arn                string `pulumi:"arn"`
	ArnWithoutRevision string `pulumi:"arnWithoutRevision"`
	Revision           int32  `pulumi:"revision"`
}

// taskDefinition is a revision. The id is the family, as with the official
// plugin, so what tells revisions apart is the ARN among the outputs.
//
// Rules: Amazon ECS developer guide, "Amazon ECS task definition parameters for
// Fargate".
var ecsTaskDefinition = &kind[taskDefinitionInputs, taskDefinitionOutputs]{
	Token: "aws:ecs/taskDefinition:TaskDefinition",
	Replace: []string{
		"family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
		"executionRoleArn", "taskRoleArn", "runtimePlatform",
	},
	Check:  checkTaskDefinition,
	Create: createTaskDefinition,
	Read:   readTaskDefinition,
	Delete: deleteTaskDefinition,
	SetTags: func(ctx context.Context, client *api, _ string, out *taskDefinitionOutputs, tags map[string]string) error {
		return setECSTags(ctx, client, out.Arn, tags)
	},
	RemoveTags: func(ctx context.Context, client *api, _ string, out *taskDefinitionOutputs, keys []string) error {
		return removeECSTags(ctx, client, out.Arn, keys)
	},
}

func checkTaskDefinition(in *taskDefinitionInputs, problems *provider.Problems) {
	ecsName.check(problems, "family", in.Family)
	// terraform-provider-aws, internal/service/ecs/task_definition.go.
	for i, compatibility := range in.Compatibilities {
		checkOneOf(problems, "requiresCompatibilities["+strconv.Itoa(i)+"]", compatibility, []string{"EC2", "FARGATE", "EXTERNAL"})
	}
	if in.NetworkMode != nil {
		checkOneOf(problems, "networkMode", *in.NetworkMode, []string{"bridge", "host", "awsvpc", "none"})
	}
	if in.ExecutionRoleArn != nil {
		checkARN(problems, "executionRoleArn", *in.ExecutionRoleArn)
	}
	if in.TaskRoleArn != nil {
		checkARN(problems, "taskRoleArn", *in.TaskRoleArn)
	}
	checkContainers(in, problems)
	checkPlatform(in.RuntimePlatform, problems)
	if slices.Contains(in.Compatibilities, fargate) {
		checkFargate(in, problems)
	}
}

func createTaskDefinition(ctx context.Context, client *api, in *taskDefinitionInputs) (string, error) {
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
	_, err := client.ECS.RegisterTaskDefinition(ctx, request)
	return in.Family, err
}

func readTaskDefinition(ctx context.Context, client *api, id string, in *taskDefinitionInputs, out *taskDefinitionOutputs) error {
	if out.Arn != "" {
		id = out.Arn
	}
	found, err := client.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
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
	observeRequired(&in.Family, observed.Family)
	in.Tags = ecsTags(found.Tags)
	observeRequired(&out.Arn, observed.TaskDefinitionArn)
	out.ArnWithoutRevision = out.Arn[:strings.LastIndex(out.Arn, ":")]
	out.Revision = observed.Revision
	return nil
}

func deleteTaskDefinition(ctx context.Context, client *api, _ string, in *taskDefinitionInputs, out *taskDefinitionOutputs) error {
	// As in the official plugin, the revision then stays registered.
	if deref(in.SkipDestroy) {
		return nil
	}
	_, err := client.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &out.Arn})
	if unknownTaskDefinition(err) {
		return nil
	}
	return err
}

// unknownTaskDefinition tells the error for a task definition that does not
// exist: ECS has no code of its own for it.
func unknownTaskDefinition(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && failure.ErrorCode() == "ClientException" &&
		(strings.Contains(failure.ErrorMessage(), "Unable to describe task definition") ||
			strings.Contains(failure.ErrorMessage(), "The specified task definition does not exist"))
}
