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

// explain is the failure of a deployment. Before, it prints what helps to find out why: the service's events, why tasks
// stopped, what the load balancer thinks of the targets, and where the logs are. If one part cannot be read, the others are
// printed still.
func (r *run) explain(ctx context.Context, code int, format string, values ...any) error {
	events := slices.Clone(r.service.Events[:min(shownEvents, len(r.service.Events))])
	slices.Reverse(events)
	var lines []string
	for _, each := range events {
		lines = append(lines, moment(aws.ToTime(each.CreatedAt))+"  "+aws.ToString(each.Message))
	}
	r.say("")
	r.list("Last events of service "+r.outputs.service, lines, nil)
	tasks, err := r.stoppedTasks(ctx)
	r.list("Stopped tasks of deployment "+r.deployment, taskLines(tasks), err)
	lines, err = r.targetLines(ctx)
	r.list("Targets of the load balancer", lines, err)
	r.show("Logs:     ", "aws", "logs", "filter-log-events", "--log-group-name", r.outputs.logGroup, "--region", r.outputs.region, "--max-items", "100")
	r.say("Dashboard: %s", r.outputs.dashboard)
	return fail(code, format, values...)
}

func (r *run) list(title string, lines []string, err error) {
	if err != nil {
		lines = []string{"unknown: " + told(err)}
	} else if len(lines) == 0 {
		lines = []string{"none"}
	}
	r.say("%s:\n  %s", title, strings.Join(lines, "\n  "))
}

// moment is a time to the second.
func moment(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// stoppedTasks are those of our deployment, the first one first.
func (r *run) stoppedTasks(ctx context.Context) ([]types.Task, error) {
	listed, err := r.clients.ecs.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: &r.outputs.cluster, ServiceName: &r.outputs.service, DesiredStatus: types.DesiredStatusStopped,
	})
	if err != nil || len(listed.TaskArns) == 0 {
		return nil, err
	}
	described, err := r.clients.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.outputs.cluster, Tasks: listed.TaskArns})
	if err != nil {
		return nil, err
	}
	tasks := slices.DeleteFunc(described.Tasks, func(task types.Task) bool { return aws.ToString(task.StartedBy) != r.deployment })
	slices.SortFunc(tasks, func(a, b types.Task) int { return aws.ToTime(a.StoppedAt).Compare(aws.ToTime(b.StoppedAt)) })
	return tasks, nil
}

func taskLines(tasks []types.Task) []string {
	var lines []string
	for _, task := range tasks[max(0, len(tasks)-shownTasks):] {
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
	answer, err := r.clients.loadBalancer.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &r.targets})
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, each := range answer.TargetHealthDescriptions {
		if each.Target != nil && each.TargetHealth != nil {
			line := fmt.Sprintf("%s:%d %s: %s: %s", aws.ToString(each.Target.Id), aws.ToInt32(each.Target.Port),
				each.TargetHealth.State, each.TargetHealth.Reason, aws.ToString(each.TargetHealth.Description))
			// A healthy target has neither.
			lines = append(lines, strings.TrimRight(line, ": "))
		}
	}
	return lines, nil
}

// triggeredAlarms names the alarms that made ECS give up our deployment; empty if none did. Only AWS's record of the
// deployment names them, and the record is found by its time.
func (r *run) triggeredAlarms(ctx context.Context) string {
	if !r.service.alarmsWatch() {
		return ""
	}
	record, err := r.listRecord(ctx)
	apart := func(each types.ServiceDeploymentBrief) time.Duration {
		return aws.ToTime(each.CreatedAt).Sub(r.created).Abs()
	}
	record = slices.DeleteFunc(record, func(each types.ServiceDeploymentBrief) bool { return apart(each) > recordApart })
	var whole types.ServiceDeployment
	if len(record) > 0 {
		nearest := slices.MinFunc(record, func(a, b types.ServiceDeploymentBrief) int { return cmp.Compare(apart(a), apart(b)) })
		whole, err = r.describeRecord(ctx, aws.ToString(nearest.ServiceDeploymentArn))
	}
	if err != nil {
		return "not known: " + told(err)
	}
	if whole.Alarms == nil {
		return ""
	}
	return strings.Join(whole.Alarms.TriggeredAlarmNames, ", ")
}
