package e2e

import (
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

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
	for _, command := range []string{"stack export", "stack output --json", "refresh --yes --skip-preview", "destroy --yes --skip-preview"} {
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
	got, want := identityOf(t, &d.Stack), identityOf(t, &other)
	want.Checkpoint.Stack = strings.TrimSuffix(want.Checkpoint.Stack, other.Name) + d.Name
	if got != want {
		t.Errorf("the stack is %+v, one of the CLI would be %+v", got, want)
	}
}

// identity is what two empty stacks have in common, but for their names.
type identity struct {
	Version         int
	Checkpoint      struct{ Stack string }
	SecretsProvider string
}

// identityOf reads the files of a stack.
func identityOf(t *testing.T, stack *sandbox.Stack) identity {
	t.Helper()
	state, err := stack.StateFile()
	if err != nil {
		t.Fatal(err)
	}
	var read identity
	// JSON is YAML too.
	for _, path := range []string{state, stack.SettingsFile()} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, &read); err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
	}
	return read
}
