package awsprovider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// mathAlarm is an alarm on metric math, with its queries.
func mathAlarm(queries ...map[string]any) map[string]any {
	inputs := maps.Clone(good[alarm])
	for _, property := range []string{"namespace", "metricName", "statistic", "period"} {
		delete(inputs, property)
	}
	list := make([]any, len(queries))
	for i, each := range queries {
		list[i] = each
	}
	inputs["metricQueries"] = list
	return inputs
}

// metricOf is a query of a metric, and mathOf one of an expression.
func metricOf(id, stat string, period int) map[string]any {
	return map[string]any{"id": id, "metric": map[string]any{
		"namespace": "AWS/ECS", "metricName": "CPUUtilization", "stat": stat, "period": period,
		"dimensions": map[string]any{"ClusterName": "main"},
	}}
}

func mathOf(id, expression string, watched bool) map[string]any {
	return map[string]any{"id": id, "expression": expression, "returnData": watched}
}

func TestAlarmsOnMetricMathAreCheckedAsAWSDoes(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	unknownDimension := metricOf("a", "Sum", 60)
	unknownDimension["metric"].(map[string]any)["dimensions"] = resource.MakeComputed(resource.NewProperty(""))
	for what, inputs := range map[string]map[string]any{
		"metrics and expressions": mathAlarm(metricOf("a", "Sum", 60), metricOf("b_2", "p99.9", 300),
			mathOf("c", "FILL(a, 0) + b_2", false), mathOf("d", "IF(c > 1 AND a < 2, MAX([a, b_2]), 0)", true)),
		"a dimension that is not known yet": mathAlarm(unknownDimension, mathOf("b", "a * 2", true)),
	} {
		if failures := checkInputs(t, client, alarm, inputs); len(failures) > 0 {
			t.Errorf("%s: %v", what, failures)
		}
	}
	for _, refusal := range []struct {
		rule   string
		inputs map[string]any
	}{
		{"c is none", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "a + c", true))},
		{"b is none", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "a + b", true))},
		{"SEARCH is none", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "SEARCH(a)", true))},
		{"must close each parenthesis", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "FILL(a, 0", true))},
		{"must be there once", mathAlarm(metricOf("a", "Sum", 60), metricOf("a", "Sum", 60), mathOf("b", "a", true))},
		{"must return the data of exactly one", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "a", false))},
		{"must return the data of exactly one", mathAlarm(metricOf("a", "Sum", 60), mathOf("b", "a", true), mathOf("c", "a", true))},
		{"must have one of metric and expression", mathAlarm(map[string]any{"id": "a", "returnData": true})},
	} {
		failures := checkInputs(t, client, alarm, refusal.inputs)
		if !slices.ContainsFunc(failures, func(failure string) bool { return strings.Contains(failure, refusal.rule) }) {
			t.Errorf("%v\nlacks %q: %v", refusal.inputs["metricQueries"], refusal.rule, failures)
		}
	}
}
