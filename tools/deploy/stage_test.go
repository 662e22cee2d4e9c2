package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{AWS: fakeaws.New(), t: t, answers: []int{200}, image: layoutOf(t, imageFor(t, "linux/amd64")), outputs: object{
		"albDnsName": loadBalancer, "appUrl": "http://" + loadBalancer, "bucketName": "mediaserver-storage-abc12345",
		"ecrRepositoryUrl": repository, "ecsClusterName": "mediaserver-cluster", "ecsServiceName": "mediaserver-service",
		"taskDefinitionArn": stackRevision, "containerName": "mediaserver", "containerPort": 3000, "region": "eu-west-2",
		"logGroupName": "/ecs/mediaserver", "dashboardUrl": "https://eu-west-2.console.aws.amazon.com/cloudwatch/home",
	}}
	s.Public = http.HandlerFunc(s.answer)
	s.define(7, ":latest", nil)
	s.service = s.AddService("mediaserver-cluster", "mediaserver-service", stackRevision, 2)
	s.service.Properties = object{
		"loadBalancers": []object{{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/mediaserver-tg/73e2d6bc24d8a067"}},
		"events": []object{
			{"id": "2", "createdAt": 1700000060.123, "message": "deployment failed: tasks failed to start."},
			{"id": "1", "createdAt": 1700000000.5, "message": "has started 2 tasks."},
		},
	}
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

// define adds a task definition, with some properties changed, and returns it without its tags. The image of the application
// is one of the stack's repository.
func (s *stage) define(number int, image string, changes object, tags ...object) object {
	definition := object{
		"taskDefinitionArn": fmt.Sprint(family, number), "family": "mediaserver", "revision": number, "status": "ACTIVE",
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
	}
	maps.Copy(definition, changes)
	s.AddTaskDefinition(object{"taskDefinition": definition, "tags": tags})
	return definition
}

var onARM = object{"runtimePlatform": object{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}

// imageFor makes an image for one platform, or an index with attestations for several.
func imageFor(t *testing.T, platforms ...string) mutate.Appendable {
	t.Helper()
	if len(platforms) > 1 {
		platforms = append(platforms, "unknown/unknown")
	}
	var image v1.Image
	index := v1.ImageIndex(empty.Index)
	for _, each := range platforms {
		made, err := random.Image(256, 1)
		if err != nil {
			t.Fatal(err)
		}
		configuration, err := made.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		configuration = configuration.DeepCopy()
		configuration.OS, configuration.Architecture, _ = strings.Cut(each, "/")
		if image, err = mutate.ConfigFile(made, configuration); err != nil {
			t.Fatal(err)
		}
		platform := v1.Descriptor{Platform: &v1.Platform{OS: configuration.OS, Architecture: configuration.Architecture}}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: platform})
	}
	if len(platforms) == 1 {
		return image
	}
	return index
}

// layoutOf is an OCI layout of images.
func layoutOf(t *testing.T, images ...mutate.Appendable) string {
	t.Helper()
	folder, index := t.TempDir(), v1.ImageIndex(empty.Index)
	for _, each := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: each})
	}
	if _, err := layout.Write(folder, index); err != nil {
		t.Fatal(err)
	}
	return folder
}

// put puts an image into the registry, and returns its digest.
func (s *stage) put(tag string, image mutate.Appendable) string {
	s.t.Helper()
	if err := s.Push("mediaserver", tag, image.(remote.Taggable)); err != nil {
		s.t.Fatal(err)
	}
	return s.Digest("mediaserver", tag)
}

// look is the service as DescribeServices answers it, from a text like "2/2 | ours PRIMARY COMPLETED 2/2 | old ACTIVE ...":
// how many tasks of how many run, then the deployments, each with its status, its state, its tasks and, if any, a reason.
func (s *stage) look(text string) object {
	parts := strings.Split(text, " | ")
	var running, desired int
	_, _ = fmt.Sscanf(parts[0], "%d/%d", &running, &desired)
	deployments := []object{}
	for _, part := range parts[1:] {
		words := append(strings.SplitN(part, " ", 5), "")
		id, definition := map[string]string{"old": oldDeployment, "ours": ourDeployment, "alien": alien}[words[0]], stackRevision
		var running, desired int
		_, _ = fmt.Sscanf(words[3], "%d/%d", &running, &desired)
		deployments = append(deployments, object{
			"id": id, "status": words[1], "rolloutState": words[2], "taskDefinition": definition,
			"runningCount": running, "desiredCount": desired, "rolloutStateReason": words[4],
		})
	}
	look := object{
		"serviceArn": "arn:aws:ecs:eu-west-2:123456789012:service/mediaserver-cluster/mediaserver-service", "serviceName": "mediaserver-service",
		"status": "ACTIVE", "desiredCount": desired, "runningCount": running, "deployments": deployments,
	}
	maps.Copy(look, s.service.Properties)
	return look
}

