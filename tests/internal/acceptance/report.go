package acceptance

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// writeReport writes the report as Markdown, fit to be attached to an issue: it holds no secret, and the number of the
// account only if it should.
func (r *run) writeReport(result Result) error {
	if !r.ShowAccount {
		r.log.hide(r.target.Account)
	}
	if err := os.WriteFile(r.Report, []byte(r.log.redact(r.report(result))), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// report is the text of the report.
func (r *run) report(result Result) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Acceptance run %s: %s\n\n", r.target.Name, strings.ToLower(verdictOf(result)))
	where := "AWS"
	if r.target.emulated() {
		where = "the sandbox (an emulated AWS)"
	}
	fmt.Fprintf(&text, "Began %s and took %s, on %s, account %s, region %s.\n\n",
		r.started.UTC().Format("2006-01-02 15:04 UTC"), lasted(time.Since(r.started)), where, r.target.Account, r.target.Region)

	text.WriteString("| Of | Version |\n|---|---|\n")
	for _, version := range r.versions {
		fmt.Fprintf(&text, "| %s | %s |\n", version[0], cell(version[1]))
	}
	text.WriteString("\n| Step | Verdict | Took | Notes |\n|---|---|---:|---|\n")
	var details strings.Builder
	for _, step := range result.Steps {
		took := ""
		if step.Took > 0 {
			took = lasted(step.Took)
		}
		first, rest, _ := strings.Cut(step.Notes, "\n")
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", cell(step.Name), step.Verdict, took, cell(first))
		if rest != "" {
			fmt.Fprintf(&details, "\n## %s: %s\n\n```\n%s\n```\n", step.Name, step.Verdict, strings.TrimRight(step.Notes, "\n"))
		}
	}
	text.WriteString(details.String())
	if result.Remains {
		text.WriteString("\n## Left in the account\n\nThese commands take it away:\n\n```sh\n" + r.remains + "```\n")
	} else {
		text.WriteString("\nNothing of the run is left in the account.\n")
	}
	return text.String()
}

// cell is a text that fits into a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
