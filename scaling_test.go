package main

import "testing"

func TestTheServiceScalesFromOneToTenTasks(t *testing.T) {
	want := object{
		"serviceNamespace":  "ecs",
		"scalableDimension": "ecs:service:DesiredCount",
		"resourceId":        "service/mediaserver-cluster/mediaserver-service",
		"minCapacity":       1,
		"maxCapacity":       10,
	}
	run(t, nil).wantInputs(t, "Target ecs-target", want)
	want["minCapacity"], want["maxCapacity"] = 3, 30
	run(t, map[string]string{"minCapacity": "3", "desiredCount": "5", "maxCapacity": "30"}).
		wantInputs(t, "Target ecs-target", want)
}

func TestEachPolicyMovesTheServiceByOneTask(t *testing.T) {
	stack := run(t, nil)
	for key, step := range map[string]object{
		"Policy scale-up":   {"metricIntervalLowerBound": "0", "scalingAdjustment": 1},
		"Policy scale-down": {"metricIntervalUpperBound": "0", "scalingAdjustment": -1},
	} {
		stack.wantInputs(t, key, object{
			"name":              map[string]string{"Policy scale-up": "mediaserver-scale-up", "Policy scale-down": "mediaserver-scale-down"}[key],
			"policyType":        "StepScaling",
			"serviceNamespace":  "ecs",
			"scalableDimension": "ecs:service:DesiredCount",
			"resourceId":        "service/mediaserver-cluster/mediaserver-service",
			"stepScalingPolicyConfiguration": object{
				"adjustmentType":        "ChangeInCapacity",
				"cooldown":              300,
				"metricAggregationType": "Average",
				"stepAdjustments":       list{step},
			},
		})
	}
}

// TestTheAlarmsAddATaskAbove70AndRemoveOneBelow20Percent is also about receivers of the other alarms: these tell nobody.
func TestTheAlarmsAddATaskAbove70AndRemoveOneBelow20Percent(t *testing.T) {
	for _, settings := range []map[string]string{nil, toBoth} {
		stack := run(t, settings)
		stack.wantInputs(t, "MetricAlarm high-cpu", alarmWanted("mediaserver-high-cpu",
			"The average CPU utilisation of the tasks is high: add a task", "GreaterThanThreshold", 70, "scale-up"))
		stack.wantInputs(t, "MetricAlarm low-cpu", alarmWanted("mediaserver-low-cpu",
			"The average CPU utilisation of the tasks is low: remove a task", "LessThanThreshold", 20, "scale-down"))
	}
}

func TestTheThresholdsFollowTheSettings(t *testing.T) {
	stack := run(t, map[string]string{"scaleUpCpu": "85", "scaleDownCpu": "35"})
	wantEqual(t, "up", stack.find(t, "MetricAlarm high-cpu").inputs["threshold"], 85)
	wantEqual(t, "down", stack.find(t, "MetricAlarm low-cpu").inputs["threshold"], 35)
}

func alarmWanted(name, description, comparison string, threshold int, policy string) object {
	return object{
		"name":               name,
		"alarmDescription":   description,
		"namespace":          "AWS/ECS",
		"metricName":         "CPUUtilization",
		"statistic":          "Average",
		"period":             300,
		"evaluationPeriods":  2,
		"comparisonOperator": comparison,
		"threshold":          threshold,
		"treatMissingData":   "notBreaching",
		"dimensions":         object{"ClusterName": "mediaserver-cluster", "ServiceName": "mediaserver-service"},
		"alarmActions":       list{"arn:aws:autoscaling:eu-west-2:123456789012:scalingPolicy:" + policy},
	}
}
