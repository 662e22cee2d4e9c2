package sandboxtest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/display"
)

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
