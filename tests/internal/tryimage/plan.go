// Package tryimage runs an image on this machine's docker as a stack's task definition says, and tells whether the two
// fit: it asks the container's own health check and the load balancer's, and finds out why one of them fails.
package tryimage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	lb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// What ECS takes for a container's health check that leaves a number out (Amazon ECS API reference, HealthCheck).
const (
	defaultInterval = 30 * time.Second
	defaultTimeout  = 5 * time.Second
	defaultRetries  = 3
)

// Plan is how a stack runs an image.
type Plan struct {
	// TaskDefinition is the ARN of the revision.
	TaskDefinition string
	// Container is the container of the application.
	Container ecstypes.ContainerDefinition
	// Platform is what the tasks run on, by docker's name, such as linux/amd64.
	Platform string
	// CPU and Memory are the size of a task, in CPU units (1024 are one vCPU) and in MiB.
	CPU, Memory int
	// Port is the port that the load balancer asks.
	Port int
	// Secrets are the values of the container's secrets, by the names of their variables.
	Secrets map[string]string
	// Own is the container's own health check.
	Own OwnCheck
	// LoadBalancer is the load balancer's.
	LoadBalancer LoadBalancerCheck
}

// OwnCheck is the health check that the container's agent runs in the container.
type OwnCheck struct {
	// Command is the program to run with its arguments.
	Command []string
	// Timeout is how long one run may take.
	Timeout time.Duration
	// Limit is the time after the start at which a container that was never healthy counts as unhealthy.
	Limit time.Duration
}

// LoadBalancerCheck is the health check of the target group.
type LoadBalancerCheck struct {
	Path string
	// Matcher are the healthy status codes, as Elastic Load Balancing writes them: 200, 200,202 or 200-299.
	Matcher string
	Timeout time.Duration
}

// ErrOutdated says that the outputs are of an earlier state of the stack.
var ErrOutdated = errors.New("the outputs are older than the stack")

// Read reads the plan of the stack with these outputs.
func Read(ctx context.Context, account aws.Config, outputs Outputs) (Plan, error) {
	answer, err := ecs.NewFromConfig(account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &outputs.TaskDefinitionARN,
	})
	if err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: %w", outputs.TaskDefinitionARN, err)
	}
	definition := answer.TaskDefinition
	if definition.Status == ecstypes.TaskDefinitionStatusInactive {
		return Plan{}, fmt.Errorf("task definition %s is %s: %w", outputs.TaskDefinitionARN, definition.Status, ErrOutdated)
	}
	index := slices.IndexFunc(definition.ContainerDefinitions, func(each ecstypes.ContainerDefinition) bool {
		return aws.ToString(each.Name) == outputs.ContainerName
	})
	if index < 0 {
		return Plan{}, fmt.Errorf("task definition %s has no container %q: %w", outputs.TaskDefinitionARN, outputs.ContainerName, ErrOutdated)
	}
	plan := Plan{
		TaskDefinition: outputs.TaskDefinitionARN,
		Container:      definition.ContainerDefinitions[index],
		Platform:       platformOf(definition),
	}
	if plan.CPU, err = strconv.Atoi(aws.ToString(definition.Cpu)); err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: cpu is %q, not a number", outputs.TaskDefinitionARN, aws.ToString(definition.Cpu))
	}
	if plan.Memory, err = strconv.Atoi(aws.ToString(definition.Memory)); err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: memory is %q, not a number", outputs.TaskDefinitionARN, aws.ToString(definition.Memory))
	}
	plan.Own = ownCheck(plan.Container.HealthCheck)
	if plan.Port, plan.LoadBalancer, err = readLoadBalancer(ctx, account, outputs); err != nil {
		return Plan{}, err
	}
	plan.Secrets, err = readSecrets(ctx, account, plan.Container.Secrets)
	return plan, err
}

// platformOf is the platform of a task definition; without one ECS runs Linux on X86_64.
func platformOf(definition *ecstypes.TaskDefinition) string {
	if definition.RuntimePlatform != nil && definition.RuntimePlatform.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		return "linux/arm64"
	}
	return "linux/amd64"
}

