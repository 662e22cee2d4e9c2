// Package documents reads tables and commands from the project's documents, so that tests can hold them true.
package documents

import (
	"os"
	"strings"
	"testing"
)

// Table returns the rows of the table with a header in a Markdown file, each cell without its quotes.
func Table(tb testing.TB, file, header string) [][]string {
	tb.Helper()
	_, rest, found := strings.Cut(read(tb, file), header+"\n")
	if !found {
		tb.Fatalf("%s has no table with the header %s", file, header)
	}
	var rows [][]string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.Trim(strings.TrimSpace(cell), "`"))
		}
		if !strings.HasPrefix(cells[0], "---") {
			rows = append(rows, cells)
		}
	}
	return rows
}

// Commands returns the block of commands in a Markdown file that has a text in it.
func Commands(tb testing.TB, file, text string) string {
	tb.Helper()
	for _, block := range strings.Split(read(tb, file), "```")[1:] {
		if commands, isConsole := strings.CutPrefix(block, "console\n"); isConsole && strings.Contains(commands, text) {
			return commands
		}
	}
	tb.Fatalf("%s has no commands with %s", file, text)
	return ""
}

func read(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
