package sandboxtest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

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
	path, err := d.StateFile()
	if err != nil {
		d.tb.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		d.tb.Fatal(err)
	}
	return decode[struct{ Checkpoint struct{ Latest State } }](d.tb, string(text)).Checkpoint.Latest
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

// Outputs are the stack's outputs, which are those of the stack as a resource. They are empty where nothing is deployed.
func (d *Deployment) Outputs() map[string]any {
	d.tb.Helper()
	for _, each := range d.State().Resources {
		if each.Type == string(resource.RootStackType) {
			return each.Outputs
		}
	}
	return nil
}

// decode reads JSON and ends the test if it is none.
func decode[T any](tb testing.TB, text string) T {
	tb.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		tb.Fatalf("read JSON: %v\n%s", err, text)
	}
	return value
}
