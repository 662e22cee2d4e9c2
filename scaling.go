package main

import (
	"fmt"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// scalingCooldown is how long, in seconds, a policy rests after it changed
	// the number of tasks (steps 30 and 31).
	scalingCooldown = 300
	// alarmPeriod is the length of a period in seconds, and alarmPeriods the
	// number of consecutive periods that raise an alarm (steps 32 and 33).
	alarmPeriod  = 300
	alarmPeriods = 2
)

// createScaling is phase 10: the scalable target, a policy and an
// alarm to add a task, a policy and an alarm to remove one. No later phase uses
// anything of it.
func createScaling(ctx *pulumi.Context, settings settings, service serviceOutputs) error {
	target, err := appautoscaling.NewTarget(ctx, "ecs-target", &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String("ecs"),
		ScalableDimension: pulumi.String("ecs:service:DesiredCount"),
		// Made from what the cluster and the service return, so that the target is
		// made again with its service.
		ResourceId:  pulumi.Sprintf("service/%s/%s", service.clusterName, service.serviceName),
		MinCapacity: pulumi.Int(settings.minCapacity),
		MaxCapacity: pulumi.Int(settings.maxCapacity),
	})
	if err != nil {
		return fmt.Errorf("create scalable target ecs-target: %w", err)
	}
	rows := []struct {
		policyName                     string
		adjustment                     int
		stepLowerBound, stepUpperBound pulumi.StringPtrInput
		alarmName, alarmDescription    string
		comparison                     string
		threshold                      int
	}{
		{
			policyName:       "scale-up",
			adjustment:       1,
			stepLowerBound:   pulumi.String("0"),
			alarmName:        "high-cpu",
			alarmDescription: "The average CPU utilisation of the tasks is high: add a task",
			comparison:       above,
			threshold:        settings.scaleUpCPU,
		},
		{
			policyName:       "scale-down",
			adjustment:       -1,
			stepUpperBound:   pulumi.String("0"),
			alarmName:        "low-cpu",
			alarmDescription: "The average CPU utilisation of the tasks is low: remove a task",
			comparison:       below,
			threshold:        settings.scaleDownCPU,
		},
	}
	for _, row := range rows {
		policy, err := appautoscaling.NewPolicy(ctx, row.policyName, &appautoscaling.PolicyArgs{
			Name:              pulumi.String(settings.physicalName("{name}-" + row.policyName)),
			PolicyType:        pulumi.String("StepScaling"),
			ServiceNamespace:  target.ServiceNamespace,
			ScalableDimension: target.ScalableDimension,
			ResourceId:        target.ResourceId,
			StepScalingPolicyConfiguration: &appautoscaling.PolicyStepScalingPolicyConfigurationArgs{
				AdjustmentType:        pulumi.String("ChangeInCapacity"),
				Cooldown:              pulumi.Int(scalingCooldown),
				MetricAggregationType: pulumi.String("Average"),
				StepAdjustments: appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArray{
					&appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs{
						MetricIntervalLowerBound: row.stepLowerBound,
						MetricIntervalUpperBound: row.stepUpperBound,
						ScalingAdjustment:        pulumi.Int(row.adjustment),
					},
				},
			},
		}, settings.keep("name"))
		if err != nil {
			return fmt.Errorf("create scaling policy %s: %w", row.policyName, err)
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, row.alarmName, &cloudwatch.MetricAlarmArgs{
			Name:               pulumi.String(settings.alarmName(row.alarmName)),
			AlarmDescription:   pulumi.String(row.alarmDescription),
			Namespace:          pulumi.String(ecsMetrics),
			MetricName:         pulumi.String(cpuUtilization),
			Statistic:          pulumi.String("Average"),
			Period:             pulumi.Int(alarmPeriod),
			EvaluationPeriods:  pulumi.Int(alarmPeriods),
			ComparisonOperator: pulumi.String(row.comparison),
			Threshold:          pulumi.Float64(row.threshold),
			// A service without a task sends nothing: that is no reason to scale.
			TreatMissingData: pulumi.String(missingIsGood),
			Dimensions:       service.dimensions(),
			AlarmActions:     pulumi.Array{policy.Arn},
		}, settings.keep("name")); err != nil {
			return fmt.Errorf("create alarm %s: %w", row.alarmName, err)
		}
	}
	return nil
}
