package sandboxtest

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is what tests read of one resource in the stack's state.
type Resource struct {
	URN     string
	Type    string
	ID      string
	Custom  bool
	Delete  bool
	Inputs  map[string]any
	Outputs map[string]any
}

// Name is the resource's logical name, the last part of its URN.
func (r Resource) Name() string { return r.URN[strings.LastIndex(r.URN, "::")+2:] }

// State is what tests read of the stack's state.
type State struct {
	Resources         []Resource
	PendingOperations []struct {
		Resource Resource
		Type     string
	} `json:"pending_operations"`
}

// State is the stack's state, read from the file that the CLI keeps it in. A secret in it is encrypted.
func (d *Deployment) State() State {
	d.tb.Helper()
	state, err := d.TryState()
	if err != nil {
		d.tb.Fatal(err)
	}
	return state
}

// TryState is the stack's state, or an error where its file is not there or cannot be read, as in the middle of a run.
func (d *Deployment) TryState() (State, error) {
	var file struct {
		Checkpoint struct{ Latest State }
	}
	text, err := os.ReadFile(d.StateFile())
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	return file.Checkpoint.Latest, err
}

// Managed are the stack's managed resources: all in the state but the stack itself and the providers.
func (d *Deployment) Managed() []Resource {
	d.tb.Helper()
	var managed []Resource
	for _, each := range d.State().Resources {
		if each.Custom && !strings.HasPrefix(each.Type, "pulumi:providers:") {
			managed = append(managed, each)
		}
	}
	return managed
}

// Outputs are the stack's outputs, which are those of the stack as a resource. They are empty where nothing is
// deployed.
func (d *Deployment) Outputs() map[string]any {
	d.tb.Helper()
	for _, each := range d.State().Resources {
		if each.Type == string(resource.RootStackType) {
			return each.Outputs
		}
	}
	return nil
}

// ReadPlan reads a plan, the JSON that a preview prints.
func ReadPlan(tb testing.TB, text string) display.PreviewDigest {
	tb.Helper()
	var plan display.PreviewDigest
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		tb.Fatalf("read the plan: %v\n%s", err, text)
	}
	return plan
}

// Plan is a preview of the stack, with further arguments for the CLI.
func (d *Deployment) Plan(arguments ...string) display.PreviewDigest {
	d.tb.Helper()
	return ReadPlan(d.tb, d.Must(append([]string{"preview", "--json"}, arguments...)...).Stdout)
}

// Changes are the steps of a plan that change something, sorted, each as in
//
//	update mediaserver (aws:ecs/service:Service)
func Changes(plan display.PreviewDigest) []string {
	var changes []string
	for _, step := range plan.Steps {
		if step.Op != "same" && step.Op != "read" {
			changes = append(changes, string(step.Op)+" "+step.URN.Name()+" ("+string(step.URN.Type())+")")
		}
	}
	slices.Sort(changes)
	return changes
}

// CheckPlan compares what a preview of the stack changes with what it should change.
func (d *Deployment) CheckPlan(want ...string) {
	d.tb.Helper()
	if changes := Changes(d.Plan()); !slices.Equal(changes, want) {
		d.tb.Errorf("the plan is %q, want %q", changes, want)
	}
}
