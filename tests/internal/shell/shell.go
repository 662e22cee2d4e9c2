// Package shell writes commands for a POSIX shell.
package shell

import (
	"fmt"
	"path/filepath"
	"strings"

	"mediaserver/tests/internal/sandbox"
)

// Quote makes a word that a shell reads as the given text, whatever characters are in it. Text that a shell
// reads as it is stays as it is.
func Quote(text string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

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
