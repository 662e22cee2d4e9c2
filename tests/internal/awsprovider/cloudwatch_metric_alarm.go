package awsprovider

import (
	"context"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mediaserver/tests/internal/provider"
)

type metricAlarmInputs struct {
	Name               string            `pulumi:"name"`
	Description        *string           `pulumi:"alarmDescription,optional"`
	Namespace          *string           `pulumi:"namespace,optional"`
	MetricName         *string           `pulumi:"metricName,optional"`
	Statistic          *string           `pulumi:"statistic,optional"`
	Period             *int32            `pulumi:"period,optional"`
	MetricQueries      []metricQuery     `pulumi:"metricQueries,optional"`
	EvaluationPeriods  int32             `pulumi:"evaluationPeriods"`
	DatapointsToAlarm  *int32            `pulumi:"datapointsToAlarm,optional"`
	ComparisonOperator string            `pulumi:"comparisonOperator"`
	Threshold          float64           `pulumi:"threshold"`
	TreatMissingData   *string           `pulumi:"treatMissingData,optional"`
	Dimensions         map[string]string `pulumi:"dimensions,optional"`
	ActionsEnabled     *bool             `pulumi:"actionsEnabled,optional"`
	AlarmActions       []string          `pulumi:"alarmActions,optional"`
	OKActions          []string          `pulumi:"okActions,optional"`
	Tags               map[string]string `pulumi:"tags,optional"`
}

type metricAlarmOutputs struct {
	Arn string `pulumi:"arn"`
}

var (
	alarmName        = textRule{1, 255, nil, ""}
	alarmDescription = textRule{0, 1024, nil, ""}
)

// Rules: Amazon CloudWatch API reference, PutMetricAlarm.
var cloudwatchMetricAlarm = &kind[metricAlarmInputs, metricAlarmOutputs]{
	Token:    "aws:cloudwatch/metricAlarm:MetricAlarm",
	Name:     "name",
	Replace:  []string{"name"},
	Defaults: map[string]any{"treatMissingData": "missing"},
	Check:    checkMetricAlarm,
	Create: func(ctx context.Context, client *api, in *metricAlarmInputs) (string, error) {
		return in.Name, putMetricAlarm(ctx, client, in)
	},
	Read: readMetricAlarm,
	Update: func(ctx context.Context, client *api, _ string, _, in *metricAlarmInputs, _ *metricAlarmOutputs) error {
		return putMetricAlarm(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *metricAlarmInputs, _ *metricAlarmOutputs) error {
		_, err := client.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{id}})
		return err
	},
	SetTags:    setMetricAlarmTags,
	RemoveTags: removeMetricAlarmTags,
}

func checkMetricAlarm(in *metricAlarmInputs, problems *provider.Problems) {
	alarmName.check(problems, "name", in.Name)
	alarmDescription.check(problems, "alarmDescription", deref(in.Description))
	checkOneOf(problems, "comparisonOperator", in.ComparisonOperator, []string{
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	})
	if in.TreatMissingData != nil {
		checkOneOf(problems, "treatMissingData", *in.TreatMissingData, []string{"breaching", "notBreaching", "ignore", "missing"})
	}
	if in.EvaluationPeriods < 1 {
		problems.Refuse("evaluationPeriods", in.EvaluationPeriods, "must be at least 1")
	}
	if in.DatapointsToAlarm != nil && problems.Known("datapointsToAlarm", "evaluationPeriods") {
		checkRange(problems, "datapointsToAlarm", *in.DatapointsToAlarm, 1, in.EvaluationPeriods)
	}
	checkActions(problems, "alarmActions", in.AlarmActions)
	checkActions(problems, "okActions", in.OKActions)
	switch {
	case in.MetricQueries != nil:
		checkMetricQueries(in, problems)
	case problems.Known("metricQueries"):
		checkMetric(in, problems)
	}
}

var (
	metricName = textRule{1, 255, nil, ""}
	// The official plugin's own pattern takes a colon behind the first character, CloudWatch takes none at the
	// beginning (terraform-provider-aws, internal/service/cloudwatch/metric_alarm.go).
	metricNamespace = textRule{1, 255, regexp.MustCompile(`^[^:]`), "no colon at the beginning"}
)

// checkActions refuses more actions than a state of an alarm takes, and what is no ARN (terraform-provider-aws,
// internal/service/cloudwatch/metric_alarm.go).
func checkActions(problems *provider.Problems, path string, actions []string) {
	for i, action := range actions {
		checkARN(problems, path+"["+strconv.Itoa(i)+"]", action)
	}
	if len(actions) > 5 {
		problems.Refuse(path, actions, "must be at most 5 actions")
	}
}

