package plangate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Alarms as the plan shows them: one that tells people, and one that scales.
const (
	loud    = `{"name": "mediaserver-server-errors", "alarmActions": ["arn:aws:sns:eu-west-2:1:a", "arn:aws:sns:eu-west-2:1:b"], "okActions": ["arn:aws:sns:eu-west-2:1:a"], "comparisonOperator": "GreaterThanThreshold", "threshold": 5, "evaluationPeriods": 5, "datapointsToAlarm": 3, "metricQueries": [{"id": "a", "expression": "b"}]}`
	simple  = `{"name": "mediaserver-no-healthy-target", "alarmActions": ["arn:aws:sns:eu-west-2:1:a"], "namespace": "AWS/ApplicationELB", "metricName": "HealthyHostCount", "statistic": "Maximum", "dimensions": {"LoadBalancer": "a"}, "period": 60, "comparisonOperator": "LessThanThreshold", "threshold": 1, "evaluationPeriods": 3, "treatMissingData": "breaching"}`
	scaling = `{"name": "mediaserver-high-cpu", "alarmActions": ["arn:aws:autoscaling:eu-west-2:1:scalingPolicy:a"], "comparisonOperator": "GreaterThanThreshold", "threshold": 70, "evaluationPeriods": 2, "period": 300, "treatMissingData": "breaching"}`
)

