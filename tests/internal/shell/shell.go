// Package shell writes commands for a POSIX shell.
package shell

import (
	"fmt"
	"path/filepath"
	"strings"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tools/shellword"
)

// Quote is shellword.Quote.
func Quote(text string) string { return shellword.Quote(text) }

// Exports are the commands that point the Pulumi CLI and AWS clients in a shell at a stack of the sandbox,
// and unset the variables that would point them elsewhere.
func Exports(stack *sandbox.Stack) string {
	var commands strings.Builder
	for _, name := range stack.Foreign() {
		fmt.Fprintf(&commands, "unset %s\n", name)
	}
	for _, variable := range stack.Variables() {
		fmt.Fprintf(&commands, "export %s=%s\n", variable.Name, Quote(variable.Value))
	}
	fmt.Fprintf(&commands, "export PATH=%s:\"$PATH\"\n", Quote(filepath.Dir(stack.CLI)))
	return commands.String()
}