// checkMetric checks what an alarm on one metric needs.
func checkMetric(in *metricAlarmInputs, problems *provider.Problems) {
	for path, isMissing := range map[string]bool{
		"namespace": in.Namespace == nil, "metricName": in.MetricName == nil, "statistic": in.Statistic == nil, "period": in.Period == nil,
	} {
		if isMissing && problems.Known(path) {
			problems.Refuse(path, "", "must be stated, or metricQueries instead")
		}
	}
	if in.Namespace != nil {
		metricNamespace.check(problems, "namespace", *in.Namespace)
	}
	if in.MetricName != nil {
		metricName.check(problems, "metricName", *in.MetricName)
	}
	if in.Statistic != nil {
		checkOneOf(problems, "statistic", *in.Statistic, statistics)
	}
	if in.Period == nil {
		return
	}
	checkPeriod(problems, "period", *in.Period)
	if problems.Known("evaluationPeriods") && int64(*in.Period)*int64(in.EvaluationPeriods) > 7*86400 {
		problems.Refuse("evaluationPeriods", in.EvaluationPeriods, "must not look back over more than seven days")
	}
}

func checkPeriod(problems *provider.Problems, path string, period int32) {
	if period != 10 && period != 20 && period != 30 && (period < 60 || period%60 != 0) {
		problems.Refuse(path, period, "must be 10, 20, 30 or a multiple of 60 seconds")
	}
}

var statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

func readMetricAlarm(ctx context.Context, client *api, id string, in *metricAlarmInputs, out *metricAlarmOutputs) error {
	found, err := client.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{id}})
	if err != nil {
		return err
	}
	if len(found.MetricAlarms) == 0 {
		return provider.ErrNotFound
	}
	observed := found.MetricAlarms[0]
	in.Name = id
	provider.Observe(&in.Namespace, observed.Namespace)
	provider.Observe(&in.MetricName, observed.MetricName)
	provider.Observe(&in.Period, observed.Period)
	statistic := string(observed.Statistic)
	provider.Observe(&in.Statistic, &statistic)
	observeMetricQueries(&in.MetricQueries, observed.Metrics)
	observeRequired(&in.EvaluationPeriods, observed.EvaluationPeriods)
	observeRequired(&in.Threshold, observed.Threshold)
	in.ComparisonOperator = string(observed.ComparisonOperator)
	provider.Observe(&in.DatapointsToAlarm, observed.DatapointsToAlarm)
	provider.Observe(&in.ActionsEnabled, observed.ActionsEnabled)
	provider.Observe(&in.Description, observed.AlarmDescription)
	provider.Observe(&in.TreatMissingData, observed.TreatMissingData)
	observeSet(&in.AlarmActions, observed.AlarmActions)
	observeSet(&in.OKActions, observed.OKActions)
	if len(in.Dimensions)+len(observed.Dimensions) > 0 {
		in.Dimensions = cloudwatchDimensions(observed.Dimensions)
	}
	out.Arn = deref(observed.AlarmArn)
	tags, err := client.CloudWatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: observed.AlarmArn})
	if err != nil {
		return err
	}
	in.Tags = tagMap(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	return nil
}

func setMetricAlarmTags(ctx context.Context, client *api, _ string, out *metricAlarmOutputs, tags map[string]string) error {
	_, err := client.CloudWatch.TagResource(ctx, &cloudwatch.TagResourceInput{
		ResourceARN: &out.Arn, Tags: tagList(tags, cloudwatchTag),
	})
	return err
}

func removeMetricAlarmTags(ctx context.Context, client *api, _ string, out *metricAlarmOutputs, keys []string) error {
	_, err := client.CloudWatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &out.Arn, TagKeys: keys})
	return err
}

func putMetricAlarm(ctx context.Context, client *api, in *metricAlarmInputs) error {
	enabled := in.ActionsEnabled == nil || *in.ActionsEnabled
	_, err := client.CloudWatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &in.Name,
		AlarmDescription:   in.Description,
		Namespace:          in.Namespace,
		MetricName:         in.MetricName,
		Statistic:          types.Statistic(deref(in.Statistic)),
		Period:             in.Period,
		Metrics:            metricDataQueries(in.MetricQueries),
		EvaluationPeriods:  &in.EvaluationPeriods,
		DatapointsToAlarm:  in.DatapointsToAlarm,
		ComparisonOperator: types.ComparisonOperator(in.ComparisonOperator),
		Threshold:          &in.Threshold,
		TreatMissingData:   in.TreatMissingData,
		ActionsEnabled:     &enabled,
		AlarmActions:       in.AlarmActions,
		OKActions:          in.OKActions,
		Dimensions:         tagList(in.Dimensions, cloudwatchDimension),
		Tags:               tagList(in.Tags, cloudwatchTag),
	})
	return err
}

func cloudwatchTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func cloudwatchDimension(name, value *string) types.Dimension {
	return types.Dimension{Name: name, Value: value}
}

func cloudwatchDimensions(list []types.Dimension) map[string]string {
	dimensions := map[string]string{}
	for _, each := range list {
		dimensions[deref(each.Name)] = deref(each.Value)
	}
	return dimensions
}
