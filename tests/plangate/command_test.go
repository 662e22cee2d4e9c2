package plangate

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheCommandJudgesAFileOrWhatItIsFed(t *testing.T) {
	harmless, hostile := recorded(t, "everyday/edit-capacity"), recorded(t, "hostile/sg-self")
	judge(t, harmless).expect(t, 0, "Passed: nothing changes but free properties (1 to update).")
	refused := judge(t, hostile, "--commit", "c0ffee")
	refused.expect(t, 1, "ingress[0].self is not free: not set → true", "plan-gate: refused; if this is meant, let it pass with\n  --allow ecs-tasks@")
	if !strings.Contains(refused.markdown, "| `allow:"+refused.allowances()[0]+"` |") {
		t.Errorf("Markdown:\n%s", refused.markdown)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, "", file, "--commit=c0ffee").expect(t, 1, "ecs-tasks")
	judge(t, "", append([]string{file, "--commit=c0ffee"}, refused.allowing()...)...).expect(t, 0, "(allowed)", "Passed: what is not known to be harmless is allowed for this commit")
	judgeWith(t, hostile, []string{"PLAN_GATE_ALLOW=other,\n  " + refused.allowances()[0]}, "--commit", "c0ffee").
		expect(t, 0, "(allowed)", "fits nothing in this plan at this commit: --allow other\n")
	// Where an allowance is pasted as the option or the label that the gate prints.
	for _, spelling := range []string{"--allow ", "allow:"} {
		pasted := judgeWith(t, hostile, []string{"PLAN_GATE_ALLOW=" + spelling + refused.allowances()[0]}, "--commit", "c0ffee")
		pasted.expect(t, 0, "(allowed)")
		if strings.Contains(pasted.stderr, "fits nothing") {
			t.Errorf("with %q the gate says\n%s", spelling, pasted.stderr)
		}
	}
	judge(t, hostile, append(refused.allowing(), "--commit", "decaf")...).expect(t, 1, "refused")
	judge(t, harmless, "--stack", "mediaserver/dev").expect(t, 0)
	judge(t, harmless, "--stack", "mediaserver/prod").expect(t, 4, "it is of the stack mediaserver/dev, and should be of mediaserver/prod")
	judge(t, harmless, "/nowhere/plan.json").expect(t, 4, "cannot read the plan '/nowhere/plan.json': ")
	judge(t, `{"diagnostics": [{"severity": "error", "message": "no VPC\n::error::x"}]}`).expect(t, 5, "no VPC : :error: :x\n", "the preview reports errors")
	unread := judge(t, `{"::error::\n": 1}`)
	unread.expect(t, 4, `the plan has a field ": :error: :\n"`)
	if !strings.Contains(unread.markdown, "**Refused: it cannot be read.**") {
		t.Errorf("Markdown %q", unread.markdown)
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	for _, each := range []struct {
		arguments []string
		phrase    string
	}{
		{[]string{"--allow"}, "flag needs an argument: --allow; see --help"},
		{[]string{"--allow="}, "it needs an allowance"},
		{[]string{"--stack", "dev"}, "such as mediaserver/dev"},
		{[]string{"--markdown="}, "it needs the name of a file"},
		{[]string{"--markdown", "/nowhere/plan.md"}, "cannot write the report: open /nowhere/plan.md"},
		{[]string{"--force"}, "unknown flag: --force; see --help"},
		{[]string{"one.json", "two.json"}, `name one plan only, not "one.json" and "two.json"`},
	} {
		command := exec.CommandContext(t.Context(), gate(t), each.arguments...)
		command.Stdin = strings.NewReader(recorded(t, "everyday/edit-capacity"))
		output, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(output), each.phrase) {
			t.Errorf("%q ends in %d: %s", each.arguments, code, output)
		}
	}
	output, err := exec.CommandContext(t.Context(), gate(t), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"--stack ", "--allow ", "--commit ", "--markdown ", "--rules ", "--help ", "PLAN_GATE_ALLOW", "Exit codes:"} {
		if !strings.Contains(string(output), option) {
			t.Errorf("the help lacks %q", option)
		}
	}
}

func TestWithoutGoTheGateSaysSo(t *testing.T) {
	directory := t.TempDir()
	for _, name := range []string{"sh", "dirname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), gate(t))
	command.Env = []string{"PATH=" + directory}
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(output), "the Go tool is not on PATH") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// document is docs/pull-requests.md.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs", "pull-requests.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheDocumentShowsTheFreeList(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), gate(t), "--rules").Output()
	if err != nil || strings.Count(string(list), "\n") < 20 {
		t.Fatalf("%s: %v", list, err)
	}
	if !strings.Contains(document(t), "\n\n"+string(list)+"\n") {
		t.Error("docs/pull-requests.md shows another list than scripts/plan-gate --rules prints; copy it there")
	}
}

func TestTheDocumentNamesAllThatTheGateIsMadeOf(t *testing.T) {
	_, paths, has := strings.Cut(document(t), "Let the owners of the code review ")
	paths, _, ends := strings.Cut(paths, " (a `CODEOWNERS` file")
	if !has || !ends {
		t.Fatal("the document names no paths to review")
	}
	var reviewed []string
	for i, part := range strings.Split(paths, "`") {
		if i%2 == 1 {
			reviewed = append(reviewed, part)
		}
	}
	for _, path := range []string{"Pulumi*.yaml", "go.mod", "go.sum", "tools/", ".github/", "scripts/", "policies/"} {
		if !slices.Contains(reviewed, path) {
			t.Errorf("%q lacks %s", reviewed, path)
		}
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Version}}{{$.Dir}}{{end}}{{end}}", "./cmd/plan-gate")
	command.Dir = filepath.Join(root, "tools")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	folders := strings.Fields(string(output))
	if len(folders) < 3 {
		t.Fatalf("the gate is made of %q", folders)
	}
	for _, folder := range append(folders, filepath.Dir(gate(t))) {
		inside, err := filepath.Rel(root, folder)
		if err != nil || !slices.ContainsFunc(reviewed, func(path string) bool { return strings.HasPrefix(inside+"/", path) }) {
			t.Errorf("%q lacks %s (%v)", reviewed, inside, err)
		}
	}
}
