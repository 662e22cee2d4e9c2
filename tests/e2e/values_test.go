package e2e

import (
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

// readable is the stack as it is read back, with the guide's settings but for the given ones. The proxy saw the service
// being created.
func (d *deployment) readable(proxy *faultproxy.Proxy, settings map[string]any) readback.Stack {
	d.t.Helper()
	bodies := proxy.Bodies("CreateService")
	if len(bodies) != 1 {
		d.t.Fatalf("the service was created %d times, want once", len(bodies))
	}
	return readback.Stack{
		Account:        sandbox.Account,
		Region:         sandbox.Region,
		Partition:      "aws",
		Settings:       settings,
		Tags:           map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"},
		Outputs:        d.Outputs(),
		CreatedService: bodies[0],
	}
}

// checkValues reads every resource back and compares it, and the outputs, with what the deployment should be.
func (d *deployment) checkValues(proxy *faultproxy.Proxy, settings map[string]any) {
	d.t.Helper()
	if err := readback.Check(d.t.Context(), d.Clients(), d.readable(proxy, settings)); err != nil {
		d.t.Error(err)
	}
}

func TestOtherSettingsAreReadBackTooAndEveryDifferenceIsTold(t *testing.T) {
	t.Parallel()
	d, proxy := newFaultyDeployment(t)
	d.Up("-c", "mediaserver:appPort=8080", "-c", "mediaserver:healthCheckPath=/alive", "-c", "mediaserver:nodeEnv=staging",
		"-c", "mediaserver:imageTag=v2", "-c", "mediaserver:cpu=512", "-c", "mediaserver:memory=1024",
		"-c", "mediaserver:desiredCount=3", "-c", "mediaserver:minCapacity=2", "-c", "mediaserver:maxCapacity=4",
		"-c", "mediaserver:scaleUpCpu=80", "-c", "mediaserver:scaleDownCpu=10",
		"-c", "mediaserver:cpuArchitecture=ARM64", "-c", "mediaserver:containerInsights=enhanced", "-c", "mediaserver:oldVersionDays=60",
		"-c", "mediaserver:logRetentionDays=7", "-c", "mediaserver:executeCommand=false",
		"--config-path", "-c", "mediaserver:corsAllowedOrigins[0]=https://media.example.com")
	err := readback.Check(t.Context(), d.Clients(), d.readable(proxy, nil))
	if err == nil {
		t.Fatal("nothing differs from the guide's settings")
	}
	differing := map[string]int{}
	var order []string
	for line := range strings.Lines(err.Error()) {
		key, _, _ := strings.Cut(line, ": ")
		if differing[key]++; differing[key] == 1 {
			order = append(order, key)
		}
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
	if !slices.Equal(order, want) || differing["TaskDefinition mediaserver"] < 8 {
		t.Errorf("compared with the guide's settings, these differ:\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}

	d.checkValues(proxy, map[string]any{
		"appPort": 8080, "healthCheckPath": "/alive", "nodeEnv": "staging", "imageTag": "v2", "cpu": 512, "memory": 1024,
		"desiredCount": 3, "minCapacity": 2, "maxCapacity": 4, "scaleUpCpu": 80, "scaleDownCpu": 10,
		"corsAllowedOrigins": []string{"https://media.example.com"}, "logRetentionDays": 7,
		"cpuArchitecture": "ARM64", "containerInsights": "enhanced", "oldVersionDays": 60, "executeCommand": false,
	})
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("preview", "--expect-no-changes")
}
