// Package adopt tests scripts/adopt-terraform: on deployments that are made in the sandbox by other means than the
// program, as Terraform makes them, and on states that are none.
package adopt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tests/internal/terraformguide"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// deployment is a deployment of Terraform in a sandbox of its own, and an empty stack to adopt it.
type deployment struct {
	*sandboxtest.Deployment
	*terraformguide.Deployed
	t       *testing.T
	clients *awsclients.Clients
	// state is the file with Terraform's state.
	state string
	// folder takes what the tool writes.
	folder string
}

// deploy deploys the guide with habits. The state is a state file.
func deploy(t *testing.T, habits terraformguide.Habits) *deployment {
	t.Helper()
	running := sandboxtest.New(t, repository)
	clients := running.Clients()
	d := &deployment{Deployment: running, t: t, clients: clients, folder: t.TempDir(), Deployed: terraformguide.Deploy(t, running, habits)}
	d.state = filepath.Join(d.folder, "terraform.tfstate")
	d.write(d.StateFile(t))
	return d
}

// write writes Terraform's state, readable by its owner only.
func (d *deployment) write(state []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.state, state, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// result is how the tool ended.
type result struct {
	stdout, stderr string
	code           int
}

// tool runs scripts/adopt-terraform with the sandbox's environment.
func (d *deployment) tool(arguments ...string) result {
	d.t.Helper()
	return runTool(d.t, d.Env(), nil, arguments...)
}

// runTool runs scripts/adopt-terraform.
func runTool(t *testing.T, environment []string, stdin []byte, arguments ...string) result {
	t.Helper()
	return runScript(t.Context(), t, "adopt-terraform", environment, stdin, arguments...)
}

// runScript runs a program in scripts/. Without an environment it has that of the test.
func runScript(ctx context.Context, t *testing.T, name string, environment []string, stdin []byte, arguments ...string) result {
	t.Helper()
	command := exec.CommandContext(ctx, filepath.Join(repository, "scripts", name), arguments...)
	command.Env = environment
	command.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// succeeds ends the test if the tool failed.
func (r result) succeeds(t *testing.T) result {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("exit status %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return r
}

// importFile and settingsFile are what the tool writes.
func (d *deployment) importFile() string { return filepath.Join(d.folder, d.Name+".import.json") }
func (d *deployment) settingsFile() string {
	return filepath.Join(d.folder, "Pulumi."+d.Name+".yaml")
}

// prepare has the tool write its files, and takes the settings over into the sandbox's own, which lead to the emulator.
func (d *deployment) prepare(options ...string) result {
	d.t.Helper()
	written := d.tool(append([]string{d.state, "--stack", d.Name, "--folder", d.folder}, options...)...).succeeds(d.t)
	own := read[map[string]any](d.t, d.settingsFile())
	path := filepath.Join(d.Dir, "settings", "Pulumi."+d.Name+".yaml")
	settings := read[map[string]any](d.t, path)
	config := settings["config"].(map[string]any)
	delete(config, "aws:defaultTags")
	for key, value := range own["config"].(map[string]any) {
		config[key] = value
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return written
}

// adopt takes all steps up to the first update, and returns what the tool told in the first.
func (d *deployment) adopt(options ...string) result {
	d.t.Helper()
	told := d.prepare(options...)
	d.importAll()
	d.tool(append([]string{d.state, "--stack", d.Name, "--random-values"}, options...)...).succeeds(d.t)
	return told
}

func (d *deployment) importAll() {
	d.t.Helper()
	d.Must("import", "--file", d.importFile(), "--generate-code=false", "--protect=false", "--yes")
}

// plan is the plan of the first update, as text and by operation: the names of the resources.
func (d *deployment) plan() (string, map[string][]string) {
	d.t.Helper()
	text := d.Must("preview", "--json", "--show-sames").Stdout
	operations := map[string][]string{}
	for _, step := range sandboxtest.ReadPlan(d.t, text).Steps {
		kind := string(step.URN.Type())
		operations[string(step.Op)] = append(operations[string(step.Op)], kind[strings.LastIndex(kind, ":")+1:]+" "+step.URN.Name())
	}
	return text, operations
}

// gate judges a plan with scripts/plan-gate.
func gate(ctx context.Context, t *testing.T, plan string, arguments ...string) result {
	t.Helper()
	return runScript(ctx, t, "plan-gate", nil, []byte(plan), arguments...)
}

// read reads a file of YAML, which JSON is too.
func read[T any](t *testing.T, path string) T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// text reads a file.
func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
