package plangate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// upRunner is a runner on which the steps of the workflow `up` use the real Pulumi CLI on the sandbox's stack.
func upRunner(t *testing.T, deployed *sandboxtest.Deployment, program *sandbox.Stack) runner {
	t.Helper()
	r := newRunner(t, nil)
	r.program = program.Root
	gate := filepath.Join(program.Root, "scripts", "plan-gate")
	if err := os.MkdirAll(filepath.Dir(gate), 0o700); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(filepath.Join(repository, "scripts", "plan-gate"))
	if err != nil {
		t.Fatal(err)
	}
	// The copy of the program has no scripts of its own.
	if err := os.WriteFile(gate, []byte("#!/bin/sh\nexec '"+absolute+"' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.environment = append(append(deployed.Env(), r.environment...),
		"PATH="+filepath.Dir(deployed.CLI)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"STACK="+deployed.Name, "GITHUB_SHA="+strings.Repeat("c", 40))
	return r
}

// upWorkflow is the steps of the workflow `up`, and the stack in the sandbox that they deploy.
type upWorkflow struct {
	*sandboxtest.Deployment
	preview, judging, doing, writing step
}

// The order matters: each subtest finds the stack as the one before it has left it.
func TestUpDoesWhatWasJudgedAndNothingElseInTheSandbox(t *testing.T) {
	t.Parallel()
	up := readWorkflow(t, "up.yml").Jobs["up"]
	u := &upWorkflow{
		preview: up.step(t, "Preview"), judging: up.step(t, "Judge"), doing: up.step(t, "Do what was judged"), writing: up.step(t, "Write the outputs"),
		Deployment: sandboxtest.New(t, repository),
	}
	t.Run("a new stack comes up, and its outputs end in a file", u.comesUp)
	t.Run("a program that changes after it was judged is stopped", u.stopsAChangedProgram)
	t.Run("a stack that somebody else changes after it was judged is left alone", u.leavesAChangedStackAlone)
	t.Run("a dangerous change is refused, and passes with its allowance", u.refusesADangerousChange)
	t.Run("a preview that fails ends the run", u.endsWithAFailedPreview)
	t.Run("a preview that fails without a word ends the run", u.endsWithASilentPreview)
}

// retention changes how long the program keeps logs by default.
func retention(days string) sandboxtest.Edit {
	return sandboxtest.Edit{File: "Pulumi.yaml", Old: "default: 30\n", New: "default: " + days + "\n"}
}

// comesUp runs all steps on a stack that does not exist yet.
func (u *upWorkflow) comesUp(t *testing.T) {
	r := upRunner(t, u.Deployment, u.Changed())
	r.run(u.preview)
	r.run(u.judging)
	r.run(u.doing)
	r.run(u.writing)
	var outputs map[string]any
	if err := json.Unmarshal([]byte(r.read("outputs.json")), &outputs); err != nil {
		t.Fatal(err)
	}
	if outputs["ecsServiceName"] != "mediaserver-service" || len(outputs) != 18 {
		t.Errorf("outputs %v", outputs)
	}
	if summary := r.read("summary"); !strings.Contains(summary, fmt.Sprintf("### Plan: `%d to create`\n\n**Passed: creates the whole stack mediaserver/%s.**", len(inventory.Default())+1, u.Name)) {
		t.Errorf("summary %q", summary)
	}
}

// stopsAChangedProgram runs the update that was judged with programs that want something else, or more.
func (u *upWorkflow) stopsAChangedProgram(t *testing.T) {
	before := u.Must("stack", "export").Stdout
	judged := upRunner(t, u.Deployment, u.Changed(retention("60")))
	judged.run(u.preview)
	judged.run(u.judging)
	alarms := sandboxtest.Edit{File: "Pulumi.yaml", Old: "Existing Amazon SNS topic to notify; empty for none\n    default: \"\"",
		New: "Existing Amazon SNS topic to notify; empty for none\n    default: arn:aws:sns:" + sandbox.Region + ":" + sandbox.Account + ":pages"}
	for because, program := range map[string]*sandbox.Stack{
		"violates plan: properties changed: ~~retentionInDays[{60}!={90}]": u.Changed(retention("90")),
		"create is not allowed by the plan":                                u.Changed(retention("60"), alarms),
	} {
		changed := upRunner(t, u.Deployment, program)
		changed.folder = judged.folder
		if output, err := changed.try(u.doing, "RUNNER_TEMP="+judged.folder); err == nil || !strings.Contains(output, because) {
			t.Errorf("%v\n%s\nwant %q", err, output, because)
		}
	}
	if after := u.Must("stack", "export").Stdout; stateOf(t, after) != stateOf(t, before) {
		t.Error("the stack has changed")
	}
	judged.run(u.doing)
	if state := u.Must("stack", "export").Stdout; !strings.Contains(state, `"retentionInDays": 60`) {
		t.Error("what was judged is not done")
	}
}

// leavesAChangedStackAlone deploys something else between the judgement and the update.
func (u *upWorkflow) leavesAChangedStackAlone(t *testing.T) {
	judged := upRunner(t, u.Deployment, u.Changed(retention("90")))
	judged.run(u.preview)
	judged.run(u.judging)
	u.On(u.Changed(retention("120"))).Up()
	output, err := judged.try(u.doing)
	if err == nil || !strings.Contains(output, "the stack has changed since it was judged") {
		t.Errorf("%v\n%s", err, output)
	}
	if state := u.Must("stack", "export").Stdout; !strings.Contains(state, `"retentionInDays": 120`) {
		t.Error("the other's change is gone")
	}
}

// refusesADangerousChange keeps logs for less time, without and with the allowance.
func (u *upWorkflow) refusesADangerousChange(t *testing.T) {
	r := upRunner(t, u.Deployment, u.Changed(retention("14")))
	r.run(u.preview)
	output, err := r.try(u.judging)
	if err == nil || !strings.Contains(output, "retentionInDays is not free: 120 → 14") {
		t.Fatalf("%v\n%s", err, output)
	}
	allowances := verdict{stderr: output}.allowances()
	if len(allowances) != 2 {
		t.Fatalf("allowances %q", allowances)
	}
	r.run(u.judging, "PLAN_GATE_ALLOW="+strings.Join(allowances, " "))
	r.run(u.doing)
}

// endsWithAFailedPreview previews a program whose default is no valid setting.
func (u *upWorkflow) endsWithAFailedPreview(t *testing.T) {
	r := upRunner(t, u.Deployment, u.Changed(sandboxtest.Edit{File: "Pulumi.yaml", Old: "default: 256\n", New: "default: 1\n"}))
	r.run(u.preview)
	if output, err := r.try(u.judging); err == nil || !strings.Contains(output, "the preview reports errors") {
		t.Errorf("%v\n%s", err, output)
	}
}

// endsWithASilentPreview judges a harmless plan of a preview that failed.
func (u *upWorkflow) endsWithASilentPreview(t *testing.T) {
	// The recorded plan is of the stack dev.
	r := newRunner(t, map[string]string{"plan.json": recorded(t, "everyday/edit-capacity"), "preview-code": "255\n"})
	if output, err := r.try(u.judging, "GITHUB_SHA=abc"); err == nil {
		t.Errorf("it goes on\n%s", output)
	}
}

// stateOf is the content of a state, without timestamps.
func stateOf(t *testing.T, state string) string {
	t.Helper()
	var read struct {
		Deployment struct {
			Resources []struct {
				URN, ID string
				Inputs  map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(state), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Deployment.Resources) <= len(inventory.Default()) {
		t.Fatalf("the state holds %d resources", len(read.Deployment.Resources))
	}
	text, err := json.MarshalIndent(read.Deployment.Resources, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUpRunsInAnEnvironmentOneAtATime(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repository, ".github", "workflows", "up.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		// Without the queue, GitHub cancels all waiting runs but the newest.
		"\n  group: up-${{ inputs.stack || 'dev' }}\n  cancel-in-progress: false\n  queue: max\n",
		"\n  push:\n    branches: [main]\n  workflow_dispatch:\n",
		"\n    environment: ${{ inputs.stack || 'dev' }}\n",
	} {
		if !strings.Contains(string(content), line) {
			t.Errorf("the workflow lacks %q", line)
		}
	}
	read := readWorkflow(t, "up.yml")
	if len(read.Permissions) > 0 || len(read.Jobs["up"].Permissions) != 2 {
		t.Errorf("permissions %v, %v", read.Permissions, read.Jobs["up"].Permissions)
	}
	var order []string
	for _, each := range read.Jobs["up"].Steps {
		if each.Run != "" {
			order = append(order, each.Name)
		}
		for _, secret := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"} {
			if usesPulumi := strings.Contains(each.Run, "pulumi preview") || strings.Contains(each.Run, "pulumi up") || strings.Contains(each.Run, "pulumi stack"); usesPulumi != (each.Env[secret] != "") {
				t.Errorf("step %q: %s is %q", each.Name, secret, each.Env[secret])
			}
		}
	}
	if got := strings.Join(order[2:], ", "); got != "Preview, Judge, Do what was judged, Write the outputs" {
		t.Errorf("the steps are %s", got)
	}
}
