package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// stack is the run's own Pulumi stack.
type stack struct {
	processes
	root, cli string
	// settings is the stack's settings file.
	settings string
}

// withSettings are the Pulumi commands that read the stack's settings. They are told where these are: versions of the
// CLI before 3.208 take no variable for it.
var withSettings = []string{"config", "up", "preview", "refresh", "destroy"}

// pulumi runs the Pulumi CLI to its end, whatever that is.
func (s *stack) pulumi(ctx context.Context, arguments ...string) (outcome, error) {
	if slices.Contains(withSettings, arguments[0]) {
		arguments = append(arguments, "--config-file", s.settings)
	}
	return s.run(ctx, s.cli, append([]string{"--non-interactive", "--color", "never"}, arguments...)...)
}

// must runs the Pulumi CLI; it is an error if the CLI fails.
func (s *stack) must(ctx context.Context, arguments ...string) (outcome, error) {
	result, err := s.pulumi(ctx, arguments...)
	if err != nil {
		return result, err
	}
	if result.code != 0 {
		return result, fmt.Errorf("pulumi %s ended with exit code %d:\n%s", strings.Join(arguments, " "), result.code, result.lastLines(shownLines))
	}
	return result, nil
}

// shownLines is how many of the last lines of a failed program an error quotes.
const shownLines = 25

// up deploys the stack.
func (s *stack) up(ctx context.Context) error {
	_, err := s.must(ctx, "up", "--yes", "--skip-preview")
	return err
}

// unchanged is an error if a preview finds a change.
func (s *stack) unchanged(ctx context.Context) error {
	result, err := s.pulumi(ctx, "preview", "--diff", "--expect-no-changes")
	if err != nil {
		return err
	}
	if result.code != 0 {
		return fmt.Errorf("pulumi preview finds changes, or fails:\n%s", result.lastLines(shownLines))
	}
	return nil
}

// configure sets settings by their keys, which may be paths.
func (s *stack) configure(ctx context.Context, settings map[string]string) error {
	arguments := []string{"config", "set-all", "--path"}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		arguments = append(arguments, "--plaintext", key+"="+settings[key])
	}
	_, err := s.must(ctx, arguments...)
	return err
}

// outputs are the stack's outputs.
func (s *stack) outputs(ctx context.Context) (map[string]any, error) {
	result, err := s.must(ctx, "stack", "output", "--json")
	if err != nil {
		return nil, err
	}
	return decode[map[string]any]("the stack's outputs", result.stdout)
}

// resource is what is read of a resource in the stack's state.
type resource struct {
	URN, Type string
	Custom    bool
	Inputs    struct{ Version string }
	Outputs   json.RawMessage
}

// state is what the stack's state holds.
func (s *stack) state(ctx context.Context) ([]resource, error) {
	result, err := s.must(ctx, "stack", "export")
	if err != nil {
		return nil, err
	}
	state, err := decode[struct {
		Deployment struct{ Resources []resource }
	}]("the stack's state", result.stdout)
	return state.Deployment.Resources, err
}

// encryptedText is a secret in the state. It is another text each time, though the secret is the same.
var encryptedText = regexp.MustCompile(`"ciphertext":\s*"[^"]*"`)

// resources are the managed resources in the stack's state by their URNs, each with its outputs.
func (s *stack) resources(ctx context.Context) (map[string]string, error) {
	state, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	managed := map[string]string{}
	for _, each := range state {
		if each.Custom && !strings.HasPrefix(each.Type, "pulumi:providers:") {
			managed[each.URN] = encryptedText.ReplaceAllString(string(each.Outputs), "")
		}
	}
	return managed, nil
}

// planned are the changes that a preview finds, as operation and resource, sorted.
func (s *stack) planned(ctx context.Context) ([]string, error) {
	result, err := s.must(ctx, "preview", "--json")
	if err != nil {
		return nil, err
	}
	plan, err := decode[struct {
		Steps []struct{ Op, URN string }
	}]("the plan", result.stdout)
	if err != nil {
		return nil, err
	}
	var changes []string
	for _, step := range plan.Steps {
		// The stack itself changes when an output does.
		if step.Op != "same" && step.Op != "read" && !strings.Contains(step.URN, "pulumi:pulumi:Stack") {
			changes = append(changes, step.Op+" "+keyOf(step.URN))
		}
	}
	slices.Sort(changes)
	return changes, nil
}

// keyOf is a resource as the inventory calls it: the end of its type, and its name.
func keyOf(urn string) string {
	parts := strings.Split(urn, "::")
	kind, name := parts[len(parts)-2], parts[len(parts)-1]
	return kind[strings.LastIndex(kind, ":")+1:] + " " + name
}

// decode reads JSON that a program printed.
func decode[T any](what, text string) (T, error) {
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return value, fmt.Errorf("read %s: %w", what, err)
	}
	return value, nil
}
