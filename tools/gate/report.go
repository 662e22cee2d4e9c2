package gate

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

const (
	// MarkdownLimit is how many bytes the report in Markdown has at most. A comment of GitHub holds 65,536 characters,
	// the summary of a step 1 MiB.
	MarkdownLimit = 60_000
	// shownLength is how many characters of a value a report shows.
	shownLength = 160
	// codeLength is how many characters of a name or of a reason the report for a pull request shows: one of them must
	// not leave the others without room.
	codeLength = 4000
)

// Plain makes a text from a plan harmless in a terminal and in the log of a workflow. A pull request decides what such a
// text says, and a runner takes "::name::" at the beginning of a line and "##[name]" anywhere for its own commands.
func Plain(text string) string {
	var plain strings.Builder
	var last rune
	for _, r := range text {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if r == ':' && last == ':' || r == '[' && last == '#' {
			plain.WriteRune(' ')
		}
		plain.WriteRune(r)
		last = r
	}
	return plain.String()
}

// code puts a text from a plan into a code span, in which GitHub reads no Markdown, HTML, link or mention.
func code(text string) string {
	text = strings.TrimSpace(strings.NewReplacer("`", "'", "|", "¦").Replace(cut(Plain(text), codeLength)))
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// WriteText writes the verdict and what is not harmless for a terminal.
func (j Judgement) WriteText(writer io.Writer) error {
	if j.Fault != "" {
		_, err := fmt.Fprintf(writer, "Refused: the gate itself failed on this plan: %s\n", Plain(j.Fault))
		return err
	}
	rows := [][]string{{"RESOURCE", "TYPE", "OPERATION", "WHY IT WAITS FOR AN ALLOWANCE"}}
	for _, change := range j.Changes {
		for _, reason := range change.Reasons {
			text := reason.String()
			if reason.Allowed {
				text += " (allowed)"
			}
			rows = append(rows, []string{change.Name, change.Type, change.Operation, text})
		}
	}
	if len(rows) > 1 {
		table := tabwriter.NewWriter(writer, 0, 0, 2, ' ', 0)
		for _, row := range rows {
			for i := range row {
				row[i] = Plain(row[i])
				// A name of megabytes would widen its column in every row.
				if i < len(row)-1 {
					row[i] = shorten(row[i])
				}
			}
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(writer, "%s (%s).\n", Plain(j.verdict()), Plain(j.count()))
	return err
}

// verdict is what the gate says about the plan as a whole.
func (j Judgement) verdict() string {
	switch {
	case j.Refused():
		return "Refused: not all of the plan is known to be harmless"
	case j.Creates != "":
		return "Passed: creates the whole stack " + j.Creates
	case slices.ContainsFunc(j.Changes, func(change Change) bool { return len(change.Reasons) > 0 }):
		return "Passed: what is not known to be harmless is allowed for this commit"
	}
	return "Passed: nothing changes but free properties"
}

// WriteMarkdown writes the verdict, what is not harmless and all changes for a pull request, in MarkdownLimit bytes.
func (j Judgement) WriteMarkdown(writer io.Writer) error {
	text := &limited{}
	switch {
	case j.Fault != "":
		text.line("### Plan\n\n**Refused:** the gate itself failed on this plan. The log of the run says how.")
	case len(j.Failures) > 0:
		text.line("### Plan\n\n**The preview failed.**\n")
		for _, message := range j.Failures {
			text.line("- %s", code(message))
		}
	default:
		text.line("### Plan: %s\n\n**%s.**", code(j.count()), Plain(j.verdict()))
		j.writeRefused(text)
		j.writeChanges(text)
	}
	if text.left > 0 {
		text.WriteString(fmt.Sprintf("\n%d lines are left out here; the log of the run has all reasons and allowances.\n", text.left))
	}
	_, err := io.WriteString(writer, text.String())
	return err
}

func (j Judgement) writeRefused(text *limited) {
	begun := false
	for _, change := range j.Changes {
		for _, reason := range change.Reasons {
			if !begun {
				text.line("\n| Resource | Type | Operation | Why it waits for an allowance | Label that lets it pass |\n| --- | --- | --- | --- | --- |")
				begun = true
			}
			label := code(LabelPrefix + reason.Allowance)
			if reason.Allowed {
				label = "given"
			}
			text.line("| %s | %s | %s | %s | %s |", code(change.Name), code(change.Type), code(change.Operation), code(reason.String()), label)
		}
	}
	if len(j.Unused) > 0 {
		text.line("\nAllowances that fit nothing in this plan at this commit: %s", code(strings.Join(j.Unused, ", ")))
	}
}

func (j Judgement) writeChanges(text *limited) {
	if len(j.Changes) == 0 {
		return
	}
	text.line("\nAll changes:\n\n| Operation | Resource | Type | Free properties that change |\n| --- | --- | --- | --- |")
	for _, change := range j.Changes {
		text.line("| %s | %s | %s | %s |", code(change.Operation), code(change.Name), code(change.Type), code(strings.Join(change.Free, ", ")))
	}
}

// limited is a text of MarkdownLimit bytes at most, with room for the sentence that says what is left out.
type limited struct {
	strings.Builder
	left int
}

func (l *limited) line(format string, parts ...any) {
	const room = 200
	line := fmt.Sprintf(format, parts...) + "\n"
	if l.left > 0 || l.Len()+len(line) > MarkdownLimit-room {
		l.left++
		return
	}
	l.WriteString(line)
}

// count tells how many resources change, by operation.
func (j Judgement) count() string {
	counts := map[string]int{}
	var order []string
	for _, change := range j.Changes {
		if counts[change.Operation]++; counts[change.Operation] == 1 {
			order = append(order, change.Operation)
		}
	}
	slices.Sort(order)
	var words []string
	for _, operation := range order {
		words = append(words, fmt.Sprintf("%d to %s", counts[operation], operation))
	}
	if len(words) == 0 {
		return "no changes"
	}
	return shorten(strings.Join(words, ", "))
}

// String says what the reason is.
func (r Reason) String() string {
	switch {
	case r.Path == "":
		return r.Why
	case r.private:
		return fmt.Sprintf("%s %s: %s", r.Path, r.Why, notShown)
	}
	return fmt.Sprintf("%s %s: %s → %s", r.Path, r.Why, shown(r.Path, r.Before, r.After), shown(r.Path, r.After, r.Before))
}

// summary names the provider, the id if it has one already, and the inputs of a new resource.
func summary(state State) string {
	var text strings.Builder
	if name := providerName(state["provider"]); name != "" {
		text.WriteString(", by the provider " + name)
	}
	for _, field := range []string{"id", "importID"} {
		if id := state.text(field); id != "" {
			text.WriteString(", " + field + ": " + shorten(id))
		}
	}
	inputs := comparison{}
	inputs.compare(nil, map[string]any{}, orEmpty(state.object("inputs")))
	for _, each := range inputs.found {
		value := shown(each.path(), each.After, nil)
		if comesFromAPassword(state, each.Path[0]) {
			value = notShown
		}
		text.WriteString(", " + each.path() + ": " + value)
	}
	return text.String()
}

// providerName is the name in a reference to a provider, which is its URN and its id. Empty for none.
func providerName(reference any) string {
	text, _ := reference.(string)
	urn, _ := parseURN(text)
	name, _, _ := strings.Cut(urn.name, "::")
	return name
}

// comesFromAPassword tells whether an input comes from a generated password, which the program may have made plain.
func comesFromAPassword(state State, input string) bool {
	return slices.ContainsFunc(state.sources(input), func(source string) bool {
		urn, _ := parseURN(source)
		return urn.kind() == "random:index/randomPassword:RandomPassword"
	})
}

// notShown stands for a value that a report keeps to itself.
const notShown = "not shown"

// private are properties of which a report shows no value, because it may be a secret in plain.
var private = regexp.MustCompile(`(^|\.)(value|insecureValue|result|containerDefinitions|environment(\[.*)?)$`)

// shown is a value in a report. Beside a secret it stays hidden too, because it may be the same in plain.
func shown(path string, value, other any) string {
	switch {
	case value == nil:
		return "not set"
	// The id behind the name of a new provider is not known yet.
	case path == stateField+".provider":
		return shorten(providerName(value))
	case value == secret:
		return "a secret"
	case value == unknown:
		return "not known yet"
	case private.MatchString(path) || hidden(value) || other != unknown && hidden(other):
		return notShown
	}
	if text, is := value.(string); is {
		return shorten(text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return notShown
	}
	return shorten(string(text))
}

func shorten(text string) string { return cut(text, shownLength) }

// cut is at most so many characters of a text.
func cut(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return text
}
