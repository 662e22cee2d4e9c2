package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"mediaserver/tools/fakeaws"
)

type object = fakeaws.Object

const (
	registry   = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"
	repository = registry + "/mediaserver"
	family     = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:"
	// stackRevision is the stack's own task definition, newRevision the next that is registered.
	stackRevision = family + "7"
	newRevision   = family + "8"
	targets       = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/mediaserver-tg/73e2d6bc24d8a067"
	loadBalancer  = "mediaserver-alb-1.eu-west-2.elb.amazonaws.com"
)

// The deployments of a stage: the one that was there before, the one that a run starts, and one of somebody else.
const (
	oldDeployment = "ecs-svc/0000000000000000001"
	ourDeployment = "ecs-svc/0000000000000000002"
	alien         = "ecs-svc/9999999999999999999"
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret-key-that-nobody-may-see", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// stage is an account with a stack whose service runs an earlier deployment, and whose next one succeeds.
type stage struct {
	*fakeaws.AWS
	t       *testing.T
	service *fakeaws.Service
	outputs object
	image   string // the path of an OCI layout with the image to push
	// answers are what the application answers, one each and the last again and again.
	mu      sync.Mutex
	answers []int
	asked   []*http.Request
}

func newStage(t *testing.T, definitions ...object) *stage {
	t.Helper()
	s := &stage{AWS: fakeaws.New(), t: t, answers: []int{200}, outputs: object{
		"albDnsName": loadBalancer, "appUrl": "http://" + loadBalancer, "bucketName": "mediaserver-storage-abc12345",
		"ecrRepositoryUrl": repository, "ecsClusterName": "mediaserver-cluster", "ecsServiceName": "mediaserver-service",
		"taskDefinitionArn": stackRevision, "containerName": "mediaserver", "containerPort": 3000, "region": "eu-west-2",
		"logGroupName": "/ecs/mediaserver", "dashboardUrl": "https://eu-west-2.console.aws.amazon.com/cloudwatch/home",
	}}
	s.Public = http.HandlerFunc(s.answer)
	if len(definitions) == 0 {
		definitions = []object{taskDefinition(stackRevision, ":latest")}
	}
	for _, each := range definitions {
		s.AddTaskDefinition(each)
	}
	s.service = s.AddService("mediaserver-cluster", "mediaserver-service", stackRevision, 2)
	s.service.Properties = object{
		"loadBalancers": []object{{"targetGroupArn": targets, "containerName": "mediaserver", "containerPort": 3000}},
		"events": []object{
			{"id": "2", "createdAt": 1700000060.123, "message": "deployment failed: tasks failed to start."},
			{"id": "1", "createdAt": 1700000000.5, "message": "has started 2 tasks."},
		},
	}
	s.image = t.TempDir()
	writeLayout(t, s.image, imageFor(t, "linux/amd64"))
	return s
}

// answer is the application behind the load balancer.
func (s *stage) answer(w http.ResponseWriter, request *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request)
	w.WriteHeader(s.answers[0])
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
}

// taskDefinition is an answer of DescribeTaskDefinition. The image of the application is one of the stack's repository.
func taskDefinition(arn, image string) object {
	return object{
		"taskDefinition": object{
			"taskDefinitionArn": arn, "family": "mediaserver", "revision": 7, "status": "ACTIVE",
			"requiresAttributes": []object{{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}},
			"compatibilities":    []string{"EC2", "FARGATE"}, "requiresCompatibilities": []string{"FARGATE"},
			"registeredAt": 1700000000.5, "registeredBy": "arn:aws:iam::123456789012:user/somebody",
			"networkMode": "awsvpc", "cpu": "256", "memory": "512", "enableFaultInjection": false,
			"runtimePlatform": object{"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
			"volumes":         []object{{"name": "scratch", "configuredAtLaunch": false}},
			"containerDefinitions": []object{
				{"name": "sidecar", "image": "public.ecr.aws/sidecar:1", "essential": false},
				{
					"name": "mediaserver", "image": repository + image, "essential": true,
					"environment": []object{{"name": "SOMETHING", "value": "a-value-that-nobody-may-see"}},
					"healthCheck": object{"command": []string{"CMD", "true"}, "interval": 30},
				},
			},
		},
		"tags": []object{{"key": "Project", "value": "mediaserver"}},
	}
}

// changed is the stack's task definition with other properties.
func changed(properties object) object {
	definition := taskDefinition(stackRevision, ":latest")
	for name, value := range properties {
		definition["taskDefinition"].(object)[name] = value
	}
	return definition
}

func forARM() object {
	return changed(object{"runtimePlatform": object{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}})
}

// imageFor makes an image for one platform, or an index with attestations for several.
func imageFor(t *testing.T, platforms ...string) mutate.Appendable {
	t.Helper()
	var made mutate.Appendable
	index := v1.ImageIndex(empty.Index)
	for _, each := range platforms {
		image, err := random.Image(256, 1)
		if err != nil {
			t.Fatal(err)
		}
		system, architecture, _ := strings.Cut(each, "/")
		configuration, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		configuration = configuration.DeepCopy()
		configuration.OS, configuration.Architecture = system, architecture
		if image, err = mutate.ConfigFile(image, configuration); err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: architecture}}})
		made = image
	}
	if len(platforms) == 1 {
		return made
	}
	attestation, err := random.Image(16, 1)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.AppendManifests(index, mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
}

func writeLayout(t *testing.T, folder string, image mutate.Appendable) {
	t.Helper()
	if _, err := layout.Write(folder, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})); err != nil {
		t.Fatal(err)
	}
}

