package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// writeReport writes the report as Markdown, fit to be attached to an issue: it holds no secret, and not the number of the
// account.
func (r *run) writeReport(result Result) error {
	var text, details strings.Builder
	fmt.Fprintf(&text, "# Acceptance run %s: %s\n\nBegan %s and took %s, in %s.\n\n| Of | Version |\n|---|---|\n",
		r.Name, result.verdict(), r.started.UTC().Format("2006-01-02 15:04 UTC"), lasted(time.Since(r.started)), r.Region)
	for _, each := range []struct {
		of      string
		command []string
	}{
		{"this repository", []string{"git", "describe", "--always", "--dirty"}},
		{"Pulumi CLI", []string{r.CLI, "version"}},
		{"AWS provider of the program", []string{"go", "list", "-m", "-f", "{{.Version}}", "github.com/pulumi/pulumi-aws/sdk/v6"}},
		{"Go", []string{"go", "env", "GOVERSION"}},
	} {
		// What cannot be found out is left out.
		if version, _, err := r.execute(r.Abandoned, 0, each.command[0], each.command[1:]...); err == nil {
			fmt.Fprintf(&text, "| %s | %s |\n", each.of, strings.TrimSpace(version))
		}
	}
	fmt.Fprintf(&text, "| machine | %s/%s |\n\n| Step | Verdict | Took | Notes |\n|---|---|---:|---|\n", runtime.GOOS, runtime.GOARCH)
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
	if err := os.WriteFile(r.Report, []byte(strings.ReplaceAll(text.String(), r.ID, "[hidden]")), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
