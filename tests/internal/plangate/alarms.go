package plangate

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mediaserver/tests/internal/iampolicy"
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

// isCapacityAlarm tells whether an alarm is the one on the highest number of tasks: its numbers change with the settings
// of the scaling, which are not protections.
func isCapacityAlarm(alarm properties) bool {
	return strings.HasSuffix(alarm.at("name").text(), "-at-max-capacity")
}

// fullCapacity is the metric expression of the alarm on the highest number of tasks, with that number.
var fullCapacity = regexp.MustCompile(`^IF\(tasks >= ([0-9]+), cpu, 0\)$`)

// followingTheCapacity are the inputs of an alarm before a change, with the number of tasks of the alarm after it where
// that one is fair: no more tasks than before, or as many as the settings let run.
func (p Plan) followingTheCapacity(before, after properties) properties {
	if !isCapacityAlarm(before) {
		return before
	}
	const queries = "metricQueries"
	changed := after.at(queries).list()
	var followed []any
	for i, query := range before.at(queries).list() {
		old, _ := query.(map[string]any)
		expression := fullCapacity.FindStringSubmatch(value{old["expression"]}.text())
		if expression != nil && i < len(changed) {
			other := (properties{"query": changed[i]}).at("query.expression")
			if tasks := fullCapacity.FindStringSubmatch(other.text()); tasks != nil && (noMore(tasks[1], expression[1]) || p.runsAtMost(tasks[1])) {
				old = maps.Clone(old)
				old["expression"] = other.content
				query = old
			}
		}
		followed = append(followed, query)
	}
	before = maps.Clone(before)
	if followed != nil {
		before[queries] = followed
	}
	return before
}

// noMore tells whether a number in digits is not above another one.
func noMore(digits, limit string) bool {
	changed, isNumber := number(value{digits})
	old, isAlsoNumber := number(value{limit})
	return isNumber && isAlsoNumber && changed <= old
}

// runsAtMost tells whether this is the highest number of tasks of the settings, and whether as many can run: an alarm
// above what each target scales to would never ring.
func (p Plan) runsAtMost(tasks string) bool {
	const most = "maxCapacity"
	scales := false
	for _, step := range p.Steps {
		if resourceType(step.URN) != scalableTarget || step.After == nil {
			continue
		}
		limit := inputsOf(step.After).at(most)
		if number, isNumber := number(limit); !isNumber || !noMore(tasks, fmt.Sprint(number)) {
			return false
		}
		scales = true
	}
	set, _ := p.setting(most)
	return scales && set == tasks
}

// tellsOnlyOwn judges what an alarm does that it did not do before: it may scale, and tell the topic of the settings and
// that of the stack.
func (p Plan) tellsOnlyOwn(step Step) []Weakening {
	var found []Weakening
	isOfStack := staysOrComes(topic, topicPolicy, scalingPolicy)
	given, _ := p.setting("alarmTopicArn")
	for _, path := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		had := inputsOf(step.Before).at(path).list()
		for _, action := range inputsOf(step.After).at(path).list() {
			arn := value{action}
			isOwn := arn.is(given) || strings.Contains(arn.text(), ":autoscaling:") || p.isOutput(arn, topic, "arn") ||
				!arn.known() && p.comesFrom(step, path, isOfStack)
			if !isOwn && !slices.ContainsFunc(had, func(old any) bool { return sameValue(old, action) }) {
				found = append(found, Weakening{path, "of the settings or the stack", arn.String(), othersAreTold})
			}
		}
	}
	return found
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
	staysAsItIs("metricQueries", ringsLater),
	staysAsItIs("thresholdMetricId", ringsLater),
	staysAsItIs("evaluateLowSampleCountPercentiles", ringsLater),
	thresholdStaysAsClose,
))

// thresholdStaysAsClose is the rule for a threshold: an alarm must not let more pass. That of the alarm on the highest
// number of tasks follows the settings, and must only stay one that a percentage can exceed.
func thresholdStaysAsClose(before, after properties) []Weakening {
	const path = "threshold"
	old, _ := number(before.at(path))
	changed, isNumber := number(after.at(path))
	if isCapacityAlarm(before) && isNumber && changed < 100 {
		return nil
	}
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

// alarmsMaySend is the most that the policy of a new topic may allow.
const alarmsMaySend = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}]}`

// onlyAlarmsMaySend judges the policy of a new topic, which has nothing to be compared with.
func onlyAlarmsMaySend(_, after properties) []Weakening {
	return allowsNoMore("policy", "others may read what alarms say, or send what looks like an alarm")(properties{"policy": alarmsMaySend}, after)
}

// isPolicyOfNewTopic tells whether a policy is about a topic alone that the plan makes, and which it waits for. Amazon
// SNS takes no statement about anything but the topic of the policy, and making a topic of a name that is there
// succeeds.
func (p Plan) isPolicyOfNewTopic(step Step) bool {
	document, err := mergePolicies([]value{inputsOf(step.After).at("policy")})
	if err != nil {
		return false
	}
	topics := p.made(step, grants[topicPolicy])
	for _, statement := range document.Statements {
		for _, resource := range statement.Resource {
			if !slices.ContainsFunc(topics, func(made Step) bool {
				name := inputsOf(made.After).at("name")
				return strings.HasSuffix(resource, fmt.Sprintf(":%s", name)) && !p.isThere(topic, "name", name)
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
