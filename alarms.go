package main

import (
	"fmt"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How an alarm treats missing data (CloudWatch user guide, "Configuring how
// CloudWatch alarms treat missing data").
const (
	missingIsGood = "notBreaching"
	missingIsBad  = "breaching"
)

// Which side of a threshold is bad.
const (
	above   = "GreaterThanThreshold"
	below   = "LessThanThreshold"
	atLeast = "GreaterThanOrEqualToThreshold"
)

// alarm is an alarm for people.
//
// CloudWatch receives the metrics of a load balancer late, and metric math treats
// late data as missing. So no alarm depends on a single period.
type alarm struct {
	// name is the logical name, and the end of the physical one.
	name string
	// means is what has happened when the alarm is raised. It is read at night.
	means     string
	lookFirst pulumi.StringInput
	metrics   []watchedMetric
	// expressions are metric math on the ids of the metrics and of the expressions
	// before; the alarm watches the last one. Empty for one metric.
	expressions []mathExpression
	comparison  string
	threshold   int
	// period is the length of a period in seconds. Of the last `periods` periods,
	// `bad` have to be bad to raise the alarm.
	period, periods, bad int
	missing              string
}

type mathExpression struct{ id, expression string }

type watchedMetric struct {
	// id is its name in the expressions. Empty where there are none.
	id                         string
	namespace, name, statistic string
	dimensions                 pulumi.StringMap
}

func (s settings) alarmName(name string) string { return s.physicalName("{name}-" + name) }

// createAlarms makes alarms that tell the receivers when they are raised and when
// they are over; none if there is nobody to tell. Their names do not depend on
// adopted: no alarm exists before a setting asks for it, and the policy of the
// topic names them.
func createAlarms(
	ctx *pulumi.Context, settings settings, environment environmentOutputs, receivers pulumi.Array, alarms []alarm,
) ([]*cloudwatch.MetricAlarm, error) {
	if len(receivers) == 0 {
		return nil, nil
	}
	var created []*cloudwatch.MetricAlarm
	for _, each := range alarms {
		arguments := each.arguments()
		arguments.Name = pulumi.String(settings.alarmName(each.name))
		arguments.AlarmDescription = pulumi.Sprintf("%s. Look first at %s. Dashboard: %s",
			each.means, each.lookFirst, settings.whereDashboardIs(environment))
		arguments.AlarmActions = receivers
		// Whoever was woken wants to know when it is over.
		arguments.OkActions = receivers
		made, err := cloudwatch.NewMetricAlarm(ctx, each.name, arguments)
		if err != nil {
			return nil, fmt.Errorf("create alarm %s: %w", each.name, err)
		}
		created = append(created, made)
	}
	return created, nil
}

// whereDashboardIs is the address of the dashboard for those whom an alarm wakes.
// It cannot come from the dashboard itself, which shows the alarms and so is made
// after them. An adopted dashboard may have another name, so its address is that
// of the list of dashboards.
func (s settings) whereDashboardIs(environment environmentOutputs) string {
	if s.adopted {
		return dashboardsURL(environment)
	}
	return dashboardsURL(environment) + "/dashboard/" + s.dashboardName()
}

func (a alarm) arguments() *cloudwatch.MetricAlarmArgs {
	arguments := &cloudwatch.MetricAlarmArgs{
		ComparisonOperator: pulumi.String(a.comparison),
		Threshold:          pulumi.Float64(a.threshold),
		EvaluationPeriods:  pulumi.Int(a.periods),
		DatapointsToAlarm:  pulumi.Int(a.bad),
		TreatMissingData:   pulumi.String(a.missing),
	}
	if len(a.expressions) == 0 {
		metric := a.metrics[0]
		arguments.Namespace = pulumi.String(metric.namespace)
		arguments.MetricName = pulumi.String(metric.name)
		arguments.Statistic = pulumi.String(metric.statistic)
		arguments.Dimensions = metric.dimensions
		arguments.Period = pulumi.Int(a.period)
		return arguments
	}
	var queries cloudwatch.MetricAlarmMetricQueryArray
	for _, metric := range a.metrics {
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(metric.id),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.String(metric.namespace),
				MetricName: pulumi.String(metric.name),
				Stat:       pulumi.String(metric.statistic),
				Dimensions: metric.dimensions,
				Period:     pulumi.Int(a.period),
			},
			ReturnData: pulumi.Bool(false),
		})
	}
	for i, each := range a.expressions {
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
			Id:         pulumi.String(each.id),
			Expression: pulumi.String(each.expression),
			Label:      pulumi.String(each.id),
			ReturnData: pulumi.Bool(i == len(a.expressions)-1),
		})
	}
	arguments.MetricQueries = queries
	return arguments
}
