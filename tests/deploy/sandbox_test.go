// Package deploy tests scripts/deploy-app end to end: on a stack in the sandbox, whose services run in an emulated ECS,
// and as an action in a workflow.
package deploy

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tools/fakeaws"
)

// workshop is a stack in the sandbox, in front of which an ECS runs tasks.
type workshop struct {
	*sandbox.Stack
	deployed    *sandboxtest.Deployment
	aws         *fakeaws.AWS
	asked       atomic.Int32 // how often the application was asked
	environment []string
}

func open(t *testing.T, deployed *sandboxtest.Deployment, stack *sandbox.Stack) *workshop {
	t.Helper()
	w := &workshop{Stack: stack, deployed: deployed, aws: fakeaws.New()}
	emulator, err := url.Parse(stack.Emulator)
	if err != nil {
		t.Fatal(err)
	}
	w.aws.Upstream = httputil.NewSingleHostReverseProxy(emulator)
	w.aws.Public = http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		// Targets take a moment until they are healthy.
		if w.asked.Add(1) == 1 || request.URL.Path != "/health" || !strings.Contains(request.Host, "elb.amazonaws.com") {
			answer.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	proxy, certificate, err := w.aws.Proxy()
	if err != nil {
		t.Fatal(err)
	}
	trusted := filepath.Join(t.TempDir(), "certificate.pem")
	write(t, trusted, string(certificate))
	api, names := httptest.NewServer(w.aws), httptest.NewServer(proxy)
	t.Cleanup(api.Close)
	t.Cleanup(names.Close)
	w.environment = append(stack.Env(),
		"AWS_ENDPOINT_URL="+api.URL, "HTTP_PROXY="+names.URL, "HTTPS_PROXY="+names.URL, "NO_PROXY=", "SSL_CERT_FILE="+trusted)
	return w
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// deploy runs the script on the workshop's stack, and checks its exit code and what it prints.
func (w *workshop) deploy(t *testing.T, arguments string, code int, phrases ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "../../scripts/deploy-app", append(strings.Fields(arguments), "--poll", "0", "--timeout", "300")...)
	command.Env = w.environment
	output, err := command.CombinedOutput()
	for _, phrase := range phrases {
		if !strings.Contains(string(output), phrase) {
			t.Errorf("output lacks %q", phrase)
		}
	}
	if got := command.ProcessState.ExitCode(); got != code || t.Failed() {
		t.Fatalf("exit code %d, want %d (%v)\n%s", got, code, err, output)
	}
}

// image makes an OCI layout of a new image for a platform.
func image(t *testing.T, architecture string) string {
	t.Helper()
	folder := t.TempDir()
	made, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	configuration = configuration.DeepCopy()
	configuration.OS, configuration.Architecture = "linux", architecture
	if made, err = mutate.ConfigFile(made, configuration); err != nil {
		t.Fatal(err)
	}
	if _, err := layout.Write(folder, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: made})); err != nil {
		t.Fatal(err)
	}
	return folder
}

// service is what the emulator has of the service.
func (w *workshop) service(t *testing.T, name string) types.Service {
	t.Helper()
	cluster := name + "-cluster"
	found, err := w.deployed.Clients().ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name + "-service"}})
	if err != nil {
		t.Fatal(err)
	}
	return found.Services[0]
}

