package main

import (
	"maps"
	"strings"
	"testing"
)

// Settings with which somebody is told of alarms.
var (
	toEmails = map[string]string{"alarmEmails": `["oncall@example.com"]`}
	toTopic  = map[string]string{"alarmTopicArn": testTopic}
	toBoth   = map[string]string{"alarmEmails": `["oncall@example.com"]`, "alarmTopicArn": testTopic}
)

// with are settings and further ones.
func with(base map[string]string, more map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

const (
	ownTopic     = "arn:aws:sns:eu-west-2:123456789012:mediaserver-alarms"
	alarmsArn    = "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:mediaserver-"
	seeDashboard = ". Dashboard: https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#dashboards/dashboard/mediaserver-dashboard"
)

// alarmNames are the alarms for people, in the order in which the dashboard
// shows them.
var alarmNames = []string{
	"server-errors", "slow-responses", "no-healthy-target", "unhealthy-targets", "at-max-capacity", "high-memory",
}

// Dimensions of the metrics.
var (
	ofBalancer = object{"LoadBalancer": "app/alb/1"}
	ofTargets  = object{"LoadBalancer": "app/alb/1", "TargetGroup": "targetgroup/tg/2"}
	ofTasks    = object{"ClusterName": "mediaserver-cluster", "ServiceName": "mediaserver-service"}
)

// query is the expectation of a metric that an expression reads.
func query(id, namespace, metric, stat string, period int, dimensions object) object {
	return object{"id": id, "returnData": false, "metric": object{
		"namespace": namespace, "metricName": metric, "stat": stat, "period": period, "dimensions": dimensions,
	}}
}

// expression is the expectation of an expression.
func expression(id, text string, watched bool) object {
	return object{"id": id, "label": id, "expression": text, "returnData": watched}
}

// wantedAlarms are the expectations with default settings.
func wantedAlarms() map[string]object {
	const alb = "AWS/ApplicationELB"
	return map[string]object{
		"server-errors": {
			"alarmDescription": "More than 5 % of the requests fail with a status of 500 or above. " +
				"Look first at the log group /ecs/mediaserver, and at the last deployment" + seeDashboard,
			"metricQueries": list{
				query("requests", alb, "RequestCount", "Sum", 60, ofBalancer),
				query("application", alb, "HTTPCode_Target_5XX_Count", "Sum", 60, ofBalancer),
				query("balancer", alb, "HTTPCode_ELB_5XX_Count", "Sum", 60, ofBalancer),
				expression("errors", "FILL(application, 0) + FILL(balancer, 0)", false),
				expression("answered", "FILL(requests, 0)", false),
				expression("total", "IF(answered > errors, answered, errors)", false),
				expression("percent", "IF(total >= 10, 100 * errors / total, 0)", true),
			},
			"comparisonOperator": "GreaterThanThreshold", "threshold": 5,
			"evaluationPeriods": 5, "datapointsToAlarm": 3, "treatMissingData": "notBreaching",
		},
		"slow-responses": {
			"alarmDescription": "The slowest hundredth of the requests waits for more than 5 seconds. " +
				"Look first at CPU and memory of the tasks, and at what the application waits for" + seeDashboard,
			"metricQueries": list{
				query("seconds", alb, "TargetResponseTime", "p99", 300, ofBalancer),
				query("requests", alb, "RequestCount", "Sum", 300, ofBalancer),
				expression("slowest", "IF(requests >= 100, seconds, 0)", true),
			},
			"comparisonOperator": "GreaterThanThreshold", "threshold": 5,
			"evaluationPeriods": 3, "datapointsToAlarm": 3, "treatMissingData": "notBreaching",
		},
		"no-healthy-target": {
			"alarmDescription": "No task is healthy: users get errors. " +
				"Look first at the events of the service and its stopped tasks" + seeDashboard,
			"namespace": alb, "metricName": "HealthyHostCount", "statistic": "Maximum", "period": 60, "dimensions": ofTargets,
			"comparisonOperator": "LessThanThreshold", "threshold": 1,
			"evaluationPeriods": 3, "datapointsToAlarm": 3, "treatMissingData": "breaching",
		},
		"unhealthy-targets": {
			"alarmDescription": "Some tasks have been unhealthy for ten of the last fifteen minutes. " +
				"Look first at the targets of the load balancer, and at the stopped tasks of the service" + seeDashboard,
			"namespace": alb, "metricName": "UnHealthyHostCount", "statistic": "Maximum", "period": 60, "dimensions": ofTargets,
			"comparisonOperator": "GreaterThanOrEqualToThreshold", "threshold": 1,
			"evaluationPeriods": 15, "datapointsToAlarm": 10, "treatMissingData": "notBreaching",
		},
		"at-max-capacity": {
			"alarmDescription": "As many tasks run as maxCapacity allows (10), and they are busier than scaleUpCpu (70 %). " +
				"Look first at the number of requests: raise maxCapacity if users ask for more, or find out what else keeps the CPU busy" + seeDashboard,
			"metricQueries": list{
				query("tasks", alb, "HealthyHostCount", "Maximum", 300, ofTargets),
				query("cpu", "AWS/ECS", "CPUUtilization", "Average", 300, ofTasks),
				expression("percent", "IF(tasks >= 10, cpu, 0)", true),
			},
			"comparisonOperator": "GreaterThanThreshold", "threshold": 70,
			"evaluationPeriods": 3, "datapointsToAlarm": 3, "treatMissingData": "notBreaching",
		},
		"high-memory": {
			"alarmDescription": "A task uses more than 90 % of its memory, and is killed at 100. " +
				"Look first at how memory has grown since the last deployment: it leaks, or the setting memory is too small" + seeDashboard,
			"namespace": "AWS/ECS", "metricName": "MemoryUtilization", "statistic": "Maximum", "period": 300, "dimensions": ofTasks,
			"comparisonOperator": "GreaterThanThreshold", "threshold": 90,
			"evaluationPeriods": 3, "datapointsToAlarm": 3, "treatMissingData": "notBreaching",
		},
	}
}

func TestWithoutAReceiverThereIsNoAlarmForPeople(t *testing.T) {
	stack := run(t, map[string]string{"alarmErrorPercent": "1", "alarmResponseSeconds": "1"})
	if len(stack.records) != len(defaultResources(t)) {
		t.Errorf("the stack has %d resources", len(stack.records))
	}
	if alarms, has := stack.find(t, "Service mediaserver").inputs["alarms"]; has {
		t.Errorf("deployments watch %v", alarms)
	}
}

func TestEachAlarmTellsAllReceiversOfItsBeginningAndItsEnd(t *testing.T) {
	for _, each := range []struct {
		settings  map[string]string
		receivers list
	}{
		{toEmails, list{ownTopic}},
		{toTopic, list{testTopic}},
		{toBoth, list{ownTopic, testTopic}},
	} {
		stack := run(t, each.settings)
		for name, want := range wantedAlarms() {
			want["name"] = "mediaserver-" + name
			want["alarmActions"], want["okActions"] = each.receivers, each.receivers
			stack.wantInputs(t, "MetricAlarm "+name, want)
		}
	}
}

func TestTheAlarmsFollowTheSettings(t *testing.T) {
	stack := run(t, with(toTopic, map[string]string{
		"name": "films", "alarmErrorPercent": "2", "alarmResponseSeconds": "30", "maxCapacity": "20", "scaleUpCpu": "85",
	}))
	for alarm, want := range map[string]struct {
		threshold         int
		means, expression string
	}{
		"server-errors":  {2, "More than 2 % of the requests fail", "IF(total >= 10, 100 * errors / total, 0)"},
		"slow-responses": {30, "waits for more than 30 seconds", "IF(requests >= 100, seconds, 0)"},
		"at-max-capacity": {85, "As many tasks run as maxCapacity allows (20), and they are busier than scaleUpCpu (85 %)",
			"IF(tasks >= 20, cpu, 0)"},
	} {
		inputs := stack.find(t, "MetricAlarm "+alarm).inputs
		wantEqual(t, alarm+".name", inputs["name"], "films-"+alarm)
		wantEqual(t, alarm+".threshold", inputs["threshold"], want.threshold)
		queries := inputs["metricQueries"].(list)
		wantEqual(t, alarm+".expression", queries[len(queries)-1].(object)["expression"], want.expression)
		description := inputs["alarmDescription"].(string)
		if !strings.Contains(description, want.means) || !strings.HasSuffix(description, "#dashboards/dashboard/films-dashboard") {
			t.Errorf("%s: the description is %q", alarm, description)
		}
	}
}

func TestTheAlarmsNameTheDashboardOrTheListInWhichItIs(t *testing.T) {
	const list = "https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#dashboards"
	for adopted, address := range map[string]string{"false": list + "/dashboard/mediaserver-dashboard", "true": list} {
		for _, name := range alarmNames {
			inputs := run(t, with(toTopic, map[string]string{"adopted": adopted})).find(t, "MetricAlarm "+name).inputs
			if description := inputs["alarmDescription"].(string); !strings.HasSuffix(description, ". Dashboard: "+address) {
				t.Errorf("with adopted %s the description of %s is %q", adopted, name, description)
			}
		}
	}
}

func TestAServiceThatMayHaveNoTaskDoesNotCryForOne(t *testing.T) {
	for minCapacity, missing := range map[string]string{"0": "notBreaching", "1": "breaching", "2": "breaching"} {
		alarm := run(t, with(toTopic, map[string]string{"minCapacity": minCapacity})).find(t, "MetricAlarm no-healthy-target")
		wantEqual(t, "with minCapacity "+minCapacity, alarm.inputs["treatMissingData"], missing)
	}
}

// TestTheLongestDescriptionFits holds the alarms against what PutMetricAlarm takes (CloudWatch API reference).
func TestTheLongestDescriptionFits(t *testing.T) {
	stack := run(t, with(toBoth, map[string]string{"name": strings.Repeat("n", 28), "maxCapacity": "5000"}))
	for _, name := range alarmNames {
		if length := len(stack.find(t, "MetricAlarm "+name).inputs["alarmDescription"].(string)); length > 1024 {
			t.Errorf("%s: the description has %d characters", name, length)
		}
	}
}

func TestADeploymentIsRolledBackWhenItRaisesErrorsOrUnhealthyTasks(t *testing.T) {
	for _, settings := range []map[string]string{toEmails, toTopic, toBoth} {
		want := serviceWanted(2, 3000, true)
		want["alarms"] = object{
			"alarmNames": list{"mediaserver-server-errors", "mediaserver-unhealthy-targets"}, "enable": true, "rollback": true,
		}
		run(t, settings).wantInputs(t, "Service mediaserver", want)
	}
}

func TestTheDashboardShowsTheAlarmsAboveItsCharts(t *testing.T) {
	widgets := func(settings map[string]string) list {
		body := run(t, settings).find(t, "Dashboard mediaserver").inputs["dashboardBody"]
		return parseJSON(t, "body", body).(object)["widgets"].(list)
	}
	var arns list
	for _, name := range alarmNames {
		arns = append(arns, alarmsArn+name)
	}
	charts := widgets(nil)
	for _, chart := range charts {
		chart.(object)["y"] = chart.(object)["y"].(float64) + 3
	}
	states := object{
		"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 3,
		"properties": object{"title": "Alarms", "alarms": arns, "sortBy": "stateUpdatedTimestamp"},
	}
	for _, settings := range []map[string]string{toEmails, toTopic, toBoth} {
		wantEqual(t, "widgets", widgets(settings), append(list{states}, charts...))
	}
}
