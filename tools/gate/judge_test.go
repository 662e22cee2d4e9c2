package gate

import (
	"strings"
	"testing"
)

// newStack is the plan of a stack that nothing has been made of yet.
func newStack(t *testing.T) map[string]any {
	t.Helper()
	plan := stackOf(t)
	for _, each := range plan["steps"].([]any) {
		step := each.(map[string]any)
		step["op"] = "create"
		delete(step, "oldState")
	}
	return plan
}

func TestTheCreationOfAWholeStackPasses(t *testing.T) {
	judgement := Judge(read(t, newStack(t)), "", nil)
	if judgement.Refused() || judgement.Creates != "mediaserver/sandbox" || len(judgement.Changes) < 50 {
		t.Errorf("%q, refused is %t:\n%s", judgement.Creates, judgement.Refused(), reasons(judgement))
	}
	// A first run that failed has made the stack, and nothing else.
	begun := newStack(t)
	stack := stepOf(t, begun, "pulumi:pulumi:Stack::mediaserver-sandbox")
	stack["op"], stack["oldState"] = "same", stack["newState"]
	if judgement := Judge(read(t, begun), "", nil); judgement.Refused() || judgement.Creates == "" {
		t.Errorf("a stack that is there is refused:\n%s", reasons(judgement))
	}
	for what, change := range map[string]func(plan map[string]any){
		"a resource that is there": func(plan map[string]any) {
			step := stepOf(t, plan, theBucket)
			step["op"], step["oldState"] = "same", step["newState"]
		},
		"one that is imported": func(plan map[string]any) { stepOf(t, plan, theBucket)["op"] = "import" },
		"one that is read":     func(plan map[string]any) { stepOf(t, plan, theBucket)["op"] = "read" },
		"one that goes": func(plan map[string]any) {
			step := stepOf(t, plan, theBucket)
			step["op"], step["oldState"] = "delete", step["newState"]
			delete(step, "newState")
		},
		"one that is there after all": func(plan map[string]any) {
			step := stepOf(t, plan, theBucket)
			step["oldState"] = step["newState"]
		},
	} {
		plan := newStack(t)
		change(plan)
		if judgement := Judge(read(t, plan), "", nil); !judgement.Refused() || judgement.Creates != "" || judgement.Fault != "" {
			t.Errorf("%s: the rest of the stack passes", what)
		}
	}
}

func TestOnlySameUpdateAndTheReplacementOfATaskDefinitionMayBeHarmless(t *testing.T) {
	free := []edit{{theTasks, "inputs.cpu", `"512"`}}
	for _, operation := range []string{
		"create", "delete", "create-replacement", "delete-replaced", "read", "read-replacement", "read-discard", "discard", "discard-replaced", "refresh", "import",
		"import-replacement", "remove-pending-replace", "diff", "transmogrify",
	} {
		judgement := Judge(read(t, edited(t, stackOf(t), operation, free...)), "", nil)
		if !judgement.Refused() || judgement.Fault != "" || !strings.Contains(reasons(judgement), "is not one of the harmless operations") {
			t.Errorf("%s: %q %s", operation, reasons(judgement), judgement.Fault)
		}
	}
	for _, resource := range []string{theBucket, theLogs, theService, theDashboard, parameter + "::app-config"} {
		judgement := Judge(read(t, edited(t, stackOf(t), "replace", edit{resource, "inputs.tags", `{"a": "b"}`})), "", nil)
		if !judgement.Refused() || !strings.Contains(reasons(judgement), "only a task definition may be") {
			t.Errorf("%s is replaced: %q", resource, reasons(judgement))
		}
	}
}

func TestWhatThePlanDoesNotShowIsRefused(t *testing.T) {
	for what, each := range map[string]struct {
		change func(step map[string]any)
		reason string
	}{
		"an update of nothing":        {func(map[string]any) {}, "nothing in the plan tells what"},
		"an update without old state": {func(step map[string]any) { delete(step, "oldState") }, "not shown as it is"},
		"an update without new state": {func(step map[string]any) { delete(step, "newState") }, "not shown as it is"},
		"an update of other sources": {func(step map[string]any) {
			step["newState"] = with(t, step["newState"], elements("inputs.dashboardBody{}.widgets[0].properties.title"), `"a-password"`)
			step["newState"] = with(t, step["newState"], elements("propertyDependencies.dashboardBody[0]"), `"urn:pulumi:sandbox::mediaserver::random:index/randomPassword:RandomPassword::jwt-secret"`)
		}, "dashboardBody.widgets[0].properties.title is not free: not shown"},
	} {
		plan := edited(t, stackOf(t), "", edit{theDashboard, "", ""})
		each.change(stepOf(t, plan, theDashboard))
		judgement := Judge(read(t, plan), "", nil)
		if !judgement.Refused() || judgement.Fault != "" || !strings.Contains(reasons(judgement), each.reason) {
			t.Errorf("%s: %q, want %q %s", what, reasons(judgement), each.reason, judgement.Fault)
		}
	}
}

