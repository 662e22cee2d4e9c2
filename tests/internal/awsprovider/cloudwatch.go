package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mediaserver/tests/internal/provider"
)

var cloudwatchKinds = kinds{
	&kind[metricAlarm]{
		Token:      "aws:cloudwatch/metricAlarm:MetricAlarm",
		Name:       "name",
		ID:         "name",
		Replace:    []string{"name"},
		Defaults:   map[string]any{"treatMissingData": "missing"},
		Rules:      metricAlarmRules,
		Check:      checkMetricAlarm,
		Put:        putMetricAlarm,
		Read:       readMetricAlarm,
		Delete:     remove[metricAlarm]((*cloudwatch.Client).DeleteAlarms, "AlarmNames"),
		TagBy:      "arn",
		SetTags:    tag((*cloudwatch.Client).TagResource, "ResourceARN"),
		RemoveTags: untag((*cloudwatch.Client).UntagResource, "ResourceARN"),
	},
	&kind[dashboard]{
		Token:   "aws:cloudwatch/dashboard:Dashboard",
		Name:    "dashboardName",
		ID:      "dashboardName",
		Replace: []string{"dashboardName"},
		Rules: rules{rule("dashboardName", provider.Matching(`^[A-Za-z0-9_-]{1,255}$`, "have 1 to 255 letters, digits, underscores and hyphens"),
			"Amazon CloudWatch API reference, PutDashboard")},
		Check:  checkDashboard,
		Put:    putDashboard,
		Read:   get[dashboard]((*cloudwatch.Client).GetDashboard, "DashboardName"),
		Delete: remove[dashboard]((*cloudwatch.Client).DeleteDashboards, "DashboardNames"),
	},
}

type metricAlarm struct {
	AlarmName          string            `pulumi:"name"`
	AlarmDescription   *string           `pulumi:"alarmDescription,optional"`
	Namespace          *string           `pulumi:"namespace,optional"`
	MetricName         *string           `pulumi:"metricName,optional"`
	Statistic          *string           `pulumi:"statistic,optional"`
	Period             *int32            `pulumi:"period,optional"`
	Metrics            []metricQuery     `pulumi:"metricQueries,optional"`
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
	AlarmArn           string            `pulumi:"arn,output"`
}

// metricQuery is a metric or a math expression of an alarm.
type metricQuery struct {
	ID         string       `pulumi:"id"`
	Expression *string      `pulumi:"expression,optional"`
	Label      *string      `pulumi:"label,optional"`
	Metric     *queryMetric `pulumi:"metric,optional"`
	ReturnData *bool        `pulumi:"returnData,optional"`
}

type queryMetric struct {
	Namespace  *string           `pulumi:"namespace,optional"`
	MetricName string            `pulumi:"metricName"`
	Stat       string            `pulumi:"stat"`
	Period     int32             `pulumi:"period"`
	Dimensions map[string]string `pulumi:"dimensions,optional"`
}

const (
	alarmDocs   = "Amazon CloudWatch API reference, PutMetricAlarm"
	queryDocs   = "Amazon CloudWatch API reference, MetricDataQuery"
	alarmSchema = "terraform-provider-aws, internal/service/cloudwatch/metric_alarm.go"
)

var (
	statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
	period     = provider.MultipleOf(60, 10, 20, 30)
)

