package gate

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/jq"
)

// step returns the shell script of a step of the preview workflow.
func step(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, ".github", "workflows", "preview.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(content, &workflow); err != nil {
		t.Fatal(err)
	}
	for _, each := range workflow.Jobs["preview"].Steps {
		if each.Name == name {
			return each.Run
		}
	}
	t.Fatalf("the preview workflow has no step %q", name)
	return ""
}

// runner is where steps of the preview workflow run, as on GitHub, with stand-ins for gh and pulumi.
type runner struct {
	t      *testing.T
	folder string
}

func newRunner(t *testing.T, plan, exit, comments string) runner {
	t.Helper()
	r := runner{t, t.TempDir()}
	for name, content := range map[string]string{"preview.json": plan, "preview.exit": exit + "\n", "comments.json": comments, "plan.md": "### Plan\n"} {
		if err := os.WriteFile(filepath.Join(r.folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(jq.Portable(t), filepath.Join(r.folder, "jq")); err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs a step with the shell and the options that GitHub uses for `shell: bash`.
func (r runner) run(name string, environment ...string) {
	r.t.Helper()
	standIns, err := filepath.Abs("testdata")
	if err != nil {
		r.t.Fatal(err)
	}
	command := exec.CommandContext(r.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(r.t, name))
	command.Dir = repository
	command.Env = append([]string{
		"PATH=" + strings.Join([]string{standIns, r.folder, os.Getenv("PATH")}, string(os.PathListSeparator)),
		"STAGE=" + r.folder, "RUNNER_TEMP=" + r.folder,
		"GITHUB_OUTPUT=" + filepath.Join(r.folder, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(r.folder, "summary"),
		"GITHUB_REPOSITORY=owner/repository", "GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_ID=1",
		"NUMBER=7", "STACK=dev", "COMMIT=abc",
	}, environment...)
	if output, err := command.CombinedOutput(); err != nil {
		r.t.Fatalf("step %q: %v\n%s", name, err, output)
	}
}

func (r runner) read(name string) string {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

func TestTheWorkflowLetsALabelledResourcePassUntilTheNextCommit(t *testing.T) {
	dangerous := plan(t, change("delete", "aws:ecs/service:Service", "mediaserver"))
	harmless := plan(t, change("update", "aws:ecs/service:Service", "mediaserver"))
	for _, each := range []struct{ what, plan, exit, action, labels, code string }{
		{"a harmless plan", harmless, "0", "opened", `[]`, "0"},
		{"a dangerous plan", dangerous, "0", "opened", `["bug"]`, "1"},
		{"a labelled one", dangerous, "0", "labeled", `["bug", "allow:mediaserver"]`, "0"},
		{"another resource's label", dangerous, "0", "labeled", `["allow:media-storage"]`, "1"},
		{"a label from before the commit", dangerous, "0", "synchronize", `["allow:mediaserver"]`, "1"},
		{"a label from before the pull request was closed", dangerous, "0", "reopened", `["allow:mediaserver"]`, "1"},
		{"a label that is shell code", dangerous, "0", "labeled", `["allow:$(exit 0)\"; exit 0; \""]`, "1"},
		{"a preview that failed without a word", harmless, "255", "opened", `[]`, "255"},
		{"a preview that printed nothing", "", "255", "opened", `[]`, "4"},
	} {
		t.Run(each.what, func(t *testing.T) {
			r := newRunner(t, each.plan, each.exit, "[]")
			r.run("Preview and judge", "ACTION="+each.action, "LABELS="+each.labels)
			if got := r.read("output"); got != "code="+each.code {
				t.Errorf("the step's output is %q, want code=%s", got, each.code)
			}
			if summary := r.read("summary"); !strings.HasPrefix(summary, "### Plan") {
				t.Errorf("the run's summary is %q", summary)
			}
		})
	}
}

func TestTheWorkflowTakesLabelsOfAnEarlierCommitAway(t *testing.T) {
	r := newRunner(t, "", "0", "[]")
	r.run("Withdraw allowances given to an earlier commit", `LABELS=["bug", "allow:media-storage", "allow:a/b"]`)
	want := "gh api --method DELETE --silent repos/owner/repository/issues/7/labels/allow%3Amedia-storage\n" +
		"gh api --method DELETE --silent repos/owner/repository/issues/7/labels/allow%3Aa%2Fb"
	if got := r.read("calls"); got != want {
		t.Errorf("called\n%s\nwant\n%s", got, want)
	}
}

func TestALabelThatIsGoneAlreadyIsNoFailureOfTheWorkflow(t *testing.T) {
	r := newRunner(t, "", "0", "[]")
	r.run("Withdraw allowances given to an earlier commit",
		`LABELS=["allow:media-storage", "allow:alb"]`, "GH_FAILURE=gh: Label does not exist (HTTP 404)")
	if calls := strings.Count(r.read("calls"), "DELETE"); calls != 2 {
		t.Errorf("%d labels were taken away, want 2", calls)
	}
}

func TestTheWorkflowKeepsOneComment(t *testing.T) {
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
			r := newRunner(t, "", "0", each.comments)
			r.run("Comment")
			if calls := r.read("calls"); !strings.Contains(calls, each.want) || strings.Count(calls, "\n") != 1 {
				t.Errorf("called\n%s", calls)
			}
			if comment := r.read("comment.md"); !strings.HasPrefix(comment, "<!-- preview of stack dev -->\n### Plan\n") || !strings.Contains(comment, "commit abc") {
				t.Errorf("the comment is %q", comment)
			}
		})
	}
}
