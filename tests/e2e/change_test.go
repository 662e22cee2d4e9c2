package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestAChangedSettingChangesOnlyWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
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
			d.t = t
			var planned []string
			for _, change := range d.planned("-c", test.setting) {
				planned = append(planned, change.String())
			}
			slices.Sort(planned)
			planned = slices.DeleteFunc(planned, isOutputChange)
			if !slices.Equal(planned, test.want) {
				t.Errorf("the plan for %s is %q, want %q", test.setting, planned, test.want)
			}
			d.up("-c", test.setting)
			d.must("preview", "--expect-no-changes")
			// The first change made a second revision of the task definition, and the first one stays.
			want := append(deployed("mediaserver"), kept("mediaserver", 1)...)
			slices.Sort(want)
			d.checkInventory(want)
		})
	}
	d.t = t
}

func TestTheReplacedRevisionOfTheTaskDefinitionStaysRegistered(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	before := d.outputs()["taskDefinitionArn"].(string)
	d.up("-c", "mediaserver:imageTag=v2")
	after := d.outputs()["taskDefinitionArn"].(string)
	if before == after {
		t.Fatalf("the task definition is still %s", before)
	}
	client := ecs.NewFromConfig(d.account())
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
	today := d.Stack
	earlier := d.Stack
	earlier.Root = editedProgram(t, "ecs.go", "SkipDestroy: pulumi.Bool(true),", "")
	d.Stack = earlier
	d.up()
	d.Stack = today
	want := []change{{"update", "mediaserver", "aws:ecs/taskDefinition:TaskDefinition"}}
	if planned := d.planned(); !slices.Equal(planned, want) {
		t.Errorf("the plan is %v, want %v", planned, want)
	}
	d.up()
	d.must("preview", "--expect-no-changes")
	d.must("destroy", "--yes", "--skip-preview")
	d.checkInventory(kept("mediaserver", 1))
}

// TestAListSettingIsSetByPath holds the command that README.md gives: the CLI refuses a list that is given as text.
func TestAListSettingIsSetByPath(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	d.must("config", "set", "--path", "mediaserver:corsAllowedOrigins[0]", "https://media.example.com")
	want := []change{{"update", "media-storage", "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"}}
	if planned := d.planned(); !slices.Equal(planned, want) {
		t.Errorf("the plan is %v, want %v", planned, want)
	}
}

// isOutputChange tells whether a step is the stack's own, which changes when an output does.
func isOutputChange(step string) bool {
	return step == "update mediaserver-sandbox (pulumi:pulumi:Stack)"
}

func TestAChangeToTheLifecycleDaysUpdatesInPlace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	edited := d.Stack
	edited.Root = editedProgram(t, "storage.go", "daysUntilInfrequentAccess = 30", "daysUntilInfrequentAccess = 45")
	d.Stack = edited

	want := []change{{"update", "media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"}}
	if planned := d.planned(); !slices.Equal(planned, want) {
		t.Errorf("the plan is %v, want %v", planned, want)
	}
	d.up()
	d.must("preview", "--expect-no-changes")
	rules, err := d.objects().GetBucketLifecycleConfiguration(t.Context(),
		&s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(d.outputs()["bucketName"].(string))})
	if err != nil {
		t.Fatal(err)
	}
	if days := *rules.Rules[0].Transitions[0].Days; days != 45 {
		t.Errorf("objects leave the standard storage class after %d days, want 45", days)
	}
}

// editedProgram is a copy of the program in which one text of one file is replaced.
func editedProgram(t *testing.T, file, old, replacement string) string {
	t.Helper()
	copied := t.TempDir()
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "Pulumi.yaml", "Pulumi.dev.yaml"} {
		paths, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name := filepath.Base(path)
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == file {
				if strings.Count(string(text), old) != 1 {
					t.Fatalf("%s has the text %q %d times, want once", file, old, strings.Count(string(text), old))
				}
				text = []byte(strings.Replace(string(text), old, replacement, 1))
			}
			if err := os.WriteFile(filepath.Join(copied, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return copied
}
