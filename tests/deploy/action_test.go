package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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

// The steps run as GitHub runs them: the action's folder in GITHUB_ACTION_PATH, the inputs as variables.
func TestTheActionBuildsTheToolFromItsOwnCheckoutAndRunsIt(t *testing.T) {
	folder, err := filepath.Abs(actionFolder)
	if err != nil {
		t.Fatal(err)
	}
	steps := readAction(t).Runs.Steps
	version := strings.ReplaceAll(steps[0].With["go-version-file"], "${{ github.action_path }}", folder)
	if _, err := os.Stat(version); err != nil || len(steps) != 2 || !strings.HasPrefix(steps[0].Uses, "actions/setup-go@") {
		t.Fatalf("the steps are %+v: %v", steps, err)
	}
	for name, each := range map[string]struct {
		inputs map[string]string
		code   int
		says   string
	}{
		"no input":             {nil, 2, "name the image to push with --image"},
		"options together":     {map[string]string{"SKIP_PUSH": "true", "ROLLBACK": "true"}, 2, "--rollback finds the image itself"},
		"an input that is off": {map[string]string{"SKIP_PUSH": "true", "ROLLBACK": "false", "OUTPUTS": "/nowhere/a b.json"}, 4, "cannot read the outputs file '/nowhere/a b.json'"},
		"neither on nor off":   {map[string]string{"SKIP_PUSH": "maybe"}, 2, `"maybe" for "--skip-push"`},
		"text that is code":    {map[string]string{"IMAGE": "app", "TAG": `$(touch owned)"; touch owned`}, 2, "is not an image tag"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[1].Run)
			command.Dir = t.TempDir()
			command.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+folder)
			for variable := range steps[1].Env {
				command.Env = append(command.Env, variable+"="+each.inputs[variable])
			}
			output, _ := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code != each.code || !strings.Contains(string(output), each.says) {
				t.Errorf("exit code %d, want %d with %q\n%s", code, each.code, each.says, output)
			}
			if left, err := os.ReadDir(command.Dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
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

func TestTheToolTakesThePlaceOfTheActionsShell(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, actionFolder[len("../../"):])
	for _, each := range []string{folder, filepath.Join(root, "scripts")} {
		if err := os.MkdirAll(each, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "scripts/deploy-app"), []byte("#!/bin/sh\necho $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	// GitHub gives the shell a script, which it does not replace by its last command on its own.
	script := filepath.Join(root, "step.sh")
	if err := os.WriteFile(script, []byte(readAction(t).Runs.Steps[1].Run), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	command.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+folder)
	printed, err := command.CombinedOutput()
	if got := strings.TrimSpace(string(printed)); err != nil || got != strconv.Itoa(command.Process.Pid) {
		t.Errorf("the tool is the process %s, the shell %d: %v", got, command.Process.Pid, err)
	}
}
