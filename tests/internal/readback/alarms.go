package readback

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"mediaserver/tests/internal/iampolicy"
)

var alarmResources = []resource{
	{key: "Topic alarms", present: Settings.sendsEmails, read: readAlarmTopic},
	{key: "TopicPolicy alarms", present: Settings.sendsEmails, read: readAlarmTopicPolicy},
	{key: "TopicSubscription oncall@example.com", present: Settings.sendsEmails, read: readSubscriptions},
	{key: "MetricAlarm server-errors", present: Settings.tellsPeople, read: readServerErrors},
	{key: "MetricAlarm slow-responses", present: Settings.tellsPeople, read: readSlowResponses},
	{key: "MetricAlarm no-healthy-target", present: Settings.tellsPeople, read: readNoHealthyTarget},
	{key: "MetricAlarm unhealthy-targets", present: Settings.tellsPeople, read: readUnhealthyTargets},
	{key: "MetricAlarm at-max-capacity", present: Settings.tellsPeople, read: readAtMaxCapacity},
	{key: "MetricAlarm high-memory", present: Settings.tellsPeople, read: readHighMemory},
}

// peopleAlarms are the physical names of the alarms that tell people, with {name} for the setting, in the order in
// which the dashboard shows them.
var peopleAlarms = []string{
	"{name}-server-errors", "{name}-slow-responses", "{name}-no-healthy-target", "{name}-unhealthy-targets",
	"{name}-at-max-capacity", "{name}-high-memory",
}

func (s Settings) sendsEmails() bool { return len(s.AlarmEmails) > 0 }

func (s Settings) tellsPeople() bool { return s.sendsEmails() || s.AlarmTopicARN != "" }

