package sandboxtest

import (
	"encoding/json"
	"strings"
	"testing"
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

// State is the stack's state.
func (d *Deployment) State() State {
	d.tb.Helper()
	return decode[struct{ Deployment State }](d.tb, d.Must("stack", "export").Stdout).Deployment
}

// Managed are the stack's managed resources: all in the state but the stack itself and the providers.
func (d *Deployment) Managed() []Resource {
	d.tb.Helper()
	var managed []Resource
	for _, resource := range d.State().Resources {
		if resource.Custom && !strings.HasPrefix(resource.Type, "pulumi:providers:") {
			managed = append(managed, resource)
		}
	}
	return managed
}

// Outputs are the stack's outputs.
func (d *Deployment) Outputs() map[string]any {
	d.tb.Helper()
	return decode[map[string]any](d.tb, d.Must("stack", "output", "--json").Stdout)
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
