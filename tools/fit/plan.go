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

// plan is how a stack runs an image.
type plan struct {
	// description tells the user whose credentials the application gets.
	description string
	// taskDefinition is the ARN of the revision.
	taskDefinition string
	container      ecstypes.ContainerDefinition
	// platform is what the tasks run on, by docker's name, such as linux/amd64.
	platform string
	// cpu and memory are the size of a task, in CPU units and in MiB.
	cpu, memory int
	// port is the port that the load balancer asks.
	port int
	// variables are the variables that nobody may see: those of AWS's clients, and the values of the container's secrets.
	variables map[string]string
	// command is the container's own health check, a program with its arguments. Empty if the container has none.
	command []string
	// path is what the load balancer's health check asks for, and matcher are the healthy status codes, as Elastic Load
	// Balancing writes them: 200, 200,202 or 200-299.
	path, matcher string
	// own and loadBalancer are how ECS judges by these two checks.
	own, loadBalancer judge
}

// judge is one of the two health checks for which ECS stops a task.
type judge struct {
	// timeout is how long one check may take.
	timeout time.Duration
	// limit is the time after the start within which the application must satisfy the check, and reason a sentence that
	// names the settings behind it.
	limit  time.Duration
	reason string
}

// accepts tells whether a status, of three digits or 0, is one of the matcher's.
func (p plan) accepts(status int) bool {
	code := strconv.Itoa(status)
	for part := range strings.SplitSeq(p.matcher, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		if first <= code && code <= last {
			return true
		}
	}
	return false
}

// judge is the judge that decides first among those that are not satisfied, or the user's own limit.
func (t *trial) judge(seen observation) judge {
	first := t.plan.loadBalancer
	if seen.own.problem != "" && (t.plan.accepts(seen.status) || t.plan.own.limit < first.limit) {
		first = t.plan.own
	}
	if t.Limit > 0 {
		reason := fmt.Sprintf("--timeout allows %s; the stack allows %s.", seconds(t.Limit), seconds(first.limit))
		return judge{limit: t.Limit, reason: reason}
	}
	return first
}

// readPlan reads the plan of a stack from AWS, or returns a Verdict.
func (s stack) readPlan(ctx context.Context) (plan, error) {
	read := plan{description: s.description, taskDefinition: s.taskDefinition}
	for _, part := range []func(context.Context, *plan) error{s.readDefinition, s.readService, s.readVariables, s.readSecrets} {
		if err := part(ctx, &read); err != nil {
			return plan{}, refused(err)
		}
	}
	return read, nil
}

// describe reads a task definition by its ARN, or the newest of a family by its name.
func (s stack) describe(ctx context.Context, name string) (*ecs.DescribeTaskDefinitionOutput, error) {
	found, err := ecs.NewFromConfig(s.account).DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		return nil, fmt.Errorf("read task definition %s: %w", name, err)
	}
	return found, nil
}

// stackRevisionTag is the tag with which scripts/deploy-app marks the revisions that it registers; its value is the
// revision of the stack that was the newest one then.
const stackRevisionTag = "StackTaskDefinition"

// readDefinition reads what the task definition says, which must be the stack's newest.
func (s stack) readDefinition(ctx context.Context, read *plan) error {
	name := s.taskDefinition
	answer, err := s.describe(ctx, name)
	if err != nil {
		return err
	}
	definition := answer.TaskDefinition
	if s.outputsFile != "" {
		// Old revisions of the stack stay registered.
		last, err := s.describe(ctx, aws.ToString(definition.Family))
		if err != nil {
			return err
		}
		newest := aws.ToString(last.TaskDefinition.TaskDefinitionArn)
		for _, tag := range last.Tags {
			if aws.ToString(tag.Key) == stackRevisionTag {
				newest = aws.ToString(tag.Value)
			}
		}
		if newest != name {
			return outdated("%s names %s, and there is %s", s.outputsFile, name, newest)
		}
	}
	index := slices.IndexFunc(definition.ContainerDefinitions, func(each ecstypes.ContainerDefinition) bool {
		return aws.ToString(each.Name) == s.container
	})
	if index < 0 {
		return outdated("task definition %s has no container %q", name, s.container)
	}
	cpu, cpuErr := strconv.Atoi(aws.ToString(definition.Cpu))
	memory, memoryErr := strconv.Atoi(aws.ToString(definition.Memory))
	if err := errors.Join(cpuErr, memoryErr); err != nil {
		return fmt.Errorf("read the size of task definition %s: %w", name, err)
	}
	read.container, read.cpu, read.memory, read.platform = definition.ContainerDefinitions[index], cpu, memory, "linux/amd64"
	// Without a platform, ECS runs Linux on X86_64.
	if platform := definition.RuntimePlatform; platform != nil && platform.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		read.platform = "linux/arm64"
	}
	return nil
}

