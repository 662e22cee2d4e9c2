package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The metrics that the alarms and the dashboard read: namespaces and names as
// the AWS services publish them.
const (
	ecsMetrics               = "AWS/ECS"
	containerInsightsMetrics = "ECS/ContainerInsights"
	loadBalancerMetrics      = "AWS/ApplicationELB"
	s3Metrics                = "AWS/S3"
	cpuUtilization           = "CPUUtilization"
	memoryUtilization        = "MemoryUtilization"
)

// The layout of the dashboard, in units of CloudWatch's grid.
const (
	dashboardColumns = 24
	widgetHeight     = 6
	// alarmsHeight is the height of the states of the alarms, two rows of them.
	alarmsHeight = 3
)

// Periods of the widgets, in seconds.
const (
	widgetPeriod = 300
	// storagePeriod is a day, because S3 reports its storage once a day.
	storagePeriod = 86400
)

const (
	// storageStart is where the charts of the storage begin: two weeks ago. A
	// dashboard opens on three hours, which hold no report of S3.
	storageStart = "-P14D"
	// keepPeriods makes every chart keep its period. Otherwise CloudWatch adapts
	// it to the time range that the dashboard shows.
	keepPeriods = "inherit"
)

// dashboardOutputs are the CloudWatch dashboard.
type dashboardOutputs struct {
	dashboard *cloudwatch.Dashboard
	// url is its address in the AWS console.
	url pulumi.StringOutput
}

func (s settings) dashboardName() string { return s.physicalName("{name}-dashboard") }

// createDashboard is the second half of phase 11, step 36: what a
// person on call looks at, the users' view first.
func createDashboard(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, loadBalancer loadBalancerOutputs, service serviceOutputs,
	storage storageOutputs, alarms []*cloudwatch.MetricAlarm,
) (dashboardOutputs, error) {
	dashboard, err := cloudwatch.NewDashboard(ctx, "mediaserver", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(settings.dashboardName()),
		DashboardBody: pulumi.JSONMarshal(dashboardBody{
			PeriodOverride: keepPeriods,
			Widgets:        layOut(environment.region, alarms, dashboardRows(settings, loadBalancer, service, storage)),
		}),
	}, settings.keep("dashboardName"))
	if err != nil {
		return dashboardOutputs{}, fmt.Errorf("create dashboard mediaserver: %w", err)
	}
	return dashboardOutputs{dashboard, pulumi.Sprintf("%s/dashboard/%s", dashboardsURL(environment), dashboard.DashboardName)}, nil
}

func dashboardsURL(environment environmentOutputs) string {
	return fmt.Sprintf("https://%[1]s.%[2]s/cloudwatch/home?region=%[1]s#dashboards",
		environment.region, consoleDomain(environment.partition))
}

// consoleDomain is the domain of the AWS console of a partition.
func consoleDomain(partition string) string {
	switch partition {
	case "aws-cn":
		return "console.amazonaws.cn"
	case "aws-eusc":
		return "console.amazonaws-eusc.eu"
	case "aws-us-gov":
		return "console.amazonaws-us-gov.com"
	default:
		return "console.aws.amazon.com"
	}
}

// dashboardBody is the body of a dashboard (CloudWatch API reference,
// "Dashboard body structure and syntax"). Outputs in it are declared as any, so
// that pulumi.JSONMarshal resolves them.
type dashboardBody struct {
	PeriodOverride string   `json:"periodOverride"`
	Widgets        []widget `json:"widgets"`
}

// widget is a chart, or the states of alarms, on the grid.
type widget struct {
	Type string `json:"type"`
	// X and Y are the column of the left edge and the row of the upper one, from 0.
	X          int `json:"x"`
	Y          int `json:"y"`
	Width      int `json:"width"`
	Height     int `json:"height"`
	Properties any `json:"properties"`
}

type alarmProperties struct {
	Title string `json:"title"`
	// Alarms are ARNs, 1 to 100.
	Alarms []any  `json:"alarms"`
	SortBy string `json:"sortBy"`
}

type widgetProperties struct {
	Title string `json:"title"`
	// Region is the region of the metrics. AWS refuses a widget without it.
	Region  string `json:"region"`
	View    string `json:"view"`
	Stacked bool   `json:"stacked"`
	// Period is the length of a data point in seconds.
	Period int `json:"period"`
	// Start is where the chart begins, as a duration before now. Absent where the
	// dashboard's own time range decides.
	Start string `json:"start,omitempty"`
	// Metrics are the lines: namespace, name, then dimensions as name and value,
	// then options.
	Metrics [][]any `json:"metrics"`
	YAxis   struct {
		Left axisBounds `json:"left"`
	} `json:"yAxis"`
}

type axisBounds struct {
	Min int `json:"min"`
	// Max is absent where the data decide.
	Max int `json:"max,omitempty"`
}

type metricOptions struct {
	Stat  string `json:"stat"`
	Label string `json:"label"`
}

