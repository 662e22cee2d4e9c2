package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// highMemory is the share of its memory, in percent, above which a task is in
// danger: at 100 its container is killed.
const highMemory = 90

// createTaskAlarms makes the alarms on what the tasks use. They are not a step of
// the guide. The two alarms of phase 10 are not among them: those scale the
// service and notify nobody.
func createTaskAlarms(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, loadBalancer loadBalancerOutputs,
	service serviceOutputs, receivers pulumi.Array,
) ([]*cloudwatch.MetricAlarm, error) {
	targets := loadBalancer.targetDimensions()
	tasks := service.dimensions()
	return createAlarms(ctx, settings, environment, receivers, []alarm{
		{
			name:      "at-max-capacity",
			means:     fmt.Sprintf("As many tasks run as maxCapacity allows (%d), and they are busier than scaleUpCpu (%d %%)", settings.maxCapacity, settings.scaleUpCPU),
			lookFirst: pulumi.String("the number of requests: raise maxCapacity if users ask for more, or find out what else keeps the CPU busy"),
			metrics: []watchedMetric{
				{"tasks", loadBalancerMetrics, "HealthyHostCount", "Maximum", targets},
				{"cpu", ecsMetrics, cpuUtilization, "Average", tasks},
			},
			// The number of tasks is that of the load balancer, because Container Insights,
			// which counts them too, can be off.
			expressions: []mathExpression{{"percent", fmt.Sprintf("IF(tasks >= %d, cpu, 0)", settings.maxCapacity)}},
			comparison:  above, threshold: settings.scaleUpCPU,
			period: 300, periods: 3, bad: 3,
			// Without a task nothing is busy.
			missing: missingIsGood,
		},
		{
			name:       "high-memory",
			means:      fmt.Sprintf("A task uses more than %d %% of its memory, and is killed at 100", highMemory),
			lookFirst:  pulumi.String("how memory has grown since the last deployment: it leaks, or the setting memory is too small"),
			metrics:    []watchedMetric{{"", ecsMetrics, memoryUtilization, "Maximum", tasks}},
			comparison: above, threshold: highMemory,
			period: 300, periods: 3, bad: 3,
			// Without a task nothing uses memory.
			missing: missingIsGood,
		},
	})
}
