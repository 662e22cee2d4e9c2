package awsprovider

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mediaserver/tests/internal/provider"
)

var cloudwatchKinds = kinds{
	&kind[metricAlarm]{
		Token:  "aws:cloudwatch/metricAlarm:MetricAlarm",
		Check:  checkMetricQueries,
		Put:    putMetricAlarm,
		Read:   readMetricAlarm,
		Delete: remove[metricAlarm]((*cloudwatch.Client).DeleteAlarms, "AlarmNames"),
		Tags: tagging("arn", "ResourceARN", (*cloudwatch.Client).TagResource, (*cloudwatch.Client).UntagResource,
			(*cloudwatch.Client).ListTagsForResource),
	},
	&kind[dashboard]{
		Token:  "aws:cloudwatch/dashboard:Dashboard",
		Put:    put[dashboard]((*cloudwatch.Client).PutDashboard),
		Read:   read[dashboard]((*cloudwatch.Client).GetDashboard, "DashboardName"),
		Delete: remove[dashboard]((*cloudwatch.Client).DeleteDashboards, "DashboardNames"),
	},
}

type metricAlarm struct {
	AlarmName          string            `json:"name" pulumi:"id"`
	AlarmDescription   *string           `json:"alarmDescription"`
	Namespace          *string           `json:"namespace"`
	MetricName         *string           `json:"metricName"`
	Statistic          *string           `json:"statistic"`
	Period             *int32            `json:"period"`
	Metrics            []metricQuery     `json:"metricQueries"`
	EvaluationPeriods  int32             `json:"evaluationPeriods"`
	DatapointsToAlarm  *int32            `json:"datapointsToAlarm"`
	ComparisonOperator string            `json:"comparisonOperator"`
	Threshold          float64           `json:"threshold"`
	TreatMissingData   *string           `json:"treatMissingData" default:"missing"`
	Dimensions         map[string]string `json:"dimensions"`
	ActionsEnabled     *bool             `json:"actionsEnabled"`
	AlarmActions       []string          `json:"alarmActions"`
	OKActions          []string          `json:"okActions"`
	Tags               map[string]string `json:"tags"`
	AlarmArn           string            `json:"arn" pulumi:"output"`
}

// metricQuery is a metric or a math expression of an alarm.
type metricQuery struct {
	ID         string       `json:"id"`
	Expression *string      `json:"expression"`
	Label      *string      `json:"label"`
	Metric     *queryMetric `json:"metric"`
	ReturnData *bool        `json:"returnData"`
}

type queryMetric struct {
	Namespace  *string           `json:"namespace"`
	MetricName string            `json:"metricName"`
	Stat       string            `json:"stat"`
	Period     int32             `json:"period"`
	Dimensions map[string]string `json:"dimensions"`
}

const queryDocs = "Amazon CloudWatch API reference, MetricDataQuery"

// word is an id or the name of a function in an expression.
var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)

// mathWords are the functions and operators of metric math that are known here (CloudWatch user guide, "Using math
// expressions with CloudWatch metrics").
var mathWords = []string{"IF", "FILL", "MAX", "MIN", "SUM", "AVG", "AND", "OR"}

func checkMetricQueries(in *metricAlarm, problems *provider.Problems) {
	ids, watched := slices.Clone(mathWords), 0
	for _, each := range in.Metrics {
		ids = append(ids, each.ID)
		if deref(each.ReturnData) {
			watched++
		}
	}
	if in.Metrics != nil && watched != 1 {
		problems.Refuse("metricQueries", watched, "must return the data of exactly one, which the alarm watches ("+queryDocs+")")
	}
	for i, each := range in.Metrics {
		for _, name := range word.FindAllString(deref(each.Expression), -1) {
			if !slices.Contains(ids, name) || name == each.ID {
				problems.Refuse(fmt.Sprintf("metricQueries[%d].expression", i), *each.Expression,
					fmt.Sprintf("must name metrics, other expressions and functions; %s is none (%s)", name, queryDocs))
			}
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
	observed, err := describe[types.MetricAlarm](ctx, client, (*cloudwatch.Client).DescribeAlarms, "AlarmNames", id, "MetricAlarms")
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
	return nil
}

type dashboard struct {
	DashboardName string `json:"dashboardName" pulumi:"id"`
	DashboardBody string `json:"dashboardBody"`
	DashboardArn  string `json:"dashboardArn" pulumi:"output"`
}