func TestARenamedResourceIsCalledByBothNames(t *testing.T) {
	plan := edited(t, stackOf(t), "same", edit{theDashboard, "was.urn", `"urn:pulumi:sandbox::mediaserver::` + dashboard + `::overview"`})
	if judgement := Judge(read(t, plan), "", nil); judgement.Refused() {
		t.Errorf("it is refused:\n%s", reasons(judgement))
	}
	edited(t, plan, "", edit{theDashboard, "inputs.dashboardName", `"other"`})
	if judgement := Judge(read(t, plan), "", nil); !strings.Contains(reasons(judgement), "overview → mediaserver: dashboardName is not free") {
		t.Errorf("the reasons are %q", reasons(judgement))
	}
}

func TestADefaultTagOfThePoliciesDoesNotChangeUnseen(t *testing.T) {
	for tags, refused := range map[string]string{
		`{"Project": "mediaserver", "Environment": "prod", "ManagedBy": "Pulumi"}`: "tagsAll.Environment is not free: dev → prod",
		`{"Environment": "dev", "ManagedBy": "Pulumi"}`:                            "tagsAll.Project is not free: mediaserver → not set",
		`"[secret]"`: "tagsAll.Environment is not free: dev → not set",
	} {
		plan := edited(t, stackOf(t), "", edit{theGroup, "", ""})
		plan["config"].(map[string]any)["aws:defaultTags"] = `{"tags": ` + tags + `}`
		if judgement := Judge(read(t, plan), "", nil); !strings.Contains(reasons(judgement), refused) || judgement.Fault != "" {
			t.Errorf("%s: the reasons are %q %s", tags, reasons(judgement), judgement.Fault)
		}
	}
}

func TestServicesRunOnlyTheStacksOwnTaskDefinition(t *testing.T) {
	const another = `"urn:pulumi:sandbox::mediaserver::aws:ecs/taskDefinition:TaskDefinition::another"`
	unknownTasks := edit{theService, "inputs.taskDefinition", `"` + unknown + `"`}
	for what, edits := range map[string][]edit{
		"of one that stays":             {unknownTasks},
		"from another resource":         {{theTasks, "inputs.cpu", `"512"`}, unknownTasks, {theService, "propertyDependencies.taskDefinition[0]", another}},
		"from another resource as well": {{theTasks, "inputs.cpu", `"512"`}, unknownTasks, {theService, "propertyDependencies.taskDefinition[1]", another}},
		"from nowhere":                  {{theTasks, "inputs.cpu", `"512"`}, unknownTasks, {theService, "propertyDependencies.taskDefinition", "[]"}},
		"from another kind of resource": {{theTasks, "inputs.cpu", `"512"`}, unknownTasks, {theService, "propertyDependencies.taskDefinition[0]", `"urn:pulumi:sandbox::mediaserver::` + theBucket + `"`}},
	} {
		judgement := Judge(read(t, edited(t, stackOf(t), "", edits...)), "", nil)
		if !strings.Contains(reasons(judgement), "taskDefinition is not free") || judgement.Fault != "" {
			t.Errorf("%s: the reasons are %q %s", what, reasons(judgement), judgement.Fault)
		}
	}
}

func TestAServiceDoesNotFollowATaskDefinitionThatIsNotReplaced(t *testing.T) {
	plan := edited(t, stackOf(t), "update", edit{theTasks, "inputs.cpu", `"512"`})
	edited(t, plan, "", edit{theService, "inputs.taskDefinition", `"` + unknown + `"`})
	if judgement := Judge(read(t, plan), "", nil); !strings.Contains(reasons(judgement), "taskDefinition is not free") || judgement.Fault != "" {
		t.Errorf("the reasons are %q %s", reasons(judgement), judgement.Fault)
	}
}

func TestAGateThatStumblesRefuses(t *testing.T) {
	panics := []freeProperty{{kind: anyType, path: "cpu", holds: func(change) bool { panic("::error::stumbled") }}}
	judgement := judge(read(t, edited(t, stackOf(t), "", edit{theTasks, "inputs.cpu", `"512"`})), panics, "", nil)
	var text, markdown strings.Builder
	if err := judgement.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := judgement.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if !judgement.Refused() || !strings.Contains(text.String(), ": :error: :stumbled") || !strings.Contains(markdown.String(), "**Refused:** the gate itself failed") {
		t.Errorf("refused is %t, the report is\n%s\n%s", judgement.Refused(), text.String(), markdown.String())
	}
}