func TestAnAlarmThatTellsPeopleStaysAsLoudAsItIs(t *testing.T) {
	change := func(alarm, from, to string) string {
		if strings.Count(alarm, from) != 1 {
			t.Fatalf("%q is in the alarm %d times", from, strings.Count(alarm, from))
		}
		return strings.Replace(alarm, from, to, 1)
	}
	const actions = `["arn:aws:sns:eu-west-2:1:a","arn:aws:sns:eu-west-2:1:b"]`
	capacity := strings.Replace(loud, "server-errors", "at-max-capacity", 1)
	counted := strings.Replace(capacity, `"expression": "b"`, `"expression": "IF(tasks >= 10, cpu, 0)"`, 1)
	for _, each := range []struct {
		what, before, after string
		want                []string
	}{
		{"nothing changes", loud, loud, nil},
		{"another text", loud, change(loud, `{"name"`, `{"alarmDescription": "x", "name"`), nil},
		{"one topic less", loud, change(loud, `, "arn:aws:sns:eu-west-2:1:b"`, ""), []string{"alarmActions: " + actions + " → without arn:aws:sns:eu-west-2:1:b"}},
		{"another topic", loud, change(loud, `"arn:aws:sns:eu-west-2:1:b"`, `"arn:aws:sns:eu-west-2:1:c"`), []string{"alarmActions: of the settings or the stack → arn:aws:sns:eu-west-2:1:c", "alarmActions: " + actions + " → without arn:aws:sns:eu-west-2:1:b"}},
		{"a topic more that is not known", loud, change(loud, `:1:b"`, `:1:b", "`+unknown+`"`), []string{"alarmActions: of the settings or the stack → not known yet"}},
		{"no topic", loud, change(loud, `["arn:aws:sns:eu-west-2:1:a", "arn:aws:sns:eu-west-2:1:b"]`, "[]"), []string{"alarmActions: " + actions + " → []"}},
		{"another topic for the end", loud, change(loud, `"okActions": ["arn:aws:sns:eu-west-2:1:a"]`, `"okActions": ["arn:aws:sns:eu-west-2:1:b"]`), []string{
			"okActions: of the settings or the stack → arn:aws:sns:eu-west-2:1:b", `okActions: ["arn:aws:sns:eu-west-2:1:a"] → without arn:aws:sns:eu-west-2:1:a`}},
		{"switched off", loud, change(loud, `{"name"`, `{"actionsEnabled": false, "name"`), []string{"actionsEnabled: not set → false"}},
		{"a higher threshold", loud, change(loud, `"threshold": 5`, `"threshold": 6`), []string{"threshold: 5 → 6"}},
		{"a lower threshold", loud, change(loud, `"threshold": 5`, `"threshold": 4`), nil},
		{"a threshold that is not known", loud, change(loud, `"threshold": 5`, `"threshold": "`+unknown+`"`), []string{"threshold: 5 → not known yet"}},
		{"a lower threshold of what must not be below", simple, change(simple, `"threshold": 1`, `"threshold": 0`), []string{"threshold: 1 → 0"}},
		{"a higher threshold of what must not be below", simple, change(simple, `"threshold": 1`, `"threshold": 2`), nil},
		{"the other side", simple, change(simple, "LessThanThreshold", "GreaterThanThreshold"), []string{"comparisonOperator: LessThanThreshold → GreaterThanThreshold"}},
		{"more periods", loud, change(loud, `"evaluationPeriods": 5`, `"evaluationPeriods": 6`), []string{"evaluationPeriods: 5 → 6"}},
		{"more bad periods", loud, change(loud, `"datapointsToAlarm": 3`, `"datapointsToAlarm": 4`), []string{"datapointsToAlarm: 3 → 4"}},
		{"fewer periods", loud, change(loud, `"evaluationPeriods": 5, "datapointsToAlarm": 3`, `"evaluationPeriods": 4, "datapointsToAlarm": 2`), nil},
		{"all periods bad", loud, change(loud, `, "datapointsToAlarm": 3`, ""), []string{"datapointsToAlarm: 3 of 5 → 5 of 5"}},
		{"fewer periods of which as many are bad", loud, change(loud, `"evaluationPeriods": 5`, `"evaluationPeriods": 3`), []string{"datapointsToAlarm: 3 of 5 → 3 of 3"}},
		{"fewer periods of which all are bad", simple, change(simple, `"evaluationPeriods": 3`, `"evaluationPeriods": 2`), nil},
		{"a unit", simple, change(simple, `{"name"`, `{"unit": "Bytes", "name"`), []string{"unit: not set → Bytes"}},
		{"longer periods", simple, change(simple, `"period": 60`, `"period": 300`), []string{"period: 60 → 300"}},
		{"shorter periods", simple, change(simple, `"period": 60`, `"period": 30`), nil},
		{"periods that are not known", simple, change(simple, `"period": 60`, `"period": "`+unknown+`"`), []string{"period: 60 → not known yet"}},
		{"nothing to measure is good", simple, change(simple, `"breaching"`, `"notBreaching"`), []string{"treatMissingData: breaching → notBreaching"}},
		{"nothing to measure is bad", change(simple, `"breaching"`, `"notBreaching"`), simple, nil},
		{"another metric", simple, change(simple, "HealthyHostCount", "RequestCount"), []string{"metricName: HealthyHostCount → RequestCount"}},
		{"another statistic", simple, change(simple, "Maximum", "Sum"), []string{"statistic: Maximum → Sum"}},
		{"another namespace", simple, change(simple, "AWS/ApplicationELB", "AWS/ECS"), []string{"namespace: AWS/ApplicationELB → AWS/ECS"}},
		{"another load balancer", simple, change(simple, `"LoadBalancer": "a"`, `"LoadBalancer": "b"`), []string{`dimensions: {"LoadBalancer":"a"} → {"LoadBalancer":"b"}`}},
		{"another expression", loud, change(loud, `"expression": "b"`, `"expression": "0"`), []string{`metricQueries: [{"expression":"b","id":"a"}] → [{"expression":"0","id":"a"}]`}},
		{"another capacity", capacity, change(capacity, `"threshold": 5`, `"threshold": 6`), nil},
		{"a smaller number of tasks", counted, strings.Replace(counted, ">= 10", ">= 9", 1), nil},
		{"more tasks than run", counted, strings.Replace(counted, ">= 10", ">= 1000000", 1), []string{`metricQueries: [{"expression":"IF(tasks \u003e= 10, cpu, 0)","id":"a"}] → [{"expression":"IF(tasks \u003e= 1000000, cpu, 0)","id":"a"}]`}},
		{"another number in an expression", counted, strings.Replace(counted, "cpu, 0)", "cpu, 5)", 1), []string{`metricQueries: [{"expression":"IF(tasks \u003e= 10, cpu, 0)","id":"a"}] → [{"expression":"IF(tasks \u003e= 10, cpu, 5)","id":"a"}]`}},
		{"another number of tasks of another alarm", strings.Replace(counted, "at-max-capacity", "server-errors", 1), strings.Replace(strings.Replace(counted, "at-max-capacity", "server-errors", 1), ">= 10", ">= 9", 1), []string{`metricQueries: [{"expression":"IF(tasks \u003e= 10, cpu, 0)","id":"a"}] → [{"expression":"IF(tasks \u003e= 9, cpu, 0)","id":"a"}]`}},
		{"all of the capacity", capacity, change(capacity, `"threshold": 5`, `"threshold": 100`), []string{"threshold: 5 → 100"}},
		{"a threshold that is no number", capacity, change(capacity, `"threshold": 5`, `"threshold": "NaN"`), []string{"threshold: 5 → NaN"}},
		{"a threshold of another metric", loud, change(loud, `{"name"`, `{"thresholdMetricId": "b", "name"`), []string{"thresholdMetricId: not set → b"}},
		{"few samples ignored", simple, change(simple, `{"name"`, `{"evaluateLowSampleCountPercentiles": "ignore", "name"`), []string{"evaluateLowSampleCountPercentiles: not set → ignore"}},
		{"an expression that is never true", counted, strings.Replace(counted, "IF(tasks >= 10, cpu, 0)", "0", 1), []string{`metricQueries: [{"expression":"IF(tasks \u003e= 10, cpu, 0)","id":"a"}] → [{"expression":"0","id":"a"}]`}},
		{"more than all of the capacity", capacity, change(capacity, `"threshold": 5`, `"threshold": 101`), []string{"threshold: 5 → 101"}},
		{"a topic less at another capacity", capacity, change(capacity, `, "arn:aws:sns:eu-west-2:1:b"`, ""), []string{"alarmActions: " + actions + " → without arn:aws:sns:eu-west-2:1:b"}},
		{"an alarm that only scales", scaling, `{"name": "mediaserver-high-cpu", "alarmActions": ["arn:aws:autoscaling:eu-west-2:1:scalingPolicy:b"], "comparisonOperator": "LessThanThreshold", "threshold": 90, "evaluationPeriods": 9, "period": 600}`, nil},
	} {
		t.Run(each.what, func(t *testing.T) {
			expectDangers(t, update(t, metricAlarm, each.before, each.after), each.want)
		})
	}
}

func TestTheAlarmOnTheCapacityFollowsTheCapacityOfTheSettings(t *testing.T) {
	alarm := func(tasks string) string {
		return strings.NewReplacer("server-errors", "at-max-capacity", `"expression": "b"`, `"expression": "IF(tasks >= `+tasks+`, cpu, 0)"`).Replace(loud)
	}
	scales := func(name, before, after string) Step {
		step := update(t, scalableTarget, `{"maxCapacity": `+before+`}`, `{"maxCapacity": `+after+`}`)
		step.URN += name
		if before == after {
			step.Operation = "same"
		}
		return step
	}
	goes := scales("-goes", "5", "5")
	goes.Operation, goes.After = "delete", nil
	decoy := creation(t, scalableTarget, `{"maxCapacity": 21, "serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "decoy"}`)
	for _, each := range []struct {
		what, tasks, setting string
		targets              []Step
		dangerous            bool
	}{
		{"the number of the settings", "20", "20", []Step{scales("", "10", "20")}, false},
		{"another number", "21", "20", []Step{scales("", "10", "20")}, true},
		{"a smaller number", "9", "20", []Step{scales("", "10", "20")}, false},
		{"after an update that was interrupted", "20", "20", []Step{scales("", "20", "20")}, false},
		{"the number of the target, not of the settings", "20", "10", []Step{scales("", "10", "20")}, true},
		{"more than the target scales to", "20", "20", []Step{scales("", "10", "10")}, true},
		{"less than the target scales to", "20", "20", []Step{scales("", "10", "30")}, false},
		{"the number of a target that stands beside the other", "21", "20", []Step{scales("", "10", "20"), decoy}, true},
		{"a target that stands beside the other", "21", "21", []Step{scales("", "10", "20"), decoy}, true},
		{"a new target that scales to less", "30", "30", []Step{scales("", "10", "30"), decoy}, true},
		{"a target that goes", "20", "20", []Step{scales("", "10", "20"), goes}, false},
		{"no target", "20", "20", nil, true},
		{"a capacity that is not known", "20", "20", []Step{scales("", "10", `"`+unknown+`"`)}, true},
		{"no setting", "20", "", []Step{scales("", "10", "20")}, true},
	} {
		plan := Plan{Steps: append(each.targets, update(t, metricAlarm, alarm("10"), alarm(each.tasks))),
			ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{}}
		if each.setting != "" {
			plan.Config["mediaserver:maxCapacity"] = each.setting
		}
		got := strings.Join(dangersOf(plan), " ")
		if found := strings.Contains(got, "metricQueries"); found != each.dangerous {
			t.Errorf("%s: %q", each.what, got)
		}
	}
}

