package deployapp

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mediaserver/tests/internal/jq"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// workshop is a sandbox with the application's image, and an application that answers once it was asked.
type workshop struct {
	*sandbox.Stack
	folder string // where the stand-ins keep what they know
	aws    string // the real AWS CLI
	asked  *atomic.Int32
}

// open makes a workshop around a stack that is up.
func open(t *testing.T, stack *sandbox.Stack) workshop {
	t.Helper()
	shop := workshop{Stack: stack, folder: t.TempDir(), aws: sandboxtest.AWSCLI(t), asked: &atomic.Int32{}}
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/image-configuration" {
			fmt.Fprint(w, `{"os": "linux", "architecture": "amd64"}`)
			return
		}
		// Targets take a moment until they are healthy.
		if shop.asked.Add(1) == 1 || r.URL.Path != "/health" || !strings.Contains(r.Host, "elb.amazonaws.com") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(application.Close)
	_, port, err := net.SplitHostPort(application.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// The load balancer's name is known to nobody here, so curl's own settings lead it to the application.
	write(t, filepath.Join(shop.folder, ".curlrc"), fmt.Sprintf("connect-to = \"::127.0.0.1:%s\"\n", port))
	for name, standIn := range map[string]string{"aws": "aws-with-tasks", "docker": "docker-to-emulator"} {
		path, err := filepath.Abs(filepath.Join("testdata", standIn))
		if err != nil {
			t.Fatal(err)
		}
		link(t, path, filepath.Join(shop.folder, "bin", name))
	}
	link(t, jq.Installed(t), filepath.Join(shop.folder, "bin", "jq"))
	return shop
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// deploy runs the script on the workshop's stack.
func (w workshop) deploy(t *testing.T, arguments ...string) performance {
	t.Helper()
	command := exec.CommandContext(t.Context(), script(t), append([]string{"--poll", "0", "--timeout", "300"}, arguments...)...)
	command.Env = append(w.Env(),
		"PATH="+filepath.Join(w.folder, "bin")+string(os.PathListSeparator)+w.Path(),
		"HOME="+w.folder, "STAGE="+w.folder, "REAL_AWS="+w.aws, "REAL_JQ="+jq.Installed(t))
	calls := filepath.Join(w.folder, "calls")
	write(t, calls, "")
	output, _ := command.CombinedOutput()
	return performance{
		code:       command.ProcessState.ExitCode(),
		output:     string(output),
		calls:      strings.Split(strings.TrimSpace(read(t, calls)), "\n"),
		loginStdin: read(t, filepath.Join(w.folder, "password")),
	}
}

// ask runs the real AWS CLI and decodes its answer.
func ask[T any](t *testing.T, w workshop, arguments ...string) T {
	t.Helper()
	command := exec.CommandContext(t.Context(), w.aws, append(arguments, "--output", "json")...)
	command.Env = w.Env()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("aws %s: %v", strings.Join(arguments, " "), err)
	}
	var answer T
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("aws %s: %v", strings.Join(arguments, " "), err)
	}
	return answer
}

// runningService is what the tests read of the service.
type runningService struct {
	Services []struct {
		TaskDefinition string
		DesiredCount   int
	}
}

func (w workshop) service(t *testing.T, name string) (taskDefinition string, desired int) {
	t.Helper()
	found := ask[runningService](t, w, "ecs", "describe-services", "--cluster", name+"-cluster", "--services", name+"-service")
	return found.Services[0].TaskDefinition, found.Services[0].DesiredCount
}

// deployments are those of the application on one stack, one after the other.
type deployments struct {
	workshop
	deployed *sandboxtest.Deployment
	// stackDefinition and newDefinition are the stack's own task definitions, before and after its tag changed.
	stackDefinition, newDefinition string
	// outputs is a file with the stack's outputs from before its tag changed.
	outputs string
}

// The order matters: each subtest finds the service as the one before it has left it.
func TestTheApplicationIsDeployedEndToEndInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, "../..")
	deployed.Up()
	d := &deployments{workshop: open(t, &deployed.Stack), deployed: deployed, outputs: filepath.Join(t.TempDir(), "outputs.json")}
	d.stackDefinition, _ = d.service(t, "mediaserver")

	t.Run("the first deployment, into an empty registry", d.first)
	t.Run("another tag, with the outputs from a file", d.anotherTag)
	t.Run("the tag is the stack's after the advice was followed", d.adviceFollowed)
	t.Run("the outputs from before are refused", d.oldOutputs)
	t.Run("back, although the tag names another image now", d.back)
}

// first deploys the tag that the stack's task definition names.
func (d *deployments) first(t *testing.T) {
	result := d.deploy(t, "--image", "app:built")
	result.expect(t, 0, "waits for an image that is not in the registry yet", "2 of 2 tasks run "+d.stackDefinition, "/health answers 200", "Deployed ")
	if definition, desired := d.service(t, "mediaserver"); definition != d.stackDefinition || desired != 2 {
		t.Errorf("the service asks for %d tasks of %s", desired, definition)
	}
	if asked := d.asked.Load(); asked != 2 {
		t.Errorf("the application was asked %d times, want 2", asked)
	}
	if result.loginStdin == "" || strings.Contains(result.output, strings.TrimSpace(result.loginStdin)) {
		t.Errorf("docker read the password %q", result.loginStdin)
	}
	d.deployed.Must("preview", "--expect-no-changes")
}

