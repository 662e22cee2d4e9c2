package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mediaserver/tests/internal/provider"
)

type metricAlarmInputs struct {
	Name               string            `pulumi:"name"`
	Description        *string           `pulumi:"alarmDescription,optional"`
	Namespace          string            `pulumi:"namespace"`
	MetricName         string            `pulumi:"metricName"`
	Statistic          string            `pulumi:"statistic"`
	Period             int32             `pulumi:"period"`
	EvaluationPeriods  int32             `pulumi:"evaluationPeriods"`
	DatapointsToAlarm  *int32            `pulumi:"datapointsToAlarm,optional"`
	ComparisonOperator string            `pulumi:"comparisonOperator"`
	Threshold          float64           `pulumi:"threshold"`
	TreatMissingData   *string           `pulumi:"treatMissingData,optional"`
	Dimensions         map[string]string `pulumi:"dimensions,optional"`
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
	Token:   "aws:cloudwatch/metricAlarm:MetricAlarm",
	Name:    "name",
	Replace: []string{"name"},
	Check:   checkMetricAlarm,
	ID:      func(in *metricAlarmInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *metricAlarmInputs) (string, error) {
		return in.Name, putMetricAlarm(ctx, client, in)
	},
	Read: readMetricAlarm,
	Update: func(ctx context.Context, client *api, _ string, _, in *metricAlarmInputs, _ *metricAlarmOutputs) error {
		return putMetricAlarm(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *metricAlarmInputs, _ *metricAlarmOutputs) error {
		_, err := client.cloudwatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{id}})
		return err
	},
	SetTags:    setMetricAlarmTags,
	RemoveTags: removeMetricAlarmTags,
}

func checkMetricAlarm(in *metricAlarmInputs, problems *provider.Problems) {
	alarmName.check(problems, "name", in.Name)
	alarmDescription.check(problems, "alarmDescription", deref(in.Description))
	checkOneOf(problems, "statistic", in.Statistic, []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"})
	checkOneOf(problems, "comparisonOperator", in.ComparisonOperator, []string{
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	})
	if in.TreatMissingData != nil {
		checkOneOf(problems, "treatMissingData", *in.TreatMissingData, []string{"breaching", "notBreaching", "ignore", "missing"})
	}
	if in.Period != 10 && in.Period != 20 && in.Period != 30 && (in.Period < 60 || in.Period%60 != 0) {
		problems.Refuse("period", in.Period, "must be 10, 20, 30 or a multiple of 60 seconds")
	}
	if in.EvaluationPeriods < 1 {
		problems.Refuse("evaluationPeriods", in.EvaluationPeriods, "must be at least 1")
	}
	if problems.Known("period", "evaluationPeriods") && int64(in.Period)*int64(in.EvaluationPeriods) > 7*86400 {
		problems.Refuse("evaluationPeriods", in.EvaluationPeriods, "must not look back over more than seven days")
	}
}

func readMetricAlarm(ctx context.Context, client *api, id string, in *metricAlarmInputs, out *metricAlarmOutputs) error {
	found, err := client.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{id}})
	if err != nil {
		return err
	}
	if len(found.MetricAlarms) == 0 {
		return provider.ErrNotFound
	}
	observed := found.MetricAlarms[0]
	in.Name = id
	observeRequired(&in.Namespace, observed.Namespace)
	observeRequired(&in.MetricName, observed.MetricName)
	observeRequired(&in.Period, observed.Period)
	observeRequired(&in.EvaluationPeriods, observed.EvaluationPeriods)
	observeRequired(&in.Threshold, observed.Threshold)
	in.Statistic, in.ComparisonOperator = string(observed.Statistic), string(observed.ComparisonOperator)
	provider.Observe(&in.Description, observed.AlarmDescription)
	provider.Observe(&in.TreatMissingData, observed.TreatMissingData)
	observeSet(&in.AlarmActions, observed.AlarmActions)
	if len(in.Dimensions)+len(observed.Dimensions) > 0 {
		in.Dimensions = map[string]string{}
		for _, dimension := range observed.Dimensions {
			in.Dimensions[deref(dimension.Name)] = deref(dimension.Value)
		}
	}
	out.Arn = deref(observed.AlarmArn)
	tags, err := client.cloudwatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: observed.AlarmArn})
	if err != nil {
		return err
	}
	in.Tags = tagMap(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	return nil
}

func setMetricAlarmTags(ctx context.Context, client *api, _ string, out *metricAlarmOutputs, tags map[string]string) error {
	_, err := client.cloudwatch.TagResource(ctx, &cloudwatch.TagResourceInput{
		ResourceARN: &out.Arn, Tags: tagList(tags, cloudwatchTag),
	})
	return err
}

func removeMetricAlarmTags(ctx context.Context, client *api, _ string, out *metricAlarmOutputs, keys []string) error {
	_, err := client.cloudwatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &out.Arn, TagKeys: keys})
	return err
}

func putMetricAlarm(ctx context.Context, client *api, in *metricAlarmInputs) error {
	_, err := client.cloudwatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &in.Name,
		AlarmDescription:   in.Description,
		Namespace:          &in.Namespace,
		MetricName:         &in.MetricName,
		Statistic:          types.Statistic(in.Statistic),
		Period:             &in.Period,
		EvaluationPeriods:  &in.EvaluationPeriods,
		DatapointsToAlarm:  in.DatapointsToAlarm,
		ComparisonOperator: types.ComparisonOperator(in.ComparisonOperator),
		Threshold:          &in.Threshold,
		TreatMissingData:   in.TreatMissingData,
		ActionsEnabled:     aws.Bool(true),
		AlarmActions:       in.AlarmActions,
		OKActions:          in.OKActions,
		Dimensions: tagList(in.Dimensions, func(name, value *string) types.Dimension {
			return types.Dimension{Name: name, Value: value}
		}),
		Tags: tagList(in.Tags, cloudwatchTag),
	})
	return err
}

func cloudwatchTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }
