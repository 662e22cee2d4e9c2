package plangate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
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
	// The copy of the program has no scripts of its own.
	r.write(filepath.Join(program.Root, "scripts", "plan-gate"), "#!/bin/sh\nexec '"+gate(t)+"' \"$@\"\n")
	r.environment = append(append(deployed.Env(), r.environment...),
		"PATH="+filepath.Dir(deployed.CLI)+string(os.PathListSeparator)+os.Getenv("PATH"), "STACK="+deployed.Name)
	return r
}

// retention changes how long the program keeps logs by default.
func retention(days string) sandboxtest.Edit {
	return sandboxtest.Edit{File: "Pulumi.yaml", Old: "default: 30\n", New: "default: " + days + "\n"}
}

// The order matters: each part finds the stack as the one before it has left it.
func TestUpDoesWhatWasJudgedAndNothingElseInTheSandbox(t *testing.T) {
	t.Parallel()
	up := stepsOf(t, "up.yml", "up")
	judging, doing := up["Judge"], up["Do what was judged"]
	deployed := sandboxtest.New(t, repository)
	// previewed is a runner that has previewed the program with changes.
	previewed := func(edits ...sandboxtest.Edit) runner {
		t.Helper()
		r := upRunner(t, deployed, deployed.Changed(edits...))
		r.run(up["Preview"])
		return r
	}
	wantRetention := func(days string) {
		t.Helper()
		if state := deployed.Must("stack", "export").Stdout; !strings.Contains(state, `"retentionInDays": `+days) {
			t.Errorf("logs are not kept for %s days", days)
		}
	}

	// A new stack comes up, and its outputs end in a file.
	r := previewed()
	r.run(judging)
	r.run(doing)
	r.run(up["Write the outputs"])
	var outputs map[string]any
	err := json.Unmarshal([]byte(r.read("outputs.json")), &outputs)
	if err != nil || outputs["ecsServiceName"] != "mediaserver-service" || len(outputs) != 18 {
		t.Errorf("outputs %v (%v)", outputs, err)
	}
	created := fmt.Sprintf("### Plan: `%d to create`\n\n**Passed: creates the whole stack mediaserver/%s.**", len(inventory.Default())+1, deployed.Name)
	if summary := r.read("summary"); !strings.Contains(summary, created) {
		t.Errorf("summary %q", summary)
	}

	// A program that wants something else than was judged, or more, is stopped.
	r = previewed(retention("60"))
	r.run(judging)
	before := deployed.Managed()
	alarms := sandboxtest.Edit{File: "Pulumi.yaml", Old: "Existing Amazon SNS topic to notify; empty for none\n    default: \"\"",
		New: "Existing Amazon SNS topic to notify; empty for none\n    default: arn:aws:sns:" + sandbox.Region + ":" + sandbox.Account + ":pages"}
	for because, program := range map[string]*sandbox.Stack{
		"violates plan: properties changed: ~~retentionInDays[{60}!={90}]": deployed.Changed(retention("90")),
		"create is not allowed by the plan":                                deployed.Changed(retention("60"), alarms),
	} {
		upRunner(t, deployed, program).fail(doing, because, "RUNNER_TEMP="+r.folder)
	}
	if !reflect.DeepEqual(deployed.Managed(), before) {
		t.Error("the stack has changed")
	}
	r.run(doing)
	wantRetention("60")

	// A stack that somebody else changes after it was judged is left alone.
	r = previewed(retention("90"))
	r.run(judging)
	deployed.On(deployed.Changed(retention("120"))).Up()
	r.fail(doing, "the stack has changed since it was judged")
	wantRetention("120")

	// A dangerous change is refused, and passes with its allowances: logs, and a role that may write them.
	r = previewed(retention("14"))
	offered := allowances(r.fail(judging, "retentionInDays is not free: 120 → 14"))
	if len(offered) != 2 {
		t.Errorf("allowances %q", offered)
	}
	r.run(judging, "PLAN_GATE_ALLOW="+strings.Join(offered, " "))
	r.run(doing)
	wantRetention("14")

	// A preview that fails ends the run: this default is no valid setting.
	previewed(sandboxtest.Edit{File: "Pulumi.yaml", Old: "default: 256\n", New: "default: 1\n"}).fail(judging, "the preview reports errors")
}
