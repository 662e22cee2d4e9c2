package awsprovider

import (
	"context"
	"encoding/json"
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

// taskDefinition is a revision. The id is the family, as with the official plugin, so what tells revisions apart is the
// ARN among the outputs.
type taskDefinition struct {
	Family                  string            `pulumi:"family"`
	Containers              string            `pulumi:"containerDefinitions"`
	CPU                     *string           `pulumi:"cpu,optional"`
	Memory                  *string           `pulumi:"memory,optional"`
	NetworkMode             *string           `pulumi:"networkMode,optional"`
	RequiresCompatibilities []string          `pulumi:"requiresCompatibilities,optional"`
	ExecutionRoleArn        *string           `pulumi:"executionRoleArn,optional"`
	TaskRoleArn             *string           `pulumi:"taskRoleArn,optional"`
	RuntimePlatform         *platform         `pulumi:"runtimePlatform,optional"`
	SkipDestroy             *bool             `pulumi:"skipDestroy,optional"`
	Tags                    map[string]string `pulumi:"tags,optional"`
	Arn                     string            `pulumi:"arn,output"`
	ArnWithoutRevision      string            `pulumi:"arnWithoutRevision,output"`
	Revision                int32             `pulumi:"revision,output"`
}

type platform struct {
	CPUArchitecture       *string `pulumi:"cpuArchitecture,optional"`
	OperatingSystemFamily *string `pulumi:"operatingSystemFamily,optional"`
}

const (
	taskDefinitionDocs   = "Amazon ECS API reference, RegisterTaskDefinition"
	taskDefinitionSchema = "terraform-provider-aws, internal/service/ecs/task_definition.go"
	platformDocs         = "Amazon ECS API reference, RuntimePlatform"
	healthCheckDocs      = "Amazon ECS API reference, HealthCheck"
	fargateDocs          = `Amazon ECS developer guide, "Amazon ECS task definition parameters for Fargate"`
)

var taskDefinitionRules = rules{
	rule("family", ecsName, taskDefinitionDocs),
	rule("requiresCompatibilities[]", provider.OneOf("EC2", "FARGATE", "EXTERNAL"), taskDefinitionSchema),
	rule("networkMode", provider.OneOf("bridge", "host", "awsvpc", "none"), taskDefinitionSchema),
	rule("executionRoleArn", arn, taskDefinitionSchema),
	rule("taskRoleArn", arn, taskDefinitionSchema),
	rule("runtimePlatform.cpuArchitecture", provider.OneOf("X86_64", "ARM64"), platformDocs),
	rule("runtimePlatform.operatingSystemFamily", provider.OneOf(types.OSFamily("").Values()...), platformDocs),
}

var containerRules = rules{
	rule("[].name", provider.Stated(), taskDefinitionDocs),
	rule("[].name", ecsName, taskDefinitionDocs),
	rule("[].image", provider.Stated(), taskDefinitionDocs),
	rule("[].image", provider.Unlike(`^$`, "not be empty"), taskDefinitionDocs),
	rule("[].healthCheck.interval", provider.Between(5, 300), healthCheckDocs),
	rule("[].healthCheck.timeout", provider.Between(2, 60), healthCheckDocs),
	rule("[].healthCheck.retries", provider.Between(1, 10), healthCheckDocs),
	rule("[].healthCheck.startPeriod", provider.Between(0, 300), healthCheckDocs),
}

func checkTaskDefinition(in *taskDefinition, problems *provider.Problems) {
	checkContainers(in, problems)
	platform := deref(in.RuntimePlatform)
	if family := deref(platform.OperatingSystemFamily); deref(platform.CPUArchitecture) == "ARM64" && family != "" && family != "LINUX" {
		problems.Refuse("runtimePlatform.operatingSystemFamily", family, "must be LINUX for ARM64 ("+platformDocs+")")
	}
	if slices.Contains(in.RequiresCompatibilities, "FARGATE") && deref(in.NetworkMode) != "awsvpc" {
		problems.Refuse("networkMode", deref(in.NetworkMode), "must be awsvpc for FARGATE ("+fargateDocs+")")
	}
}

func checkContainers(in *taskDefinition, problems *provider.Problems) {
	const path = "containerDefinitions"
	var containers []types.ContainerDefinition
	applyToJSON(problems, path, in.Containers, &containers, containerRules)
	essential := len(containers) == 0
	for i, container := range containers {
		at := path + "[" + strconv.Itoa(i) + "]"
		// A container is essential unless it says otherwise.
		essential = essential || container.Essential == nil || *container.Essential
		for j, mapping := range container.PortMappings {
			if deref(in.NetworkMode) == "awsvpc" && mapping.HostPort != nil && *mapping.HostPort != deref(mapping.ContainerPort) {
				problems.Refuse(at+".portMappings["+strconv.Itoa(j)+"].hostPort", *mapping.HostPort,
					"must equal containerPort in the network mode awsvpc (Amazon ECS API reference, PortMapping)")
			}
		}
		if check := container.HealthCheck; check != nil &&
			(len(check.Command) < 2 || !slices.Contains([]string{"CMD", "CMD-SHELL"}, check.Command[0])) {
			problems.Refuse(at+".healthCheck.command", check.Command, "must begin with CMD or CMD-SHELL and a command ("+healthCheckDocs+")")
		}
		if container.LogConfiguration != nil && container.LogConfiguration.LogDriver == types.LogDriverAwslogs {
			for _, option := range []string{"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} {
				if container.LogConfiguration.Options[option] == "" {
					problems.Refuse(at+".logConfiguration.options", container.LogConfiguration.Options, "must have "+option+" ("+fargateDocs+")")
				}
			}
		}
	}
	if !essential {
		problems.Refuse(path, in.Containers, "must have an essential container ("+taskDefinitionDocs+")")
	}
}

func createTaskDefinition(ctx context.Context, client *api, in *taskDefinition) (string, error) {
	request := expanded[ecs.RegisterTaskDefinitionInput](in)
	if err := json.Unmarshal([]byte(in.Containers), &request.ContainerDefinitions); err != nil {
		return "", fmt.Errorf("containerDefinitions: %w", err)
	}
	if _, err := client.ECS.RegisterTaskDefinition(ctx, request); err != nil {
		return "", err
	}
	return in.Family, nil
}

func readTaskDefinition(ctx context.Context, client *api, id string, in *taskDefinition) error {
	if in.Arn != "" {
		id = in.Arn
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
	in.Family, in.Tags = deref(observed.Family), tagsOf(found.Tags)
	in.Arn, in.Revision = deref(observed.TaskDefinitionArn), observed.Revision
	in.ArnWithoutRevision = in.Arn[:strings.LastIndex(in.Arn, ":")]
	return nil
}

func deleteTaskDefinition(ctx context.Context, client *api, _ string, in *taskDefinition) error {
	// As in the official plugin, the revision then stays registered.
	if deref(in.SkipDestroy) {
		return nil
	}
	_, err := client.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &in.Arn})
	if unknownTaskDefinition(err) {
		return nil
	}
	return err
}

// unknownTaskDefinition tells the error for a task definition that does not exist: ECS has no code of its own for it.
func unknownTaskDefinition(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && failure.ErrorCode() == "ClientException" &&
		(strings.Contains(failure.ErrorMessage(), "Unable to describe task definition") ||
			strings.Contains(failure.ErrorMessage(), "The specified task definition does not exist"))
}
