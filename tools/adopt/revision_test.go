package adopt

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// asks answers with a revision that a pipeline has registered, in the form of the SDK, or with an error.
func asks(t *testing.T, change func(*types.TaskDefinition), failure error) Options {
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
	return Options{Project: project(t), Ask: func(region, cluster, service string) (map[string]any, error) {
		if region != "eu-west-1" || cluster != "films-cluster" || service != "films-service" {
			return nil, errors.New("another service was asked for")
		}
		if failure != nil {
			return nil, failure
		}
		return inTerraform(definition)
	}}
}

func TestSettingsAreThoseOfTheRevisionThatTheServiceRuns(t *testing.T) {
	adopted, err := Read(guide(t).state(t), asks(t, func(*types.TaskDefinition) {}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"imageTag": "v57", "cpu": 1024, "memory": 2048, "cpuArchitecture": "ARM64"} {
		if got := adopted.setting(key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	report := adopted.Report()
	if !strings.Contains(report, "the service runs films:57, and the state has films:4") || strings.Contains(report, "does not know") {
		t.Errorf("it does not tell that a later revision runs, or does not know it:\n%s", report)
	}
}

func TestWhatALaterRevisionHasIsRefusedAsInTheState(t *testing.T) {
	for want, change := range map[string]func(*types.TaskDefinition){
		"container.command: is removed": func(d *types.TaskDefinition) { d.ContainerDefinitions[0].Command = []string{"serve"} },
		"ephemeral_storage: is removed": func(d *types.TaskDefinition) { d.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 100} },
		"volumes: name v is removed":    func(d *types.TaskDefinition) { d.Volumes = []types.Volume{{Name: aws.String("v")}} },
		"an image without a tag":        func(d *types.TaskDefinition) { d.ContainerDefinitions[0].Image = aws.String("1.dkr/films@sha256:0a") },
		"other_containers: proxy is removed": func(d *types.TaskDefinition) {
			d.ContainerDefinitions = append([]types.ContainerDefinition{{Name: aws.String("proxy")}}, d.ContainerDefinitions...)
		},
	} {
		_, err := Read(guide(t).state(t), asks(t, change, nil))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestALaterRevisionThatNobodyCanReadIsRefused(t *testing.T) {
	denied := asks(t, func(*types.TaskDefinition) {}, errors.New("AccessDenied"))
	adopted, err := Read(guide(t).state(t), denied)
	if err != nil {
		t.Fatal(err)
	}
	if report := adopted.Report(); !strings.Contains(report, "AWS does not say which revision it runs (AccessDenied)") {
		t.Errorf("it does not tell that nobody looked:\n%s", report)
	}
	d := guide(t)
	d.set(ecsService, map[string]any{"task_definition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/films:57"})
	_, err = Read(d.state(t), denied)
	const want = "it runs the revision films:57, and aws_ecs_task_definition.mediaserver in the state is films:4: the first update would bring the older one back"
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("%v, want %s", err, want)
	}
}
