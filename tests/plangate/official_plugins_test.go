package plangate

import (
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

// TestTheStepsOfTheOfficialPluginsWorkInTheSandbox runs the workflow's steps in their order. What only GitHub's
// runners have is replaced:
//
//   - what actions/checkout brings, by a copy of the program and the scripts;
//   - what actions/setup-go and pulumi/actions install, by this machine's Go and the CLI that the tests build;
//   - SANDBOX_PLUGINS=official, by SANDBOX_PLUGINS=stand-in;
//   - pulumi plugin install, by a note that it was called.
//
// So the official plugins, their download and Pulumi's own Go host are not tried.
func TestTheStepsOfTheOfficialPluginsWorkInTheSandbox(t *testing.T) {
	t.Parallel()
	job := readWorkflow(t, "official-plugins.yml").Jobs["sandbox"]
	steps, destroying := job.Steps[:len(job.Steps)-1], job.Steps[len(job.Steps)-1]
	if job.Env["SANDBOX_PLUGINS"] != "official" || destroying.If != "always()" {
		t.Errorf("the job runs with SANDBOX_PLUGINS=%q, and its last step if %q", job.Env["SANDBOX_PLUGINS"], destroying.If)
	}
	r := checkout(t)
	// As in the job, it also follows a step that fails.
	defer func() {
		r.run(destroying)
		if _, err := os.Stat(filepath.Join(r.program, ".sandbox")); err == nil {
			t.Errorf("step %q leaves the sandbox behind", destroying.Name)
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
		calls := regexp.MustCompile(`(?m)^(plugin|up|preview|refresh|destroy) .*`).FindAllString(r.read("calls"), -1)
		if !slices.Equal(calls, want) {
			t.Errorf("the steps called the CLI with\n%q\nwant\n%q", calls, want)
		}
	}()
	// resolved is what GitHub makes of the outputs of the step `versions` in a value.
	resolved := func(value string) string {
		for line := range strings.Lines(r.read("output")) {
			name, output, _ := strings.Cut(strings.TrimSpace(line), "=")
			value = strings.ReplaceAll(value, "${{ steps.versions.outputs."+name+" }}", output)
		}
		return value
	}
	for _, each := range steps {
		switch action, _, _ := strings.Cut(each.Uses, "@"); action {
		case "":
			var variables []string
			for name, value := range each.Env {
				variables = append(variables, name+"="+resolved(value))
			}
			r.run(each, variables...)
		case "actions/checkout", "actions/setup-go":
		case "pulumi/actions":
			want := required(t, "tests/go.mod", "github.com/pulumi/pulumi/pkg/v3")
			if got := "v" + resolved(each.With["pulumi-version"]); got != want {
				t.Errorf("the CLI is installed in the version %s, want %s as in tests/go.mod", got, want)
			}
		default:
			t.Errorf("this test does not know what to do for the action %s", action)
		}
	}
	state := r.run(step{Run: "scripts/sandbox pulumi stack export"})
	for _, want := range []string{`"memory": "1024"`, `"retentionInDays": 60`, "mediaserver-server-errors"} {
		if !strings.Contains(state, want) {
			t.Errorf("after the changed settings, the state lacks %s", want)
		}
	}
}

// required is the version of a module that a go.mod of this repository requires.
func required(t *testing.T, file, module string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` (\S+)`).FindStringSubmatch(textOf(t, file))
	if found == nil {
		t.Fatalf("%s does not require %s", file, module)
	}
	return found[1]
}

// checkout is a runner that has checked out the program and its scripts, and notes each call of the Pulumi CLI.
func checkout(t *testing.T) runner {
	t.Helper()
	original, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := install.Pulumi(t.Context(), original)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, map[string]string{
		"pulumi": "#!/bin/sh\necho \"$*\" >>\"$STAGE/calls\"\n[ \"$1 $2\" = \"plugin install\" ] || exec " + shellword.Quote(cli) + " \"$@\"\n",
	})
	r.program = sandboxtest.ChangedProgram(t, repository)
	r.environment = append(r.environment, "SANDBOX_PLUGINS=stand-in")
	// The scripts find their repository by their own place: links would lead them to this one.
	if err := os.CopyFS(filepath.Join(r.program, "scripts"), os.DirFS(filepath.Join(original, "scripts"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Pulumi.dev.yaml", "tests", "tools"} {
		if err := os.Symlink(filepath.Join(original, name), filepath.Join(r.program, name)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}
