package plangate

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// workflow is what the tests read of a workflow of GitHub Actions.
type workflow struct {
	Env, Permissions map[string]string
	Jobs             map[string]job
}

type job struct {
	If, Needs, Environment string
	Env, Permissions       map[string]string
	Steps                  []step
}

type step struct {
	Name, Uses, Run, If string
	Env, With           map[string]string
}

func readWorkflow(t *testing.T, name string) workflow {
	t.Helper()
	var read workflow
	if err := yaml.Unmarshal([]byte(textOf(t, ".github", "workflows", name)), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// stepsOf are the steps of a job by their names.
func stepsOf(t *testing.T, workflow, job string) map[string]step {
	t.Helper()
	named := map[string]step{}
	for _, each := range readWorkflow(t, workflow).Jobs[job].Steps {
		named[each.Name] = each
	}
	return named
}

// runner runs steps of a workflow as GitHub does, with the stand-ins for programs in testdata/bin.
type runner struct {
	t *testing.T
	// folder is the folder for temporary files, in which programs are found, too.
	folder string
	// program is the folder that is checked out.
	program string
	// environment is that of each step, beside its own variables.
	environment []string
}

func newRunner(t *testing.T, files map[string]string) runner {
	t.Helper()
	r := runner{t: t, folder: t.TempDir(), program: repository}
	for name, content := range files {
		r.write(name, content)
	}
	standIns, err := filepath.Abs(filepath.Join("testdata", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	r.environment = append(os.Environ(),
		"PATH="+strings.Join([]string{standIns, r.folder, os.Getenv("PATH")}, string(os.PathListSeparator)),
		"STAGE="+r.folder, "RUNNER_TEMP="+r.folder,
		"GITHUB_OUTPUT="+filepath.Join(r.folder, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(r.folder, "summary"),
		"GITHUB_REPOSITORY=owner/repository", "GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_ID=1", "GITHUB_SHA=abc",
		"NUMBER=7", "STACK=dev", "COMMIT=abc")
	return r
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

// fail runs a step that must fail, and whose output must hold a text.
func (r runner) fail(each step, because string, environment ...string) string {
	r.t.Helper()
	output, err := r.try(each, environment...)
	if err == nil || !strings.Contains(output, because) {
		r.t.Fatalf("step %q: %v, want %q\n%s", each.Name, err, because, output)
	}
	return output
}

// read is a temporary file. Empty if there is none.
func (r runner) read(name string) string {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

// expect checks a temporary file.
func (r runner) expect(name, want string) {
	r.t.Helper()
	if got := r.read(name); got != want {
		r.t.Errorf("%s is %q, want %q", name, got, want)
	}
}

// write writes a temporary file, or one of an absolute path. It may be a program.
func (r runner) write(path, content string) {
	r.t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.folder, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		r.t.Fatal(err)
	}
}
