// Package adopt tests scripts/adopt-terraform on deployments that are made in the sandbox by other means than the
// program, as Terraform makes them.
package adopt

import (
	"bytes"
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
	// environment adds to the sandbox's.
	environment []string
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

// result is how a script ended.
type result struct {
	stdout, stderr string
	code           int
}

// tool runs scripts/adopt-terraform on the state, which must succeed, and returns what it prints.
func (d *deployment) tool(arguments ...string) string {
	d.t.Helper()
	ended := d.script("adopt-terraform", "", append([]string{d.state}, arguments...)...)
	if ended.code != 0 {
		d.t.Fatalf("exit status %d\n%s%s", ended.code, ended.stdout, ended.stderr)
	}
	return ended.stdout + ended.stderr
}

// script runs a program in scripts/ with the sandbox's environment.
func (d *deployment) script(name, stdin string, arguments ...string) result {
	d.t.Helper()
	command := exec.CommandContext(d.t.Context(), filepath.Join(repository, "scripts", name), arguments...)
	command.Env = append(d.Env(), d.environment...)
	command.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// importFile and settingsFile are what the tool writes.
func (d *deployment) importFile() string { return filepath.Join(d.folder, d.Name+".import.json") }
func (d *deployment) settingsFile() string {
	return filepath.Join(d.folder, "Pulumi."+d.Name+".yaml")
}

// prepare has the tool write its files, and takes the settings over into the sandbox's own, which lead to the emulator. It
// returns what the tool told.
func (d *deployment) prepare(options ...string) string {
	d.t.Helper()
	told := d.tool(append([]string{"--stack", d.Name, "--folder", d.folder}, options...)...)
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
	return told
}

// adopt takes all steps up to the first update, and returns what the tool told.
func (d *deployment) adopt(options ...string) string {
	d.t.Helper()
	told := d.prepare(options...)
	d.importAll()
	return told + d.tool(append([]string{"--stack", d.Name, "--random-values"}, options...)...)
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
