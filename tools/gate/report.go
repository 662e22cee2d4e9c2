package gate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
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

// Text is the verdict and what is not harmless, for a terminal.
func (j Judgement) Text() string {
	if j.Fault != "" {
		return "Refused: the gate itself failed on this plan: " + Plain(j.Fault) + "\n"
	}
	var text strings.Builder
	// A writer into memory does not fail, nor does a table in it.
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	if j.waits() {
		fmt.Fprintln(table, "RESOURCE\tTYPE\tOPERATION\tWHY IT WAITS FOR AN ALLOWANCE")
	}
	for change, reason := range j.reasons() {
		// A name of megabytes would widen its column in every row.
		for _, cell := range []string{change.Name, change.Type, change.Operation} {
			fmt.Fprintf(table, "%s\t", shorten(Plain(cell)))
		}
		allowed := ""
		if reason.Allowed {
			allowed = " (allowed)"
		}
		fmt.Fprintf(table, "%s%s\n", Plain(reason.String()), allowed)
	}
	_ = table.Flush()
	return fmt.Sprintf("%s%s (%s).\n", text.String(), Plain(j.verdict()), Plain(j.count()))
}

// waits tells whether something waits, or waited, for an allowance.
func (j Judgement) waits() bool { return len(j.Changes) > 0 && len(j.Changes[0].Reasons) > 0 }

// verdict is what the gate says about the plan as a whole.
func (j Judgement) verdict() string {
	switch {
	case j.Refused():
		return "Refused: not all of the plan is known to be harmless"
	case j.Creates != "":
		return "Passed: creates the whole stack " + j.Creates
	case j.waits():
		return "Passed: what is not known to be harmless is allowed for this commit"
	}
	return "Passed: nothing changes but free properties"
}

// Markdown is the verdict and all changes for a pull request, in MarkdownLimit bytes.
func (j Judgement) Markdown() string {
	if j.Fault != "" {
		return "### Plan\n\n**Refused:** the gate itself failed on this plan. The log of the run says how.\n"
	}
	if len(j.Failures) > 0 {
		lines := []string{"### Plan\n\n**The preview failed.**\n"}
		for _, message := range j.Failures {
			lines = append(lines, "- "+code(message))
		}
		return limited(lines)
	}
	lines := []string{fmt.Sprintf("### Plan: %s\n\n**%s.**", code(j.count()), Plain(j.verdict()))}
	if len(j.Changes) > 0 {
		lines = append(lines, "\n| Resource | Type | Operation | What changes | Label that lets it pass |\n| --- | --- | --- | --- | --- |")
	}
	for _, change := range j.Changes {
		row := "| " + code(change.Name) + " | " + code(change.Type) + " | " + code(change.Operation) + " | "
		for _, reason := range change.Reasons {
			label := "given"
			if !reason.Allowed {
				label = code(LabelPrefix + reason.Allowance)
			}
			lines = append(lines, row+code(reason.String())+" | "+label+" |")
		}
		if len(change.Reasons) == 0 || len(change.Free) > 0 {
			lines = append(lines, row+code(strings.Join(change.Free, ", "))+" | |")
		}
	}
	return limited(lines)
}

// limited is a text of MarkdownLimit bytes at most. If not all lines fit, its last one says how many are left out.
func limited(lines []string) string {
	const room = 200
	var text strings.Builder
	for i, line := range lines {
		if text.Len()+len(line) > MarkdownLimit-room {
			fmt.Fprintf(&text, "\n%d lines are left out here; the log of the run has all reasons and allowances.\n", len(lines)-i)
			break
		}
		text.WriteString(line + "\n")
	}
	return text.String()
}

// count tells how many resources change, by operation.
func (j Judgement) count() string {
	counts := map[string]int{}
	for _, change := range j.Changes {
		counts[change.Operation]++
	}
	var words []string
	for _, operation := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d to %s", counts[operation], operation))
	}
	return shorten(cmp.Or(strings.Join(words, ", "), "no changes"))
}

// String says what the reason is.
func (r Reason) String() string {
	path := r.difference.String()
	switch {
	case r.path == nil:
		return r.Why
	case r.private:
		return fmt.Sprintf("%s %s: %s", path, r.Why, notShown)
	}
	return fmt.Sprintf("%s %s: %s → %s", path, r.Why, shown(path, r.before, r.after), shown(path, r.after, r.before))
}

// summary names the provider, the id if it has one already, and the inputs of a new resource.
func summary(state object) string {
	var text strings.Builder
	if name := providerName(state["provider"]); name != "" {
		text.WriteString(", by the provider " + name)
	}
	for _, field := range []string{"id", "importID"} {
		if id := at[string](state, field); id != "" {
			text.WriteString(", " + field + ": " + shorten(id))
		}
	}
	for _, each := range compare(nil, object{}, at[object](state, "inputs"), false) {
		value := shown(each.String(), each.after, nil)
		if comesFromAPassword(state, each.path[0]) {
			value = notShown
		}
		text.WriteString(", " + each.String() + ": " + value)
	}
	return text.String()
}

// providerName is the name in a reference to a provider, which is its URN and its id. Empty for none.
func providerName(reference any) string {
	urn, _ := parseURN(at[string](reference))
	name, _, _ := strings.Cut(urn.name, "::")
	return name
}

// comesFromAPassword tells whether an input comes from a generated password, which the program may have made plain.
func comesFromAPassword(state object, input string) bool {
	return slices.ContainsFunc(sources(state, input), func(source string) bool {
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