// dashboardRows are the rows of the dashboard from top to bottom, each with its
// charts from left to right.
func dashboardRows(
	settings settings, loadBalancer loadBalancerOutputs, service serviceOutputs, storage storageOutputs,
) [][]widgetProperties {
	balancer := []any{"LoadBalancer", loadBalancer.balancer.ArnSuffix}
	return [][]widgetProperties{
		{
			chartOf("Requests",
				line(loadBalancerMetrics, "RequestCount", balancer, "Sum", "Requests")),
			chartOf("Server errors (5xx)",
				line(loadBalancerMetrics, "HTTPCode_Target_5XX_Count", balancer, "Sum", "Application"),
				line(loadBalancerMetrics, "HTTPCode_ELB_5XX_Count", balancer, "Sum", "Load balancer")),
			chartOf("Latency in seconds",
				line(loadBalancerMetrics, "TargetResponseTime", balancer, "p50", "p50"),
				line(loadBalancerMetrics, "TargetResponseTime", balancer, "p99", "p99")),
		},
		taskCharts(settings, loadBalancer, service),
		storageCharts(settings, storage),
	}
}

func taskCharts(settings settings, loadBalancer loadBalancerOutputs, service serviceOutputs) []widgetProperties {
	targets := []any{"TargetGroup", loadBalancer.targets.ArnSuffix, "LoadBalancer", loadBalancer.balancer.ArnSuffix}
	tasks := []any{"ClusterName", service.clusterName, "ServiceName", service.serviceName}
	cpu := chartOf("CPU utilisation in percent", line(ecsMetrics, cpuUtilization, tasks, "Average", "CPU"))
	memory := chartOf("Memory utilisation in percent", line(ecsMetrics, memoryUtilization, tasks, "Average", "Memory"))
	cpu.YAxis.Left.Max, memory.YAxis.Left.Max = 100, 100
	charts := []widgetProperties{cpu, memory}
	// Without Container Insights nobody counts the tasks.
	if settings.containerInsights != insightsDisabled {
		charts = append(charts, chartOf("Running tasks",
			line(containerInsightsMetrics, "RunningTaskCount", tasks, "Average", "Running"),
			line(containerInsightsMetrics, "DesiredTaskCount", tasks, "Average", "Desired")))
	}
	return append(charts, chartOf("Healthy hosts",
		line(loadBalancerMetrics, "HealthyHostCount", targets, "Minimum", "Healthy"),
		line(loadBalancerMetrics, "UnHealthyHostCount", targets, "Maximum", "Unhealthy")))
}

func storageCharts(settings settings, storage storageOutputs) []widgetProperties {
	stored := func(storageType string) []any {
		return []any{"BucketName", storage.bucketName, "StorageType", storageType}
	}
	size := chartOf("Media size in bytes",
		// Every tier of the lifecycle is a storage type of its own.
		line(s3Metrics, "BucketSizeBytes", stored("StandardStorage"), "Average", "Standard"),
		line(s3Metrics, "BucketSizeBytes", stored("StandardIAStorage"), "Average", "Standard-IA"))
	switch settings.archiveStorageClass {
	case archiveGlacier:
		size.Metrics = append(size.Metrics,
			line(s3Metrics, "BucketSizeBytes", stored("GlacierStorage"), "Average", "Glacier"))
	case archiveInstantRetrieval:
		size.Metrics = append(size.Metrics,
			line(s3Metrics, "BucketSizeBytes", stored("GlacierInstantRetrievalStorage"), "Average", "Glacier Instant Retrieval"))
	}
	size.Stacked = true
	charts := []widgetProperties{
		size,
		chartOf("Number of media objects", line(s3Metrics, "NumberOfObjects", stored("AllStorageTypes"), "Average", "Objects")),
	}
	for i := range charts {
		charts[i].Period, charts[i].Start = storagePeriod, storageStart
	}
	return charts
}

// chartOf is a chart of lines that begins at zero.
func chartOf(title string, lines ...[]any) widgetProperties {
	return widgetProperties{Title: title, View: "timeSeries", Period: widgetPeriod, Metrics: lines}
}

func line(namespace, metric string, dimensions []any, statistic, label string) []any {
	return append(append([]any{namespace, metric}, dimensions...), metricOptions{Stat: statistic, Label: label})
}

// layOut puts the states of the alarms on top, if there are any, and each row of
// charts below the one before it. The charts of a row share the width of the grid.
func layOut(region string, alarms []*cloudwatch.MetricAlarm, rows [][]widgetProperties) []widget {
	var widgets []widget
	top := 0
	if len(alarms) > 0 {
		// Those that are raised come first.
		states := alarmProperties{Title: "Alarms", SortBy: "stateUpdatedTimestamp"}
		for _, alarm := range alarms {
			states.Alarms = append(states.Alarms, alarm.Arn)
		}
		widgets = append(widgets, widget{Type: "alarm", Width: dashboardColumns, Height: alarmsHeight, Properties: states})
		top = alarmsHeight
	}
	for _, charts := range rows {
		width := dashboardColumns / len(charts)
		for column, chart := range charts {
			chart.Region = region
			widgets = append(widgets, widget{"metric", column * width, top, width, widgetHeight, chart})
		}
		top += widgetHeight
	}
	return widgets
}
