package gate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Resources of the recorded stack, as the ends of their URNs.
const (
	theTasks      = "TaskDefinition::mediaserver"
	theService    = "Service::mediaserver"
	theDashboard  = "Dashboard::mediaserver"
	theBucket     = "BucketV2::media-storage"
	theVersioning = "BucketVersioningV2::media-storage"
	theAccess     = "BucketPublicAccessBlock::media-storage"
	theGroup      = "SecurityGroup::ecs-tasks"
	theRole       = "Role::ecs-task-role"
	theLogs       = "LogGroup::ecs-logs"
	theErrors     = "MetricAlarm::server-errors"
	theResponses  = "MetricAlarm::slow-responses"
)

// recorded is the text of a plan that the Pulumi CLI made in the sandbox; some were changed by hand afterwards.
func recorded(file string) string {
	packed, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		panic(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// unchanged is the plan of a stack with HTTPS and alarms in which nothing changes, without what the gate does not read.
var unchanged = sync.OnceValue(func() string { return recorded("stack.json.gz") })

// edit changes a property of one resource, so that a test can say in a line what a plan does.
type edit struct {
	// resource is the end of the URN, or (plan) for the plan itself.
	resource string
	// path is the property as the gate writes it. "was." before it leads to the state before the step. Empty for nothing.
	path string
	// value is what it becomes. Nil takes the property away.
	value any
}

// stackOf is the plan of the recorded stack with changes.
func stackOf(t *testing.T, edits ...edit) object {
	t.Helper()
	return edited(t, decoded(t, unchanged()).(object), edits...)
}

// edited changes a plan. A step that did nothing becomes the one that Pulumi would choose.
func edited(t *testing.T, plan object, edits ...edit) object {
	t.Helper()
	for _, each := range edits {
		path := regexp.MustCompile(`\[[^]]*\]|[^.\[]+`).FindAllString(each.path, -1)
		if each.resource == "(plan)" {
			with(t, plan, path, each.value)
			continue
		}
		step := stepOf(t, plan, each.resource)
		if step["op"] == "same" {
			step["op"] = "update"
			if each.resource == theTasks {
				step["op"] = "replace"
			}
		}
		state := "newState"
		if len(path) > 0 && path[0] == "was" {
			state, path = "oldState", path[1:]
		}
		switch {
		case len(path) == 0:
		case path[0] == stateField:
			with(t, step[state], path[1:], each.value)
		default:
			with(t, step[state], append([]string{"inputs"}, path...), each.value)
		}
	}
	return plan
}

// happens makes an operation of a step, which then shows no state that such a step does not have.
func happens(t *testing.T, plan object, resource, operation string) object {
	t.Helper()
	step := stepOf(t, plan, resource)
	step["op"] = operation
	switch operation {
	case "create", "import":
		delete(step, "oldState")
	case "delete":
		delete(step, "newState")
	}
	return plan
}

func stepOf(t *testing.T, plan object, resource string) object {
	t.Helper()
	for _, step := range plan["steps"].([]any) {
		if strings.HasSuffix(at[string](step, "urn"), ":"+resource) {
			return step.(object)
		}
	}
	t.Fatalf("no %s in the plan", resource)
	return nil
}

// with returns a value in which what a path leads to is another, also through JSON in a text. It adds the element of a
// list that has no such name yet, or that is the next.
func with(t *testing.T, value any, path []string, to any) any {
	t.Helper()
	if len(path) == 0 {
		return to
	}
	switch value := value.(type) {
	case string:
		return encoded(t, with(t, decoded(t, value), path, to))
	case []any:
		name := strings.Trim(path[0], "[]")
		i, err := strconv.Atoi(name)
		if err != nil {
			i = slices.IndexFunc(value, func(each any) bool { return at[string](each, "name") == name })
		}
		switch {
		case i < 0:
			i, value = len(value), append(value, object{"name": name})
		case i == len(value):
			value = append(value, object{})
		}
		value[i] = with(t, value[i], path[1:], to)
		return value
	case object:
		value[path[0]] = with(t, value[path[0]], path[1:], to)
		if value[path[0]] == nil {
			delete(value, path[0])
		}
		return value
	}
	return with(t, object{}, path, to)
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// judged is the judgement of a plan at the commit "c".
func judged(t *testing.T, plan object, allowances ...string) Judgement {
	t.Helper()
	return Judge(read(t, plan), "c", allowances)
}

func read(t *testing.T, plan object) Plan {
	t.Helper()
	result, err := Read(strings.NewReader(encoded(t, plan)), "")
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// refused are all reasons of a judgement in one text, a line each. A gate that stumbles has none.
func refused(judgement Judgement) string {
	var all strings.Builder
	for change, reason := range judgement.reasons() {
		all.WriteString(change.Name + ": " + reason.String() + "\n")
	}
	return all.String()
}
