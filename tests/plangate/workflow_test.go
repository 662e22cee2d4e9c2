package plangate

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/install"
)

// workflow is what the tests read of a workflow of GitHub Actions.
type workflow struct {
	On          map[string]any
	Env         map[string]string
	Permissions map[string]string
	Jobs        map[string]job
}

type job struct {
	If          string
	Needs       string
	Environment string
	Env         map[string]string
	Permissions map[string]string
	Steps       []step
}

type step struct {
	Name, Uses, Run, If string
	Env, With           map[string]string
}

func readWorkflow(t *testing.T, name string) workflow {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, ".github", "workflows", name))
	if err != nil {
		t.Fatal(err)
	}
	var read workflow
	if err := yaml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// step returns a step by its name.
func (j job) step(t *testing.T, name string) step {
	t.Helper()
	for _, each := range j.Steps {
		if each.Name == name {
			return each
		}
	}
	t.Fatalf("there is no step %q", name)
	return step{}
}

// runner runs steps of a workflow as GitHub does.
type runner struct {
	t *testing.T
	// folder is the folder for temporary files.
	folder string
	// program is the folder that is checked out.
	program string
	// environment is that of each step, beside its own variables.
	environment []string
}

// newRunner makes a runner with a stand-in for the GitHub CLI, and files in its folder.
func newRunner(t *testing.T, files map[string]string) runner {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(jq(t), filepath.Join(folder, "jq")); err != nil {
		t.Fatal(err)
	}
	standIns, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return runner{t: t, folder: folder, program: repository, environment: append(os.Environ(),
		"PATH="+strings.Join([]string{standIns, folder, os.Getenv("PATH")}, string(os.PathListSeparator)),
		"STAGE="+folder, "RUNNER_TEMP="+folder,
		"GITHUB_OUTPUT="+filepath.Join(folder, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(folder, "summary"),
		"GITHUB_REPOSITORY=owner/repository", "GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_ID=1",
		"NUMBER=7", "STACK=dev", "COMMIT=abc")}
}

// jq is the path of a jq for the steps, which GitHub's runners have: one that is written in Go, because there may be none on
// this machine. It is installed apart from this module, whose other requirements would make it start ten times slower.
func jq(t *testing.T) string {
	t.Helper()
	const version = "v0.12.18"
	bin, err := install.Bin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(bin, "gojq-"+version)
	err = install.Once(folder, func() error {
		command := exec.CommandContext(t.Context(), "go", "install", "github.com/itchyny/gojq/cmd/gojq@"+version)
		command.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-trimpath")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("install gojq %s: %w\n%s", version, err, output)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "gojq")
}

// try runs a step with the shell and the options that GitHub uses for `shell: bash`.
func (r runner) try(each step, environment ...string) (string, error) {
	r.t.Helper()
	if each.Run == "" {
		r.t.Fatalf("step %q runs nothing", each.Name)
	}
	command := exec.CommandContext(r.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", each.Run)
	command.Dir = r.program
	command.Env = append(slices.Clone(r.environment), environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

// run runs a step that must succeed.
func (r runner) run(each step, environment ...string) string {
	r.t.Helper()
	output, err := r.try(each, environment...)
	if err != nil {
		r.t.Fatalf("step %q: %v\n%s", each.Name, err, output)
	}
	return output
}

func (r runner) read(name string) string {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

func TestTheGateOfAPullRequestGivesAVerdictForEveryEvent(t *testing.T) {
	gate := readWorkflow(t, "preview.yml").Jobs["gate"]
	judging, verdict := gate.step(t, "Judge"), gate.step(t, "Verdict")
	dangerous, harmless := recorded(t, "hostile/service-grace-period"), recorded(t, "everyday/edit-capacity")
	anotherStack := strings.ReplaceAll(harmless, "urn:pulumi:dev::", "urn:pulumi:prod::")
	allowance := judge(t, dangerous, "--commit", "abc").allowances()[0]
	otherCommit := judge(t, dangerous, "--commit", "earlier").allowances()[0]
	for _, each := range []struct{ what, preview, plan, exit, labels, code, summary string }{
		{"a harmless plan", "success", harmless, "0", `[]`, "0", "Passed: nothing changes"},
		{"a dangerous plan", "success", dangerous, "0", `[]`, "1", "Refused"},
		{"another label", "success", dangerous, "0", `[{"name": "bug"}]`, "1", "Refused"},
		{"its own label", "success", dangerous, "0", `[{"name": "bug"}, {"name": "allow:` + allowance + `"}]`, "0", "allowed for this commit"},
		{"its own label on a second page", "success", dangerous, "0", `[{"name": "bug"}][{"name": "allow:` + allowance + `"}]`, "0", "allowed for this commit"},
		{"a label that came just before or after a push", "success", dangerous, "0", `[{"name": "allow:` + otherCommit + `"}]`, "1", "Refused"},
		{"the resource's name alone", "success", dangerous, "0", `[{"name": "allow:mediaserver"}]`, "1", "Refused"},
		{"a label that is shell code", "success", dangerous, "0", `[{"name": "allow:$(exit 0)\"; exit 0; \""}]`, "1", "Refused"},
		{"a preview that failed without a word", "success", harmless, "255", `[]`, "1", "Passed: nothing changes"},
		{"a preview that told no exit code", "success", harmless, "", `[]`, "1", "Passed: nothing changes"},
		{"a preview whose exit code is a command", "success", harmless, "1\n::warning::all is well", `[]`, "1", "Passed: nothing changes"},
		{"a preview that printed nothing", "success", "", "255", `[]`, "4", "it cannot be read"},
		{"a plan of another stack", "success", anotherStack, "0", `[]`, "4", "it cannot be read"},
		{"a fork", "skipped", "", "", `[]`, "1", "No preview possible here"},
		{"a preview job that failed", "failure", "", "", `[]`, "1", "The preview did not run to its end"},
		{"a preview job that was ended", "cancelled", "", "", `[]`, "1", "The preview did not run to its end"},
	} {
		t.Run(each.what, func(t *testing.T) {
			r := newRunner(t, map[string]string{"preview/plan.json": each.plan, "labels.json": each.labels})
			if output := r.run(judging, "PREVIEW="+each.preview, "PREVIEW_CODE="+each.exit); strings.Contains(output, "\n::warning") {
				t.Errorf("the other job makes this one say %q", output)
			}
			if got := r.read("output"); got != "code="+each.code {
				t.Errorf("the step's output is %q, want code=%s", got, each.code)
			}
			if summary := r.read("summary"); !strings.HasPrefix(summary, "### Plan") || !strings.Contains(summary, each.summary) {
				t.Errorf("the run's summary is %q", summary)
			}
			if _, err := r.try(verdict, "CODE="+each.code); (err == nil) != (each.code == "0") {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
	if _, err := newRunner(t, nil).try(verdict, "CODE="); err == nil {
		t.Error("a gate that did not judge is a success")
	}
}

// That the gate refuses every hostile plan is tested in tools/gate.
func TestHostilePlansAreRefusedInTheStepsOfBothWorkflows(t *testing.T) {
	steps := map[string]step{
		"preview": readWorkflow(t, "preview.yml").Jobs["gate"].step(t, "Judge"),
		"up":      readWorkflow(t, "up.yml").Jobs["up"].step(t, "Judge"),
	}
	plans := map[string]string{"no::\n::error title=x::name": hostileNames(t), "a secret in plain": recorded(t, "hostile/real-jwt-on-dashboard")}
	for workflow, judging := range steps {
		for name, plan := range plans {
			t.Run(workflow+" "+name, func(t *testing.T) {
				t.Parallel()
				r := newRunner(t, map[string]string{"preview/plan.json": plan, "plan.json": plan, "preview-code": "0", "labels.json": "[]"})
				output, err := r.try(judging, "PREVIEW=success", "PREVIEW_CODE=0", "GITHUB_SHA=abc")
				if refused := err != nil || r.read("output") == "code=1"; !refused || !strings.Contains(r.read("summary"), "Refused") {
					t.Errorf("%v, %q, the summary is\n%s", err, r.read("output"), r.read("summary"))
				}
				if strings.Contains(output, "::") || strings.Contains(r.read("summary"), "::") || strings.Contains(output, "\x1b") {
					t.Errorf("a text of the plan is a command:\n%s", output)
				}
			})
		}
	}
}

// hostileNames is a plan in which operations, names, types and values are commands, control characters and HTML.
func hostileNames(t *testing.T) string {
	t.Helper()
	const evil = `\n::error title=x::y\u001b[2J<!--`
	return strings.NewReplacer(
		`"op": "update"`, `"op": "`+evil+`"`, "::ecs-target", "::ecs-target"+evil, `"update": 1`, `"refresh": 0`, `"maxCapacity": 20`, `"maxCapacity": "`+evil+`"`,
	).Replace(recorded(t, "everyday/edit-capacity"))
}

func TestThePreviewKeepsThePlanAndTheExitCode(t *testing.T) {
	for _, code := range []string{"0", "255"} {
		r := newRunner(t, map[string]string{"pulumi": "#!/bin/sh\necho \"$*\"\nexit " + code + "\n"})
		if err := os.Chmod(filepath.Join(r.folder, "pulumi"), 0o700); err != nil {
			t.Fatal(err)
		}
		r.run(readWorkflow(t, "preview.yml").Jobs["preview"].step(t, "Preview"))
		if got := r.read("output"); got != "code="+code {
			t.Errorf("the step's output is %q, want code=%s", got, code)
		}
		if got := r.read("plan.json"); got != "preview --stack dev --json --show-sames --non-interactive" {
			t.Errorf("the plan is %q", got)
		}
	}
}

func TestTheLabelsAreThoseOfNow(t *testing.T) {
	r := newRunner(t, map[string]string{"comments.json": `[{"name": "bug"}]`})
	r.run(readWorkflow(t, "preview.yml").Jobs["gate"].step(t, "Read the labels"))
	if calls := r.read("calls"); calls != "gh api --paginate repos/owner/repository/issues/7/labels" {
		t.Errorf("called %q", calls)
	}
	if labels := r.read("labels.json"); labels != `[{"name": "bug"}]` {
		t.Errorf("labels %q", labels)
	}
}

func TestTheWorkflowTakesLabelsOfAnEarlierCommitAway(t *testing.T) {
	taking := readWorkflow(t, "preview.yml").Jobs["gate"].step(t, "Take labels of an earlier commit away")
	r := newRunner(t, nil)
	const label = `"allow:media-storage@27sfqsonqbxey"`
	// The other labels are not the gate's, and deleting one deletes it from the whole repository.
	r.run(taking, `LABELS=["bug", `+label+`, "allow:force-push", "allow:a@1", "allow:alb@27sfqsonqbxey-2", "x-allow:alb@27sfqsonqbxey"]`)
	want := "gh api --method DELETE --silent repos/owner/repository/labels/allow%3Amedia-storage%4027sfqsonqbxey"
	if got := r.read("calls"); got != want {
		t.Errorf("called\n%s\nwant\n%s", got, want)
	}

	gone := newRunner(t, nil)
	gone.run(taking, `LABELS=[`+label+`, "allow:alb@uxhw3kd6mlnzq"]`, "GH_FAILURE=gh: Label does not exist (HTTP 404)")
	if calls := strings.Count(gone.read("calls"), "DELETE"); calls != 2 {
		t.Errorf("%d labels were taken away, want 2", calls)
	}
	if _, err := newRunner(t, nil).try(taking, `LABELS=[`+label+`]`, "GH_FAILURE=gh: Bad credentials (HTTP 401)"); err == nil {
		t.Error("a label that could not be taken away is a success")
	}
	if _, err := newRunner(t, nil).try(taking, `LABELS=[`); err == nil {
		t.Error("labels that cannot be read are a success")
	}
}

func TestTheWorkflowKeepsOneComment(t *testing.T) {
	commenting := readWorkflow(t, "preview.yml").Jobs["gate"].step(t, "Comment")
	const own = `{"id": 5, "user": {"login": "github-actions[bot]"}, "body": "<!-- preview of stack dev -->\nold"}`
	const others = `{"id": 1, "user": {"login": "somebody"}, "body": "<!-- preview of stack dev -->"},` +
		`{"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- preview of stack prod -->"}`
	for what, each := range map[string]struct{ comments, want string }{
		"made when there is none":           {"[" + others + "]", "--method POST --silent repos/owner/repository/issues/7/comments -F"},
		"updated when there is one":         {"[" + others + "," + own + "]", "--method PATCH --silent repos/owner/repository/issues/comments/5 -F"},
		"found on a later page":             {"[" + others + "][" + own + "]", "--method PATCH --silent repos/owner/repository/issues/comments/5 -F"},
		"made when there is no comment":     {"[]", "--method POST --silent repos/owner/repository/issues/7/comments -F"},
		"not somebody else's with its mark": {"[" + others + "]", "--method POST --silent repos/owner/repository/issues/7/comments -F"},
	} {
		t.Run(what, func(t *testing.T) {
			// The stand-in reads from another place than the step writes to.
			r := newRunner(t, map[string]string{"stage/comments.json": each.comments, "plan.md": "### Plan\n"})
			r.run(commenting, "STAGE="+filepath.Join(r.folder, "stage"))
			if calls := r.read("stage/calls"); !strings.Contains(calls, each.want) || strings.Count(calls, "\n") != 1 {
				t.Errorf("called\n%s", calls)
			}
			if comment := r.read("comment.md"); !strings.HasPrefix(comment, "<!-- preview of stack dev -->\n### Plan\n") || !strings.Contains(comment, "commit abc") {
				t.Errorf("the comment is %q", comment)
			}
		})
	}
}

func TestAPullRequestsProgramRunsWithoutATokenThatCanWrite(t *testing.T) {
	read := readWorkflow(t, "preview.yml")
	if len(read.Permissions) > 0 {
		t.Errorf("the workflow grants %v", read.Permissions)
	}
	preview := read.Jobs["preview"]
	if want := map[string]string{"contents": "read", "id-token": "write"}; !maps.Equal(preview.Permissions, want) {
		t.Errorf("the preview has the permissions %v", preview.Permissions)
	}
	gate := read.Jobs["gate"]
	if want := map[string]string{"contents": "read", "pull-requests": "write"}; !maps.Equal(gate.Permissions, want) {
		t.Errorf("the gate has the permissions %v", gate.Permissions)
	}
	for _, environment := range []map[string]string{read.Env, preview.Env, gate.Env} {
		for name, value := range environment {
			if strings.Contains(value, "token") || strings.Contains(value, "secrets") {
				t.Errorf("every step gets %s=%s", name, value)
			}
		}
	}
	for name, each := range read.Jobs {
		for _, step := range each.Steps {
			_, hasToken := step.Env["GH_TOKEN"]
			if usesIt := strings.Contains(step.Run, "gh api"); hasToken != usesIt {
				t.Errorf("step %q of %s: has the token is %v, uses it is %v", step.Name, name, hasToken, usesIt)
			}
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != "false" {
				t.Errorf("the checkout of %s leaves the token behind", name)
			}
		}
	}
	for _, secret := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"} {
		if value := preview.step(t, "Preview").Env[secret]; value != "${{ secrets."+secret+" }}" {
			t.Errorf("the preview gets %s=%q", secret, value)
		}
	}
}

func TestTheGateOfAPullRequestIsNotThePullRequestsOwn(t *testing.T) {
	gate := readWorkflow(t, "preview.yml").Jobs["gate"]
	if gate.If != "always()" || gate.Needs != "preview" {
		t.Errorf("the gate runs if %q and needs %q: it could be skipped, which counts as a success", gate.If, gate.Needs)
	}
	var checkouts, setUps int
	for _, each := range gate.Steps {
		switch action, _, _ := strings.Cut(each.Uses, "@"); action {
		case "actions/checkout":
			checkouts++
			if each.With["ref"] != "${{ github.base_ref }}" {
				t.Errorf("it checks out %q", each.With["ref"])
			}
		case "actions/setup-go":
			setUps++
			if each.With["cache"] != "false" {
				t.Error("it compiles with a cache that the pull request's job may have written")
			}
		}
	}
	if checkouts != 1 || setUps != 1 {
		t.Errorf("%d checkouts, %d Go tools", checkouts, setUps)
	}
	verdict := gate.Steps[len(gate.Steps)-1]
	if verdict.Name != "Verdict" || verdict.If != "always()" || verdict.Env["CODE"] != "${{ steps.judge.outputs.code }}" {
		t.Errorf("the last step is %+v", verdict)
	}
}
