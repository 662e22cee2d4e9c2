package e2e

import (
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

// readable is the stack as it is read back, with the guide's settings but for the given ones.
func (d *deployment) readable(settings map[string]any) readback.Stack {
	d.t.Helper()
	return readback.Stack{
		Account:   sandbox.Account,
		Region:    sandbox.Region,
		Partition: "aws",
		Settings:  settings,
		Tags:      map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"},
		Outputs:   d.Outputs(),
	}
}

// checkValues reads every resource back and compares it, and the outputs, with what the deployment should be.
func (d *deployment) checkValues(settings map[string]any) {
	d.t.Helper()
	stack := d.readable(settings)
	if err := readback.Check(d.t.Context(), d.Clients(), stack); err != nil {
		d.t.Error(err)
	}
	managed := map[string]bool{}
	for _, each := range d.Managed() {
		switch {
		case strings.HasPrefix(each.Type, "random:"):
			// It is in Pulumi's state alone.
		case each.Type == "aws:sns/topicSubscription:TopicSubscription":
			// All of them are read back as one.
			managed[each.Type] = true
		default:
			managed[each.Type+each.Name()] = true
		}
	}
	if read := len(readback.Resources(stack)); read != len(managed) {
		d.t.Errorf("%d resources were read back of the %d that the stack manages", read, len(managed))
	}
}

func TestOtherSettingsAreReadBackTooAndEveryDifferenceIsTold(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up("-c", "mediaserver:appPort=8080", "-c", "mediaserver:healthCheckPath=/alive", "-c", "mediaserver:nodeEnv=staging",
		"-c", "mediaserver:imageTag=v2", "-c", "mediaserver:cpu=512", "-c", "mediaserver:memory=1024",
		"-c", "mediaserver:desiredCount=3", "-c", "mediaserver:minCapacity=2", "-c", "mediaserver:maxCapacity=4",
		"-c", "mediaserver:scaleUpCpu=80", "-c", "mediaserver:scaleDownCpu=10",
		"-c", "mediaserver:cpuArchitecture=ARM64", "-c", "mediaserver:containerInsights=enhanced", "-c", "mediaserver:oldVersionDays=60",
		"-c", "mediaserver:logRetentionDays=7", "-c", "mediaserver:executeCommand=false",
		"--config-path", "-c", "mediaserver:corsAllowedOrigins[0]=https://media.example.com")
	err := readback.Check(t.Context(), d.Clients(), d.readable(nil))
	if err == nil {
		t.Fatal("nothing differs from the guide's settings")
	}
	want := []string{
		"outputs",
		"SecurityGroup ecs-tasks",
		"BucketCorsConfigurationV2 media-storage",
		"BucketLifecycleConfigurationV2 media-storage",
		"RolePolicy ecs-task-cloudwatch-policy",
		"Parameter app-config",
		"TargetGroup mediaserver",
		"Cluster main",
		"TaskDefinition mediaserver",
		"Service mediaserver",
		"Target ecs-target",
		"MetricAlarm high-cpu",
		"MetricAlarm low-cpu",
		"LogGroup ecs-logs",
		"LogGroup app-logs",
	}
	if !slices.Equal(differing(err), want) || strings.Count(err.Error(), "TaskDefinition mediaserver: ") < 8 {
		t.Errorf("compared with the guide's settings, these differ:\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}

	d.checkValues(map[string]any{
		"appPort": 8080, "healthCheckPath": "/alive", "nodeEnv": "staging", "imageTag": "v2", "cpu": 512, "memory": 1024,
		"desiredCount": 3, "minCapacity": 2, "maxCapacity": 4, "scaleUpCpu": 80, "scaleDownCpu": 10,
		"corsAllowedOrigins": []string{"https://media.example.com"}, "logRetentionDays": 7,
		"cpuArchitecture": "ARM64", "containerInsights": "enhanced", "oldVersionDays": 60, "executeCommand": false,
	})
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("preview", "--expect-no-changes")
}
