package main

import (
	"fmt"
	"testing"
)

func TestLogsAreKeptForThirtyDays(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "LogGroup ecs-logs", object{"name": "/ecs/mediaserver", "retentionInDays": 30})
	stack.wantInputs(t, "LogGroup app-logs", object{"name": "/aws/ecs/mediaserver/app", "retentionInDays": 30})
}

func TestBothLogGroupsFollowTheRetentionSetting(t *testing.T) {
	stack := run(t, map[string]string{"logRetentionDays": "365"})
	for _, key := range []string{"LogGroup ecs-logs", "LogGroup app-logs"} {
		wantEqual(t, key, stack.find(t, key).inputs["retentionInDays"], 365)
	}
}

// chart is the expectation of a widget.
func chart(title string, x, y, width, period int, properties object) object {
	all := object{
		"title": title, "region": testRegion, "view": "timeSeries", "stacked": false, "period": period,
		"yAxis": object{"left": object{"min": 0}},
	}
	for key, value := range properties {
		all[key] = value
	}
	return object{"type": "metric", "x": x, "y": y, "width": width, "height": 6, "properties": all}
}

func TestTheDashboardShowsWhatAPersonOnCallLooksAtFirst(t *testing.T) {
	const (
		fiveMinutes = 300
		aDay        = 86400
	)
	percent := object{"left": object{"min": 0, "max": 100}}
	option := func(stat, label string) object { return object{"stat": stat, "label": label} }
	run(t, nil).wantInputs(t, "Dashboard mediaserver", object{
		"dashboardName": "mediaserver-dashboard",
		"dashboardBody": jsonText{object{"periodOverride": "inherit", "widgets": list{
			chart("Requests", 0, 0, 8, fiveMinutes, object{"metrics": list{
				list{"AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/alb/1", option("Sum", "Requests")},
			}}),
			chart("Server errors (5xx)", 8, 0, 8, fiveMinutes, object{"metrics": list{
				list{"AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", "app/alb/1", option("Sum", "Application")},
				list{"AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", "app/alb/1", option("Sum", "Load balancer")},
			}}),
			chart("Latency in seconds", 16, 0, 8, fiveMinutes, object{"metrics": list{
				list{"AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/alb/1", option("p50", "p50")},
				list{"AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/alb/1", option("p99", "p99")},
			}}),
			chart("CPU utilisation in percent", 0, 6, 6, fiveMinutes, object{
				"metrics": list{list{
					"AWS/ECS", "CPUUtilization", "ClusterName", "mediaserver-cluster",
					"ServiceName", "mediaserver-service", option("Average", "CPU"),
				}},
				"yAxis": percent,
			}),
			chart("Memory utilisation in percent", 6, 6, 6, fiveMinutes, object{
				"metrics": list{list{
					"AWS/ECS", "MemoryUtilization", "ClusterName", "mediaserver-cluster",
					"ServiceName", "mediaserver-service", option("Average", "Memory"),
				}},
				"yAxis": percent,
			}),
			chart("Running tasks", 12, 6, 6, fiveMinutes, object{"metrics": list{
				list{
					"ECS/ContainerInsights", "RunningTaskCount", "ClusterName", "mediaserver-cluster",
					"ServiceName", "mediaserver-service", option("Average", "Running"),
				},
				list{
					"ECS/ContainerInsights", "DesiredTaskCount", "ClusterName", "mediaserver-cluster",
					"ServiceName", "mediaserver-service", option("Average", "Desired"),
				},
			}}),
			chart("Healthy hosts", 18, 6, 6, fiveMinutes, object{"metrics": list{
				list{
					"AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", "targetgroup/tg/2",
					"LoadBalancer", "app/alb/1", option("Minimum", "Healthy"),
				},
				list{
					"AWS/ApplicationELB", "UnHealthyHostCount", "TargetGroup", "targetgroup/tg/2",
					"LoadBalancer", "app/alb/1", option("Maximum", "Unhealthy"),
				},
			}}),
			chart("Media size in bytes", 0, 12, 12, aDay, object{"stacked": true, "start": "-P14D", "metrics": list{
				list{"AWS/S3", "BucketSizeBytes", "BucketName", testBucket, "StorageType", "StandardStorage", option("Average", "Standard")},
				list{"AWS/S3", "BucketSizeBytes", "BucketName", testBucket, "StorageType", "StandardIAStorage", option("Average", "Standard-IA")},
				list{"AWS/S3", "BucketSizeBytes", "BucketName", testBucket, "StorageType", "GlacierStorage", option("Average", "Glacier")},
			}}),
			chart("Number of media objects", 12, 12, 12, aDay, object{"start": "-P14D", "metrics": list{
				list{"AWS/S3", "NumberOfObjects", "BucketName", testBucket, "StorageType", "AllStorageTypes", option("Average", "Objects")},
			}}),
		}}},
	})
}

