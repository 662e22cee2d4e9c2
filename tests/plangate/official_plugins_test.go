package plangate

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tools/shellword"
)

// TestTheStepsOfTheOfficialPluginsWorkWithTheStandIns runs the workflow's steps in their order. What only GitHub's
// runners have is replaced:
//
//   - what actions/checkout brings, by a copy of the program and the scripts;
//   - what actions/setup-go and pulumi/actions install, by this machine's Go and the CLI that the tests build;
//   - SANDBOX_PLUGINS=official, by SANDBOX_PLUGINS=stand-in;
//   - pulumi plugin install, by a note that it was called.
//
// So the official plugins, their download and Pulumi's own Go host are not tried.
func TestTheStepsOfTheOfficialPluginsWorkWithTheStandIns(t *testing.T) {
	t.Parallel()
	job := readWorkflow(t, "official-plugins.yml").Jobs["sandbox"]
	if job.Env["SANDBOX_PLUGINS"] != "official" {
		t.Errorf("the job runs with SANDBOX_PLUGINS=%q, want official", job.Env["SANDBOX_PLUGINS"])
	}
	destroying := job.Steps[len(job.Steps)-1]
	if destroying.If != "always()" {
		t.Errorf("the last step, %q, runs if %q, want always()", destroying.Name, destroying.If)
	}
	c := newCheckout(t)
	// As in the job, it also follows a step that fails.
	defer func() {
		if output, err := c.try(destroying); err != nil {
			t.Errorf("step %q: %v\n%s", destroying.Name, err, output)
		}
		if _, err := os.Stat(filepath.Join(c.program, ".sandbox")); err == nil {
			t.Errorf("step %q leaves the sandbox behind", destroying.Name)
			c.run(step{Run: "scripts/sandbox down"})
		}
		want := []string{
			"plugin install resource aws " + required(t, "go.mod", "github.com/pulumi/pulumi-aws/sdk/v6"),
			"plugin install resource random " + required(t, "go.mod", "github.com/pulumi/pulumi-random/sdk/v4"),
			"up --yes --skip-preview",
			// The first refresh may find something.
			"preview --expect-no-changes", "refresh --yes", "refresh --yes --expect-no-changes", "preview --expect-no-changes",
			"up --yes", "preview --expect-no-changes",
			"destroy --yes --skip-preview --remove",
		}
		if got := c.calls(); !slices.Equal(got, want) {
			t.Errorf("the steps called the CLI with\n%q\nwant\n%q", got, want)
		}
	}()
	for _, each := range job.Steps[:len(job.Steps)-1] {
		switch action, _, _ := strings.Cut(each.Uses, "@"); action {
		case "":
			c.run(each, c.variables(each)...)
		case "actions/checkout", "actions/setup-go":
		case "pulumi/actions":
			want := required(t, "tests/go.mod", "github.com/pulumi/pulumi/pkg/v3")
			if got := "v" + c.resolve(each.With["pulumi-version"]); got != want {
				t.Errorf("the CLI is installed in the version %s, want %s as in tests/go.mod", got, want)
			}
		default:
			t.Errorf("this test does not know what to do for the action %s", action)
		}
	}
	state := c.run(step{Run: "scripts/sandbox pulumi stack export"})
	for _, want := range []string{`"memory": "1024"`, `"retentionInDays": 60`, "mediaserver-server-errors"} {
		if !strings.Contains(state, want) {
			t.Errorf("after the changed settings, the state lacks %s", want)
		}
	}
}

// required is the version of a module that a go.mod of this repository requires.
func required(t *testing.T, file, module string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` (\S+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s does not require %s", file, module)
	}
	return string(found[1])
}

// checkout is a runner that has checked out the program and its scripts.
type checkout struct{ runner }

func newCheckout(t *testing.T) checkout {
	t.Helper()
	original, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := install.Pulumi(t.Context(), original)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, map[string]string{"pulumi": fmt.Sprintf(`#!/bin/sh
echo "$*" >>"$STAGE/calls"
[ "$1 $2" = "plugin install" ] || exec %s "$@"
`, shellword.Quote(cli))})
	if err := os.Chmod(filepath.Join(r.folder, "pulumi"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.program = sandboxtest.ChangedProgram(t, repository)
	// The scripts find their repository by their own place: links would lead them to this one.
	if err := os.CopyFS(filepath.Join(r.program, "scripts"), os.DirFS(filepath.Join(original, "scripts"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Pulumi.dev.yaml", "tests", "tools"} {
		if err := os.Symlink(filepath.Join(original, name), filepath.Join(r.program, name)); err != nil {
			t.Fatal(err)
		}
	}
	r.environment = append(r.environment, "SANDBOX_PLUGINS=stand-in")
	return checkout{r}
}

// variables are a step's own environment variables.
func (c checkout) variables(each step) []string {
	c.t.Helper()
	var variables []string
	for name, value := range each.Env {
		variables = append(variables, name+"="+c.resolve(value))
	}
	return variables
}

// resolve is what GitHub makes of the output of the step `versions` in a value.
func (c checkout) resolve(value string) string {
	c.t.Helper()
	name, isOutput := strings.CutPrefix(value, "${{ steps.versions.outputs.")
	name, closed := strings.CutSuffix(name, " }}")
	for line := range strings.Lines(c.read("output")) {
		if output, found := strings.CutPrefix(strings.TrimSpace(line), name+"="); isOutput && closed && found {
			return output
		}
	}
	c.t.Fatalf("%q is no output of the step versions, which has\n%s", value, c.read("output"))
	return ""
}

// calls are the calls of the CLI that install, deploy, compare and destroy.
func (c checkout) calls() []string {
	c.t.Helper()
	return slices.DeleteFunc(strings.Split(c.read("calls"), "\n"), func(call string) bool {
		verb, _, _ := strings.Cut(call, " ")
		return !slices.Contains([]string{"plugin", "up", "preview", "refresh", "destroy"}, verb)
	})
}
