package e2e

import (
	"slices"
	"testing"

	"mediaserver/tests/internal/sandboxtest"
)

func TestAChangedSettingChangesOnlyWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	for _, test := range []struct {
		name, setting string
		want          []string
	}{
		{
			"the image tag changes the task definition and the service", "mediaserver:imageTag=v2",
			[]string{
				"replace mediaserver (aws:ecs/taskDefinition:TaskDefinition)",
				"update mediaserver (aws:ecs/service:Service)",
			},
		},
		{
			"the upper threshold changes its alarm", "mediaserver:scaleUpCpu=75",
			[]string{"update high-cpu (aws:cloudwatch/metricAlarm:MetricAlarm)"},
		},
		{
			"the days that old versions are kept change the bucket's lifecycle", "mediaserver:oldVersionDays=60",
			[]string{"update media-storage (aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2)"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &deployment{d.In(t), t}
			planned := slices.DeleteFunc(sandboxtest.Changes(d.Plan("-c", test.setting)), isOutputChange)
			if !slices.Equal(planned, test.want) {
				t.Errorf("the plan for %s is %q, want %q", test.setting, planned, test.want)
			}
			d.Up("-c", test.setting)
		})
	}
	d.Must("preview", "--expect-no-changes")
	// The first change made a second revision of the task definition, and the first one stays.
	want := append(deployed("mediaserver"), kept("mediaserver", 1)...)
	slices.Sort(want)
	d.checkInventory(want)
}

// isOutputChange tells whether a step is the stack's own, which changes when an output does.
func isOutputChange(step string) bool {
	return step == "update mediaserver-sandbox (pulumi:pulumi:Stack)"
}
