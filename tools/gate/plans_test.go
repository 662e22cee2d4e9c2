package gate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// recorded is a plan that the Pulumi CLI made in the sandbox; some were changed by hand afterwards.
func recorded(t *testing.T, file string) []byte {
	t.Helper()
	opened, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	unpacked, err := gzip.NewReader(opened)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func recordedPlans(t *testing.T, folder string, atLeast int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json.gz"))
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d plans (%v)", len(files), err)
	}
	return files
}

func TestEveryHostilePlanIsRefused(t *testing.T) {
	for _, file := range recordedPlans(t, "hostile", 42) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			plan, err := Read(bytes.NewReader(recorded(t, file)), "")
			if err != nil {
				t.Fatal(err)
			}
			if judgement := Judge(plan, "", nil); !judgement.Refused() || judgement.Fault != "" {
				t.Errorf("the judgement is %+v", judgement)
			}
		})
	}
}

func TestEveryEverydayPlanPasses(t *testing.T) {
	for _, file := range recordedPlans(t, "everyday", 14) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			plan, err := Read(bytes.NewReader(recorded(t, file)), "mediaserver/sandbox")
			if err != nil {
				t.Fatal(err)
			}
			if judgement := Judge(plan, "", nil); judgement.Refused() {
				t.Errorf("refused: %+v", judgement)
			}
		})
	}
}

// edit is a change of one resource, so that a test can say in a line what a plan does.
type edit struct {
	// resource is the end of the URN: TYPE::NAME. Empty for the plan itself.
	resource string
	// path leads to what changes in the new state, as in "inputs.containerDefinitions{}[0].image": {} stands for a text
	// that holds JSON. "was." before it leads to the old state. Empty for nothing.
	path string
	// value is in JSON. Empty takes the property away.
	value string
}

// stackOf is the plan of a stack with HTTPS and alarms in which nothing changes.
func stackOf(t *testing.T) map[string]any {
	t.Helper()
	return decoded(t, unchanged()).(map[string]any)
}

// unchanged is a recorded plan in which every resource stays as it is, without what only takes time to read.
var unchanged = sync.OnceValue(func() []byte {
	packed, err := os.Open(filepath.Join("testdata", "everyday", "alarm-description-tags.json.gz"))
	if err != nil {
		panic(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		panic(err)
	}
	var plan map[string]any
	if err := json.NewDecoder(unpacked).Decode(&plan); err != nil {
		panic(err)
	}
	for _, each := range plan["steps"].([]any) {
		step := each.(map[string]any)
		before := step["oldState"].(map[string]any)
		delete(before, "stackTrace")
		after := maps.Clone(before)
		delete(after, "id")
		delete(after, "outputs")
		step["op"], step["newState"] = "same", after
	}
	plan["changeSummary"] = map[string]any{}
	text, err := json.Marshal(plan)
	if err != nil {
		panic(err)
	}
	return text
})

// edited makes edits in a plan. The operation becomes the one given, or the one that Pulumi would choose if it is empty.
func edited(t *testing.T, plan map[string]any, operation string, edits ...edit) map[string]any {
	t.Helper()
	for _, each := range edits {
		if each.resource == "" {
			with(t, plan, elements(each.path), each.value)
			continue
		}
		step := stepOf(t, plan, each.resource)
		step["op"] = "update"
		if strings.HasPrefix(each.resource, taskDefinition) {
			step["op"] = "replace"
		}
		if operation != "" {
			step["op"] = operation
		}
		state := "newState"
		path, was := strings.CutPrefix(each.path, "was.")
		if was {
			state = "oldState"
		}
		if path != "" {
			step[state] = with(t, step[state], elements(path), each.value)
		}
	}
	return plan
}

func stepOf(t *testing.T, plan map[string]any, resource string) map[string]any {
	t.Helper()
	steps := plan["steps"].([]any)
	i := slices.IndexFunc(steps, func(each any) bool {
		return strings.HasSuffix(each.(map[string]any)["urn"].(string), "::"+resource)
	})
	if i < 0 {
		t.Fatalf("no %s in the plan", resource)
	}
	return steps[i].(map[string]any)
}

var element = regexp.MustCompile(`\{\}|\[\d+\]|[^.\[{]+`)

func elements(path string) []string { return element.FindAllString(path, -1) }

// with returns a value in which what a path leads to is another.
func with(t *testing.T, value any, path []string, replacement string) any {
	t.Helper()
	if len(path) == 0 {
		return decoded(t, []byte(replacement))
	}
	if path[0] == "{}" {
		return string(encoded(t, with(t, decoded(t, []byte(value.(string))), path[1:], replacement)))
	}
	if list, isList := value.([]any); isList {
		i, err := strconv.Atoi(strings.Trim(path[0], "[]"))
		if err != nil {
			t.Fatal(err)
		}
		// One behind the last is a further one.
		if i == len(list) {
			list = append(list, map[string]any{})
		}
		list[i] = with(t, list[i], path[1:], replacement)
		return list
	}
	object, _ := value.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	if len(path) == 1 && replacement == "" {
		delete(object, path[0])
	} else {
		object[path[0]] = with(t, object[path[0]], path[1:], replacement)
	}
	return object
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	value, err := strictJSON(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t *testing.T, plan map[string]any) Plan {
	t.Helper()
	result, err := Read(bytes.NewReader(encoded(t, plan)), "")
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// reasons are all reasons of a judgement, in one text.
func reasons(judgement Judgement) string {
	var all []string
	for _, change := range judgement.Changes {
		for _, reason := range change.Reasons {
			all = append(all, change.Name+": "+reason.String())
		}
	}
	return strings.Join(all, "\n")
}
