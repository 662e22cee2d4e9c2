package readback

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// The names of the two scaling policies.
const (
	scaleUp   = "{name}-scale-up"
	scaleDown = "{name}-scale-down"
)

var scalingResources = []resource{
	{key: "Target ecs-target", read: readScalableTarget},
	{key: "Policy scale-up", read: func(r *reader) { r.scaling(scaleUp, 1, 0, nil) }},
	{key: "Policy scale-down", read: func(r *reader) { r.scaling(scaleDown, -1, nil, 0) }},
	{key: "MetricAlarm high-cpu", read: func(r *reader) {
		r.scalingAlarm("{name}-high-cpu", "GreaterThanThreshold", r.Settings.ScaleUpCPU, scaleUp)
	}},
	{key: "MetricAlarm low-cpu", read: func(r *reader) {
		r.scalingAlarm("{name}-low-cpu", "LessThanThreshold", r.Settings.ScaleDownCPU, scaleDown)
	}},
}

// scaledService is the service as Application Auto Scaling names it.
func (r *reader) scaledService() string { return r.named("service/{name}-cluster/{name}-service") }

func readScalableTarget(r *reader) {
	found, err := r.Autoscaling.DescribeScalableTargets(r.ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: []string{r.scaledService()},
	})
	r.answered(err)
	target := one(r, "scalable targets", found.ScalableTargets)
	r.equal("resource", target.ResourceId, r.scaledService())
	r.equal("dimension", target.ScalableDimension, "ecs:service:DesiredCount")
	r.equal("least", target.MinCapacity, r.Settings.MinCapacity)
	r.equal("most", target.MaxCapacity, r.Settings.MaxCapacity)
}

// scalingPolicy reads a scaling policy by its name.
func (r *reader) scalingPolicy(name string) types.ScalingPolicy {
	found, err := r.Autoscaling.DescribeScalingPolicies(r.ctx, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(r.scaledService()), PolicyNames: []string{r.named(name)},
	})
	r.answered(err)
	// The emulator returns all policies, whatever the names asked for.
	return one(r, "scaling policies", slices.DeleteFunc(found.ScalingPolicies, func(policy types.ScalingPolicy) bool {
		return aws.ToString(policy.PolicyName) != r.named(name)
	}))
}

// scaling compares a scaling policy that changes the number of tasks by an adjustment.
func (r *reader) scaling(name string, adjustment int, lower, upper any) {
	policy := r.scalingPolicy(name)
	r.equal("resource", policy.ResourceId, r.scaledService())
	r.equal("type", policy.PolicyType, "StepScaling")
	steps := present(r, "the steps", policy.StepScalingPolicyConfiguration)
	r.equal("adjustment type", steps.AdjustmentType, "ChangeInCapacity")
	r.equal("cooldown", steps.Cooldown, 300)
	step := one(r, "steps", steps.StepAdjustments)
	r.equal("adjustment", step.ScalingAdjustment, adjustment)
	r.equal("lower bound", step.MetricIntervalLowerBound, lower)
	r.equal("upper bound", step.MetricIntervalUpperBound, upper)
}

// scalingAlarm compares an alarm on the CPU utilisation of the service.
func (r *reader) scalingAlarm(name, comparison string, threshold int, policy string) {
	alarm := r.alarm(name)
	r.equal("namespace", alarm.Namespace, "AWS/ECS")
	r.equal("metric", alarm.MetricName, "CPUUtilization")
	r.equal("dimensions", texts(alarm.Dimensions, func(d alarmtypes.Dimension) (*string, *string) { return d.Name, d.Value }),
		map[string]string{"ClusterName": r.named("{name}-cluster"), "ServiceName": r.named("{name}-service")})
	r.equal("statistic", alarm.Statistic, "Average")
	r.equal("period", alarm.Period, 300)
	r.equal("evaluation periods", alarm.EvaluationPeriods, 2)
	r.equal("comparison", alarm.ComparisonOperator, comparison)
	r.equal("threshold", alarm.Threshold, threshold)
	r.equal("missing data", alarm.TreatMissingData, "notBreaching")
	r.equal("actions", alarm.AlarmActions, []string{aws.ToString(r.scalingPolicy(policy).PolicyARN)})
	r.alarmTags(alarm)
}

// alarm reads an alarm by its name.
func (r *reader) alarm(name string) alarmtypes.MetricAlarm {
	found, err := r.CloudWatch.DescribeAlarms(r.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{r.named(name)}})
	r.answered(err)
	return one(r, "alarms "+r.named(name), found.MetricAlarms)
}

// alarmTags compares the tags of an alarm.
func (r *reader) alarmTags(alarm alarmtypes.MetricAlarm) {
	found, err := r.CloudWatch.ListTagsForResource(r.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: alarm.AlarmArn})
	r.answered(err)
	r.tags(texts(found.Tags, func(tag alarmtypes.Tag) (*string, *string) { return tag.Key, tag.Value }))
}
