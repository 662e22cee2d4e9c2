package gate

import (
	"slices"
	"strings"
	"testing"
)

// Resources of the recorded stack.
const (
	theTasks      = taskDefinition + "::mediaserver"
	theService    = service + "::mediaserver"
	theTargets    = targetGroup + "::mediaserver"
	theBalancer   = loadBalancer + "::mediaserver"
	theCluster    = cluster + "::main"
	theScaling    = scalableTarget + "::ecs-target"
	theLogs       = logGroup + "::ecs-logs"
	theDashboard  = dashboard + "::mediaserver"
	theBucket     = "aws:s3/bucketV2:BucketV2::media-storage"
	appConfig     = parameter + "::app-config"
	atMaxCapacity = metricAlarm + "::at-max-capacity"
	container     = "inputs.containerDefinitions{}[0]."
	repository    = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver"
)

// examples are changes that pass, at least one for each row of the free list.
var examples = [][]edit{
	{{theLogs, "inputs.tags", `{"Team": "media"}`}},
	{{theLogs, "was.inputs.tags", `{"Team": "media"}`}},
	// A default tag of the settings changes resources without a change of their inputs.
	{{"", "config.aws:defaultTags", `"{\"tags\": {\"Project\": \"mediaserver\", \"Environment\": \"dev\", \"ManagedBy\": \"us\"}}"`}, {theLogs, "", ""}},
	{{scalingPolicy + "::scale-up", "inputs.stepScalingPolicyConfiguration.cooldown", "60"}},
	{{theScaling, "inputs.maxCapacity", "7"}},
	{{theScaling, "inputs.minCapacity", "2"}},
	{{theDashboard, "inputs.dashboardBody{}.widgets", "[]"}},
	{{theLogs, "inputs.retentionInDays", "60"}},
	{{theLogs, "inputs.retentionInDays", "0"}},
	{{theLogs, "inputs.retentionInDays", ""}},
	{{metricAlarm + "::high-cpu", "inputs.alarmDescription", `"Busy"`}},
	{{metricAlarm + "::server-errors", "inputs.datapointsToAlarm", "1"}},
	{{theScaling, "inputs.maxCapacity", "20"}, {atMaxCapacity, "inputs.metricQueries[2].expression", `"IF(tasks >= 20, cpu, 0)"`}},
	{{metricAlarm + "::low-cpu", "inputs.threshold", "30"}},
	{{metricAlarm + "::slow-responses", "inputs.threshold", "4.5"}},
	{{metricAlarm + "::high-cpu", "inputs.threshold", "80"}, {atMaxCapacity, "inputs.threshold", "80"}},
	{{theCluster, "inputs.settings[0].value", `"enhanced"`}},
	{{theService, "inputs.desiredCount", "3"}},
	{{theService, "inputs.healthCheckGracePeriodSeconds", "3600"}, {theTasks, container + "healthCheck.startPeriod", "300"}},
	{{theService, "inputs.healthCheckGracePeriodSeconds", "0"}, {theTasks, container + "healthCheck.startPeriod", "0"}},
	{{theService, "inputs.healthCheckGracePeriodSeconds", "299"}, {theTasks, container + "healthCheck.startPeriod", "299"}},
	{{theTasks, "inputs.cpu", `"512"`}, {theService, "inputs.taskDefinition", `"` + unknown + `"`}},
	// The rest of an update that was interrupted.
	{{theService, "was.inputs.taskDefinition", `"arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:0"`}},
	{{theTasks, "inputs.memory", `"1024"`}},
	{{theTasks, "inputs.runtimePlatform.cpuArchitecture", `"ARM64"`}},
	{{theTasks, container + "image", `"` + repository + `:v2"`}},
	{{theTasks, container + "image", `"` + repository + "@sha256:" + strings.Repeat("0", 64) + `"`}},
	{{theTasks, container + "environment[1].value", `"staging"`}},
	{{theTasks, container + "healthCheck.command[5]", `"http://localhost:3000/alive?deep=1"`}, {theTargets, "inputs.healthCheck.path", `"/alive?deep=1"`}},
	{{theTasks, "was." + container + "healthCheck.command[5]", `"http://127.0.0.1:3000/health"`}, {theTasks, container + "healthCheck.command[5]", `"http://127.0.0.1:3000/alive"`}, {theTargets, "inputs.healthCheck.path", `"/alive"`}},
	{{role + "::ecs-task-role", "inputs.description", `"The role of the tasks"`}},
	{{theBalancer, "inputs.idleTimeout", "120"}},
	{{theTargets, "inputs.deregistrationDelay", "60"}},
	{{theTargets, "inputs.slowStart", "30"}},
	{{theTargets, "inputs.healthCheck.healthyThreshold", "3"}},
	{{theTargets, "inputs.healthCheck.interval", "15"}},
	{{theTargets, "was.inputs.healthCheck.unhealthyThreshold", "3"}},
	// As if its value were none of those that the provider keeps secret, which an update may always change.
	{{appConfig, "was.inputs.value", ""}, {appConfig, "inputs.value", ""}, {appConfig, "inputs.description", `"Settings"`}},
}

func TestEveryRowOfTheFreeListLetsAChangePassThatNothingElseDoes(t *testing.T) {
	needed := map[int]bool{}
	for i, edits := range examples {
		plan := read(t, edited(t, stackOf(t), "", edits...))
		if judgement := Judge(plan, "", nil); judgement.Refused() || len(judgement.Changes) == 0 {
			t.Errorf("example %d is refused:\n%s%s", i, reasons(judgement), judgement.Fault)
		}
		for row := range freeList {
			judgement := judge(plan, slices.Delete(slices.Clone(freeList), row, row+1), "", nil)
			needed[row] = needed[row] || judgement.Refused() && judgement.Fault == ""
		}
	}
	for row, each := range freeList {
		if !needed[row] {
			t.Errorf("%s, %s: no example passes because of this row", each.kind, each.path)
		}
	}
	if len(freeList) > 80 {
		t.Errorf("%d rows: nobody holds that many in the head", len(freeList))
	}
}
