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
	judge(t, harmless).expect(0, "Passed: nothing changes but free properties (1 to update).")
	judge(t, harmless, "--stack", "mediaserver/dev").expect(0)
	judge(t, harmless, "--stack", "").expect(2, `--stack "": it needs a project and the name of a stack`)
	judge(t, harmless, "--stack", "mediaserver/prod").expect(4, "it is of the stack mediaserver/dev, and should be of mediaserver/prod")
	judge(t, "", "/nowhere/plan.json").expect(4, "cannot read the plan: open /nowhere/plan.json: ")
	judge(t, `{"diagnostics": [{"severity": "error", "message": "no VPC\n::error::x"}]}`).
		expect(5, "no VPC : :error: :x\n", "the preview reports errors")
	unread := judge(t, `{"::error::\n": 1}`)
	unread.expect(4, `the plan has a field ": :error: :\n"`)
	if !strings.Contains(unread.markdown, "**Refused: it cannot be read.**") {
		t.Errorf("Markdown %q", unread.markdown)
	}

	refused := judge(t, hostile, "--commit", "c0ffee")
	refused.expect(1, "ingress[0].self is not free: not set → true", "plan-gate: refused; if this is meant, let it pass with\n  --allow ecs-tasks@")
	allowance := allowances(refused.stderr)[0]
	if !strings.Contains(refused.markdown, "| `allow:"+allowance+"` |") {
		t.Errorf("Markdown:\n%s", refused.markdown)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, "", file, "--commit=c0ffee", "--allow", allowance).
		expect(0, "(allowed)", "Passed: what is not known to be harmless is allowed for this commit")
	judge(t, hostile, "--commit=decaf", "--allow", allowance).expect(1, "refused")
	// People paste an allowance as the option or the label that the gate prints.
	for _, pasted := range []string{"other," + allowance, "--allow " + allowance, "allow:" + allowance} {
		t.Setenv("PLAN_GATE_ALLOW", pasted)
		judge(t, hostile, "--commit", "c0ffee").expect(0, "(allowed)")
	}
}

func TestWrongUsageIsRefused(t *testing.T) {
	plan := recorded(t, "everyday/edit-capacity")
	judge(t, plan, "--allow").expect(2, "flag needs an argument: --allow; see --help")
	judge(t, plan, "--force").expect(2, "unknown flag: --force; see --help")
	judge(t, plan, "--markdown", "/nowhere/plan.md").expect(2, "cannot write the report: open /nowhere/plan.md")
	judge(t, plan, "one.json", "two.json").expect(2, `name one plan only, not "one.json" and "two.json"`)
	judge(t, "", "--help").expect(0, "--stack ", "--allow ", "--commit ", "--markdown ", "--rules ", "--help ", "PLAN_GATE_ALLOW", "Exit codes:")
}

func TestTheDocumentShowsTheFreeList(t *testing.T) {
	list := judge(t, "", "--rules").stdout
	if strings.Count(list, "\n") < 20 || !strings.Contains(textOf(t, "docs", "pull-requests.md"), "\n\n"+list+"\n") {
		t.Errorf("docs/pull-requests.md shows another list than scripts/plan-gate --rules prints; copy it there:\n%s", list)
	}
}

func TestTheDocumentNamesAllThatTheGateIsMadeOf(t *testing.T) {
	_, paths, _ := strings.Cut(textOf(t, "docs", "pull-requests.md"), "Let the owners of the code review ")
	paths, _, _ = strings.Cut(paths, " (a `CODEOWNERS` file")
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	const folder = "{{with .Module}}{{if not .Version}}{{$.Dir}}/{{end}}{{end}}"
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", folder, "./cmd/plan-gate")
	command.Dir = filepath.Join(root, "tools")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	folders := strings.Fields(string(output))
	if len(folders) < 3 {
		t.Fatalf("the gate is made of %q", folders)
	}
	for _, needed := range append(folders, "Pulumi*.yaml", "go.mod", "go.sum", "tools/", ".github/", "scripts/", "policies/") {
		inside := strings.TrimPrefix(needed, root+"/")
		if !slices.ContainsFunc(strings.Split(paths, "`"), func(path string) bool { return path != "" && strings.HasPrefix(inside, path) }) {
			t.Errorf("%q lacks %s", paths, inside)
		}
	}
}
