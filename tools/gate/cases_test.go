package gate

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestEveryHostilePlanIsRefusedAndEveryEverydayPlanPasses(t *testing.T) {
	for folder, atLeast := range map[string]int{"hostile": 42, "everyday": 14} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json.gz"))
		if err != nil || len(files) < atLeast {
			t.Fatalf("%d plans (%v)", len(files), err)
		}
		for _, file := range files {
			plan, err := Read(strings.NewReader(recorded(filepath.Join(folder, filepath.Base(file)))), "mediaserver/sandbox")
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			judgement := Judge(plan, "", nil)
			if judgement.Refused() != (folder == "hostile") || judgement.Fault != "" {
				t.Errorf("%s: refused is %t\n%s%s", file, judgement.Refused(), refused(judgement), judgement.Fault)
			}
		}
	}
}

// cases reads a file of changes.
func cases[T any](t *testing.T, file string) T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var read T
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// edits are the changes of one resource. A path may begin with the name of another.
func edits(resource string, sets map[string]any) []edit {
	var all []edit
	for _, path := range slices.Sorted(maps.Keys(sets)) {
		of, rest, isOther := strings.Cut(path, " ")
		if !isOther {
			of, rest = resource, path
		}
		all = append(all, edit{of, rest, sets[path]})
	}
	return append(all, edit{resource, "", nil})
}

func TestEveryAttackIsRefusedForWhatItChanges(t *testing.T) {
	for resource, attacks := range cases[map[string]map[string]map[string]any](t, "attacks.yaml") {
		for what, sets := range attacks {
			paths := slices.Collect(maps.Keys(sets))
			plan := stackOf(t, edits(resource, sets)...)
			if judgement := judged(t, plan); !refusesOne(judgement, resource, paths) {
				t.Errorf("%s: the reasons are\n%s%s", what, refused(judgement), judgement.Fault)
			}
			// What is no input changes also where Pulumi calls the resource the same.
			if slices.ContainsFunc(paths, func(path string) bool { return !strings.Contains(path, stateField) }) {
				continue
			}
			stepOf(t, plan, resource)["op"] = "same"
			if judgement := judged(t, plan); !refusesOne(judgement, resource, paths) {
				t.Errorf("%s where nothing else changes: the reasons are\n%s%s", what, refused(judgement), judgement.Fault)
			}
		}
	}
}

var place = regexp.MustCompile(`\[[^]]*\]`)

// refusesOne tells whether a judgement has a reason about one of these properties, or about what is above or below it.
func refusesOne(judgement Judgement, resource string, paths []string) bool {
	for change, reason := range judgement.reasons() {
		refused := place.ReplaceAllString(reason.difference.String(), "[]")
		if strings.HasSuffix(change.URN, ":"+resource) && refused != "" && slices.ContainsFunc(paths, func(path string) bool {
			path = place.ReplaceAllString(strings.TrimPrefix(path, "was."), "[]")
			return strings.HasPrefix(refused, path) || strings.HasPrefix(path, refused)
		}) {
			return true
		}
	}
	return false
}

func TestEveryRowOfTheFreeListLetsAChangePassThatNothingElseDoes(t *testing.T) {
	needed := map[int]bool{}
	for i, example := range cases[[]map[string]map[string]any](t, "free.yaml") {
		var changes []edit
		for resource, sets := range example {
			changes = append(changes, edits(resource, sets)...)
		}
		plan := read(t, stackOf(t, changes...))
		if judgement := Judge(plan, "", nil); judgement.Refused() || len(judgement.Changes) == 0 {
			t.Errorf("example %d is refused:\n%s%s", i+1, refused(judgement), judgement.Fault)
		}
		for row := range freeList {
			judgement := judge(plan, slices.Delete(slices.Clone(freeList), row, row+1), "", nil)
			needed[row] = needed[row] || judgement.Refused() && judgement.Fault == ""
		}
	}
	for row, each := range freeList {
		if !needed[row] {
			t.Errorf("%s, %s: no example passes because of this row", each.kind, each.path)
		}
	}
	if len(freeList) > 80 {
		t.Errorf("%d rows: nobody holds that many in the head", len(freeList))
	}
}
