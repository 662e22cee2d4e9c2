package plangate

import (
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheGateOfAPullRequestGivesAVerdictForEveryEvent(t *testing.T) {
	gate := stepsOf(t, "preview.yml", "gate")
	dangerous, harmless := recorded(t, "hostile/service-grace-period"), recorded(t, "everyday/edit-capacity")
	anotherStack := strings.ReplaceAll(harmless, "urn:pulumi:dev::", "urn:pulumi:prod::")
	allowance := allowances(judge(t, dangerous, "--commit", "abc").stderr)[0]
	otherCommit := allowances(judge(t, dangerous, "--commit", "earlier").stderr)[0]
	for _, each := range []struct{ what, preview, plan, exit, labels, code, summary string }{
		{"a harmless plan", "success", harmless, "0", `[]`, "0", "Passed: nothing changes"},
		{"a dangerous plan", "success", dangerous, "0", `[]`, "1", "Refused"},
		{"another label", "success", dangerous, "0", `[{"name": "bug"}]`, "1", "Refused"},
		{"its own label", "success", dangerous, "0", `[{"name": "bug"}, {"name": "allow:` + allowance + `"}]`, "0", "allowed for this commit"},
		{"its own label on a second page", "success", dangerous, "0", `[{"name": "bug"}][{"name": "allow:` + allowance + `"}]`, "0", "allowed for this commit"},
		{"its own label without the prefix", "success", dangerous, "0", `[{"name": "` + allowance + `"}]`, "1", "Refused"},
		{"a label that came just before or after a push", "success", dangerous, "0", `[{"name": "allow:` + otherCommit + `"}]`, "1", "Refused"},
		{"a label that is shell code", "success", dangerous, "0", `[{"name": "allow:$(exit 0)\"; exit 0; \""}]`, "1", "Refused"},
		{"a preview that failed without a word", "success", harmless, "255", `[]`, "1", "Passed: nothing changes"},
		{"a preview that told no exit code", "success", harmless, "", `[]`, "1", "Passed: nothing changes"},
		{"a preview whose exit code is a command", "success", harmless, "1\n::warning::all is well", `[]`, "1", "Passed: nothing changes"},
		{"a preview that printed nothing", "success", "", "255", `[]`, "4", "it cannot be read"},
		{"a plan of another stack", "success", anotherStack, "0", `[]`, "4", "it cannot be read"},
		{"a fork", "skipped", "", "", `[]`, "1", "No preview possible here"},
		{"a preview job that failed", "failure", "", "", `[]`, "1", "The preview did not run to its end"},
	} {
		t.Run(each.what, func(t *testing.T) {
			r := newRunner(t, map[string]string{"preview/plan.json": each.plan, "labels.json": each.labels})
			if output := r.run(gate["Judge"], "PREVIEW="+each.preview, "PREVIEW_CODE="+each.exit); strings.Contains(output, "\n::warning") {
				t.Errorf("the other job makes this one say %q", output)
			}
			r.expect("output", "code="+each.code)
			if summary := r.read("summary"); !strings.HasPrefix(summary, "### Plan") || !strings.Contains(summary, each.summary) {
				t.Errorf("the run's summary is %q", summary)
			}
			if _, err := r.try(gate["Verdict"], "CODE="+each.code); (err == nil) != (each.code == "0") {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
	newRunner(t, nil).fail(gate["Verdict"], "", "CODE=")
	silent := newRunner(t, map[string]string{"plan.json": harmless, "preview-code": "255\n"})
	silent.fail(stepsOf(t, "up.yml", "up")["Judge"], "Passed: nothing changes")
}

// That the gate refuses every hostile plan is tested in tools/gate.
func TestHostilePlansAreRefusedInTheStepsOfBothWorkflows(t *testing.T) {
	const evil = `\n::error title=x::y\u001b[2J<!--`
	// Operations, names, types and values are commands, control characters and HTML.
	hostile := strings.NewReplacer(`"op": "update"`, `"op": "`+evil+`"`, "::ecs-target", "::ecs-target"+evil,
		`"update": 1`, `"refresh": 0`, `"maxCapacity": 20`, `"maxCapacity": "`+evil+`"`).Replace(recorded(t, "everyday/edit-capacity"))
	for _, judging := range []step{stepsOf(t, "preview.yml", "gate")["Judge"], stepsOf(t, "up.yml", "up")["Judge"]} {
		r := newRunner(t, map[string]string{"preview/plan.json": hostile, "plan.json": hostile, "preview-code": "0", "labels.json": "[]"})
		output, err := r.try(judging, "PREVIEW=success", "PREVIEW_CODE=0")
		summary := r.read("summary")
		if refused := err != nil || r.read("output") == "code=1"; !refused || !strings.Contains(summary, "Refused") {
			t.Errorf("%v, %q, the summary is\n%s", err, r.read("output"), summary)
		}
		if strings.Contains(output+summary, "::") || strings.Contains(output, "\x1b") {
			t.Errorf("a text of the plan is a command:\n%s\n%s", output, summary)
		}
	}
}

func TestThePreviewKeepsThePlanAndTheExitCode(t *testing.T) {
	for _, code := range []string{"0", "255"} {
		r := newRunner(t, map[string]string{"pulumi": "#!/bin/sh\necho \"$*\"\nexit " + code + "\n"})
		r.run(stepsOf(t, "preview.yml", "preview")["Preview"])
		r.expect("output", "code="+code)
		r.expect("plan.json", "preview --stack dev --json --show-sames --non-interactive")
	}
}

func TestTheLabelsAreThoseOfNow(t *testing.T) {
	r := newRunner(t, map[string]string{"comments.json": `[{"name": "bug"}]`})
	r.run(stepsOf(t, "preview.yml", "gate")["Read the labels"])
	r.expect("calls", "gh api --paginate repos/owner/repository/issues/7/labels")
	r.expect("labels.json", `[{"name": "bug"}]`)
}

func TestTheWorkflowTakesLabelsOfAnEarlierCommitAway(t *testing.T) {
	taking := stepsOf(t, "preview.yml", "gate")["Take labels of an earlier commit away"]
	// The other labels are not the gate's, and deleting one deletes it from the whole repository.
	const labels = `LABELS=["bug", "allow:media-storage@27sfqsonqbxey", "allow:force-push", "allow:a@1",
		"allow:alb@27sfqsonqbxey-2", "x-allow:alb@27sfqsonqbxey"]`
	for _, failure := range []string{"", "gh: Label does not exist (HTTP 404)"} {
		r := newRunner(t, nil)
		r.run(taking, labels, "GH_FAILURE="+failure)
		r.expect("calls", "gh api --method DELETE --silent repos/owner/repository/labels/allow%3Amedia-storage%4027sfqsonqbxey")
	}
	newRunner(t, nil).fail(taking, "HTTP 401", labels, "GH_FAILURE=gh: Bad credentials (HTTP 401)")
	newRunner(t, nil).fail(taking, "", `LABELS=[`)
}

func TestTheWorkflowKeepsOneComment(t *testing.T) {
	commenting := stepsOf(t, "preview.yml", "gate")["Comment"]
	const own = `{"id": 5, "user": {"login": "github-actions[bot]"}, "body": "<!-- preview of stack dev -->\nold"}`
	const others = `{"id": 1, "user": {"login": "somebody"}, "body": "<!-- preview of stack dev -->"},` +
		`{"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- preview of stack prod -->"}`
	const post = "--method POST --silent repos/owner/repository/issues/7/comments -F"
	const patch = "--method PATCH --silent repos/owner/repository/issues/comments/5 -F"
	for comments, want := range map[string]string{
		"[]": post, "[" + others + "]": post, "[" + others + "," + own + "]": patch, "[" + others + "][" + own + "]": patch,
	} {
		// The stand-in reads from another place than the step writes to.
		r := newRunner(t, map[string]string{"stage/comments.json": comments, "plan.md": "### Plan\n"})
		r.run(commenting, "STAGE="+filepath.Join(r.folder, "stage"))
		if calls := r.read("stage/calls"); !strings.Contains(calls, want) || strings.Count(calls, "\n") != 1 {
			t.Errorf("%s: called\n%s", comments, calls)
		}
		if comment := r.read("comment.md"); !strings.HasPrefix(comment, "<!-- preview of stack dev -->\n### Plan\n") || !strings.Contains(comment, "commit abc") {
			t.Errorf("the comment is %q", comment)
		}
	}
}

// A run that waited for its approval, or that is run again, keeps its commit. It must not deploy an old one.
func TestOnlyTheTipOfMainIsDeployed(t *testing.T) {
	up := readWorkflow(t, "up.yml")
	const tip, old = "1111111111111111111111111111111111111111", "0000000000000000000000000000000000000000"
	for _, job := range []string{"tip", "up"} {
		checking := up.Jobs[job].Steps[0]
		newRunner(t, map[string]string{"comments.json": tip}).run(checking, "GITHUB_REF=refs/heads/main", "GITHUB_SHA="+tip)
		for _, each := range [][2]string{{"main", old}, {"topic", old}, {"topic", tip}} {
			r := newRunner(t, map[string]string{"comments.json": tip})
			r.fail(checking, "is not the tip of main, which is "+tip+"; nothing was changed", "GITHUB_REF=refs/heads/"+each[0], "GITHUB_SHA="+each[1])
			r.expect("calls", "gh api repos/owner/repository/git/ref/heads/main --jq .object.sha")
		}
	}
	if up.Jobs["up"].Needs != "tip" {
		t.Errorf("somebody is asked for an approval before the commit is looked at: the job needs %q", up.Jobs["up"].Needs)
	}
}

// runsPulumi finds commands that read or change a stack.
var runsPulumi = regexp.MustCompile(`(^|\n|\$\() *pulumi (preview|up|stack) `)

func TestNoJobAndNoStepGetsMoreThanItNeeds(t *testing.T) {
	for name, permissions := range map[string]map[string]map[string]string{
		"preview.yml": {"preview": {"contents": "read", "id-token": "write"}, "gate": {"contents": "read", "pull-requests": "write"}},
		"up.yml":      {"tip": {"contents": "read"}, "up": {"contents": "read", "id-token": "write"}},
	} {
		read := readWorkflow(t, name)
		if len(read.Permissions) > 0 {
			t.Errorf("%s grants all jobs %v", name, read.Permissions)
		}
		for name, job := range read.Jobs {
			if !maps.Equal(job.Permissions, permissions[name]) {
				t.Errorf("the job %s has the permissions %v", name, job.Permissions)
			}
			for _, environment := range []map[string]string{read.Env, job.Env} {
				for variable, value := range environment {
					if strings.Contains(value, "token") || strings.Contains(value, "secrets") {
						t.Errorf("every step of %s gets %s=%s", name, variable, value)
					}
				}
			}
			for _, step := range job.Steps {
				for variable, needed := range map[string]bool{
					"GH_TOKEN":                 strings.Contains(step.Run, "gh api"),
					"PULUMI_ACCESS_TOKEN":      runsPulumi.MatchString(step.Run),
					"PULUMI_CONFIG_PASSPHRASE": runsPulumi.MatchString(step.Run),
				} {
					value := step.Env[variable]
					isSecret := value == "${{ secrets."+variable+" }}" || value == "${{ github.token }}"
					if needed != isSecret || !needed && value != "" {
						t.Errorf("the step %q of %s gets %s=%q", step.Name, name, variable, value)
					}
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != "false" {
					t.Errorf("the checkout of %s leaves the token behind", name)
				}
			}
		}
	}
}

func TestTheGateOfAPullRequestIsNotThePullRequestsOwn(t *testing.T) {
	gate := readWorkflow(t, "preview.yml").Jobs["gate"]
	if gate.If != "always()" || gate.Needs != "preview" {
		t.Errorf("the gate runs if %q and needs %q: it could be skipped, which counts as a success", gate.If, gate.Needs)
	}
	var with []string
	for _, each := range gate.Steps {
		switch action, _, _ := strings.Cut(each.Uses, "@"); action {
		case "actions/checkout":
			with = append(with, each.With["ref"])
		case "actions/setup-go":
			// The pull request's job may have written to the cache.
			with = append(with, "cache: "+each.With["cache"])
		}
	}
	if got := strings.Join(with, ", "); got != "${{ github.base_ref }}, cache: false" {
		t.Errorf("it checks out and compiles with %s", got)
	}
	verdict := gate.Steps[len(gate.Steps)-1]
	if verdict.Name != "Verdict" || verdict.If != "always()" || verdict.Env["CODE"] != "${{ steps.judge.outputs.code }}" {
		t.Errorf("the last step is %+v", verdict)
	}
}

func TestUpRunsInAnEnvironmentOneAtATime(t *testing.T) {
	text := textOf(t, ".github", "workflows", "up.yml")
	for _, lines := range []string{
		// Without the queue, GitHub cancels all waiting runs but the newest.
		"\n  group: up-${{ inputs.stack || 'dev' }}\n  cancel-in-progress: false\n  queue: max\n",
		"\n  push:\n    branches: [main]\n  workflow_dispatch:\n",
		"\n    environment: ${{ inputs.stack || 'dev' }}\n",
	} {
		if !strings.Contains(text, lines) {
			t.Errorf("the workflow lacks %q", lines)
		}
	}
	var order []string
	for _, each := range readWorkflow(t, "up.yml").Jobs["up"].Steps {
		if each.Run != "" {
			order = append(order, each.Name)
		}
	}
	if got := strings.Join(order[2:], ", "); got != "Preview, Judge, Do what was judged, Write the outputs" {
		t.Errorf("the steps are %s", got)
	}
}