// shows makes the service look like this from now on; at the end, like the last one again and again.
func (s *stage) shows(texts ...string) {
	before(texts...)(s)
	s.Always("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(texts[len(texts)-1])}}})
}

// looks are what a run sees of the service once it has started its deployment.
func looks(texts ...string) func(*stage) { return onStart(func(s *stage) { s.shows(texts...) }) }

// onStart changes something once the deployment is started.
func onStart(change func(*stage)) func(*stage) {
	return func(s *stage) { s.Next("UpdateService", fakeaws.Response{Change: func(object) { change(s) }}) }
}

// before are the first looks that a run takes at the service.
func before(texts ...string) func(*stage) {
	return func(s *stage) {
		for _, text := range texts {
			s.Next("DescribeServices", fakeaws.Response{Output: object{"services": []object{s.look(text)}}})
		}
	}
}

// output gives the stack another output.
func output(name, value string) func(*stage) { return func(s *stage) { s.outputs[name] = value } }

// property gives the service another property.
func property(name string, value any) func(*stage) {
	return func(s *stage) { s.service.Properties[name] = value }
}

// always makes AWS answer every call of an action like this.
func always(action string, response fakeaws.Response) func(*stage) {
	return func(s *stage) { s.Always(action, response) }
}

// scene is a run in an account that was prepared for it, and how it ends. The words are the options; the image of the stage
// is pushed if they name no other one.
type scene struct {
	name    string
	prepare func(*stage)
	words   string
	code    int
	says    []string // as result.expect takes them
}

func play(t *testing.T, scenes []scene) {
	t.Helper()
	for _, each := range scenes {
		t.Run(each.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			if each.prepare != nil {
				each.prepare(s)
			}
			s.run(each.words).expect(each.code, each.says...)
		})
	}
}

// result is what one run did.
type result struct {
	stage  *stage
	code   int
	output string // standard output and standard error, as they came
}

// run runs the tool as its words say, with the outputs from a file and no pause between two looks.
func (s *stage) run(words string) result {
	s.t.Helper()
	return s.runIn(s.t.Context(), words, Surroundings{Transport: s})
}

func (s *stage) runIn(ctx context.Context, words string, around Surroundings) result {
	s.t.Helper()
	arguments := append(strings.Fields(words), "--poll", "0")
	if !strings.Contains(words, "--image") && !strings.Contains(words, "--skip-push") && !strings.Contains(words, "--rollback") {
		arguments = append(arguments, "--image", s.image)
	}
	if around.Program == "" {
		file := filepath.Join(s.t.TempDir(), "outputs.json")
		if err := os.WriteFile(file, []byte(jsonOf(s.t, s.outputs)), 0o600); err != nil {
			s.t.Fatal(err)
		}
		arguments = append(arguments, "--outputs", file)
	}
	var printed bytes.Buffer
	around.Stdout, around.Stderr = &printed, &printed
	code := Run(ctx, arguments, around)
	return result{s, code, printed.String()}
}

// expect checks the exit code, and that the output holds every phrase, and none that follows a "!". A name in braces stands
// for the digest of the image that the registry has under this tag. It also checks what holds
// for every run: it prints no secret, claims success only if it ends in it, and changes or starts nothing if its exit code says so.
func (r result) expect(code int, phrases ...string) result {
	t := r.stage.t
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	phrases = append(phrases, "!nobody-may-see")
	if code != 0 {
		phrases = append(phrases, "!Deployed ", "!Rolled back to ")
	}
	for _, phrase := range phrases {
		for _, tag := range []string{"a", "b", "c", "x", "latest"} {
			phrase = strings.ReplaceAll(phrase, "{"+tag+"}", r.stage.Digest("mediaserver", tag))
		}
		if missing, unwanted := strings.CutPrefix(phrase, "!"); strings.Contains(r.output, missing) == unwanted {
			t.Errorf("output has it or not: %q", phrase)
		}
	}
	if calls := r.stage.Calls("UpdateService", "StopServiceDeployment"); len(calls) > 0 &&
		slices.Contains([]int{exitUsage, exitTool, exitOutput, exitImage, exitLogin, exitPush, exitBusy, exitNothing}, code) {
		t.Errorf("started %v", calls)
	}
	if code == exitUsage || code == exitOutput || code == exitNothing {
		r.unchanged()
	}
	if t.Failed() {
		t.Logf("output:\n%s", r.output)
	}
	return r
}

// unchanged checks that nothing was changed, and that nobody got a password.
func (r result) unchanged() {
	r.stage.t.Helper()
	for _, call := range r.stage.Calls("GetAuthorizationToken", "RegisterTaskDefinition", "UpdateService", "StopServiceDeployment", "registry PUT") {
		r.stage.t.Errorf("called %s", call.Action)
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

// stop adds a stopped task of a deployment.
func (s *stage) stop(number int, by string) {
	s.service.Stopped = append(s.service.Stopped, object{
		"taskArn": fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:task/mediaserver-cluster/task%d", number), "startedBy": by,
		"stoppedAt": 1700000000.25 + float64(number), "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
		"containers": []object{{"name": "mediaserver", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}},
	})
}

func at(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
