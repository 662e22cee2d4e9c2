package adopt

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// later is a revision that a pipeline has registered, as the SDK has it.
func later(t *testing.T, change func(*types.TaskDefinition)) Revision {
	t.Helper()
	definition := &types.TaskDefinition{
		TaskDefinitionArn: aws.String("arn:aws:ecs:eu-west-1:111122223333:task-definition/films:57"),
		Family:            aws.String("films"), Revision: 57, Cpu: aws.String("1024"), Memory: aws.String("2048"),
		NetworkMode: types.NetworkModeAwsvpc, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		RuntimePlatform: &types.RuntimePlatform{CpuArchitecture: types.CPUArchitectureArm64, OperatingSystemFamily: types.OSFamilyLinux},
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("films"), Image: aws.String("1.dkr/films:v57@sha256:0a"), Essential: aws.Bool(true),
			PortMappings:     []types.PortMapping{{ContainerPort: aws.Int32(3000), HostPort: aws.Int32(3000), Protocol: types.TransportProtocolTcp}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g"}},
		}},
	}
	change(definition)
	revision, err := revisionFrom(definition)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func asks(revision Revision, err error) func(region, cluster, service string) (Revision, error) {
	return func(region, cluster, service string) (Revision, error) {
		if region != "eu-west-1" || cluster != "films" || service != "films-service" {
			return Revision{}, errors.New("another service was asked for")
		}
		return revision, err
	}
}

func TestSettingsAreThoseOfTheRevisionThatTheServiceRuns(t *testing.T) {
	deployed := least(t, repository, targets, service, definition(t, "", container("")))
	adopted, err := Read(deployed, Options{Project: project(t), Ask: asks(later(t, func(*types.TaskDefinition) {}), nil)})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"imageTag": "v57", "cpu": 1024, "memory": 2048, "cpuArchitecture": "ARM64"} {
		if got := settingOf(adopted, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if report := reportOf(t, adopted); !strings.Contains(report, "the service runs films:57, and the state has films:4") {
		t.Errorf("it does not tell that a later revision runs:\n%s", report)
	}
}

func TestWhatALaterRevisionHasIsRefusedAsInTheState(t *testing.T) {
	deployed := least(t, repository, targets, service, definition(t, "", container("")))
	for want, change := range map[string]func(*types.TaskDefinition){
		"container.command: is removed":    func(d *types.TaskDefinition) { d.ContainerDefinitions[0].Command = []string{"serve"} },
		"container.entryPoint: is removed": func(d *types.TaskDefinition) { d.ContainerDefinitions[0].EntryPoint = []string{"app"} },
		"container.user: is removed":       func(d *types.TaskDefinition) { d.ContainerDefinitions[0].User = aws.String("1000") },
		"ephemeral_storage: is removed":    func(d *types.TaskDefinition) { d.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 100} },
		"volume: name v is removed": func(d *types.TaskDefinition) {
			d.Volumes = []types.Volume{{Name: aws.String("v")}}
		},
		"other_containers: proxy is removed": func(d *types.TaskDefinition) {
			d.ContainerDefinitions = append([]types.ContainerDefinition{{Name: aws.String("proxy")}}, d.ContainerDefinitions...)
		},
		"an image without a tag": func(d *types.TaskDefinition) { d.ContainerDefinitions[0].Image = aws.String("1.dkr/films@sha256:0a") },
		"tasks run docker.io/films:1, which is not in the stack's repository": func(d *types.TaskDefinition) {
			d.ContainerDefinitions[0].Image = aws.String("docker.io/films:1")
		},
	} {
		_, err := Read(deployed, Options{Project: project(t), Ask: asks(later(t, change), nil)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestALaterRevisionThatNobodyCanReadIsRefused(t *testing.T) {
	running := changed(t, service, `"task_definition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/films:57"`)
	denied := asks(Revision{}, errors.New("AccessDenied"))
	_, err := Read(least(t, repository, targets, running, definition(t, "", container(""))), Options{Project: project(t), Ask: denied})
	if err == nil || !strings.Contains(err.Error(), "it runs the revision films:57") || !strings.Contains(err.Error(), "is films:4: the first update would bring the older one back") ||
		!strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("%v", err)
	}
	adopted, err := Read(least(t, repository, targets, service, definition(t, "", container(""))), Options{Project: project(t), Ask: denied})
	if err != nil {
		t.Fatal(err)
	}
	if report := reportOf(t, adopted); !strings.Contains(report, "AWS does not say which revision it runs (AccessDenied)") {
		t.Errorf("it does not tell that nobody looked:\n%s", report)
	}
	for _, test := range []struct{ running, imageTag, want string }{
		{"films:4", "v42", ""},
		{"films:57", "v42", "the service runs the revision films:57, and the settings are those of films:4"},
		{"films:4", "latest", `the service runs the image with the tag v42, and imageTag in the stack is "latest"`},
		{"films:4", "", `the service runs the image with the tag v42, and imageTag in the stack is "latest"`},
	} {
		deployment, err := ReadDeployment([]byte(`{"deployment":{"resources":[{"type":"aws:ecs/service:Service","urn":"urn:pulumi:prod::mediaserver::aws:ecs/service:Service::mediaserver",
			"outputs":{"taskDefinition":"arn:aws:ecs:eu-west-1:111122223333:task-definition/`+test.running+`"}}]}}`), "prod")
		if err != nil {
			t.Fatal(err)
		}
		if err := adopted.CheckRevision(deployment, test.imageTag); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test, err)
		}
	}
}

func TestTheApplicationsContainerIsTheOneThatTheLoadBalancerReaches(t *testing.T) {
	sidecar := `{"name":"log_router","image":"x:1","environment":[{"name":"NODE_ENV","value":"sidecar"}]}`
	reached := changed(t, service, `"load_balancer":[{"target_group_arn":"arn:metrics","container_name":"log_router","container_port":9090},
		{"target_group_arn":"`+group+`","container_name":"films","container_port":3000}]`)
	adopted, err := Read(least(t, repository, targets, reached, definition(t, "", sidecar, container(""))), Options{
		Project: project(t), Accepted: []string{taskDefinition + ":other_containers", ecsService + ":load_balancer"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"imageTag": "v42", "nodeEnv": "production", "appPort": 3000} {
		if got := settingOf(adopted, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	for want, containers := range map[string][]string{
		"it has 2 containers, and the service's load_balancer names none of them": {sidecar, strings.Replace(container(""), `"name":"films"`, `"name":"web"`, 1)},
		"it has no container": {},
	} {
		_, err := Read(least(t, repository, targets, service, definition(t, "", containers...)), Options{Project: project(t)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
