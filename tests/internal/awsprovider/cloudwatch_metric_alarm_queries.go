package awsprovider

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mediaserver/tests/internal/provider"
)

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

var (
	queryID         = textRule{1, 255, regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`), "a lower-case letter first, then letters, digits and underscores"}
	queryExpression = textRule{1, 1024, nil, ""}
	percentile      = regexp.MustCompile(`^p(100|[0-9]{1,2}(\.[0-9]{1,2})?)$`)
	// word is an id or the name of a function in an expression.
	word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]*`)
)

// mathWords are the functions and operators of metric math that are known here
// (CloudWatch user guide, "Using math expressions with CloudWatch metrics").
var mathWords = []string{"IF", "FILL", "MAX", "MIN", "SUM", "AVG", "AND", "OR"}

// checkMetricQueries follows PutMetricAlarm and MetricDataQuery in the Amazon
// CloudWatch API reference.
func checkMetricQueries(in *metricAlarmInputs, problems *provider.Problems) {
	if in.Namespace != nil || in.MetricName != nil || in.Statistic != nil || in.Period != nil || in.Dimensions != nil {
		problems.Refuse("metricQueries", "", "must not stand beside namespace, metricName, statistic, period and dimensions")
	}
	var ids []string
	metrics, expressions, watched := 0, 0, 0
	for i, each := range in.MetricQueries {
		path := fmt.Sprintf("metricQueries[%d]", i)
		queryID.check(problems, path+".id", each.ID)
		if slices.Contains(ids, each.ID) {
			problems.Refuse(path+".id", each.ID, "must be there once")
		}
		ids = append(ids, each.ID)
		if deref(each.ReturnData) {
			watched++
		}
		switch {
		case (each.Metric == nil) == (each.Expression == nil):
			problems.Refuse(path, each.ID, "must have one of metric and expression")
		case each.Metric != nil:
			metrics++
			if !percentile.MatchString(each.Metric.Stat) {
				checkOneOf(problems, path+".metric.stat", each.Metric.Stat, statistics)
			}
			checkPeriod(problems, path+".metric.period", each.Metric.Period)
		default:
			expressions++
			queryExpression.check(problems, path+".expression", *each.Expression)
		}
	}
	if metrics > 10 || expressions > 10 {
		problems.Refuse("metricQueries", "", "must be at most 10 metrics and 10 expressions")
	}
	if watched != 1 {
		problems.Refuse("metricQueries", "", "must return the data of exactly one, which the alarm watches")
	}
	checkExpressions(in.MetricQueries, ids, problems)
}

// checkExpressions refuses an expression that names what there is not, and one
// whose parentheses do not close.
func checkExpressions(queries []metricQuery, ids []string, problems *provider.Problems) {
	for i, each := range queries {
		path, text := fmt.Sprintf("metricQueries[%d].expression", i), deref(each.Expression)
		for _, name := range word.FindAllString(text, -1) {
			if !slices.Contains(mathWords, name) && (!slices.Contains(ids, name) || name == each.ID) {
				problems.Refuse(path, text, fmt.Sprintf("must name metrics, other expressions and functions; %s is none", name))
			}
		}
		if strings.Count(text, "(") != strings.Count(text, ")") {
			problems.Refuse(path, text, "must close each parenthesis")
		}
	}
}

func metricDataQueries(queries []metricQuery) []types.MetricDataQuery {
	var list []types.MetricDataQuery
	for _, each := range queries {
		query := types.MetricDataQuery{
			Id: aws.String(each.ID), Expression: each.Expression, Label: each.Label, ReturnData: aws.Bool(deref(each.ReturnData)),
		}
		if metric := each.Metric; metric != nil {
			query.MetricStat = &types.MetricStat{
				Metric: &types.Metric{
					Namespace: metric.Namespace, MetricName: aws.String(metric.MetricName),
					Dimensions: tagList(metric.Dimensions, cloudwatchDimension),
				},
				Stat: aws.String(metric.Stat), Period: aws.Int32(metric.Period),
			}
		}
		list = append(list, query)
	}
	return list
}

// observeMetricQueries takes over queries that differ, in any order.
func observeMetricQueries(input *[]metricQuery, observed []types.MetricDataQuery) {
	if len(*input)+len(observed) == 0 {
		return
	}
	var found []metricQuery
	for _, each := range observed {
		query := metricQuery{ID: deref(each.Id), Expression: each.Expression, Label: each.Label, ReturnData: each.ReturnData}
		if stat := each.MetricStat; stat != nil {
			query.Metric = &queryMetric{
				Namespace: stat.Metric.Namespace, MetricName: deref(stat.Metric.MetricName),
				Stat: deref(stat.Stat), Period: deref(stat.Period), Dimensions: cloudwatchDimensions(stat.Metric.Dimensions),
			}
		}
		found = append(found, query)
	}
	byID := func(a, b metricQuery) int { return strings.Compare(a.ID, b.ID) }
	if !reflect.DeepEqual(slices.SortedFunc(slices.Values(*input), byID), slices.SortedFunc(slices.Values(found), byID)) {
		*input = found
	}
}
