package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// stack is the run's own Pulumi stack.
type stack struct {
	processes
	// cli is the path of the Pulumi CLI, settings the stack's settings file.
	cli, settings string
}

// withSettings are the Pulumi commands that read the stack's settings. They are told where these are: versions of the
// CLI before 3.208 take no variable for it.
var withSettings = []string{"config", "up", "preview", "refresh", "destroy"}

// must runs the Pulumi CLI; it is an error if the CLI fails.
func (s *stack) must(ctx context.Context, arguments ...string) (outcome, error) {
	if slices.Contains(withSettings, arguments[0]) {
		arguments = append(arguments, "--config-file", s.settings)
	}
	return s.run(ctx, 0, s.cli, append([]string{"--non-interactive", "--color", "never"}, arguments...)...)
}

// unchanged is an error if a preview finds a change.
func (s *stack) unchanged(ctx context.Context) error {
	_, err := s.must(ctx, "preview", "--diff", "--expect-no-changes")
	return err
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
