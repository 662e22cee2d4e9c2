package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// requestsPerMinute is the smallest number of requests of which a percentage means
// anything, and requestsPerPeriod the smallest of which the slowest hundredth does.
const (
	requestsPerMinute = 10
	requestsPerPeriod = 100
)

// The alarms that stop a deployment.
const (
	serverErrors     = "server-errors"
	unhealthyTargets = "unhealthy-targets"
)

// trafficAlarmsOutputs are the alarms on the traffic. Empty if there is nobody to
// notify.
type trafficAlarmsOutputs struct {
	// alarms are all of them. The dashboard shows them.
	alarms []*cloudwatch.MetricAlarm
	// deployment makes ECS roll back a deployment during which the alarm on server
	// errors or on unhealthy targets is raised.
	deployment ecs.ServiceAlarmsPtrInput
}

// createTrafficAlarms makes the alarms on what users experience. They are not a
// step of the guide. The service names two of them, so they come before it.
func createTrafficAlarms(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, loadBalancer loadBalancerOutputs,
	logGroups logGroupsOutputs, receivers pulumi.Array,
) (trafficAlarmsOutputs, error) {
	alarms := append(requestAlarms(settings, loadBalancer, logGroups), targetAlarms(settings, loadBalancer)...)
	created, err := createAlarms(ctx, settings, environment, receivers, alarms)
	if err != nil {
		return trafficAlarmsOutputs{}, err
	}
	var names pulumi.StringArray
	for i, alarm := range created {
		if name := alarms[i].name; name == serverErrors || name == unhealthyTargets {
			names = append(names, alarm.Name)
		}
	}
	if len(names) == 0 {
		return trafficAlarmsOutputs{}, nil
	}
	return trafficAlarmsOutputs{created, &ecs.ServiceAlarmsArgs{
		AlarmNames: names,
		Enable:     pulumi.Bool(true),
		Rollback:   pulumi.Bool(true),
	}}, nil
}

func requestAlarms(settings settings, loadBalancer loadBalancerOutputs, logGroups logGroupsOutputs) []alarm {
	balancer := pulumi.StringMap{"LoadBalancer": loadBalancer.balancer.ArnSuffix}
	return []alarm{
		{
			name:      serverErrors,
			means:     fmt.Sprintf("More than %d %% of the requests fail with a status of 500 or above", settings.alarmErrorPercent),
			lookFirst: pulumi.Sprintf("the log group %s, and at the last deployment", logGroups.ecs.Name),
			metrics: []watchedMetric{
				{"requests", loadBalancerMetrics, "RequestCount", "Sum", balancer},
				{"application", loadBalancerMetrics, "HTTPCode_Target_5XX_Count", "Sum", balancer},
				{"balancer", loadBalancerMetrics, "HTTPCode_ELB_5XX_Count", "Sum", balancer},
			},
			expressions: []mathExpression{
				{"errors", "FILL(application, 0) + FILL(balancer, 0)"},
				{"answered", "FILL(requests, 0)"},
				// RequestCount leaves out requests for which there was no target. All of them
				// fail, so the errors can outnumber the requests.
				{"total", "IF(answered > errors, answered, errors)"},
				{"percent", fmt.Sprintf("IF(total >= %d, 100 * errors / total, 0)", requestsPerMinute)},
			},
			comparison: above, threshold: settings.alarmErrorPercent,
			period: 60, periods: 5, bad: 3,
			// Without requests, nothing fails.
			missing: missingIsGood,
		},
		{
			name:      "slow-responses",
			means:     fmt.Sprintf("The slowest hundredth of the requests waits for more than %d seconds", settings.alarmResponseSeconds),
			lookFirst: pulumi.String("CPU and memory of the tasks, and at what the application waits for"),
			metrics: []watchedMetric{
				{"seconds", loadBalancerMetrics, "TargetResponseTime", "p99", balancer},
				{"requests", loadBalancerMetrics, "RequestCount", "Sum", balancer},
			},
			// CloudWatch's own option for too few requests keeps the alarm in its state
			// during such periods: slow responses in the evening would be reported until
			// the morning.
			expressions: []mathExpression{{"slowest", fmt.Sprintf("IF(requests >= %d, seconds, 0)", requestsPerPeriod)}},
			comparison:  above, threshold: settings.alarmResponseSeconds,
			period: 300, periods: 3, bad: 3,
			// Without requests, nobody waits.
			missing: missingIsGood,
		},
	}
}

func targetAlarms(settings settings, loadBalancer loadBalancerOutputs) []alarm {
	// If the service may have no task, it is fine without a target. Otherwise, it has
	// no target only because no task starts.
	noTarget := missingIsBad
	if settings.minCapacity == 0 {
		noTarget = missingIsGood
	}
	targets := loadBalancer.targetDimensions()
	return []alarm{
		{
			name:      "no-healthy-target",
			means:     "No task is healthy: users get errors",
			lookFirst: pulumi.String("the events of the service and its stopped tasks"),
			metrics:   []watchedMetric{{"", loadBalancerMetrics, "HealthyHostCount", "Maximum", targets}},
			// The nodes of the load balancer do not notice a change at the same time: the
			// alarm waits for the last one.
			comparison: below, threshold: 1,
			period: 60, periods: 3, bad: 3,
			missing: noTarget,
		},
		{
			name:      unhealthyTargets,
			means:     "Some tasks have been unhealthy for ten of the last fifteen minutes",
			lookFirst: pulumi.String("the targets of the load balancer, and at the stopped tasks of the service"),
			metrics:   []watchedMetric{{"", loadBalancerMetrics, "UnHealthyHostCount", "Maximum", targets}},
			// A task is unhealthy while it starts, and a deployment starts every task anew.
			comparison: atLeast, threshold: 1,
			period: 60, periods: 15, bad: 10,
			// Without a target, no-healthy-target is raised instead.
			missing: missingIsGood,
		},
	}
}
