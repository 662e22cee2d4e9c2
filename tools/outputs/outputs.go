// Package outputs reads the outputs of a stack.
package outputs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"mediaserver/tools/external"
)

// Source says where the outputs are read.
type Source struct {
	// File holds what 'pulumi stack output --json' prints. If empty, the Pulumi CLI is asked.
	File string
	// Program is the folder of the stack's program, for the Pulumi CLI.
	Program string
	// Stack is the name of the stack. If empty, it is the one that is selected in Program.
	Stack string
}

// Read reads outputs into the places named by their names. Each must be there, as a text that is not empty.
func (s Source) Read(ctx context.Context, wanted map[string]*string) error {
	if s.File != "" {
		text, err := os.ReadFile(s.File)
		if err != nil {
			// It is a *PathError, whose text would name the file again.
			return fmt.Errorf("cannot read the outputs file '%s': %w", s.File, errors.Unwrap(err))
		}
		return Parse(text, wanted)
	}
	arguments := []string{"stack", "output", "--json", "--cwd", s.Program}
	if s.Stack != "" {
		arguments = append(arguments, "--stack", s.Stack)
	}
	text, err := external.Output(ctx, "pulumi", arguments...)
	if err != nil {
		return fmt.Errorf("cannot read the stack's outputs: %w", err)
	}
	return Parse(text, wanted)
}

// Parse reads outputs as Read does from what 'pulumi stack output --json' prints.
func Parse(text []byte, wanted map[string]*string) error {
	var values map[string]any
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &values); err != nil || values == nil {
		return errors.New("the outputs are not a JSON object; they must be what 'pulumi stack output --json' prints")
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if *wanted[name], _ = values[name].(string); *wanted[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing stack output: %s; run 'pulumi up', then 'pulumi stack output --json' again", strings.Join(missing, ", "))
	}
	return nil
}
