package terraformguide

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

const (
	namespace = "ecs"
	dimension = "ecs:service:DesiredCount"
)

// scaling is phase 10.
func (g *guide) scaling() {
	cluster, service := g.attribute("aws_ecs_cluster.main", "name"), g.attribute("aws_ecs_service.mediaserver", "name")
	resource := "service/" + cluster + "/" + service
	attributes := map[string]any{"resource_id": resource, "id": resource, "service_namespace": namespace, "scalable_dimension": dimension,
		"min_capacity": 1, "max_capacity": 10, "arn": "arn:aws:application-autoscaling:" + Region + ":" + Account + ":scalable-target/0ec5"}
	must(g.Autoscaling.RegisterScalableTarget(g.Context(), &applicationautoscaling.RegisterScalableTargetInput{ResourceId: &resource,
		ServiceNamespace: namespace, ScalableDimension: dimension, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(10)}))
	// The emulator knows no tags of scalable targets.
	g.record("aws_appautoscaling_target.ecs_target", attributes)
	for _, each := range []struct {
		direction, alarm     string
		adjustment           int32
		threshold            float64
		comparison           types.ComparisonOperator
		lowerBound, highestB *float64
	}{
		{"scale_up", "high_cpu", 1, 70, types.ComparisonOperatorGreaterThanThreshold, aws.Float64(0), nil},
		{"scale_down", "low_cpu", -1, 20, types.ComparisonOperatorLessThanThreshold, nil, aws.Float64(0)},
	} {
		policy := g.named(each.direction, map[string]string{"scale_up": "mediaserver-scale-up", "scale_down": "mediaserver-scale-down"}[each.direction])
		put := must(g.Autoscaling.PutScalingPolicy(g.Context(), &applicationautoscaling.PutScalingPolicyInput{PolicyName: &policy,
			PolicyType: scaling.PolicyTypeStepScaling, ResourceId: &resource, ServiceNamespace: namespace, ScalableDimension: dimension,
			StepScalingPolicyConfiguration: &scaling.StepScalingPolicyConfiguration{AdjustmentType: scaling.AdjustmentTypeChangeInCapacity,
				Cooldown: aws.Int32(300), MetricAggregationType: scaling.MetricAggregationTypeAverage,
				StepAdjustments: []scaling.StepAdjustment{{MetricIntervalLowerBound: each.lowerBound, MetricIntervalUpperBound: each.highestB, ScalingAdjustment: &each.adjustment}}}}))
		g.record("aws_appautoscaling_policy."+each.direction, map[string]any{"name": policy, "id": policy, "resource_id": resource, "arn": *put.PolicyARN,
			"service_namespace": namespace, "scalable_dimension": dimension, "policy_type": "StepScaling"})
		name := g.named(each.alarm, map[string]string{"high_cpu": "mediaserver-high-cpu", "low_cpu": "mediaserver-low-cpu"}[each.alarm])
		attributes := map[string]any{"alarm_name": name, "id": name, "threshold": each.threshold, "period": 300, "evaluation_periods": 2,
			"arn": "arn:aws:cloudwatch:" + Region + ":" + Account + ":alarm:" + name}
		must(g.CloudWatch.PutMetricAlarm(g.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: &name, Namespace: aws.String("AWS/ECS"),
			MetricName: aws.String("CPUUtilization"), Statistic: types.StatisticAverage, Period: aws.Int32(300), EvaluationPeriods: aws.Int32(2),
			Threshold: &each.threshold, ComparisonOperator: each.comparison, AlarmDescription: aws.String("Monitors the CPU"),
			AlarmActions: []string{*put.PolicyARN},
			Dimensions:   []types.Dimension{{Name: aws.String("ClusterName"), Value: &cluster}, {Name: aws.String("ServiceName"), Value: &service}},
			Tags:         tagList(g.tags(name, attributes), func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })}))
		g.record("aws_cloudwatch_metric_alarm."+each.alarm, attributes)
	}
}

// logGroups is steps 34 and 35.
func (g *guide) logGroups() {
	for _, each := range []struct{ address, what, name string }{
		{"aws_cloudwatch_log_group.ecs_logs", "ecs-logs", "/ecs/mediaserver"},
		{"aws_cloudwatch_log_group.app_logs", "app-logs", "/aws/ecs/mediaserver/app"},
	} {
		if !g.has(each.address) {
			continue
		}
		name := g.named(each.what, each.name)
		attributes := map[string]any{"name": name, "id": name, "retention_in_days": retention, "kms_key_id": "", "log_group_class": "STANDARD",
			"arn": "arn:aws:logs:" + Region + ":" + Account + ":log-group:" + name}
		must(g.Logs.CreateLogGroup(g.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: g.tags(name, attributes)}))
		must(g.Logs.PutRetentionPolicy(g.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: aws.Int32(retention)}))
		g.record(each.address, attributes)
	}
}

// dashboard is step 36.
func (g *guide) dashboard() {
	if !g.has("aws_cloudwatch_dashboard.mediaserver") {
		return
	}
	name := g.named("dashboard", "mediaserver-dashboard")
	body := `{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"metrics":[["AWS/ECS","CPUUtilization"]],"period":300,"stat":"Average","region":"` +
		Region + `","title":"ECS"}}]}`
	must(g.CloudWatch.PutDashboard(g.Context(), &cloudwatch.PutDashboardInput{DashboardName: &name, DashboardBody: &body}))
	g.record("aws_cloudwatch_dashboard.mediaserver", map[string]any{"dashboard_name": name, "id": name, "dashboard_body": body,
		"dashboard_arn": "arn:aws:cloudwatch::" + Account + ":dashboard/" + name})
}
