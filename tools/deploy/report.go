package deploy

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

const (
	// shownEvents and shownTasks are how many of the service's last events and of the deployment's stopped tasks a failure
	// prints.
	shownEvents = 10
	shownTasks  = 20
	// recordApart is how far a deployment and AWS's record of it may differ in time.
	recordApart = time.Minute
)

// report prints what helps to find out why a deployment failed: the service's events, why tasks stopped, what the load
// balancer thinks of the targets, and where the logs are. If one part cannot be read, the others are printed still.
func (r *run) report(ctx context.Context) {
	r.say("")
	r.say("Last events of service %s:", r.outputs.service)
	events := slices.Clone(r.service.Events[:min(shownEvents, len(r.service.Events))])
	slices.Reverse(events)
	lines := []string{}
	for _, each := range events {
		lines = append(lines, moment(aws.ToTime(each.CreatedAt))+"  "+aws.ToString(each.Message))
	}
	r.list(lines, nil)
	r.say("Stopped tasks of deployment %s:", r.deployment)
	tasks, err := r.stoppedTasks(ctx)
	r.list(taskLines(tasks), err)
	r.say("Targets of the load balancer:")
	lines, err = r.targetLines(ctx)
	r.list(lines, err)
	r.show("Logs:     ", "aws", "logs", "filter-log-events", "--log-group-name", r.outputs.logGroup, "--region", r.outputs.region, "--max-items", "100")
	r.say("Dashboard: %s", r.outputs.dashboard)
}

func (r *run) list(lines []string, err error) {
	switch {
	case err != nil:
		r.say("  unknown: %s", told(err))
	case len(lines) == 0:
		r.say("  none")
	}
	for _, line := range lines {
		r.say("  %s", line)
	}
}

// moment is a time to the second.
func moment(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// stoppedTasks are those of our deployment.
func (r *run) stoppedTasks(ctx context.Context) ([]types.Task, error) {
	listed, err := call(ctx, r, r.clients.ecs.ListTasks, r.stoppedTasksInput())
	if err != nil || len(listed.TaskArns) == 0 {
		return nil, err
	}
	described, err := call(ctx, r, r.clients.ecs.DescribeTasks, &ecs.DescribeTasksInput{Cluster: &r.outputs.cluster, Tasks: listed.TaskArns})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(described.Tasks, func(task types.Task) bool { return aws.ToString(task.StartedBy) != r.deployment }), nil
}

func (r *run) stoppedTasksInput() *ecs.ListTasksInput {
	return &ecs.ListTasksInput{Cluster: &r.outputs.cluster, ServiceName: &r.outputs.service, DesiredStatus: types.DesiredStatusStopped}
}

func taskLines(tasks []types.Task) []string {
	var lines []string
	slices.SortFunc(tasks, func(a, b types.Task) int { return aws.ToTime(a.StoppedAt).Compare(aws.ToTime(b.StoppedAt)) })
	if len(tasks) > shownTasks {
		lines = append(lines, fmt.Sprintf("(the last %d of %d)", shownTasks, len(tasks)))
		tasks = tasks[len(tasks)-shownTasks:]
	}
	for _, task := range tasks {
		lines = append(lines, fmt.Sprintf("task %s: %s: %s", path.Base(aws.ToString(task.TaskArn)),
			cmp.Or(task.StopCode, "no stop code"), cmp.Or(aws.ToString(task.StoppedReason), "no reason given")))
		for _, container := range task.Containers {
			ended := "no exit code"
			if container.ExitCode != nil {
				ended = fmt.Sprintf("exit code %d", *container.ExitCode)
			}
			if container.Reason != nil {
				ended += ": " + *container.Reason
			}
			lines = append(lines, fmt.Sprintf("  container %s: %s", aws.ToString(container.Name), ended))
		}
	}
	return lines
}

func (r *run) targetLines(ctx context.Context) ([]string, error) {
	answer, err := call(ctx, r, r.clients.loadBalancer.DescribeTargetHealth, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &r.targets})
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, each := range answer.TargetHealthDescriptions {
		if each.Target == nil || each.TargetHealth == nil {
			continue
		}
		line := fmt.Sprintf("%s:%d %s", aws.ToString(each.Target.Id), aws.ToInt32(each.Target.Port), each.TargetHealth.State)
		for _, why := range []string{string(each.TargetHealth.Reason), aws.ToString(each.TargetHealth.Description)} {
			if why != "" {
				line += ": " + why
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// triggeredAlarms names the alarms that made ECS give up our deployment; empty if none did. Only AWS's record of the
// deployment names them, and the record is found by its time.
func (r *run) triggeredAlarms(ctx context.Context) string {
	if !r.alarmsWatch() {
		return ""
	}
	record, err := r.listRecord(ctx)
	if err != nil {
		return "not known: " + told(err)
	}
	apart := func(each types.ServiceDeploymentBrief) time.Duration {
		return aws.ToTime(each.CreatedAt).Sub(r.created).Abs()
	}
	slices.SortFunc(record, func(a, b types.ServiceDeploymentBrief) int { return cmp.Compare(apart(a), apart(b)) })
	if len(record) == 0 || apart(record[0]) > recordApart {
		return ""
	}
	whole, err := r.describeRecord(ctx, aws.ToString(record[0].ServiceDeploymentArn))
	if err != nil {
		return "not known: " + told(err)
	}
	if whole.Alarms == nil {
		return ""
	}
	return strings.Join(whole.Alarms.TriggeredAlarmNames, ", ")
}
