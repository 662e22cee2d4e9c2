package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

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
	alarmName        = text{1, 255, nil, ""}
	alarmDescription = text{0, 1024, nil, ""}
)

// Rules: Amazon CloudWatch API reference, PutMetricAlarm.
var metricAlarm = &kind[metricAlarmInputs, metricAlarmOutputs]{
	Token:   "aws:cloudwatch/metricAlarm:MetricAlarm",
	Name:    "name",
	Replace: []string{"name"},
	Check: func(in *metricAlarmInputs, problems *provider.Problems) {
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
	},
	ID: func(in *metricAlarmInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *metricAlarmInputs) (string, error) {
		return in.Name, putMetricAlarm(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *metricAlarmInputs, out *metricAlarmOutputs) error {
		found, err := client.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{id}})
		if err != nil {
			return err
		}
		if len(found.MetricAlarms) == 0 {
			return provider.ErrNotFound
		}
		observed := found.MetricAlarms[0]
		in.Name = id
		set(&in.Namespace, observed.Namespace)
		set(&in.MetricName, observed.MetricName)
		set(&in.Period, observed.Period)
		set(&in.EvaluationPeriods, observed.EvaluationPeriods)
		set(&in.Threshold, observed.Threshold)
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
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *metricAlarmInputs, _ *metricAlarmOutputs) error {
		return putMetricAlarm(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *metricAlarmInputs, _ *metricAlarmOutputs) error {
		_, err := client.cloudwatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{id}})
		return err
	},
	Tag: func(ctx context.Context, client *api, _ string, out *metricAlarmOutputs, set map[string]string, remove []string) error {
		if len(set) > 0 {
			if _, err := client.cloudwatch.TagResource(ctx, &cloudwatch.TagResourceInput{
				ResourceARN: &out.Arn, Tags: tagList(set, cloudwatchTag),
			}); err != nil {
				return err
			}
		}
		if len(remove) == 0 {
			return nil
		}
		_, err := client.cloudwatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &out.Arn, TagKeys: remove})
		return err
	},
}

func cloudwatchTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

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

type dashboardInputs struct {
	Name string `pulumi:"dashboardName"`
	Body string `pulumi:"dashboardBody"`
}

type dashboardOutputs struct {
	Arn string `pulumi:"dashboardArn"`
}

var dashboardName = text{
	1, 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "only letters, digits, underscores and hyphens",
}

var dashboard = &kind[dashboardInputs, dashboardOutputs]{
	Token:   "aws:cloudwatch/dashboard:Dashboard",
	Name:    "dashboardName",
	Replace: []string{"dashboardName"},
	Check: func(in *dashboardInputs, problems *provider.Problems) {
		dashboardName.check(problems, "dashboardName", in.Name)
		checkDashboard(problems, in.Body)
	},
	ID: func(in *dashboardInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *dashboardInputs) (string, error) {
		return in.Name, putDashboard(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *dashboardInputs, out *dashboardOutputs) error {
		found, err := client.cloudwatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &id})
		if err != nil {
			return err
		}
		in.Name = id
		observeJSON(&in.Body, deref(found.DashboardBody))
		out.Arn = deref(found.DashboardArn)
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *dashboardInputs, _ *dashboardOutputs) error {
		return putDashboard(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *dashboardInputs, _ *dashboardOutputs) error {
		_, err := client.cloudwatch.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{id}})
		return err
	},
}

func putDashboard(ctx context.Context, client *api, in *dashboardInputs) error {
	put, err := client.cloudwatch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{
		DashboardName: &in.Name, DashboardBody: &in.Body,
	})
	if err != nil {
		return err
	}
	for _, message := range put.DashboardValidationMessages {
		return fmt.Errorf("dashboard %s: %s: %s", in.Name, deref(message.DataPath), deref(message.Message))
	}
	return nil
}

const (
	// dashboardColumns is the width of a dashboard's grid, and tallestWidget
	// the height of the tallest widget.
	dashboardColumns = 24
	tallestWidget    = 1000
	mostWidgets      = 500
)

// checkDashboard follows the Amazon CloudWatch API reference, "Dashboard body
// structure and syntax".
func checkDashboard(problems *provider.Problems, body string) {
	const path = "dashboardBody"
	var parsed struct {
		Widgets []struct {
			Type       string
			X, Y       *int
			Width      *int
			Height     *int
			Properties struct {
				Region   string
				Metrics  []json.RawMessage
				Markdown string
				Period   *int
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		problems.Refuse(path, body, "must be a dashboard as JSON: "+err.Error())
		return
	}
	if len(parsed.Widgets) == 0 || len(parsed.Widgets) > mostWidgets {
		problems.Refuse(path, body, "must have 1 to 500 widgets")
	}
	for i, widget := range parsed.Widgets {
		refuse := func(rule string) {
			problems.Refuse(path, body, fmt.Sprintf("widgets[%d] %s", i, rule))
		}
		switch {
		case widget.X == nil || widget.Y == nil || widget.Width == nil || widget.Height == nil:
			refuse("must have x, y, width and height")
			continue
		case *widget.X < 0 || *widget.Y < 0 || *widget.Width < 1 || *widget.X+*widget.Width > dashboardColumns:
			refuse("must lie within the 24 columns of the grid")
		case *widget.Height < 1 || *widget.Height > tallestWidget:
			refuse("must be 1 to 1000 high")
		}
		switch widget.Type {
		case "metric":
			if widget.Properties.Region == "" {
				refuse("must have properties.region")
			}
			if len(widget.Properties.Metrics) == 0 {
				refuse("must have properties.metrics")
			}
			if period := widget.Properties.Period; period != nil && *period%60 != 0 {
				refuse("must have a properties.period that is a multiple of 60 seconds")
			}
		case "text":
			if widget.Properties.Markdown == "" {
				refuse("must have properties.markdown")
			}
		case "log", "alarm", "explorer", "custom":
		default:
			refuse(fmt.Sprintf("must have a known type, not %q", widget.Type))
		}
	}
}