func TestAnAlarmTellsNobodyWhomTheStackDoesNotKnow(t *testing.T) {
	tells := func(actions string) Step {
		return update(t, metricAlarm, `{"name": "a", "alarmActions": ["old"]}`, `{"name": "a", "alarmActions": ["old", `+actions+`]}`)
	}
	made, policy := creation(t, topic, `{"name": "t"}`), creation(t, topicPolicy, `{"policy": "{}"}`)
	standing := update(t, topic, `{"name": "u"}`, `{"name": "u"}`)
	standing.Operation, standing.Before.Outputs = "same", map[string]any{"arn": "arn:aws:sns:eu-west-2:1:u"}
	scales := creation(t, scalingPolicy, `{"name": "p", "resourceId": "r"}`)
	added := creation(t, metricAlarm, `{"name": "b", "insufficientDataActions": ["arn:aws:lambda:eu-west-2:2:function:f"]}`)
	for _, each := range []struct {
		what  string
		alarm Step
		want  []string
	}{
		{"the topic of the settings", tells(`"given"`), nil},
		{"the topic of the stack", tells(`"arn:aws:sns:eu-west-2:1:u"`), nil},
		{"a topic that the plan makes", comingFrom(tells(`"`+unknown+`"`), "alarmActions", policy), nil},
		{"a policy that the plan makes", comingFrom(tells(`"`+unknown+`"`), "alarmActions", scales), nil},
		{"another policy", tells(`"arn:aws:autoscaling:eu-west-2:1:scalingPolicy:a"`), nil},
		{"another topic", tells(`"arn:aws:sns:eu-west-2:2:u"`), []string{"gets weaker alarmActions: of the settings or the stack → arn:aws:sns:eu-west-2:2:u"}},
		{"another topic that says to be of the stack", comingFrom(tells(`"arn:aws:sns:eu-west-2:2:u"`), "alarmActions", policy), []string{"gets weaker alarmActions: of the settings or the stack → arn:aws:sns:eu-west-2:2:u"}},
		{"a function", tells(`"arn:aws:lambda:eu-west-2:1:function:f"`), []string{"gets weaker alarmActions: of the settings or the stack → arn:aws:lambda:eu-west-2:1:function:f"}},
		{"something that is not known", comingFrom(tells(`"`+unknown+`"`), "alarmActions", policy, creation(t, parameter, `{}`)), []string{"gets weaker alarmActions: of the settings or the stack → not known yet"}},
		{"a function of a new alarm", added, []string{"gets weaker insufficientDataActions: of the settings or the stack → arn:aws:lambda:eu-west-2:2:function:f"}},
	} {
		plan := Plan{Steps: []Step{each.alarm, made, standing, scales}, ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{"mediaserver:alarmTopicArn": "given"}}
		plan.Steps = append(plan.Steps, creation(t, parameter, `{}`), policy)
		got := slices.DeleteFunc(dangersOf(plan), func(each string) bool { return !strings.Contains(each, "Actions: ") })
		if !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}

func TestOnlyAnAlarmThatTellsPeopleIsMissed(t *testing.T) {
	for what, each := range map[string]struct {
		name   string
		before *State
		missed bool
	}{
		"one that tells people": {"errors", &State{Custom: true, Inputs: inputs(t, loud)}, true},
		"one that scales":       {"errors", &State{Custom: true, Inputs: inputs(t, scaling)}, false},
		"one without actions":   {"errors", &State{Custom: true, Inputs: inputs(t, `{}`)}, false},
		"one that is not shown": {"errors", nil, true},
		"a known one, unshown":  {"low-cpu", nil, false},
		"the other known one":   {"high-cpu", nil, false},
	} {
		step := Step{Operation: "delete", URN: "urn:pulumi:dev::mediaserver::" + metricAlarm + "::" + each.name, Before: each.before}
		if why := loss(step); (why != "") != each.missed {
			t.Errorf("%s: %q", what, why)
		}
	}
}

func TestWhatAlarmsSendThroughStaysOpen(t *testing.T) {
	const topic, subscription, service = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription", "aws:ecs/service:Service"
	policy := func(principal, source string) string {
		return fmt.Sprintf(`{"arn": "arn:aws:sns:eu-west-2:1:alarms", "policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": %s, \"Action\": \"sns:Publish\", \"Resource\": \"arn:aws:sns:eu-west-2:1:alarms\", \"Condition\": {\"ArnEquals\": {\"aws:SourceArn\": %s}}}]}"}`,
			strings.ReplaceAll(principal, `"`, `\"`), strings.ReplaceAll(source, `"`, `\"`))
	}
	ours := policy(`{"Service": "cloudwatch.amazonaws.com"}`, `["a", "b"]`)
	for _, each := range []struct {
		what, resourceType, before, after string
		// want is how what the gate says begins.
		want []string
	}{
		{"a key of AWS's", topic, `{"name": "alarms"}`, `{"name": "alarms", "kmsMasterKeyId": "alias/aws/sns"}`, []string{"kmsMasterKeyId: not set → alias/aws/sns"}},
		{"tags", topic, `{"name": "alarms"}`, `{"name": "alarms", "tags": {"a": "b"}}`, nil},
		{"a policy in the topic", topic, `{"name": "alarms"}`, strings.Replace(policy(`"*"`, `["a"]`), `"arn":`, `"name":`, 1), []string{"policy: not so → allows"}},
		{"a filter", subscription, `{"endpoint": "a"}`, `{"endpoint": "a", "filterPolicy": "{}"}`, []string{"filterPolicy: not set → {}"}},
		{"a filter of the text", subscription, `{"endpoint": "a", "filterPolicy": "{}"}`, `{"endpoint": "a", "filterPolicy": "{}", "filterPolicyScope": "MessageBody"}`, []string{"filterPolicyScope: not set → MessageBody"}},
		{"the same policy", topicPolicy, ours, ours, nil},
		{"everybody may send", topicPolicy, ours, policy(`"*"`, `["a", "b"]`), []string{"policy: not so → allows", "policy: allows"}},
		{"another alarm may send", topicPolicy, ours, policy(`{"Service": "cloudwatch.amazonaws.com"}`, `["a", "b", "c"]`), []string{"policy: not so → allows"}},
		{"an alarm less may send", topicPolicy, ours, policy(`{"Service": "cloudwatch.amazonaws.com"}`, `["a"]`), []string{"policy: allows"}},
		{"a policy that is not known", topicPolicy, ours, `{"policy": "` + unknown + `"}`, []string{"policy: a known document → not known yet", "policy: a known document → not known yet"}},
		{"one alarm of a deployment less", service, `{"alarms": {"alarmNames": ["a", "b"], "enable": true, "rollback": true}}`, `{"alarms": {"alarmNames": ["a"], "enable": true, "rollback": true}}`, []string{
			`alarms.alarmNames: ["a","b"] → without b`}},
		{"no alarm of a deployment", service, `{"alarms": {"alarmNames": ["a"], "enable": true, "rollback": true}}`, `{"alarms": {"alarmNames": [], "enable": true, "rollback": true}}`, []string{
			`alarms.alarmNames: ["a"] → []`}},
		{"the alarms of a deployment watch less", service, `{"alarms": {"alarmNames": ["a"], "enable": true, "rollback": true}}`, `{"alarms": {"alarmNames": ["a"], "enable": true, "rollback": false}}`, []string{
			"alarms.rollback: true → false"}},
	} {
		t.Run(each.what, func(t *testing.T) {
			got := dangers(t, update(t, each.resourceType, each.before, each.after))
			if len(got) != len(each.want) {
				t.Fatalf("%q, want %q", got, each.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], "gets weaker "+each.want[i]) {
					t.Errorf("%q, want %q", got[i], each.want[i])
				}
			}
		})
	}
}