// The order matters: each step finds the service as the one before it has left it.
func TestTheApplicationIsDeployedEndToEndInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, "../..")
	deployed.Up()
	w := open(t, deployed, &deployed.Stack)
	stackDefinition := *w.service(t, "mediaserver").TaskDefinition
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	write(t, outputs, deployed.Must("stack", "output", "--json").Stdout)

	// The first deployment, into an empty registry.
	w.deploy(t, "--image "+image(t, "arm64"), 5, "is built for linux/arm64, the tasks run linux/amd64; build it with 'docker build --platform linux/amd64'")
	w.deploy(t, "--image "+image(t, "amd64")+" --dry-run", 0, "Nothing was changed.")
	w.deploy(t, "--image "+image(t, "amd64"), 0, "waits for an image that is not in the registry yet", "2 of 2 tasks run "+stackDefinition, "/health answers 200", "Deployed ")
	if service := w.service(t, "mediaserver"); *service.TaskDefinition != stackDefinition || service.DesiredCount != 2 || w.asked.Load() != 2 {
		t.Errorf("the service is %+v, the application was asked %d times", service, w.asked.Load())
	}
	deployed.Must("preview", "--expect-no-changes")
	first := w.aws.Digest("mediaserver", "latest")

	// Another tag, with the outputs from a file.
	w.deploy(t, "--image "+image(t, "amd64")+" --tag v2 --outputs "+outputs, 0, "2 of 2 tasks run ", "keep v2 with: pulumi config set mediaserver:imageTag v2")
	w.checkSameButImage(t, stackDefinition, *w.service(t, "mediaserver").TaskDefinition, ":v2")

	// The tag is the stack's after the advice was followed, and the outputs from before are refused.
	deployed.Must("config", "set", "imageTag", "v2")
	deployed.Up()
	newDefinition := *w.service(t, "mediaserver").TaskDefinition
	second := w.aws.Digest("mediaserver", "v2")
	w.deploy(t, "--skip-push", 8, "another deployment is under way: ", newDefinition)
	w.deploy(t, "--skip-push --replace", 0, "Deployed ", ":v2 ("+second+")")
	w.deploy(t, "--skip-push --outputs "+outputs, 4, "older than the stack: they name "+stackDefinition+", and there is "+newDefinition)

	// Back, although the tag names another image now, as often as there is something to go back to.
	w.deploy(t, "--image "+image(t, "amd64"), 0, "Deployed ")
	w.deploy(t, "--rollback", 0, "Going back to ", ":v2 ("+second+") of "+newDefinition, "2 of 2 tasks run ", "Rolled back to ", "@"+second)
	w.checkSameButImage(t, newDefinition, *w.service(t, "mediaserver").TaskDefinition, "@"+second)
	w.deploy(t, "--rollback", 0, "Left out, because the service has come back from it", "Rolled back to ", "@"+first)
	w.deploy(t, "--rollback", 15, "nothing to go back to")
}

func TestTheFirstDeploymentOfAServiceThatAsksForNoTaskInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, "../..")
	idle := deployed.Another("idle", map[string]string{
		"mediaserver:name": "idle", "mediaserver:desiredCount": "0", "mediaserver:minCapacity": "0", "mediaserver:cpuArchitecture": "ARM64",
	})
	deployed.On(idle).Up()
	w := open(t, deployed, idle)
	w.deploy(t, "--image "+image(t, "arm64"), 0, "it will ask for 1", "1 of 1 tasks run", "/health answers 200")
	if desired := w.service(t, "idle").DesiredCount; desired != 1 {
		t.Errorf("the service asks for %d tasks", desired)
	}
}

// checkSameButImage checks that one task definition is a copy of another with another tag or digest.
func (w *workshop) checkSameButImage(t *testing.T, model, copied, image string) {
	t.Helper()
	var definitions []string
	for _, arn := range []string{model, copied} {
		answer, err := w.deployed.Clients().ECS.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
		if err != nil {
			t.Fatal(err)
		}
		described := answer.TaskDefinition
		described.TaskDefinitionArn, described.RegisteredAt, described.Revision = nil, nil, 0
		if arn == model {
			name, _, _ := strings.Cut(*described.ContainerDefinitions[0].Image, ":")
			name += image
			described.ContainerDefinitions[0].Image = &name
		}
		content, err := json.Marshal(described)
		if err != nil {
			t.Fatal(err)
		}
		definitions = append(definitions, string(content))
	}
	if definitions[0] != definitions[1] {
		t.Errorf("the new task definition is\n%s\nwant\n%s", definitions[1], definitions[0])
	}
}