// put puts an image into the registry, and returns its digest.
func (s *stage) put(tag string, image mutate.Appendable) string {
	s.t.Helper()
	if err := s.Push("mediaserver", tag, image.(remote.Taggable)); err != nil {
		s.t.Fatal(err)
	}
	return s.Digest("mediaserver", tag)
}

// deployment is one of a service's deployments as DescribeServices answers it.
type deployment struct {
	ID             string  `json:"id"`
	Status         string  `json:"status"`
	TaskDefinition string  `json:"taskDefinition"`
	Desired        int     `json:"desiredCount"`
	Running        int     `json:"runningCount"`
	Pending        int     `json:"pendingCount"`
	Failed         int     `json:"failedTasks"`
	State          string  `json:"rolloutState,omitempty"`
	Reason         string  `json:"rolloutStateReason,omitempty"`
	CreatedAt      float64 `json:"createdAt,omitempty"`
}

// The states that a deployment goes through.
var (
	oldComplete = deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, State: "COMPLETED"}
	oldActive   = deployment{ID: oldDeployment, Status: "ACTIVE", TaskDefinition: stackRevision, Running: 2, State: "COMPLETED"}
	ourStart    = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, State: "IN_PROGRESS"}
	ourHalf     = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 1, Pending: 1, State: "IN_PROGRESS"}
	ourComplete = deployment{ID: ourDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, State: "COMPLETED"}
	ourFailed   = deployment{ID: ourDeployment, Status: "ACTIVE", TaskDefinition: newRevision, Failed: 3, State: "FAILED", Reason: "ECS deployment circuit breaker: tasks failed to start."}
	oldPutBack  = deployment{ID: oldDeployment, Status: "PRIMARY", TaskDefinition: stackRevision, Desired: 2, Running: 2, State: "IN_PROGRESS", Reason: "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."}
	alienStart  = ourStart.with(func(d *deployment) { d.ID = alien })
)

// with returns the deployment with some of its fields changed.
func (d deployment) with(change func(*deployment)) deployment {
	change(&d)
	return d
}

// look is the service with these deployments, asking for desired tasks and running so many.
func (s *stage) look(desired, running int, deployments ...deployment) object {
	look := object{
		"serviceArn": "arn:aws:ecs:eu-west-2:123456789012:service/mediaserver-cluster/mediaserver-service", "serviceName": "mediaserver-service",
		"status": "ACTIVE", "desiredCount": desired, "runningCount": running, "deployments": deployments,
	}
	for name, value := range s.service.Properties {
		look[name] = value
	}
	return look
}

// before makes the service look like this until a run starts its deployment.
func (s *stage) before(look object) {
	output := fakeaws.Response{Output: object{"services": []object{look}}}
	s.Next("DescribeServices", output, output)
}

// result is what one run did.
type result struct {
	t      *testing.T
	stage  *stage
	code   int
	output string // standard output and standard error, as they came
}

// buffer takes what a run prints.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(text)
}

// run runs the tool as its words say, with the outputs from a file and no pause between two looks.
func (s *stage) run(words ...string) result {
	s.t.Helper()
	return s.runIn(s.t.Context(), s, words...)
}

func (s *stage) runIn(ctx context.Context, transport http.RoundTripper, words ...string) result {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "outputs.json")
	content, err := json.Marshal(s.outputs)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	var printed buffer
	code := Run(ctx, append([]string{"--outputs", file, "--poll", "0"}, words...), Surroundings{Stdout: &printed, Stderr: &printed, Transport: transport})
	return result{s.t, s, code, printed.String()}
}

// deploy pushes the stage's image and deploys it.
func (s *stage) deploy(words ...string) result {
	s.t.Helper()
	return s.run(append([]string{"--image", s.image}, words...)...)
}

// expect checks the exit code and that the output holds every phrase.
func (r result) expect(code int, phrases ...string) result {
	r.t.Helper()
	if r.code != code {
		r.t.Errorf("exit code %d, want %d", r.code, code)
	}
	for _, phrase := range phrases {
		if !strings.Contains(r.output, phrase) {
			r.t.Errorf("output lacks %q", phrase)
		}
	}
	if r.t.Failed() {
		r.t.Logf("output:\n%s", r.output)
	}
	return r
}

// lacks checks that the output does not hold a phrase.
func (r result) lacks(phrase string) result {
	r.t.Helper()
	if strings.Contains(r.output, phrase) {
		r.t.Errorf("output holds %q:\n%s", phrase, r.output)
	}
	return r
}

// unchanged checks that nothing was changed, and that nobody got a password.
func (r result) unchanged() result {
	r.t.Helper()
	for _, call := range r.stage.Calls("GetAuthorizationToken", "RegisterTaskDefinition", "UpdateService", "StopServiceDeployment", "registry PUT", "registry POST", "registry GET") {
		r.t.Errorf("called %s", call.Action)
	}
	return r
}

// notStarted checks that no deployment was started.
func (r result) notStarted() {
	r.t.Helper()
	if calls := r.stage.Calls("UpdateService"); len(calls) > 0 {
		r.t.Errorf("started %v", calls)
	}
}

// only is the input of the only call of an action.
func (s *stage) only(action string) object {
	s.t.Helper()
	calls := s.Calls(action)
	if len(calls) != 1 {
		s.t.Fatalf("%s was called %d times, not once", action, len(calls))
	}
	return calls[0].Input
}

func (s *stage) stop(number int, by string) {
	s.service.Stopped = append(s.service.Stopped, object{
		"taskArn": fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:task/mediaserver-cluster/task%d", number), "startedBy": by,
		"stoppedAt": 1700000000.25 + float64(number), "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
		"containers": []object{{"name": "mediaserver", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}},
	})
}

func at(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }

func mustText(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
