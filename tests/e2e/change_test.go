package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/s3"

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
			"the lower threshold changes its alarm", "mediaserver:scaleDownCpu=15",
			[]string{"update low-cpu (aws:cloudwatch/metricAlarm:MetricAlarm)"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &deployment{d.In(t), t}
			planned := slices.DeleteFunc(sandboxtest.Changes(d.Plan("-c", test.setting)), isOutputChange)
			if !slices.Equal(planned, test.want) {
				t.Errorf("the plan for %s is %q, want %q", test.setting, planned, test.want)
			}
			d.Up("-c", test.setting)
			d.Must("preview", "--expect-no-changes")
			// The first change made a second revision of the task definition, and the first one stays.
			want := append(deployed("mediaserver"), kept("mediaserver", 1)...)
			slices.Sort(want)
			d.checkInventory(want)
		})
	}
}

func TestTheReplacedRevisionOfTheTaskDefinitionStaysRegistered(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	before := d.Outputs()["taskDefinitionArn"].(string)
	d.Up("-c", "mediaserver:imageTag=v2")
	after := d.Outputs()["taskDefinitionArn"].(string)
	if before == after {
		t.Fatalf("the task definition is still %s", before)
	}
	client := d.Clients().ECS
	for _, arn := range []string{before, after} {
		found, err := client.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if status := found.TaskDefinition.Status; status != "ACTIVE" {
			t.Errorf("%s is %s", arn, status)
		}
	}
}

func TestKeepingOldRevisionsIsSetInPlace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.UpOn(d.Changed(sandboxtest.Edit{File: "ecs.go", Old: "SkipDestroy: pulumi.Bool(true),"}))
	d.CheckPlan("update mediaserver (aws:ecs/taskDefinition:TaskDefinition)")
	d.Up()
	d.Must("preview", "--expect-no-changes")
	d.Must("destroy", "--yes", "--skip-preview")
	d.checkInventory(kept("mediaserver", 1))
}

// isOutputChange tells whether a step is the stack's own, which changes when an output does.
func isOutputChange(step string) bool {
	return step == "update mediaserver-sandbox (pulumi:pulumi:Stack)"
}

func TestAChangeToTheLifecycleDaysUpdatesInPlace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.Stack = *d.Changed(sandboxtest.Edit{File: "storage.go", Old: "daysUntilInfrequentAccess = 30", New: "daysUntilInfrequentAccess = 45"})

	d.CheckPlan("update media-storage (aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2)")
	d.Up()
	d.Must("preview", "--expect-no-changes")
	rules, err := d.Clients().S3.GetBucketLifecycleConfiguration(t.Context(),
		&s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(d.Outputs()["bucketName"].(string))})
	if err != nil {
		t.Fatal(err)
	}
	if days := *rules.Rules[0].Transitions[0].Days; days != 45 {
		t.Errorf("objects leave the standard storage class after %d days, want 45", days)
	}
}

func TestVersioningCannotBePlannedAway(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	edited := d.Changed(sandboxtest.Edit{
		File: "storage.go",
		Old: `Configuration: &s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),`,
		New: `Configuration: &s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Disabled"),`,
	})
	preview := d.RunOn(edited, "preview")
	const want = "versioning_configuration.status cannot be updated from 'Enabled' to 'Disabled'"
	if said := preview.Stdout + preview.Stderr; preview.ExitCode == 0 || !strings.Contains(said, want) {
		t.Errorf("the preview ends with %d and says %s, want %s", preview.ExitCode, said, want)
	}
}
