package plangate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// judged says what the gate looked for, so that its silence means no more than that.
const judged = "no guarded resource is deleted or replaced, and no protection that the gate knows gets weaker"

// WriteText writes the dangerous changes as a table for a terminal, or what was judged if there are none.
func (j Judgement) WriteText(writer io.Writer) error {
	rows := [][]string{{"RESOURCE", "TYPE", "WHAT HAPPENS", "BECAUSE OF", "WHY IT MATTERS"}}
	for _, change := range j.Changes {
		for _, danger := range change.Dangers {
			what := danger.What
			if change.Allowed {
				what += " (allowed)"
			}
			rows = append(rows, []string{change.Name, change.Type, what, danger.Because, danger.Why})
		}
	}
	if len(rows) == 1 {
		_, err := fmt.Fprintf(writer, "Nothing dangerous (%s): %s.\n", j.count(), judged)
		return err
	}
	table := tabwriter.NewWriter(writer, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// WriteMarkdown writes the verdict, the dangerous changes and all changes for a pull request.
func (j Judgement) WriteMarkdown(writer io.Writer) error {
	var text strings.Builder
	line := func(format string, parts ...any) { fmt.Fprintf(&text, format+"\n", parts...) }
	dangerous := j.dangerous()

	if len(j.Failures) > 0 {
		line("### Plan\n\n**The preview failed.**\n")
		for _, message := range j.Failures {
			line("- %s", cell(message))
		}
		_, err := io.WriteString(writer, text.String())
		return err
	}
	line("### Plan: %s\n", j.count())
	switch {
	case j.Refused():
		line("**Refused:** the plan deletes or replaces what is guarded, or takes a protection away.")
	case len(dangerous) > 0:
		line("**Dangerous, and allowed for this commit.**")
	default:
		line("Nothing dangerous in it: %s.", judged)
	}
	if len(dangerous) > 0 {
		line("\n| Resource | Type | What happens | Because of | Why it matters | Label that lets it pass |")
		line("| --- | --- | --- | --- | --- | --- |")
	}
	for _, change := range dangerous {
		label := "`" + LabelPrefix + change.Allowance + "`"
		if change.Allowed {
			label = "given"
		}
		for _, danger := range change.Dangers {
			line("| %s | %s | %s | %s | %s | %s |", cell(change.Name), cell(change.Type), cell(danger.What), cell(danger.Because), cell(danger.Why), label)
		}
	}
	if len(j.Unused) > 0 {
		line("\nAllowances that fit nothing in this plan at this commit: %s", cell(strings.Join(j.Unused, ", ")))
	}
	if len(j.Changes) > 0 {
		line("\n<details><summary>All changes</summary>\n")
		line("| Change | Resource | Type | Properties |\n| --- | --- | --- | --- |")
		for _, change := range j.Changes {
			line("| %s | %s | %s | %s |", cell(change.happens()), cell(change.Name), cell(change.Type), cell(strings.Join(change.Because, ", ")))
		}
		line("\n</details>")
	}
	_, err := io.WriteString(writer, text.String())
	return err
}

// dangerous are the changes that the gate refuses or lets pass by an allowance.
func (j Judgement) dangerous() []Change {
	var found []Change
	for _, change := range j.Changes {
		if len(change.Dangers) > 0 {
			found = append(found, change)
		}
	}
	return found
}

// count tells how many resources change, by what happens to them.
func (j Judgement) count() string {
	counts := map[string]int{}
	order := slices.Clone(badness)
	for _, change := range j.Changes {
		happens := change.happens()
		if counts[happens] == 0 && operations[happens] != happens {
			order = append(order, happens)
		}
		counts[happens]++
	}
	var words []string
	for _, happens := range order {
		if counts[happens] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[happens], printable(happens)))
		}
	}
	if len(words) == 0 {
		return "no changes"
	}
	return strings.Join(words, ", ")
}

// happens is the word for the change, also where only the protection by Pulumi changes.
func (c Change) happens() string {
	if c.Happens == "" {
		return "same"
	}
	return c.Happens
}

// printable replaces what would move the cursor of a terminal or break a table.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// cell makes a text that stays inside a cell of a Markdown table, and that mentions nobody.
func cell(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", "|", `\|`, "`", "&#96;", "@", "&#64;").Replace(printable(text))
}
