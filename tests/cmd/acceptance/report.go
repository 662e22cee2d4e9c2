package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// writeReport writes the report as Markdown, fit to be attached to an issue: it holds no secret, and the number of the
// account only if it should.
func (r *run) writeReport(result Result) error {
	text := r.report(result)
	if !r.ShowAccount {
		text = strings.ReplaceAll(text, r.target.Account, "[hidden]")
	}
	if err := os.WriteFile(r.Report, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// report is the text of the report.
func (r *run) report(result Result) string {
	var text, details strings.Builder
	fmt.Fprintf(&text, "# Acceptance run %s: %s\n\n", r.target.Name, result.verdict())
	where := "AWS"
	if r.target.emulated() {
		where = "the sandbox (an emulated AWS)"
	}
	fmt.Fprintf(&text, "Began %s and took %s, on %s, account %s, region %s.\n\n",
		r.started.UTC().Format("2006-01-02 15:04 UTC"), lasted(time.Since(r.started)), where, r.target.Account, r.target.Region)
	text.WriteString(r.versions())
	text.WriteString("\n| Step | Verdict | Took | Notes |\n|---|---|---:|---|\n")
	for _, step := range result.Steps {
		first, rest, _ := strings.Cut(step.Notes, "\n")
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", step.Name, step.Verdict, lasted(step.Took), strings.ReplaceAll(first, "|", `\|`))
		if rest != "" {
			fmt.Fprintf(&details, "\n## %s: %s\n\n```\n%s\n```\n", step.Name, step.Verdict, strings.TrimRight(step.Notes, "\n"))
		}
	}
	text.WriteString(details.String())
	if result.Remains {
		text.WriteString("\nSOMETHING IS LEFT in the account.\n")
	} else {
		text.WriteString("\nNothing of the run is left in the account.\n")
	}
	return text.String()
}

// versions are what the run worked with, as a table. What cannot be found out is left out.
func (r *run) versions() string {
	ctx := context.Background()
	text := "| Of | Version |\n|---|---|\n"
	for _, each := range []struct {
		of      string
		command []string
	}{
		{"this repository", []string{"git", "describe", "--always", "--dirty"}},
		{"Pulumi CLI", []string{r.target.CLI, "version"}},
		{"AWS provider of the program", []string{"go", "list", "-m", "-f", "{{.Version}}", "github.com/pulumi/pulumi-aws/sdk/v6"}},
		{"Go", []string{"go", "env", "GOVERSION"}},
	} {
		if result, err := r.stack.run(ctx, 0, each.command[0], each.command[1:]...); err == nil {
			text += fmt.Sprintf("| %s | %s |\n", each.of, strings.TrimSpace(result.stdout))
		}
	}
	return text + fmt.Sprintf("| machine | %s/%s |\n", runtime.GOOS, runtime.GOARCH)
}
