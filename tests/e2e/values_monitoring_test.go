package e2e

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// alarm compares an alarm on the CPU utilisation of the service.
func (r *reader) alarm(name, comparison string, threshold int, policy string) {
	r.t.Helper()
	found, err := r.cloudwatch.DescribeAlarms(r.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	r.need(err, len(found.MetricAlarms), 1)
	alarm := found.MetricAlarms[0]
	r.equal("namespace", alarm.Namespace, "AWS/ECS")
	r.equal("metric", alarm.MetricName, "CPUUtilization")
	r.equal("dimensions", tagsOf(alarm.Dimensions, func(d types.Dimension) (*string, *string) { return d.Name, d.Value }),
		map[string]string{"ClusterName": "mediaserver-cluster", "ServiceName": "mediaserver-service"})
	r.equal("statistic", alarm.Statistic, "Average")
	r.equal("period", alarm.Period, 300)
	r.equal("evaluation periods", alarm.EvaluationPeriods, 2)
	r.equal("comparison", alarm.ComparisonOperator, comparison)
	r.equal("threshold", alarm.Threshold, threshold)
	r.equal("missing data", alarm.TreatMissingData, "notBreaching")
	r.equal("actions", alarm.AlarmActions, []string{aws.ToString(r.scalingPolicy(policy).PolicyARN)})
	tags, err := r.cloudwatch.ListTagsForResource(r.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: alarm.AlarmArn})
	r.need(err, 1, 1)
	r.tags(tagsOf(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readHighCPU(r *reader) {
	r.alarm("mediaserver-high-cpu", "GreaterThanThreshold", 70, "mediaserver-scale-up")
}

func readLowCPU(r *reader) {
	r.alarm("mediaserver-low-cpu", "LessThanThreshold", 20, "mediaserver-scale-down")
}

func (r *reader) logGroup(name string) {
	r.t.Helper()
	found, err := r.logs.DescribeLogGroups(r.ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	r.need(err, len(found.LogGroups), 1)
	r.equal("name", found.LogGroups[0].LogGroupName, name)
	r.equal("retention", found.LogGroups[0].RetentionInDays, 30)
	tags, err := r.logs.ListTagsForResource(r.ctx, &cloudwatchlogs.ListTagsForResourceInput{
		ResourceArn: aws.String("arn:aws:logs:eu-west-2:123456789012:log-group:" + name),
	})
	r.need(err, 1, 1)
	r.tags(tags.Tags)
}

func readECSLogs(r *reader) { r.logGroup("/ecs/mediaserver") }

func readAppLogs(r *reader) { r.logGroup("/aws/ecs/mediaserver/app") }

func readDashboard(r *reader) {
	found, err := r.cloudwatch.GetDashboard(r.ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String("mediaserver-dashboard")})
	r.need(err, 1, 1)
	body := document[struct {
		Widgets []struct {
			Properties struct {
				Region  string
				View    string
				Metrics [][]any
				Period  int
			}
		}
	}](r, aws.ToString(found.DashboardBody))

	shown := map[string]int{}
	for _, widget := range body.Widgets {
		r.equal("region of a widget", widget.Properties.Region, "eu-west-2")
		r.equal("view of a widget", widget.Properties.View, "timeSeries")
		for _, metric := range widget.Properties.Metrics {
			shown[line(metric)] = widget.Properties.Period
		}
	}
	const service = " ClusterName=mediaserver-cluster ServiceName=mediaserver-service"
	bucket := " BucketName=" + r.bucketName
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

func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%v", value)
	}
	return string(text)
}