func readAlarmTopic(r *reader) {
	arn := r.arn("sns", r.named("{name}-alarms"))
	found, err := r.SNS.GetTopicAttributes(r.ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	r.answered(err)
	r.equal("key", found.Attributes["KmsMasterKeyId"], "")
	tags, err := r.SNS.ListTagsForResource(r.ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	r.answered(err)
	r.tags(texts(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

func readAlarmTopicPolicy(r *reader) {
	arn := r.arn("sns", r.named("{name}-alarms"))
	found, err := r.SNS.GetTopicAttributes(r.ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	r.answered(err)
	var alarms iampolicy.Texts
	for _, name := range peopleAlarms {
		alarms = append(alarms, r.arn("cloudwatch", "alarm:"+r.named(name)))
	}
	statement := allow([]string{arn}, "sns:Publish")
	statement.Principal = iampolicy.Principals{"Service": {"cloudwatch.amazonaws.com"}}
	statement.Condition = map[string]map[string]iampolicy.Texts{
		"StringEquals": {"aws:SourceAccount": {r.Account}},
		"ArnEquals":    {"aws:SourceArn": alarms},
	}
	r.policy("policy", found.Attributes["Policy"], statement)
}

// readSubscriptions reads who is subscribed, whoever that is: each has a resource of its own.
func readSubscriptions(r *reader) {
	found, err := r.SNS.ListSubscriptionsByTopic(r.ctx, &sns.ListSubscriptionsByTopicInput{
		TopicArn: aws.String(r.arn("sns", r.named("{name}-alarms"))),
	})
	r.answered(err)
	var addresses []string
	for _, each := range found.Subscriptions {
		addresses = append(addresses, aws.ToString(each.Protocol)+" "+aws.ToString(each.Endpoint))
	}
	var want []string
	for _, address := range r.Settings.AlarmEmails {
		want = append(want, "email "+address)
	}
	r.set("subscriptions", addresses, want...)
}

// receivers are the topics that alarms send to.
func (r *reader) receivers() []string {
	var topics []string
	if r.Settings.sendsEmails() {
		topics = append(topics, r.arn("sns", r.named("{name}-alarms")))
	}
	if r.Settings.AlarmTopicARN != "" {
		topics = append(topics, r.Settings.AlarmTopicARN)
	}
	return topics
}

// periods are how an alarm counts: so many of the last so many periods are bad.
type periods struct{ bad, of int }

// peopleAlarm compares what all alarms for people have, and returns the alarm for the rest.
func (r *reader) peopleAlarm(name, means, comparison string, threshold int, counted periods, missing string) alarmtypes.MetricAlarm {
	alarm := r.alarm(name)
	r.set("actions", alarm.AlarmActions, r.receivers()...)
	r.set("actions at the end", alarm.OKActions, r.receivers()...)
	r.equal("actions enabled", alarm.ActionsEnabled, true)
	r.equal("comparison", alarm.ComparisonOperator, comparison)
	r.equal("threshold", alarm.Threshold, threshold)
	r.equal("periods", alarm.EvaluationPeriods, counted.of)
	r.equal("bad periods", alarm.DatapointsToAlarm, counted.bad)
	r.equal("missing data", alarm.TreatMissingData, missing)
	description := aws.ToString(alarm.AlarmDescription)
	r.equal("its description says what it means", strings.HasPrefix(description, means), true)
	r.equal("its description says where to look", strings.Contains(description, ". Look first at "), true)
	r.equal("its description names the dashboard", strings.HasSuffix(description, ". Dashboard: "+r.output("dashboardUrl")), true)
	r.alarmTags(alarm)
	return alarm
}

// metric is the form in which metrics are compared: namespace, name, statistic, period and dimensions.
func metric(namespace, name, statistic string, period int, dimensions ...string) string {
	return fmt.Sprintf("%s %s %s %d %s", namespace, name, statistic, period, strings.Join(dimensions, " "))
}

// dimensions writes dimensions as name and value, sorted.
func dimensions(list []alarmtypes.Dimension) []string {
	var all []string
	for _, each := range list {
		all = append(all, aws.ToString(each.Name)+"="+aws.ToString(each.Value))
	}
	slices.Sort(all)
	return all
}

// oneMetric compares what an alarm on a single metric watches.
func (r *reader) oneMetric(alarm alarmtypes.MetricAlarm, want string) {
	r.equal("metric", metric(aws.ToString(alarm.Namespace), aws.ToString(alarm.MetricName), string(alarm.Statistic),
		int(aws.ToInt32(alarm.Period)), dimensions(alarm.Dimensions)...), want)
	r.equal("number of queries", len(alarm.Metrics), 0)
}

// queries compares what an alarm on metric math watches: metrics and expressions by their ids, and which of them.
func (r *reader) queries(alarm alarmtypes.MetricAlarm, watched string, want map[string]string) {
	got := map[string]string{}
	for _, each := range alarm.Metrics {
		id := aws.ToString(each.Id)
		if each.MetricStat != nil {
			of := present(r, "a metric", each.MetricStat.Metric)
			got[id] = metric(aws.ToString(of.Namespace), aws.ToString(of.MetricName), aws.ToString(each.MetricStat.Stat),
				int(aws.ToInt32(each.MetricStat.Period)), dimensions(of.Dimensions)...)
		} else {
			got[id] = aws.ToString(each.Expression)
		}
		r.equal("watches "+id, aws.ToBool(each.ReturnData), id == watched)
	}
	r.equal("queries", got, want)
}

// ofBalancer, ofTargets and ofTasks are dimensions.
func (r *reader) ofBalancer() string {
	_, suffix, _ := strings.Cut(aws.ToString(r.loadBalancer().LoadBalancerArn), ":loadbalancer/")
	return "LoadBalancer=" + suffix
}

func (r *reader) ofTargets() []string {
	arn := aws.ToString(r.targetGroup().TargetGroupArn)
	return []string{r.ofBalancer(), "TargetGroup=" + arn[strings.LastIndex(arn, ":")+1:]}
}

func (r *reader) ofTasks() []string {
	return []string{r.named("ClusterName={name}-cluster"), r.named("ServiceName={name}-service")}
}

const (
	requests    = "AWS/ApplicationELB"
	isAbove     = "GreaterThanThreshold"
	noDataFine  = "notBreaching"
	fiveMinutes = 300
)

func readServerErrors(r *reader) {
	alarm := r.peopleAlarm("{name}-server-errors", fmt.Sprintf("More than %d %% of the requests fail", r.Settings.AlarmErrorPercent),
		isAbove, r.Settings.AlarmErrorPercent, periods{3, 5}, noDataFine)
	r.queries(alarm, "percent", map[string]string{
		"requests":    metric(requests, "RequestCount", "Sum", 60, r.ofBalancer()),
		"application": metric(requests, "HTTPCode_Target_5XX_Count", "Sum", 60, r.ofBalancer()),
		"balancer":    metric(requests, "HTTPCode_ELB_5XX_Count", "Sum", 60, r.ofBalancer()),
		"errors":      "FILL(application, 0) + FILL(balancer, 0)",
		"answered":    "FILL(requests, 0)",
		"total":       "IF(answered > errors, answered, errors)",
		"percent":     "IF(total >= 10, 100 * errors / total, 0)",
	})
}

func readSlowResponses(r *reader) {
	alarm := r.peopleAlarm("{name}-slow-responses", fmt.Sprintf("The slowest hundredth of the requests waits for more than %d seconds", r.Settings.AlarmResponseSeconds),
		isAbove, r.Settings.AlarmResponseSeconds, periods{3, 3}, noDataFine)
	r.queries(alarm, "slowest", map[string]string{
		"seconds":  metric(requests, "TargetResponseTime", "p99", fiveMinutes, r.ofBalancer()),
		"requests": metric(requests, "RequestCount", "Sum", fiveMinutes, r.ofBalancer()),
		"slowest":  "IF(requests >= 100, seconds, 0)",
	})
}

func readNoHealthyTarget(r *reader) {
	missing := "breaching"
	if r.Settings.MinCapacity == 0 {
		missing = noDataFine
	}
	alarm := r.peopleAlarm("{name}-no-healthy-target", "No task is healthy", "LessThanThreshold", 1, periods{3, 3}, missing)
	r.oneMetric(alarm, metric(requests, "HealthyHostCount", "Maximum", 60, r.ofTargets()...))
}

func readUnhealthyTargets(r *reader) {
	alarm := r.peopleAlarm("{name}-unhealthy-targets", "Some tasks have been unhealthy", "GreaterThanOrEqualToThreshold", 1, periods{10, 15}, noDataFine)
	r.oneMetric(alarm, metric(requests, "UnHealthyHostCount", "Maximum", 60, r.ofTargets()...))
}

func readAtMaxCapacity(r *reader) {
	alarm := r.peopleAlarm("{name}-at-max-capacity", "As many tasks run as maxCapacity allows", isAbove, r.Settings.ScaleUpCPU, periods{3, 3}, noDataFine)
	r.queries(alarm, "percent", map[string]string{
		"tasks":   metric(requests, "HealthyHostCount", "Maximum", fiveMinutes, r.ofTargets()...),
		"cpu":     metric("AWS/ECS", "CPUUtilization", "Average", fiveMinutes, r.ofTasks()...),
		"percent": fmt.Sprintf("IF(tasks >= %d, cpu, 0)", r.Settings.MaxCapacity),
	})
}

func readHighMemory(r *reader) {
	alarm := r.peopleAlarm("{name}-high-memory", "A task uses more than 90 % of its memory", isAbove, 90, periods{3, 3}, noDataFine)
	r.oneMetric(alarm, metric("AWS/ECS", "MemoryUtilization", "Maximum", fiveMinutes, r.ofTasks()...))
}
