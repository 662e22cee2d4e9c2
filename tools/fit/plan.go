package fit

import (
	"cmp"
	"context"
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
	variables    map[string]string
	own          ownCheck
	loadBalancer loadBalancerCheck
}

// ownCheck is the health check that the container's agent runs in the container.
type ownCheck struct {
	// command is the program to run with its arguments. Empty if the container has no check.
	command []string
	// timeout is how long one run may take.
	timeout time.Duration
	judge   judge
}

// loadBalancerCheck is the health check of the target group.
type loadBalancerCheck struct {
	path string
	// matcher are the healthy status codes, as Elastic Load Balancing writes them: 200, 200,202 or 200-299.
	matcher string
	// timeout is how long one answer may take.
	timeout time.Duration
	judge   judge
}

// accepts tells whether a status, of three digits or 0, is one of the matcher's.
func (c loadBalancerCheck) accepts(status int) bool {
	code := strconv.Itoa(status)
	for part := range strings.SplitSeq(c.matcher, ",") {
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

// judge is one of the two health checks for which ECS stops a task.
type judge struct {
	// limit is the time after the start within which the application must satisfy the check.
	limit time.Duration
	// reason is a sentence that names the settings behind the limit.
	reason string
}

// judge is the judge that decides first among those that are not satisfied, or the user's own limit.
func (t *trial) judge(seen observation) judge {
	own, outside := t.plan.own.judge, t.plan.loadBalancer.judge
	first := outside
	if seen.own.problem != "" && (t.plan.loadBalancer.accepts(seen.status) || own.limit < outside.limit) {
		first = own
	}
	if t.Limit > 0 {
		return judge{t.Limit, fmt.Sprintf("--timeout allows %s; the stack allows %s.", seconds(t.Limit), seconds(first.limit))}
	}
	return first
}

// readPlan reads the plan of a stack from AWS, or returns a Verdict.
func (s stack) readPlan(ctx context.Context) (plan, error) {
	read, err := s.readDefinition(ctx)
	if err == nil {
		err = s.readService(ctx, &read)
	}
	if err == nil {
		read.variables, err = s.variables(ctx)
	}
	if err == nil {
		err = s.readSecrets(ctx, &read)
	}
	if err != nil {
		return plan{}, refused(err)
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
func (s stack) readDefinition(ctx context.Context) (plan, error) {
	name := s.taskDefinition
	answer, err := s.describe(ctx, name)
	if err != nil {
		return plan{}, err
	}
	definition := answer.TaskDefinition
	if s.outputsFile != "" {
		// Old revisions of the stack stay registered.
		last, err := s.describe(ctx, aws.ToString(definition.Family))
		if err != nil {
			return plan{}, err
		}
		newest := aws.ToString(last.TaskDefinition.TaskDefinitionArn)
		for _, tag := range last.Tags {
			if aws.ToString(tag.Key) == stackRevisionTag {
				newest = aws.ToString(tag.Value)
			}
		}
		if newest != name {
			return plan{}, outdated("%s names %s, and there is %s", s.outputsFile, name, newest)
		}
	}
	index := slices.IndexFunc(definition.ContainerDefinitions, func(each ecstypes.ContainerDefinition) bool {
		return aws.ToString(each.Name) == s.container
	})
	if index < 0 {
		return plan{}, outdated("task definition %s has no container %q", name, s.container)
	}
	cpu, cpuErr := strconv.Atoi(aws.ToString(definition.Cpu))
	memory, memoryErr := strconv.Atoi(aws.ToString(definition.Memory))
	if err := errors.Join(cpuErr, memoryErr); err != nil {
		return plan{}, fmt.Errorf("read the size of task definition %s: %w", name, err)
	}
	read := plan{description: s.description, taskDefinition: name, cpu: cpu, memory: memory,
		container: definition.ContainerDefinitions[index], platform: "linux/amd64"}
	// Without a platform, ECS runs Linux on X86_64.
	if platform := definition.RuntimePlatform; platform != nil && platform.CpuArchitecture == ecstypes.CPUArchitectureArm64 {
		read.platform = "linux/arm64"
	}
	return read, nil
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
	groups, err := lb.NewFromConfig(s.account).DescribeTargetGroups(ctx, &lb.DescribeTargetGroupsInput{TargetGroupArns: []string{name}})
	if err != nil {
		return fmt.Errorf("read target group %s: %w", name, err)
	}
	group := groups.TargetGroups[0]
	grace := secondsIn(service.HealthCheckGracePeriodSeconds)
	read.port = int(aws.ToInt32(service.LoadBalancers[0].ContainerPort))
	read.loadBalancer = loadBalancerCheck{
		path:    aws.ToString(group.HealthCheckPath),
		matcher: aws.ToString(group.Matcher.HttpCode),
		timeout: secondsIn(group.HealthCheckTimeoutSeconds),
		judge: loadBalancerJudge(grace, secondsIn(group.HealthCheckIntervalSeconds),
			aws.ToInt32(group.HealthyThresholdCount), aws.ToInt32(group.UnhealthyThresholdCount)),
	}
	if check := read.container.HealthCheck; check != nil {
		// These are ECS's defaults (Amazon ECS API reference, HealthCheck).
		read.own = ownCheck{
			// The first word, CMD, means no shell.
			command: check.Command[1:],
			timeout: cmp.Or(secondsIn(check.Timeout), 5*time.Second),
			judge: ownJudge(secondsIn(check.StartPeriod), cmp.Or(secondsIn(check.Interval), 30*time.Second), grace,
				cmp.Or(aws.ToInt32(check.Retries), 3)),
		}
	}
	return nil
}

func secondsIn(value *int32) time.Duration { return time.Duration(aws.ToInt32(value)) * time.Second }

// ownJudge is the judge of the container's own health check. Failures count after the start period, and the service
// ignores an unhealthy container for its grace period (Amazon ECS API reference, HealthCheck and CreateService).
func ownJudge(startPeriod, interval, grace time.Duration, retries int32) judge {
	limit := max(startPeriod+time.Duration(retries)*interval, grace)
	return judge{limit, fmt.Sprintf("The container's own health check allows %s: startPeriod (%s) and %d retries, %s apart, "+
		"or the service's healthCheckGracePeriodSeconds (%s) if that is longer.",
		seconds(limit), seconds(startPeriod), retries, seconds(interval), seconds(grace))}
}

// loadBalancerJudge is the judge of the load balancer's health check. A new target is healthy after one success. One
// that has failed long enough to be unhealthy needs several in a row (Application Load Balancers guide, Health checks),
// and ECS stops its task unless they come before the grace period is over.
func loadBalancerJudge(grace, interval time.Duration, healthy, unhealthy int32) judge {
	limit := max(time.Duration(unhealthy)*interval, grace-time.Duration(healthy-1)*interval)
	return judge{limit, fmt.Sprintf("The load balancer's health check allows %s: %d failures, %s apart, make the task unhealthy, "+
		"%d successes make it healthy again, and ECS stops an unhealthy task once the service's healthCheckGracePeriodSeconds (%s) is over.",
		seconds(limit), unhealthy, seconds(interval), healthy, seconds(grace))}
}
