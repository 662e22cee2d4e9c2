// Package fit runs an image on this machine's docker as a stack's task definition says, and tells whether the two fit:
// it asks the container's own health check and the load balancer's, and finds out why one of them fails.
package fit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	lb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
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
	name := s.outputs.taskDefinition
	answer, err := ecs.NewFromConfig(s.account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
	if err != nil {
		return Plan{}, fmt.Errorf("read task definition %s: %w", name, err)
	}
	definition := answer.TaskDefinition
	if definition.Status == ecstypes.TaskDefinitionStatusInactive {
		return Plan{}, fmt.Errorf("task definition %s is %s: %w", name, definition.Status, errOutdated)
	}
	index := slices.IndexFunc(definition.ContainerDefinitions, func(each ecstypes.ContainerDefinition) bool {
		return aws.ToString(each.Name) == s.outputs.container
	})
	if index < 0 {
		return Plan{}, fmt.Errorf("task definition %s has no container %q: %w", name, s.outputs.container, errOutdated)
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
	if check == nil || len(check.Command) < 2 {
		return OwnCheck{}
	}
	number := func(value *int32, otherwise int32) time.Duration {
		return time.Duration(cmp.Or(aws.ToInt32(value), otherwise))
	}
	// These are ECS's defaults (Amazon ECS API reference, HealthCheck).
	return OwnCheck{
		// The first word, CMD, means no shell.
		Command: check.Command[1:],
		Timeout: number(check.Timeout, 5) * time.Second,
		Judge: ownJudge(number(check.StartPeriod, 0)*time.Second, number(check.Interval, 30)*time.Second, grace,
			int(number(check.Retries, 3))),
	}
}

// readService reads what the service says about its tasks: the port, the load balancer's health check, and the grace
// period, which it returns.
func (s Stack) readService(ctx context.Context, plan *Plan) (grace time.Duration, err error) {
	services, err := ecs.NewFromConfig(s.account).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &s.outputs.cluster, Services: []string{s.outputs.service},
	})
	if err != nil {
		return 0, fmt.Errorf("read service %s: %w", s.outputs.service, err)
	}
	if len(services.Services) == 0 || len(services.Services[0].LoadBalancers) == 0 {
		return 0, fmt.Errorf("service %s is not there or has no load balancer: %w", s.outputs.service, errOutdated)
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

// readSecrets reads the secrets of a container, as the execution role does when a task starts.
func (s Stack) readSecrets(ctx context.Context, secrets []ecstypes.Secret) (map[string]string, error) {
	values := map[string]string{}
	for _, secret := range secrets {
		name, source := aws.ToString(secret.Name), aws.ToString(secret.ValueFrom)
		value, err := s.readSecret(ctx, source)
		if err != nil {
			return nil, fmt.Errorf("read secret %s from %s: %w", name, source, err)
		}
		values[name] = value
	}
	return values, nil
}

// readSecret reads a parameter of Parameter Store, or a secret of Secrets Manager, by its ARN.
func (s Stack) readSecret(ctx context.Context, source string) (string, error) {
	parts := strings.Split(source, ":")
	if len(parts) < 7 || parts[2] != "secretsmanager" {
		answer, err := ssm.NewFromConfig(s.account).GetParameter(ctx, &ssm.GetParameterInput{Name: &source, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return aws.ToString(answer.Parameter.Value), nil
	}
	// The name may be followed by a key in the secret's JSON, and the stage or the id of a version.
	input := &secretsmanager.GetSecretValueInput{SecretId: aws.String(strings.Join(parts[:7], ":"))}
	key, stage, version := "", "", ""
	for i, into := range []*string{&key, &stage, &version} {
		if i+7 < len(parts) {
			*into = parts[i+7]
		}
	}
	if stage != "" {
		input.VersionStage = &stage
	}
	if version != "" {
		input.VersionId = &version
	}
	answer, err := secretsmanager.NewFromConfig(s.account).GetSecretValue(ctx, input)
	switch {
	case err != nil:
		return "", err
	case answer.SecretString == nil:
		return "", errors.New("it is binary, and ECS takes texts only")
	case key == "":
		return *answer.SecretString, nil
	}
	return valueInJSON(*answer.SecretString, key)
}

// valueInJSON is the value of a key in a JSON object: a string as it is, anything else as JSON writes it.
func valueInJSON(text, key string) (string, error) {
	var values map[string]json.RawMessage
	// The decoder's error would repeat part of the secret.
	if json.Unmarshal([]byte(text), &values) != nil {
		return "", errors.New("it is no JSON object")
	}
	value, found := values[key]
	if !found {
		return "", fmt.Errorf("its JSON has no key %s", key)
	}
	plain := string(value)
	if strings.HasPrefix(plain, `"`) {
		return plain, json.Unmarshal(value, &plain)
	}
	return plain, nil
}
