package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mediaserver/tests/internal/sandbox"
)

// The sandbox makes its stacks without the CLI.
func TestANewStackIsOneForTheCLI(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	isLikeOneOfTheCLI(t, d)
	d.Must("config", "set", "--secret", "another:word", "hush")
	settings, err := os.ReadFile(d.SettingsFile())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(settings), "secure:") || strings.Contains(string(settings), "hush") {
		t.Errorf("the secret is not encrypted in\n%s", settings)
	}
	if got := d.Must("config", "get", "another:word").Stdout; got != "hush\n" {
		t.Errorf("the secret is decrypted to %q", got)
	}
	for _, command := range []string{"stack export", "stack output --json", "stack graph " + filepath.Join(t.TempDir(), "graph"), "refresh --yes --skip-preview", "destroy --yes --skip-preview"} {
		d.Must(strings.Fields(command)...)
	}
	if listed := d.Must("stack", "ls", "--json").Stdout; !strings.Contains(listed, `"name": "`+d.Name+`"`) {
		t.Errorf("the stacks are %s", listed)
	}
	d.Must("stack", "rm", "--yes")
	if listed := d.Must("stack", "ls", "--json").Stdout; strings.Contains(listed, d.Name) {
		t.Errorf("after its end the stacks are %s", listed)
	}
	if _, err := d.NewStack(t.Context(), d.Name, nil); err != nil {
		t.Error(err)
	}
	if _, err := d.NewStack(t.Context(), d.Name, nil); err == nil || !strings.Contains(err.Error(), "make the stack "+d.Name) {
		t.Errorf("a second stack of one name: %v", err)
	}
}

// isLikeOneOfTheCLI compares the new stack with another one, which the CLI makes.
func isLikeOneOfTheCLI(t *testing.T, d *deployment) {
	t.Helper()
	other := d.Stack
	other.Name = "other"
	command := other.Command(t.Context(), "stack", "init", other.Name, "--non-interactive", "--secrets-provider", "awskms://alias/pulumi?region="+sandbox.Region)
	command.Dir = d.FolderForNewStacks()
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make a stack: %v\n%s", err, output)
	}
	got, want := filesOf(t, &d.Stack), filesOf(t, &other)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the stack is\n%v\none of the CLI would be\n%v", got, want)
	}
}

// filesOf is what the state and the secrets provider in the settings of an empty stack say, without what is its own: the
// name, the data key, the time and the version of the CLI that has written the state.
func filesOf(t *testing.T, stack *sandbox.Stack) map[string]any {
	t.Helper()
	path, err := stack.StateFile()
	if err != nil {
		t.Fatal(err)
	}
	// JSON is YAML too.
	state, settings := readYAML(t, path), readYAML(t, stack.SettingsFile())
	checkpoint := state["checkpoint"].(map[string]any)
	checkpoint["stack"] = strings.TrimSuffix(checkpoint["stack"].(string), stack.Name)
	latest := checkpoint["latest"].(map[string]any)
	secrets := latest["secrets_providers"].(map[string]any)["state"].(map[string]any)
	if secrets["encryptedkey"] != settings["encryptedkey"] {
		t.Errorf("the data key of %s is %v in the state and %v in the settings", stack.Name, secrets["encryptedkey"], settings["encryptedkey"])
	}
	manifest := latest["manifest"].(map[string]any)
	if written, err := time.Parse(time.RFC3339, manifest["time"].(string)); err != nil || time.Since(written) > time.Hour {
		t.Errorf("the state of %s was written at %v: %v", stack.Name, manifest["time"], err)
	}
	for _, own := range []string{"time", "magic", "version"} {
		delete(manifest, own)
	}
	delete(secrets, "encryptedkey")
	return map[string]any{"state": state, "secretsprovider": settings["secretsprovider"]}
}
