package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// requestsPerMinute and requestsPerPeriod are the fewest requests of which a
// share, or a slowest hundredth, says anything.
const (
	requestsPerMinute = 10
	requestsPerPeriod = 100
)

// Alarms during which no deployment goes on.
const (
	serverErrors     = "server-errors"
	unhealthyTargets = "unhealthy-targets"
)

// trafficAlarmsOutputs are the alarms on the traffic. Nil while nobody is told.
type trafficAlarmsOutputs struct {
	// arns are the ARNs of all. The dashboard shows them.
	arns []any
	// deployment makes ECS give up, and roll back, a deployment during which the
	// share of errors or of unhealthy tasks raises its alarm.
	deployment ecs.ServiceAlarmsPtrInput
}

// createTrafficAlarms makes the alarms on what users meet. They are no step of
// the guide. The service names two of them, so they come before it.
func createTrafficAlarms(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, loadBalancer loadBalancerOutputs,
	logGroups logGroupsOutputs, receivers receiversOutputs,
) (trafficAlarmsOutputs, error) {
	if !settings.alarmsOn() {
		return trafficAlarmsOutputs{}, nil
	}
	alarms := append(requestAlarms(settings, loadBalancer, logGroups), targetAlarms(settings, loadBalancer)...)
	created, arns, err := createAlarms(ctx, settings, environment, receivers, alarms)
	if err != nil {
		return trafficAlarmsOutputs{}, err
	}
	var names pulumi.StringArray
	for i, alarm := range created {
		if name := alarms[i].name; name == serverErrors || name == unhealthyTargets {
			names = append(names, alarm.Name)
		}
	}
	return trafficAlarmsOutputs{arns: arns, deployment: &ecs.ServiceAlarmsArgs{
		AlarmNames: names,
		Enable:     pulumi.Bool(true),
		Rollback:   pulumi.Bool(true),
	}}, nil
}

func requestAlarms(settings settings, loadBalancer loadBalancerOutputs, logGroups logGroupsOutputs) []alarm {
	balancer := pulumi.StringMap{"LoadBalancer": loadBalancer.arnSuffix}
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
				// RequestCount leaves out the requests for which there was no target, which
				// all fail: then the errors are all requests.
				{"total", "IF(answered > errors, answered, errors)"},
				{"percent", fmt.Sprintf("IF(total >= %d, 100 * errors / total, 0)", requestsPerMinute)},
			},
			comparison: above, threshold: settings.alarmErrorPercent,
			period: 60, periods: 5, bad: 3,
			// Nobody asks for anything, so nothing fails.
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
			// CloudWatch's own way to leave out periods with too few requests keeps the
			// state of the alarm in them: what is slow in the evening would be reported
			// until the morning.
			expressions: []mathExpression{{"slowest", fmt.Sprintf("IF(requests >= %d, seconds, 0)", requestsPerPeriod)}},
			comparison:  above, threshold: settings.alarmResponseSeconds,
			period: 300, periods: 3, bad: 3,
			// Nobody waits.
			missing: missingIsGood,
		},
	}
}

func targetAlarms(settings settings, loadBalancer loadBalancerOutputs) []alarm {
	// A service that may have no task has no target then, and nothing is wrong. One
	// that must have a task has none registered only because none starts.
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
			// The nodes of the load balancer do not change their minds at the same time:
			// the alarm waits for the last one.
			comparison: below, threshold: 1,
			period: 60, periods: 3, bad: 3,
			missing: noTarget,
		},
		{
			name:      unhealthyTargets,
			means:     "Some tasks have been unhealthy for ten of the last fifteen minutes",
			lookFirst: pulumi.String("the targets of the load balancer, and at the stopped tasks of the service"),
			metrics:   []watchedMetric{{"", loadBalancerMetrics, "UnHealthyHostCount", "Maximum", targets}},
			// A task is unhealthy while it starts, and after each deployment all do.
			comparison: atLeast, threshold: 1,
			period: 60, periods: 15, bad: 10,
			// Without a target the alarm before this one is raised.
			missing: missingIsGood,
		},
	}
}
