// Package fit runs an image on this machine's docker as a stack's task definition says, and tells whether the two fit:
// it asks the container's own health check and the load balancer's, and finds out why one of them fails.
package fit

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
	// Command is the program to run with its arguments. Empty if the container has no check.
	Command []string
	// Timeout is how long one run may take.
	Timeout time.Duration
	Judge   Judge
}

// LoadBalancerCheck is the health check of the target group.
type LoadBalancerCheck struct {
	Path string
	// Matcher are the healthy status codes, as Elastic Load Balancing writes them: 200, 200,202 or 200-299.
	Matcher string
	// Timeout is how long one answer may take.
	Timeout time.Duration
	Judge   Judge
}

// errOutdated says that the outputs are of an earlier state of the stack.
var errOutdated = errors.New("the outputs are older than the stack")

// Read reads the plan of a stack from AWS, or returns a Verdict.
func (s Stack) Read(ctx context.Context) (Plan, error) {
	plan, err := s.read(ctx)
	if errors.Is(err, errOutdated) {
		return plan, &Verdict{Code: NoPlan, Problem: err.Error(),
			Remedy: "Run 'pulumi up', and write the outputs again with 'pulumi stack output --json'."}
	}
	if err != nil {
		return plan, refused(err)
	}
	return plan, nil
}

func (s Stack) read(ctx context.Context) (Plan, error) {
	name := s.outputs.TaskDefinitionARN
	answer, err := ecs.NewFromConfig(s.account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
	if err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: %w", name, err)
	}
	definition := answer.TaskDefinition
	if definition.Status == ecstypes.TaskDefinitionStatusInactive {
		return Plan{}, fmt.Errorf("task definition %s is %s: %w", name, definition.Status, errOutdated)
	}
	index := slices.IndexFunc(definition.ContainerDefinitions, func(each ecstypes.ContainerDefinition) bool {
		return aws.ToString(each.Name) == s.outputs.ContainerName
	})
	if index < 0 {
		return Plan{}, fmt.Errorf("task definition %s has no container %q: %w", name, s.outputs.ContainerName, errOutdated)
	}
	plan := Plan{TaskDefinition: name, Container: definition.ContainerDefinitions[index], Platform: platformOf(definition)}
	if plan.CPU, err = strconv.Atoi(aws.ToString(definition.Cpu)); err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: cpu is %q, not a number", name, aws.ToString(definition.Cpu))
	}
	if plan.Memory, err = strconv.Atoi(aws.ToString(definition.Memory)); err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: memory is %q, not a number", name, aws.ToString(definition.Memory))
	}
	grace, err := s.readService(ctx, &plan)
	if err != nil {
		return Plan{}, err
	}
	plan.Own = ownCheck(plan.Container.HealthCheck, grace)
	plan.Secrets, err = s.readSecrets(ctx, plan.Container.Secrets)
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
func ownCheck(check *ecstypes.HealthCheck, grace time.Duration) OwnCheck {
	if check == nil || len(check.Command) < 2 || check.Command[0] == "NONE" {
		return OwnCheck{}
	}
	number := func(value *int32, otherwise int) int {
		if aws.ToInt32(value) == 0 {
			return otherwise
		}
		return int(*value)
	}
	// What ECS takes for a number that is left out (Amazon ECS API reference, HealthCheck).
	interval, timeout, retries := number(check.Interval, 30), number(check.Timeout, 5), number(check.Retries, 3)
	own := OwnCheck{
		Command: check.Command[1:],
		Timeout: time.Duration(timeout) * time.Second,
		Judge: ownJudge(time.Duration(number(check.StartPeriod, 0))*time.Second,
			time.Duration(interval)*time.Second, grace, retries),
	}
	if check.Command[0] == "CMD-SHELL" {
		// What docker, and so the agent, makes of it.
		own.Command = []string{"/bin/sh", "-c", strings.Join(own.Command, " ")}
	}
	return own
}

// readService reads what the service says about its tasks: the port, the load balancer's health check, and the grace
// period, which it returns.
func (s Stack) readService(ctx context.Context, plan *Plan) (grace time.Duration, err error) {
	services, err := ecs.NewFromConfig(s.account).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &s.outputs.ClusterName, Services: []string{s.outputs.ServiceName},
	})
	if err != nil {
		return 0, fmt.Errorf("read service %s: %w", s.outputs.ServiceName, err)
	}
	if len(services.Services) == 0 || len(services.Services[0].LoadBalancers) == 0 {
		return 0, fmt.Errorf("service %s is not there or has no load balancer: %w", s.outputs.ServiceName, errOutdated)
	}
	service := services.Services[0]
	name := aws.ToString(service.LoadBalancers[0].TargetGroupArn)
	groups, err := lb.NewFromConfig(s.account).DescribeTargetGroups(ctx, &lb.DescribeTargetGroupsInput{TargetGroupArns: []string{name}})
	if err != nil {
		return 0, fmt.Errorf("read target group %s: %w", name, err)
	}
	if len(groups.TargetGroups) == 0 {
		return 0, fmt.Errorf("target group %s is not there: %w", name, errOutdated)
	}
	group := groups.TargetGroups[0]
	grace = time.Duration(aws.ToInt32(service.HealthCheckGracePeriodSeconds)) * time.Second
	plan.Port = int(aws.ToInt32(service.LoadBalancers[0].ContainerPort))
	plan.LoadBalancer = LoadBalancerCheck{
		Path:    aws.ToString(group.HealthCheckPath),
		Timeout: time.Duration(aws.ToInt32(group.HealthCheckTimeoutSeconds)) * time.Second,
		Judge: loadBalancerJudge(grace, time.Duration(aws.ToInt32(group.HealthCheckIntervalSeconds))*time.Second,
			int(aws.ToInt32(group.HealthyThresholdCount)), int(aws.ToInt32(group.UnhealthyThresholdCount))),
	}
	if group.Matcher != nil {
		plan.LoadBalancer.Matcher = aws.ToString(group.Matcher.HttpCode)
	}
	return grace, nil
}

// readSecrets reads the secrets of a container from Parameter Store, as the execution role does when a task starts.
func (s Stack) readSecrets(ctx context.Context, secrets []ecstypes.Secret) (map[string]string, error) {
	client := ssm.NewFromConfig(s.account)
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
