package plangate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mediaserver/tests/internal/iampolicy"
)

// Types that have to do with alarms.
const (
	metricAlarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topicPolicy = "aws:sns/topicPolicy:TopicPolicy"
)

// Reasons of what silences alarms.
const (
	toldNothingMore = "somebody is told nothing more when it rings"
	ringsLater      = "it rings later, or for less"
	cannotSend      = "alarms can no longer send to the topic"
)

// scalingAlarms are the alarms that tell nobody, by their logical names.
var scalingAlarms = []string{"high-cpu", "low-cpu"}

// tellsPeople tells whether an alarm sends to a topic, and not only scales. One that the plan does not show does,
// unless it is known to scale.
func tellsPeople(step Step) bool {
	shown := false
	for _, state := range []*State{step.Before, step.After} {
		if state == nil {
			continue
		}
		shown = true
		if sendsToTopic(inputsOf(state)) {
			return true
		}
	}
	return !shown && !slices.Contains(scalingAlarms, resourceName(step.URN))
}

func sendsToTopic(alarm properties) bool {
	return slices.ContainsFunc(alarm.at("alarmActions").list(), func(action any) bool {
		return strings.Contains(value{action}.text(), ":sns:")
	})
}

// whereItTellsPeople applies a rule to the alarms that send to a topic. The others scale: what a changed threshold
// of theirs means, the gate cannot tell.
func whereItTellsPeople(each rule) rule {
	return func(before, after properties) []Weakening {
		if !sendsToTopic(before) {
			return nil
		}
		return each(before, after)
	}
}

// unlessItFollowsTheCapacity applies a lighter rule to the alarm on the highest number of tasks: its numbers change with
// the settings of the scaling, which are not protections.
func unlessItFollowsTheCapacity(each rule) rule {
	return func(before, after properties) []Weakening {
		if strings.HasSuffix(before.at("name").text(), "-at-max-capacity") {
			return capacityAlarmCanRing(before, after)
		}
		return each(before, after)
	}
}

// numberInExpression is a number of a metric expression, and not the end of an identifier.
var numberInExpression = regexp.MustCompile(`\b[0-9]+(\.[0-9]+)?\b`)

// capacityAlarmCanRing refuses other metrics or another expression, apart from the numbers in it, and a threshold that
// no percentage exceeds.
func capacityAlarmCanRing(before, after properties) []Weakening {
	const queries, threshold = "metricQueries", "threshold"
	var found []Weakening
	if !sameValue(withoutNumbers(before.at(queries).list()), withoutNumbers(after.at(queries).list())) {
		found = append(found, weaker(queries, before, after, ringsLater)...)
	}
	if percent, isNumber := number(after.at(threshold)); !isNumber || percent > 100 {
		found = append(found, weaker(threshold, before, after, ringsLater)...)
	}
	return found
}

// withoutNumbers are metric queries whose expressions have a mark in the place of each number.
func withoutNumbers(queries []any) []any {
	var marked []any
	for _, query := range queries {
		if fields, isObject := query.(map[string]any); isObject {
			if expression, isText := fields["expression"].(string); isText {
				fields = maps.Clone(fields)
				fields["expression"] = numberInExpression.ReplaceAllString(expression, "#")
				query = fields
			}
		}
		marked = append(marked, query)
	}
	return marked
}

// alarmStaysAsLoud are the rules for the alarms that tell people.
var alarmStaysAsLoud = whereItTellsPeople(all(
	losesNothing("alarmActions", toldNothingMore),
	losesNothing("okActions", "somebody is not told when it is over"),
	keeps("treatMissingData", "it does not ring when there is nothing to measure", "breaching"),
	growsNot("period", ringsLater),
	ringsAfterNoMorePeriods,
	staysAsItIs("comparisonOperator", ringsLater),
	staysAsItIs("namespace", ringsLater),
	staysAsItIs("metricName", ringsLater),
	staysAsItIs("statistic", ringsLater),
	staysAsItIs("extendedStatistic", ringsLater),
	// A metric has nothing to measure in another unit than its own.
	staysAsItIs("unit", ringsLater),
	staysAsItIs("dimensions", ringsLater),
	unlessItFollowsTheCapacity(all(
		thresholdStaysAsClose,
		staysAsItIs("metricQueries", ringsLater),
	)),
))

