package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// deployment is a sandbox and the test that it belongs to.
type deployment struct {
	*sandbox.Sandbox
	t *testing.T
	// output is all that the Pulumi CLI has printed so far.
	output strings.Builder
}

// newDeployment brings up a sandbox that ends with the test. A change may adapt its options, for instance
// to put a proxy between the provider and the emulator.
func newDeployment(t *testing.T, changes ...func(*sandbox.Options)) *deployment {
	t.Helper()
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "emulator.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	options := sandbox.Options{Root: repository, Dir: dir, Log: log, Progress: os.Stderr}
	for _, change := range changes {
		change(&options)
	}
	running, err := sandbox.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	return &deployment{Sandbox: running, t: t}
}

// run runs the Pulumi CLI on the stack, whatever its end.
func (d *deployment) run(arguments ...string) sandbox.Result {
	d.t.Helper()
	return d.runOn(&d.Stack, arguments...)
}

// runOn runs the Pulumi CLI on one stack of the sandbox, whatever its end.
func (d *deployment) runOn(stack *sandbox.Stack, arguments ...string) sandbox.Result {
	d.t.Helper()
	result, err := stack.Pulumi(d.t.Context(), arguments...)
	if err != nil {
		d.t.Fatal(err)
	}
	d.output.WriteString(result.Stdout)
	d.output.WriteString(result.Stderr)
	return result
}

// must runs the Pulumi CLI on the stack and ends the test if it fails.
func (d *deployment) must(arguments ...string) sandbox.Result {
	d.t.Helper()
	return d.mustOn(&d.Stack, arguments...)
}

// mustOn runs the Pulumi CLI on one stack of the sandbox and ends the test if it fails.
func (d *deployment) mustOn(stack *sandbox.Stack, arguments ...string) sandbox.Result {
	d.t.Helper()
	result := d.runOn(stack, arguments...)
	if result.ExitCode != 0 {
		d.t.Fatalf("pulumi %s: exit status %d\n%s%s",
			strings.Join(arguments, " "), result.ExitCode, result.Stdout, result.Stderr)
	}
	return result
}

// up deploys the stack and ends the test if that fails.
func (d *deployment) up(arguments ...string) sandbox.Result {
	d.t.Helper()
	return d.must(append([]string{"up", "--yes", "--skip-preview"}, arguments...)...)
}

// outputs are the stack's outputs.
func (d *deployment) outputs() map[string]any {
	d.t.Helper()
	return decode[map[string]any](d.t, d.must("stack", "output", "--json").Stdout)
}

// resource is what the tests read of one resource in the stack's state.
type resource struct {
	URN     string
	Type    string
	ID      string
	Custom  bool
	Delete  bool
	Inputs  map[string]any
	Outputs map[string]any
}

// name is the resource's logical name, the last part of its URN.
func (r resource) name() string { return r.URN[strings.LastIndex(r.URN, "::")+2:] }

// state is what the tests read of the stack's state.
type state struct {
	Deployment struct {
		Resources         []resource
		PendingOperations []struct {
			Resource resource
			Type     string
		} `json:"pending_operations"`
	}
}

// exported is the stack's state.
func (d *deployment) exported() state {
	d.t.Helper()
	return decode[state](d.t, d.must("stack", "export").Stdout)
}

// managed are the stack's managed resources: all in the state but the stack itself and the providers.
func (d *deployment) managed() []resource {
	d.t.Helper()
	var managed []resource
	for _, resource := range d.exported().Deployment.Resources {
		if resource.Custom && !strings.HasPrefix(resource.Type, "pulumi:providers:") {
			managed = append(managed, resource)
		}
	}
	return managed
}

// change is one step of a plan or an update.
type change struct {
	Operation string
	Name      string
	Type      string
}

func (c change) String() string { return fmt.Sprintf("%s %s (%s)", c.Operation, c.Name, c.Type) }

// planned are the steps of a preview that change something.
func (d *deployment) planned(arguments ...string) []change {
	d.t.Helper()
	result := d.must(append([]string{"preview", "--json"}, arguments...)...)
	plan := decode[struct {
		Steps []struct {
			Op       string
			URN      string
			NewState struct{ Type string }
			OldState struct{ Type string }
		}
	}](d.t, result.Stdout)
	var changes []change
	for _, step := range plan.Steps {
		if step.Op != "same" && step.Op != "read" {
			kind := step.NewState.Type
			if kind == "" {
				kind = step.OldState.Type
			}
			changes = append(changes, change{step.Op, resource{URN: step.URN}.name(), kind})
		}
	}
	return changes
}

// account is the configuration of a client that reads the emulated AWS account, past any proxy.
func (d *deployment) account() aws.Config {
	return aws.Config{
		Region:       sandbox.Region,
		BaseEndpoint: aws.String(d.Endpoint()),
		Credentials:  credentials.NewStaticCredentialsProvider(sandbox.AccessKey, sandbox.SecretKey, ""),
	}
}

// objects is a client for the buckets of the account, and metrics one for alarms and dashboards.
func (d *deployment) objects() *s3.Client         { return readback.NewClients(d.account()).S3 }
func (d *deployment) metrics() *cloudwatch.Client { return readback.NewClients(d.account()).CloudWatch }

// decode reads JSON and ends the test if it is none.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("read JSON: %v\n%s", err, text)
	}
	return value
}
