package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

// readable is the stack as it is read back, with the guide's settings.
func (d *deployment) readable() readback.Deployment {
	d.t.Helper()
	return readback.Deployment{
		Account:   sandbox.Account,
		Region:    sandbox.Region,
		Partition: "aws",
		Settings:  readback.Guide(),
		Tags:      map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"},
		Outputs:   d.Outputs(),
	}
}

// checkValues reads every resource back and compares it with what the deployment should be. The proxy saw the service
// being created.
func (d *deployment) checkValues(proxy *faultproxy.Proxy, deployment readback.Deployment) {
	d.t.Helper()
	d.checkAll(proxy, deployment, managedByDefault())
}

// checkAll is checkValues for a stack with so many resources that can be read back.
func (d *deployment) checkAll(proxy *faultproxy.Proxy, deployment readback.Deployment, resources int) {
	d.t.Helper()
	bodies := proxy.Bodies("CreateService")
	if len(bodies) != 1 {
		d.t.Fatalf("the service was created %d times, want once", len(bodies))
	}
	deployment.CreatedService = bodies[0]
	results := readback.Read(d.t.Context(), d.Clients(), deployment)
	if len(results) != resources {
		d.t.Errorf("%d resources were read back, want %d", len(results), resources)
	}
	for _, difference := range readback.Differences(results) {
		d.t.Error(difference)
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
	deployment := d.readable()
	deployment.CreatedService = proxy.Bodies("CreateService")[0]
	clients := d.Clients()
	var got []string
	for _, result := range readback.Read(t.Context(), clients, deployment) {
		if len(result.Differences) > 0 {
			got = append(got, fmt.Sprintf("%s: %d", result.Resource, len(result.Differences)))
		}
	}
	want := []string{
		"SecurityGroup ecs-tasks: 1",
		"BucketCorsConfigurationV2 media-storage: 1",
		"BucketLifecycleConfigurationV2 media-storage: 1",
		"RolePolicy ecs-task-cloudwatch-policy: 2",
		"Parameter app-config: 1",
		"TargetGroup mediaserver: 2",
		"Cluster main: 1",
		"TaskDefinition mediaserver: 8",
		"Service mediaserver: 3",
		"Target ecs-target: 2",
		"MetricAlarm high-cpu: 1",
		"MetricAlarm low-cpu: 1",
		"LogGroup ecs-logs: 1",
		"LogGroup app-logs: 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("compared with the guide's settings, these differ:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if differences := readback.Outputs(deployment); len(differences) != 1 {
		t.Errorf("compared with the guide's settings, the outputs differ in %q, want the port alone", differences)
	}

	deployment.Settings = readback.Settings{
		Name: "mediaserver", AppPort: 8080, HealthCheckPath: "/alive", NodeEnv: "staging", ImageTag: "v2", CPU: 512, Memory: 1024,
		DesiredCount: 3, MinCapacity: 2, MaxCapacity: 4, ScaleUpCPU: 80, ScaleDownCPU: 10,
		CORSAllowedOrigins: []string{"https://media.example.com"}, LogRetentionDays: 7,
		CPUArchitecture: "ARM64", ContainerInsights: "enhanced", OldVersionDays: 60,
	}
	d.checkValues(proxy, deployment)
	d.Must("preview", "--expect-no-changes")
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
