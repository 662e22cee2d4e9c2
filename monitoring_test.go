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