// readService reads what the service says about its tasks: the port, and both health checks.
func (s stack) readService(ctx context.Context, read *plan) error {
	services, err := ecs.NewFromConfig(s.account).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &s.cluster, Services: []string{s.service},
	})
	if err != nil {
		return fmt.Errorf("read service %s: %w", s.service, err)
	}
	if len(services.Services) == 0 || len(services.Services[0].LoadBalancers) == 0 {
		return outdated("service %s is not there or has no load balancer", s.service)
	}
	service := services.Services[0]
	name := aws.ToString(service.LoadBalancers[0].TargetGroupArn)
	// The call fails if there is none.
	groups, err := lb.NewFromConfig(s.account).DescribeTargetGroups(ctx,
		&lb.DescribeTargetGroupsInput{TargetGroupArns: []string{name}})
	if err != nil {
		return fmt.Errorf("read target group %s: %w", name, err)
	}
	group := groups.TargetGroups[0]
	grace := secondsIn(service.HealthCheckGracePeriodSeconds)
	read.port = int(aws.ToInt32(service.LoadBalancers[0].ContainerPort))
	read.path, read.matcher = aws.ToString(group.HealthCheckPath), aws.ToString(group.Matcher.HttpCode)
	read.loadBalancer = loadBalancerJudge(grace, secondsIn(group.HealthCheckIntervalSeconds),
		aws.ToInt32(group.HealthyThresholdCount), aws.ToInt32(group.UnhealthyThresholdCount))
	read.loadBalancer.timeout = secondsIn(group.HealthCheckTimeoutSeconds)
	if check := read.container.HealthCheck; check != nil {
		// The first word, CMD, means no shell.
		read.command = check.Command[1:]
		// These are ECS's defaults (Amazon ECS API reference, HealthCheck).
		read.own = ownJudge(secondsIn(check.StartPeriod), cmp.Or(secondsIn(check.Interval), 30*time.Second), grace,
			cmp.Or(aws.ToInt32(check.Retries), 3))
		read.own.timeout = cmp.Or(secondsIn(check.Timeout), 5*time.Second)
	}
	return nil
}

func secondsIn(value *int32) time.Duration { return time.Duration(aws.ToInt32(value)) * time.Second }

// ownJudge is the judge of the container's own health check. Failures count after the start period, and the service
// ignores an unhealthy container for its grace period (Amazon ECS API reference, HealthCheck and CreateService).
func ownJudge(startPeriod, interval, grace time.Duration, retries int32) judge {
	limit := max(startPeriod+time.Duration(retries)*interval, grace)
	return judge{limit: limit, reason: fmt.Sprintf(
		"The container's own health check allows %s: startPeriod (%s) and %d retries, %s apart, "+
			"or the service's healthCheckGracePeriodSeconds (%s) if that is longer.",
		seconds(limit), seconds(startPeriod), retries, seconds(interval), seconds(grace))}
}

// loadBalancerJudge is the judge of the load balancer's health check. A new target is healthy after one success. One
// that has failed long enough to be unhealthy needs several in a row (Application Load Balancers guide, Health checks),
// and ECS stops its task unless they come before the grace period is over.
func loadBalancerJudge(grace, interval time.Duration, healthy, unhealthy int32) judge {
	limit := max(time.Duration(unhealthy)*interval, grace-time.Duration(healthy-1)*interval)
	return judge{limit: limit, reason: fmt.Sprintf(
		"The load balancer's health check allows %s: %d failures, %s apart, make the task unhealthy, "+
			"%d successes make it healthy again, and ECS stops an unhealthy task once the service's "+
			"healthCheckGracePeriodSeconds (%s) is over.",
		seconds(limit), unhealthy, seconds(interval), healthy, seconds(grace))}
}

// readSecrets reads the secrets of the container, as the execution role does when a task starts.
func (s stack) readSecrets(ctx context.Context, read *plan) error {
	for _, secret := range read.container.Secrets {
		name, source := aws.ToString(secret.Name), aws.ToString(secret.ValueFrom)
		value, err := s.readSecret(ctx, source)
		if err != nil {
			return fmt.Errorf("read secret %s from %s: %w", name, source, err)
		}
		read.variables[name] = value
	}
	return nil
}

// readSecret reads a parameter of Parameter Store, or a secret of Secrets Manager, by its ARN.
func (s stack) readSecret(ctx context.Context, source string) (string, error) {
	if !strings.Contains(source, ":secretsmanager:") {
		answer, err := ssm.NewFromConfig(s.account).GetParameter(ctx,
			&ssm.GetParameterInput{Name: &source, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return aws.ToString(answer.Parameter.Value), nil
	}
	// The name may be followed by a key in the secret's JSON, and the stage or the id of a version.
	parts := append(strings.Split(source, ":"), "", "", "")
	input := &secretsmanager.GetSecretValueInput{SecretId: aws.String(strings.Join(parts[:7], ":"))}
	key, stage, version := parts[7], parts[8], parts[9]
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
	// A string is taken as it is, anything else as JSON writes it. The decoder's error would repeat part of the secret.
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(*answer.SecretString), &values) != nil {
		return "", errors.New("it is not a JSON object")
	}
	value, found := values[key]
	if !found {
		return "", fmt.Errorf("its JSON has no key %s", key)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value), nil
	}
	return text, nil
}
