package readback

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

var monitoringResources = []resource{
	{key: "LogGroup ecs-logs", read: func(r *reader) { r.logGroup("/ecs/{name}") }},
	{key: "LogGroup app-logs", read: func(r *reader) { r.logGroup("/aws/ecs/{name}/app") }},
	{key: "Dashboard mediaserver", read: readDashboard},
}

func (r *reader) logGroup(name string) {
	name = r.named(name)
	found, err := r.Logs.DescribeLogGroups(r.ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	r.answered(err)
	group := one(r, "log groups "+name, slices.DeleteFunc(found.LogGroups, func(group types.LogGroup) bool {
		return aws.ToString(group.LogGroupName) != name
	}))
	r.equal("retention", group.RetentionInDays, r.Settings.LogRetentionDays)
	tags, err := r.Logs.ListTagsForResource(r.ctx, &cloudwatchlogs.ListTagsForResourceInput{
		ResourceArn: aws.String(r.arn("logs", "log-group:"+name)),
	})
	r.answered(err)
	r.tags(tags.Tags)
}

func readDashboard(r *reader) {
	found, err := r.CloudWatch.GetDashboard(r.ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String(r.named("{name}-dashboard"))})
	r.answered(err)
	body := document[struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Alarms  []string
				Region  string
				View    string
				Metrics [][]any
				Period  int
			}
		}
	}](r, aws.ToString(found.DashboardBody))

	var states []string
	if r.Settings.tellsPeople() {
		for _, name := range peopleAlarms {
			states = append(states, r.arn("cloudwatch", "alarm:"+r.named(name)))
		}
	}
	r.equal("alarms that the first widget shows", body.Widgets[0].Properties.Alarms, states)
	shown := map[string]int{}
	for _, widget := range body.Widgets {
		if widget.Type == "alarm" {
			continue
		}
		r.equal("region of a widget", widget.Properties.Region, r.Region)
		r.equal("view of a widget", widget.Properties.View, "timeSeries")
		for _, metric := range widget.Properties.Metrics {
			shown[line(metric)] = widget.Properties.Period
		}
	}
	service := r.named(" ClusterName={name}-cluster ServiceName={name}-service")
	bucket := " BucketName=" + r.bucket()
	for metric, period := range map[string]int{
		"AWS/ECS CPUUtilization" + service:                                 300,
		"AWS/ECS MemoryUtilization" + service:                              300,
		"AWS/S3 BucketSizeBytes" + bucket + " StorageType=StandardStorage": 86400,
		"AWS/S3 NumberOfObjects" + bucket + " StorageType=AllStorageTypes": 86400,
	} {
		r.equal("period of "+metric, shown[metric], period)
	}
}

// line writes a metric of a widget as its namespace, its name and its dimensions.
func line(metric []any) string {
	var text string
	for i := 0; i < len(metric); i++ {
		name, ok := metric[i].(string)
		switch {
		case !ok:
			return text
		case i == 0:
			text = name
		case i == 1:
			text += " " + name
		case i+1 < len(metric):
			text += fmt.Sprintf(" %s=%v", name, metric[i+1])
			i++
		}
	}
	return text
}