func TestANewPolicyOfATopicIsDangerousUnlessTheTopicIsNew(t *testing.T) {
	policy := func(arn, resource string) Step {
		return creation(t, topicPolicy, fmt.Sprintf(`{"arn": %q, "policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"cloudwatch.amazonaws.com\"}, \"Action\": \"sns:Publish\", \"Resource\": \"%s\"}]}"}`, arn, resource))
	}
	opened := func(step Step, from, to string) Step {
		step.After.Inputs["policy"] = strings.Replace(step.After.Inputs["policy"].(string), from, to, 1)
		return step
	}
	newTopic := creation(t, topic, `{"name": "media-alarms"}`)
	imported := newTopic
	imported.Operation = "import"
	unnamed := creation(t, topic, `{"name": "`+unknown+`"}`)
	there := update(t, topic, `{"name": "media-alarms"}`, `{"name": "media-alarms"}`)
	there.Operation = "same"
	const own, others = "arn:aws:sns:eu-west-2:1:media-alarms", "arn:aws:sns:eu-west-2:1:other-alarms"
	for what, each := range map[string]struct {
		steps     []Step
		dangerous bool
	}{
		"of a new topic":                              {[]Step{comingFrom(policy(unknown, own), "arn", newTopic), newTopic}, false},
		"that lets everybody send":                    {[]Step{comingFrom(opened(policy(unknown, own), `{"Service": "cloudwatch.amazonaws.com"}`, `"*"`), "arn", newTopic), newTopic}, true},
		"that lets others be told":                    {[]Step{comingFrom(opened(policy(unknown, own), "sns:Publish", "sns:Subscribe"), "arn", newTopic), newTopic}, true},
		"in a new topic":                              {[]Step{creation(t, topic, `{"name": "a", "policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sns:Subscribe\", \"Resource\": \"*\"}]}"}`)}, true},
		"of a topic that is there":                    {[]Step{policy(own, own)}, true},
		"of a topic that it does not wait for":        {[]Step{policy(own, own), newTopic}, true},
		"of a topic that takes over one":              {[]Step{comingFrom(policy(unknown, own), "arn", newTopic), newTopic, there}, true},
		"of a topic that the plan imports":            {[]Step{comingFrom(policy(unknown, own), "arn", imported), imported}, true},
		"of another topic":                            {[]Step{comingFrom(policy(others, others), "arn", newTopic), newTopic}, true},
		"of another topic whose ARN is not known yet": {[]Step{comingFrom(policy(unknown, others), "arn", newTopic), newTopic}, true},
		"that is not known":                           {[]Step{comingFrom(creation(t, topicPolicy, `{"arn": "`+unknown+`", "policy": "`+unknown+`"}`), "arn", newTopic), newTopic}, true},
		"of a topic whose name is not known":          {[]Step{comingFrom(policy(unknown, own), "arn", unnamed), unnamed}, true},
	} {
		got := slices.DeleteFunc(dangers(t, each.steps...), func(each string) bool { return !strings.Contains(each, "policy: ") })
		if (len(got) > 0) != each.dangerous {
			t.Errorf("%s: %q", what, got)
		}
	}
}