// anotherTag deploys a task definition that the script registers.
func (d *deployments) anotherTag(t *testing.T) {
	write(t, d.outputs, d.deployed.Must("stack", "output", "--json").Stdout)
	result := d.deploy(t, "--image", "app:built", "--tag", "v2", "--outputs", d.outputs)
	result.expect(t, 0, "2 of 2 tasks run ", "keep v2 with: pulumi config set mediaserver:imageTag v2")
	definition, _ := d.service(t, "mediaserver")
	if definition == d.stackDefinition {
		t.Error("the service still runs the stack's task definition")
	}
	checkSameButImage(t, d.workshop, d.stackDefinition, definition, ":v2", d.stackDefinition)

	images := ask[struct{ ImageIds []struct{ ImageTag string } }](t, d.workshop, "ecr", "list-images", "--repository-name", "mediaserver")
	var tags []string
	for _, image := range images.ImageIds {
		if !strings.HasPrefix(image.ImageTag, "push-") {
			tags = append(tags, image.ImageTag)
		}
	}
	slices.Sort(tags)
	if !slices.Equal(tags, []string{"latest", "v2"}) {
		t.Errorf("the registry has %q", tags)
	}
}

// adviceFollowed sets the tag in the stack, as the script has said.
func (d *deployments) adviceFollowed(t *testing.T) {
	d.deployed.Must("config", "set", "imageTag", "v2")
	d.deployed.Up()
	d.newDefinition, _ = d.service(t, "mediaserver")
	result := d.deploy(t, "--skip-push")
	result.expect(t, 0, "Deployed ", ":v2 (")
	if strings.Contains(result.output, "pulumi config set") || len(result.called("aws ecs register-task-definition")) > 0 {
		t.Error("registered a task definition of its own")
	}
}

// oldOutputs deploys with a file that was written before the stack changed.
func (d *deployments) oldOutputs(t *testing.T) {
	d.deploy(t, "--skip-push", "--outputs", d.outputs).expect(t, 4, "older than the stack: they name "+d.stackDefinition+", and there is "+d.newDefinition)
}

// back overwrites a tag, and goes back as often as there is something to go back to.
func (d *deployments) back(t *testing.T) {
	before, first := d.digest(t, "v2"), d.digest(t, "latest")
	d.deploy(t, "--image", "app:built").expect(t, 0, "Deployed ")
	if overwritten := d.digest(t, "v2"); overwritten == before || before == first {
		t.Fatalf("latest is %s, v2 was %s and is %s", first, before, overwritten)
	}
	d.deploy(t, "--rollback").expect(t, 0, "Going back to ", ":v2 ("+before+") of "+d.newDefinition, "2 of 2 tasks run ", "/health answers 200", "Rolled back to ", "@"+before)
	definition, _ := d.service(t, "mediaserver")
	checkSameButImage(t, d.workshop, d.newDefinition, definition, "@"+before, d.newDefinition)

	d.deploy(t, "--rollback").expect(t, 0, "Left out, because the service has come back from it", "Rolled back to ", "@"+first)
	definition, _ = d.service(t, "mediaserver")
	checkSameButImage(t, d.workshop, d.stackDefinition, definition, "@"+first, d.newDefinition)

	d.deploy(t, "--rollback").expect(t, 15, "nothing to go back to")
}

func TestTheFirstDeploymentOfAServiceThatAsksForNoTaskInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, "../..")
	idle := deployed.Another("idle", map[string]string{"mediaserver:name": "idle", "mediaserver:desiredCount": "0", "mediaserver:minCapacity": "0"})
	deployed.UpOn(idle)
	shop := open(t, idle)
	result := shop.deploy(t, "--image", "app:built")
	result.expect(t, 0, "it will ask for 1", "1 of 1 tasks run", "/health answers 200")
	if _, desired := shop.service(t, "idle"); desired != 1 {
		t.Errorf("the service asks for %d tasks", desired)
	}
}

func TestAnImageForTheProcessorThatTheSettingsNameAndForNoOtherInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, "../..")
	arm := deployed.Another("arm", map[string]string{"mediaserver:name": "arm", "mediaserver:cpuArchitecture": "ARM64"})
	deployed.UpOn(arm)
	shop := open(t, arm)
	refused := shop.deploy(t, "--image", "app:built")
	refused.expect(t, 5, "is built for linux/amd64, the tasks run linux/arm64; build it with 'docker build --platform linux/arm64'")
	refused.expectUnchanged(t)
	write(t, filepath.Join(shop.folder, "platform"), "linux/arm64\n")
	shop.deploy(t, "--image", "app:built").expect(t, 0, "2 of 2 tasks run", "/health answers 200")
}

// digest is the digest of the image that a tag names in the registry.
func (w workshop) digest(t *testing.T, tag string) string {
	t.Helper()
	found := ask[struct {
		ImageDetails []struct{ ImageDigest string }
	}](t, w, "ecr", "describe-images", "--repository-name", "mediaserver", "--image-ids", "imageTag="+tag)
	return found.ImageDetails[0].ImageDigest
}

// checkSameButImage checks that one task definition is a copy of another with the image's tag or
// digest changed, tagged as made from a revision of the stack.
func checkSameButImage(t *testing.T, w workshop, model, copied, image, stackRevision string) {
	t.Helper()
	definition := func(arn string) object {
		answer := ask[object](t, w, "ecs", "describe-task-definition", "--task-definition", arn, "--include", "TAGS")
		described := answer["taskDefinition"].(object)
		for _, own := range []string{"taskDefinitionArn", "revision", "registeredAt"} {
			delete(described, own)
		}
		return answer
	}
	want, got := definition(model), definition(copied)
	container := want["taskDefinition"].(object)["containerDefinitions"].([]any)[0].(object)
	container["image"] = strings.Split(container["image"].(string), ":")[0] + image
	want["tags"] = append(want["tags"].([]any), object{"key": "StackTaskDefinition", "value": stackRevision})
	if says(got).stdout != says(want).stdout {
		t.Errorf("the new task definition is\n%v\nwant\n%v", got, want)
	}
}