// thresholdStaysAsClose is the rule for a threshold: an alarm must not let more pass.
func thresholdStaysAsClose(before, after properties) []Weakening {
	const path = "threshold"
	old, _ := number(before.at(path))
	changed, isNumber := number(after.at(path))
	below := strings.HasPrefix(before.at("comparisonOperator").text(), "LessThan")
	if !isNumber || below && changed < old || !below && changed > old {
		return weaker(path, before, after, ringsLater)
	}
	return nil
}

// ringsAfterNoMorePeriods is the rule for how many of the last periods must be bad: no more of them, and no fewer good
// ones may be among them.
func ringsAfterNoMorePeriods(before, after properties) []Weakening {
	const of, bad = "evaluationPeriods", "datapointsToAlarm"
	if found := append(growsNot(of, ringsLater)(before, after), growsNot(bad, ringsLater)(before, after)...); len(found) > 0 {
		return found
	}
	// Without a number all of them must be bad (CloudWatch API reference, PutMetricAlarm).
	numbers := func(alarm properties) (all, needed float64) {
		all, _ = number(alarm.at(of))
		if needed, _ = number(alarm.at(bad)); needed == 0 {
			needed = all
		}
		return all, needed
	}
	oldAll, oldNeeded := numbers(before)
	all, needed := numbers(after)
	if all-needed < oldAll-oldNeeded {
		return []Weakening{{bad, fmt.Sprintf("%g of %g", oldNeeded, oldAll), fmt.Sprintf("%g of %g", needed, all), ringsLater}}
	}
	return nil
}

// growsNot is the rule for a number that must not get larger.
func growsNot(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, _ := number(before.at(path))
		changed, isNumber := number(after.at(path))
		if !isNumber || before.at(path).content != nil && changed > old {
			return weaker(path, before, after, why)
		}
		return nil
	}
}

// losesNothing is the rule for a list of which each element protects: it may gain elements. That none is left is for
// another rule to say.
func losesNothing(path, why string) rule {
	return func(before, after properties) []Weakening {
		kept := after.at(path).list()
		var found []Weakening
		for _, element := range before.at(path).list() {
			if len(kept) > 0 && !slices.ContainsFunc(kept, func(other any) bool { return sameValue(other, element) }) {
				found = append(found, Weakening{Property: path, From: before.at(path).String(), To: "without " + value{element}.String(), Why: why})
			}
		}
		return found
	}
}

// allowsNoLess is the rule for a policy document without which something no longer works.
func allowsNoLess(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, err := mergePolicies([]value{before.at(path)})
		if err != nil {
			return nil
		}
		changed, err := mergePolicies([]value{after.at(path)})
		if err != nil {
			return []Weakening{{Property: path, From: "a known document", To: err.Error(), Why: why}}
		}
		var found []Weakening
		for _, each := range iampolicy.Widened(changed, old) {
			found = append(found, Weakening{Property: path, From: each, To: "not so", Why: why})
		}
		return found
	}
}

// isPolicyOfNewTopic tells whether a policy is about a topic alone that the plan makes. Amazon SNS takes no statement
// about anything but the topic of the policy.
func (p Plan) isPolicyOfNewTopic(step Step) bool {
	document, err := mergePolicies([]value{inputsOf(step.After).at("policy")})
	if err != nil {
		return false
	}
	for _, statement := range document.Statements {
		for _, resource := range statement.Resource {
			if !slices.ContainsFunc(p.Steps, func(other Step) bool {
				return other.Operation == "create" && resourceType(other.URN) == "aws:sns/topic:Topic" && other.After != nil &&
					strings.HasSuffix(resource, fmt.Sprintf(":%s", inputsOf(other.After).at("name")))
			}) {
				return false
			}
		}
		if len(statement.Resource) == 0 {
			return false
		}
	}
	return true
}