// ownCheck is the container's own health check, without a command if it has none.
func ownCheck(check *ecstypes.HealthCheck) OwnCheck {
	if check == nil || len(check.Command) == 0 {
		return OwnCheck{}
	}
	seconds := func(value *int32, otherwise time.Duration) time.Duration {
		if value == nil || *value == 0 {
			return otherwise
		}
		return time.Duration(*value) * time.Second
	}
	retries := defaultRetries
	if check.Retries != nil && *check.Retries > 0 {
		retries = int(*check.Retries)
	}
	own := OwnCheck{
		Timeout: seconds(check.Timeout, defaultTimeout),
		Limit:   seconds(check.StartPeriod, 0) + time.Duration(retries)*seconds(check.Interval, defaultInterval),
	}
	switch kind, command := check.Command[0], check.Command[1:]; {
	case kind == "NONE" || len(command) == 0:
		return OwnCheck{}
	case kind == "CMD-SHELL":
		// What docker, and so the agent, makes of it.
		own.Command = []string{"/bin/sh", "-c", strings.Join(command, " ")}
	default:
		own.Command = command
	}
	return own
}

// readLoadBalancer reads what the load balancer asks of the tasks of the service.
func readLoadBalancer(ctx context.Context, account aws.Config, outputs Outputs) (int, LoadBalancerCheck, error) {
	services, err := ecs.NewFromConfig(account).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &outputs.ClusterName, Services: []string{outputs.ServiceName},
	})
	if err != nil {
		return 0, LoadBalancerCheck{}, fmt.Errorf("read service %s: %w", outputs.ServiceName, err)
	}
	if len(services.Services) == 0 || len(services.Services[0].LoadBalancers) == 0 {
		return 0, LoadBalancerCheck{}, fmt.Errorf("service %s is not there or has no load balancer: %w", outputs.ServiceName, ErrOutdated)
	}
	balancer := services.Services[0].LoadBalancers[0]
	groups, err := lb.NewFromConfig(account).DescribeTargetGroups(ctx, &lb.DescribeTargetGroupsInput{
		TargetGroupArns: []string{aws.ToString(balancer.TargetGroupArn)},
	})
	if err != nil {
		return 0, LoadBalancerCheck{}, fmt.Errorf("read target group %s: %w", aws.ToString(balancer.TargetGroupArn), err)
	}
	if len(groups.TargetGroups) == 0 {
		return 0, LoadBalancerCheck{}, fmt.Errorf("target group %s is not there: %w", aws.ToString(balancer.TargetGroupArn), ErrOutdated)
	}
	group := groups.TargetGroups[0]
	check := LoadBalancerCheck{
		Path:    aws.ToString(group.HealthCheckPath),
		Timeout: time.Duration(aws.ToInt32(group.HealthCheckTimeoutSeconds)) * time.Second,
	}
	if group.Matcher != nil {
		check.Matcher = aws.ToString(group.Matcher.HttpCode)
	}
	return int(aws.ToInt32(balancer.ContainerPort)), check, nil
}

// readSecrets reads the secrets of a container from Parameter Store, as the execution role does when a task starts.
func readSecrets(ctx context.Context, account aws.Config, secrets []ecstypes.Secret) (map[string]string, error) {
	client := ssm.NewFromConfig(account)
	values := map[string]string{}
	for _, secret := range secrets {
		name, source := aws.ToString(secret.Name), aws.ToString(secret.ValueFrom)
		value, err := readParameter(ctx, client, source)
		if err != nil {
			return nil, fmt.Errorf("read secret %s from %s: %w", name, source, err)
		}
		values[name] = value
	}
	return values, nil
}

// readParameter reads a parameter that is named by its ARN, or by its name alone, as ECS allows in the same region.
func readParameter(ctx context.Context, client *ssm.Client, source string) (string, error) {
	if parsed, err := arn.Parse(source); err == nil && parsed.Service != "ssm" {
		return "", errors.New("try-image reads secrets from Parameter Store only")
	}
	answer, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &source, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return aws.ToString(answer.Parameter.Value), nil
}

// stackRevisionTag is the tag with which scripts/deploy-app marks the revisions that it registers; its value is the
// revision of the stack that was the newest one then.
const stackRevisionTag = "StackTaskDefinition"

// NewestRevision is the ARN of the newest revision that the stack itself has registered.
func NewestRevision(ctx context.Context, account aws.Config, outputs Outputs) (string, error) {
	family, _, _ := strings.Cut(outputs.TaskDefinitionARN[strings.LastIndex(outputs.TaskDefinitionARN, "/")+1:], ":")
	answer, err := ecs.NewFromConfig(account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &family, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		return "", fmt.Errorf("read task definition %s: %w", family, err)
	}
	for _, tag := range answer.Tags {
		if aws.ToString(tag.Key) == stackRevisionTag {
			return aws.ToString(tag.Value), nil
		}
	}
	return aws.ToString(answer.TaskDefinition.TaskDefinitionArn), nil
}
