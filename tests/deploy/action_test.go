package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const actionFolder = "../../.github/actions/deploy-app"

// step is a step of the action.
type step struct {
	Uses, Shell, Run string
	Env, With        map[string]string
}

type action struct {
	Inputs map[string]struct{ Description string }
	Runs   struct{ Steps []step }
}

func readAction(t *testing.T) action {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(actionFolder, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var read action
	if err := yaml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestTheInputsOfTheActionAreTheOptionsOfTheTool(t *testing.T) {
	source, err := os.ReadFile("../../tools/deploy/options.go")
	if err != nil {
		t.Fatal(err)
	}
	var options, inputs []string
	for _, each := range regexp.MustCompile(`(?m)^  --([a-z-]+) `).FindAllStringSubmatch(string(source), -1) {
		if each[1] != "help" {
			options = append(options, each[1])
		}
	}
	read := readAction(t)
	for name, input := range read.Inputs {
		if inputs = append(inputs, name); input.Description == "" {
			t.Errorf("the input %s is not described", name)
		}
		variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if got := read.Runs.Steps[1].Env[variable]; got != "${{ inputs."+name+" }}" {
			t.Errorf("%s is %q", variable, got)
		}
	}
	slices.Sort(options)
	slices.Sort(inputs)
	if len(options) < 12 || !slices.Equal(options, inputs) {
		t.Errorf("the options are %q, the inputs %q", options, inputs)
	}
}

// runStep runs the action's step as GitHub does: the checkout's folder of the action in GITHUB_ACTION_PATH, the inputs as
// variables, and the shell with a script, which it does not replace by its last command on its own.
func runStep(t *testing.T, checkout string, inputs map[string]string) (process *os.Process, code int, output string) {
	t.Helper()
	step := readAction(t).Runs.Steps[1]
	folder := t.TempDir()
	script := filepath.Join(t.TempDir(), "step.sh")
	write(t, script, step.Run)
	command := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	command.Dir = folder
	command.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+filepath.Join(checkout, ".github/actions/deploy-app"))
	for variable := range step.Env {
		command.Env = append(command.Env, variable+"="+inputs[variable])
	}
	printed, _ := command.CombinedOutput()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return command.Process, command.ProcessState.ExitCode(), string(printed)
}

func TestTheActionBuildsTheToolFromItsOwnCheckoutAndRunsIt(t *testing.T) {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	steps := readAction(t).Runs.Steps
	version := strings.ReplaceAll(steps[0].With["go-version-file"], "${{ github.action_path }}", actionFolder)
	if _, err := os.Stat(version); err != nil || len(steps) != 2 || !strings.HasPrefix(steps[0].Uses, "actions/setup-go@") {
		t.Fatalf("the steps are %+v: %v", steps, err)
	}
	inputs := map[string]string{"SKIP_PUSH": "true", "ROLLBACK": "false", "OUTPUTS": "/nowhere/a b.json"}
	if _, code, output := runStep(t, checkout, inputs); code != 4 || !strings.Contains(output, "cannot read the outputs file '/nowhere/a b.json'") {
		t.Errorf("exit code %d\n%s", code, output)
	}
}

// A cancelled run interrupts the shell, so the tool must be in its place. No input is run as code.
func TestTheToolTakesThePlaceOfTheActionsShell(t *testing.T) {
	checkout := t.TempDir()
	for _, each := range []string{".github/actions/deploy-app", "scripts"} {
		if err := os.MkdirAll(filepath.Join(checkout, each), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(checkout, "scripts/deploy-app"), []byte("#!/bin/sh\necho $$ \"$*\"; exit 13\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	process, code, printed := runStep(t, checkout, map[string]string{"TAG": `$(touch owned)"; touch owned`, "HEALTH_TIMEOUT": "5"})
	if want := fmt.Sprintf("%d --tag=$(touch owned)\"; touch owned --health-timeout=5\n", process.Pid); printed != want || code != 13 {
		t.Errorf("exit code %d, printed %q, want %q", code, printed, want)
	}
}

// actionlint reads the action where a workflow uses it by its path, and checks the inputs that the workflow gives.
func TestTheDocumentedWorkflowIsOneThatActionlintAccepts(t *testing.T) {
	page, err := os.ReadFile("../../docs/deploying.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	linter := regexp.MustCompile(`ACTIONLINT := (\S+)`).FindSubmatch(makefile)
	if found == nil || linter == nil {
		t.Fatal("no workflow in the document, or no linter in the Makefile")
	}
	project := t.TempDir()
	used := regexp.MustCompile(`uses: \S+/(\.github/actions/deploy-app)@\S+`)
	workflow := used.ReplaceAllString(string(found[1]), "uses: ./$1")
	lint := func(workflow string) (string, error) {
		path := filepath.Join(project, ".github", "workflows", "deploy.yml")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, workflow)
		command := exec.CommandContext(t.Context(), "go", "run", string(linter[1]), "-shellcheck=", "-pyflakes=", path)
		output, err := command.CombinedOutput()
		return string(output), err
	}
	if err := os.CopyFS(filepath.Join(project, ".github", "actions", "deploy-app"), os.DirFS(actionFolder)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(project, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if output, err := lint(workflow); err != nil || workflow == string(found[1]) {
		t.Errorf("%v\n%s", err, output)
	}
	if output, err := lint(strings.Replace(workflow, "image: app:built", "picture: app:built", 1)); err == nil || !strings.Contains(output, `input "picture" is not defined in action "Deploy the application"`) {
		t.Errorf("a wrong input is accepted: %v\n%s", err, output)
	}
}