func TestTheDashboardCountsNoTasksWithoutContainerInsights(t *testing.T) {
	for degree, want := range map[string]list{
		"enhanced": {"CPU utilisation in percent 0 6", "Memory utilisation in percent 6 6", "Running tasks 12 6", "Healthy hosts 18 6"},
		"disabled": {"CPU utilisation in percent 0 8", "Memory utilisation in percent 8 8", "Healthy hosts 16 8"},
	} {
		body := run(t, map[string]string{"containerInsights": degree}).find(t, "Dashboard mediaserver").inputs["dashboardBody"]
		var row list
		for _, element := range parseJSON(t, "body", body).(object)["widgets"].(list) {
			if widget := element.(object); widget["y"] == 6.0 {
				row = append(row, fmt.Sprintf("%s %v %v", widget["properties"].(object)["title"], widget["x"], widget["width"]))
			}
		}
		wantEqual(t, degree, row, want)
	}
}

func TestTheChartOfTheMediaShowsTheArchive(t *testing.T) {
	for class, archive := range map[string]list{
		"GLACIER_IR": {"GlacierInstantRetrievalStorage", object{"stat": "Average", "label": "Glacier Instant Retrieval"}},
		"NONE":       nil,
	} {
		body := run(t, map[string]string{"archiveStorageClass": class}).find(t, "Dashboard mediaserver").inputs["dashboardBody"]
		for _, element := range parseJSON(t, "body", body).(object)["widgets"].(list) {
			if properties := element.(object)["properties"].(object); properties["title"] == "Media size in bytes" {
				var shown list
				for _, metric := range properties["metrics"].(list)[2:] {
					shown = append(shown, metric.(list)[5:]...)
				}
				wantEqual(t, class, shown, archive)
			}
		}
	}
}

// TestAWSAcceptsEveryWidget checks what AWS refuses only when the dashboard is
// written: CloudWatch API reference, "Dashboard body structure and syntax".
func TestAWSAcceptsEveryWidget(t *testing.T) {
	for _, settings := range []map[string]string{nil, toBoth} {
		body := run(t, settings).find(t, "Dashboard mediaserver").inputs["dashboardBody"]
		widgets := parseJSON(t, "body", body).(object)["widgets"].(list)
		taken := map[[2]int]string{}
		for _, element := range widgets {
			widget := element.(object)
			checkContent(t, widget)
			checkPlace(t, widget, taken)
		}
		if len(widgets) == 0 {
			t.Error("the dashboard has no widget")
		}
	}
}

// checkContent checks what a widget shows.
func checkContent(t *testing.T, widget object) {
	t.Helper()
	properties := widget["properties"].(object)
	title, _ := properties["title"].(string)
	if widget["type"] == "alarm" {
		if alarms, _ := properties["alarms"].(list); len(alarms) == 0 || len(alarms) > 100 {
			t.Errorf("%s shows %d alarms", title, len(alarms))
		}
		return
	}
	if properties["region"] != testRegion {
		t.Errorf("%s: the region is %v", title, properties["region"])
	}
	metrics, _ := properties["metrics"].(list)
	if len(metrics) == 0 {
		t.Errorf("%s has no metric", title)
	}
	for _, metric := range metrics {
		checkMetric(t, title, metric.(list), properties["period"].(float64))
	}
}

// checkPlace checks that a widget is on the grid and lies on no other.
func checkPlace(t *testing.T, widget object, taken map[[2]int]string) {
	t.Helper()
	title, _ := widget["properties"].(object)["title"].(string)
	x, y := int(widget["x"].(float64)), int(widget["y"].(float64))
	width, height := int(widget["width"].(float64)), int(widget["height"].(float64))
	if x < 0 || y < 0 || width < 1 || height < 1 || x+width > 24 {
		t.Errorf("%s is outside the grid of 24 columns: x %d, y %d, width %d, height %d", title, x, y, width, height)
	}
	for column := x; column < x+width; column++ {
		for row := y; row < y+height; row++ {
			if other, used := taken[[2]int{column, row}]; used {
				t.Fatalf("%s lies on %s", title, other)
			}
			taken[[2]int{column, row}] = title
		}
	}
}

// checkMetric checks one line of a chart.
func checkMetric(t *testing.T, title string, metric list, period float64) {
	t.Helper()
	if _, hasOptions := metric[len(metric)-1].(object); !hasOptions || len(metric)%2 == 0 {
		t.Errorf("%s: %v is not a namespace, a name, dimensions in pairs and options", title, metric)
	}
	if metric[0] != "AWS/S3" {
		return
	}
	if period != 86400 {
		t.Errorf("%s: S3 reports once a day, the period is %v", title, period)
	}
	hasStorageType := false
	for _, part := range metric {
		hasStorageType = hasStorageType || part == "StorageType"
	}
	if !hasStorageType {
		t.Errorf("%s: an S3 metric needs the dimension StorageType", title)
	}
}
