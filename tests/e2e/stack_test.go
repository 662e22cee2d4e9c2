package e2e

import (
	"os"
	"strings"
	"testing"
)

// The sandbox makes its stacks without the CLI.
func TestANewStackIsOneForTheCLI(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
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
