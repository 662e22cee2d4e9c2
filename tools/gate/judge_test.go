package gate

import (
	"strings"
	"testing"
)

// newStack is the plan of a stack that nothing has been made of yet.
func newStack(t *testing.T) object {
	t.Helper()
	plan := stackOf(t)
	for _, step := range plan["steps"].([]any) {
		step.(object)["op"] = "create"
		delete(step.(object), "oldState")
	}
	return plan
}

func TestTheCreationOfAWholeStackPasses(t *testing.T) {
	whole := newStack(t)
	// A first run that failed has made the stack, and nothing else.
	begun := newStack(t)
	stack := stepOf(t, begun, "pulumi:pulumi:Stack::mediaserver-sandbox")
	stack["op"], stack["oldState"] = "same", stack["newState"]
	for what, plan := range map[string]object{"a new stack": whole, "one that is begun": begun} {
		if judgement := judged(t, plan); judgement.Refused() || judgement.Creates != "mediaserver/sandbox" || len(judgement.Changes) < 50 {
			t.Errorf("%s: creates %q, and is refused: %s", what, judgement.Creates, refused(judgement))
		}
	}
	for _, operation := range []string{"same", "import", "read", "delete", "create"} {
		plan := newStack(t)
		step := stepOf(t, plan, theBucket)
		step["oldState"] = step["newState"]
		happens(t, plan, theBucket, operation)
		if operation == "create" {
			step["oldState"] = step["newState"]
		}
		if judgement := judged(t, plan); !judgement.Refused() || judgement.Creates != "" || judgement.Fault != "" {
			t.Errorf("beside a bucket for which the operation is %s, the rest of the stack passes", operation)
		}
	}
}

func TestOnlySameUpdateAndTheReplacementOfATaskDefinitionMayBeHarmless(t *testing.T) {
	for _, operation := range []string{
		"create", "delete", "create-replacement", "delete-replaced", "read", "read-replacement", "read-discard", "discard",
		"discard-replaced", "refresh", "import", "import-replacement", "remove-pending-replace", "diff", "transmogrify",
	} {
		plan := stackOf(t, edit{theTasks, "cpu", "512"})
		stepOf(t, plan, theTasks)["op"] = operation
		if judgement := judged(t, plan); !strings.Contains(refused(judgement), "is not one of the harmless operations") {
			t.Errorf("%s: %q %s", operation, refused(judgement), judgement.Fault)
		}
	}
	for _, resource := range []string{theBucket, theLogs, theService, theDashboard, "Parameter::app-config"} {
		plan := edited(t, happens(t, stackOf(t), resource, "replace"), edit{resource, "tags.a", "b"})
		if judgement := judged(t, plan); !strings.Contains(refused(judgement), "only a task definition may be") {
			t.Errorf("%s is replaced: %q %s", resource, refused(judgement), judgement.Fault)
		}
	}
}

func TestWhatThePlanDoesNotShowIsRefused(t *testing.T) {
	for lacks, reason := range map[string]string{
		"": "nothing in the plan tells what", "oldState": "not shown as it is", "newState": "not shown as it is",
	} {
		plan := stackOf(t, edit{theDashboard, "", nil})
		delete(stepOf(t, plan, theDashboard), lacks)
		if judgement := judged(t, plan); !strings.Contains(refused(judgement), reason) {
			t.Errorf("an update without %q: %q, want %q %s", lacks, refused(judgement), reason, judgement.Fault)
		}
	}
}

func TestARenamedResourceIsCalledByBothNames(t *testing.T) {
	was := edit{theDashboard, "was.(state).urn", "urn:pulumi:sandbox::mediaserver::aws:cloudwatch/dashboard:Dashboard::overview"}
	plan := stackOf(t, was)
	stepOf(t, plan, theDashboard)["op"] = "same"
	if judgement := judged(t, plan); judgement.Refused() {
		t.Errorf("it is refused:\n%s", refused(judgement))
	}
	judgement := judged(t, stackOf(t, was, edit{theDashboard, "dashboardName", "other"}))
	if !strings.Contains(refused(judgement), "overview → mediaserver: dashboardName is not free") {
		t.Errorf("the reasons are %q", refused(judgement))
	}
}

func TestADefaultTagOfThePoliciesDoesNotChangeUnseen(t *testing.T) {
	for tags, want := range map[string]string{
		`{"Project": "mediaserver", "Environment": "prod", "ManagedBy": "Pulumi"}`: "tagsAll.Environment is not free: dev → prod",
		`{"Environment": "dev", "ManagedBy": "Pulumi"}`:                            "tagsAll.Project is not free: mediaserver → not set",
		`"[secret]"`: "tagsAll.Environment is not free: dev → not set",
	} {
		plan := stackOf(t, edit{"(plan)", "config.aws:defaultTags", `{"tags": ` + tags + `}`}, edit{theGroup, "", nil})
		if judgement := judged(t, plan); !strings.Contains(refused(judgement), want) {
			t.Errorf("%s: the reasons are %q %s", tags, refused(judgement), judgement.Fault)
		}
	}
}

func TestAServiceDoesNotFollowATaskDefinitionThatIsNotReplaced(t *testing.T) {
	plan := edited(t, happens(t, stackOf(t), theTasks, "update"), edit{theTasks, "cpu", "512"}, edit{theService, "taskDefinition", unknown})
	if judgement := judged(t, plan); !strings.Contains(refused(judgement), "taskDefinition is not free") {
		t.Errorf("the reasons are %q %s", refused(judgement), judgement.Fault)
	}
}

func TestAGateThatStumblesRefuses(t *testing.T) {
	panics := []freeProperty{{kind: anyType, path: "cpu", holds: func(change) bool { panic("::error::stumbled") }}}
	judgement := judge(read(t, stackOf(t, edit{theTasks, "cpu", "512"})), panics, "", nil)
	text, markdown := judgement.Text(), judgement.Markdown()
	if !judgement.Refused() || !strings.Contains(text, ": :error: :stumbled") || !strings.Contains(markdown, "**Refused:** the gate itself failed") {
		t.Errorf("refused is %t, the report is\n%s\n%s", judgement.Refused(), text, markdown)
	}
}