var metricAlarmRules = rules{
	rule("name", provider.Length(1, 255), alarmDocs),
	rule("alarmDescription", provider.Length(0, 1024), alarmDocs),
	rule("comparisonOperator", provider.OneOf(
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"), alarmDocs),
	rule("treatMissingData", provider.OneOf("breaching", "notBreaching", "ignore", "missing"), alarmDocs),
	rule("evaluationPeriods", provider.AtLeast(1), alarmDocs),
	rule("alarmActions", provider.Length(0, 5), alarmSchema),
	rule("alarmActions[]", arn, alarmSchema),
	rule("okActions", provider.Length(0, 5), alarmSchema),
	rule("okActions[]", arn, alarmSchema),
	rule("namespace", provider.Length(1, 255), alarmDocs),
	// The official plugin's own pattern takes a colon behind the first character, CloudWatch takes none at the beginning.
	rule("namespace", provider.Unlike(`^:`, "have no colon at the beginning"), alarmDocs),
	rule("metricName", provider.Length(1, 255), alarmDocs),
	rule("statistic", provider.OneOf(statistics...), alarmDocs),
	rule("period", period, alarmDocs),
	rule("metricQueries[].id", provider.Matching(`^[a-z][A-Za-z0-9_]{0,254}$`,
		"have a lower-case letter first, then at most 254 letters, digits and underscores"), queryDocs),
	rule("metricQueries[].expression", provider.Length(1, 1024), queryDocs),
	rule("metricQueries[].metric.stat", provider.Matching(`^(p(100|[0-9]{1,2}(\.[0-9]{1,2})?)|`+strings.Join(statistics, "|")+`)$`,
		"be a percentile, such as p99, or one of "+strings.Join(statistics, ", ")), queryDocs),
	rule("metricQueries[].metric.period", period, queryDocs),
}

func checkMetricAlarm(in *metricAlarm, problems *provider.Problems) {
	if in.DatapointsToAlarm != nil && problems.Known("datapointsToAlarm", "evaluationPeriods") &&
		(*in.DatapointsToAlarm < 1 || *in.DatapointsToAlarm > in.EvaluationPeriods) {
		problems.Refuse("datapointsToAlarm", *in.DatapointsToAlarm, fmt.Sprintf("must be from 1 to evaluationPeriods, %d (%s)", in.EvaluationPeriods, alarmDocs))
	}
	if problems.Known("period", "evaluationPeriods") && int64(deref(in.Period))*int64(in.EvaluationPeriods) > 7*86400 {
		problems.Refuse("evaluationPeriods", in.EvaluationPeriods, "must not look back over more than seven days ("+alarmDocs+")")
	}
	if !problems.Known("metricQueries") {
		return
	}
	onOne := map[string]bool{
		"namespace": in.Namespace != nil, "metricName": in.MetricName != nil, "statistic": in.Statistic != nil, "period": in.Period != nil,
	}
	for path, stated := range onOne {
		if problems.Known(path) && stated == (in.Metrics != nil) {
			problems.Refuse(path, "", "must be stated, or metricQueries instead ("+alarmDocs+")")
		}
	}
	if in.Metrics != nil && in.Dimensions != nil {
		problems.Refuse("dimensions", in.Dimensions, "must be in metricQueries, not beside them ("+alarmSchema+")")
	}
	if in.Metrics != nil {
		checkMetricQueries(in.Metrics, problems)
	}
}

// word is an id or the name of a function in an expression.
var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)

// mathWords are the functions and operators of metric math that are known here (CloudWatch user guide, "Using math
// expressions with CloudWatch metrics").
var mathWords = []string{"IF", "FILL", "MAX", "MIN", "SUM", "AVG", "AND", "OR"}

func checkMetricQueries(queries []metricQuery, problems *provider.Problems) {
	ids := map[string]bool{}
	watched := 0
	for i, each := range queries {
		path := fmt.Sprintf("metricQueries[%d]", i)
		if ids[each.ID] {
			problems.Refuse(path+".id", each.ID, "must be there once ("+queryDocs+")")
		}
		ids[each.ID] = true
		if (each.Metric == nil) == (each.Expression == nil) {
			problems.Refuse(path, each.ID, "must have one of metric and expression ("+queryDocs+")")
		}
		if deref(each.ReturnData) {
			watched++
		}
	}
	if watched != 1 {
		problems.Refuse("metricQueries", "", "must return the data of exactly one, which the alarm watches ("+alarmDocs+")")
	}
	for i, each := range queries {
		path, text := fmt.Sprintf("metricQueries[%d].expression", i), deref(each.Expression)
		for _, name := range word.FindAllString(text, -1) {
			if !slices.Contains(mathWords, name) && (!ids[name] || name == each.ID) {
				problems.Refuse(path, text, fmt.Sprintf("must name metrics, other expressions and functions; %s is none (%s)", name, queryDocs))
			}
		}
		if strings.Count(text, "(") != strings.Count(text, ")") {
			problems.Refuse(path, text, "must close each parenthesis ("+queryDocs+")")
		}
	}
}

func putMetricAlarm(ctx context.Context, client *api, in *metricAlarm) error {
	request := expanded[cloudwatch.PutMetricAlarmInput](in)
	request.ActionsEnabled = aws.Bool(in.ActionsEnabled == nil || *in.ActionsEnabled)
	for i, each := range in.Metrics {
		request.Metrics[i].ReturnData = aws.Bool(deref(each.ReturnData))
		if each.Metric != nil {
			request.Metrics[i].MetricStat = expanded[types.MetricStat](each.Metric)
			request.Metrics[i].MetricStat.Metric = expanded[types.Metric](each.Metric)
		}
	}
	_, err := client.CloudWatch.PutMetricAlarm(ctx, request)
	return err
}

func readMetricAlarm(ctx context.Context, client *api, id string, in *metricAlarm) error {
	observed, err := describe[types.MetricAlarm](ctx, client, (*cloudwatch.Client).DescribeAlarms, "AlarmNames", id)
	if err != nil {
		return err
	}
	// Their order is nobody's: that of the program is kept.
	order := map[string]int{}
	for i, each := range in.Metrics {
		order[each.ID] = i
	}
	slices.SortStableFunc(observed.Metrics, func(a, b types.MetricDataQuery) int { return order[deref(a.Id)] - order[deref(b.Id)] })
	copyFields(observed, in)
	for i, each := range observed.Metrics {
		if each.MetricStat != nil {
			in.Metrics[i].Metric = expanded[queryMetric](each.MetricStat)
			copyFields(each.MetricStat.Metric, in.Metrics[i].Metric)
		}
	}
	in.Tags, err = tags(ctx, client, (*cloudwatch.Client).ListTagsForResource, "ResourceARN", deref(observed.AlarmArn))
	return err
}

type dashboard struct {
	DashboardName string            `pulumi:"dashboardName"`
	DashboardBody provider.Document `pulumi:"dashboardBody"`
	DashboardArn  string            `pulumi:"dashboardArn,output"`
}

const dashboardDocs = `Amazon CloudWatch API reference, "Dashboard body structure and syntax"`

var dashboardRules = rules{
	rule("widgets", provider.Stated(), dashboardDocs),
	rule("widgets", provider.Length(1, 500), dashboardDocs),
	rule("widgets[].type", provider.OneOf("metric", "text", "alarm", "log", "explorer", "custom"), dashboardDocs),
	rule("widgets[].x", provider.Stated(), dashboardDocs),
	rule("widgets[].y", provider.Stated(), dashboardDocs),
	rule("widgets[].width", provider.Stated(), dashboardDocs),
	rule("widgets[].height", provider.Stated(), dashboardDocs),
	rule("widgets[].x", provider.Between(0, 23), dashboardDocs),
	rule("widgets[].y", provider.AtLeast(0), dashboardDocs),
	rule("widgets[].width", provider.Between(1, 24), dashboardDocs),
	rule("widgets[].height", provider.Between(1, 1000), dashboardDocs),
	rule("widgets[].properties.period", provider.MultipleOf(60), dashboardDocs),
	rule("widgets[].properties.alarms", provider.Length(1, 100), dashboardDocs),
}

func checkDashboard(in *dashboard, problems *provider.Problems) {
	text := string(in.DashboardBody)
	applyToJSON(problems, "dashboardBody", text, nil, dashboardRules)
	var body struct {
		Widgets []struct {
			Type       string
			X, Width   int
			Properties struct {
				Region  string
				Metrics []any
			}
		}
	}
	if json.Unmarshal([]byte(text), &body) != nil {
		return
	}
	for i, widget := range body.Widgets {
		path := fmt.Sprintf("dashboardBody.widgets[%d]", i)
		if widget.X+widget.Width > 24 {
			problems.Refuse(path+".width", widget.Width, "must lie within the 24 columns of the grid ("+dashboardDocs+")")
		}
		if widget.Type == "metric" && (widget.Properties.Region == "" || len(widget.Properties.Metrics) == 0) {
			problems.Refuse(path+".properties", "", "must have region and metrics ("+dashboardDocs+")")
		}
	}
}

func putDashboard(ctx context.Context, client *api, in *dashboard) error {
	put, err := client.CloudWatch.PutDashboard(ctx, expanded[cloudwatch.PutDashboardInput](in))
	if err != nil {
		return err
	}
	for _, message := range put.DashboardValidationMessages {
		return fmt.Errorf("dashboard %s: %s: %s", in.DashboardName, deref(message.DataPath), deref(message.Message))
	}
	return nil
}
