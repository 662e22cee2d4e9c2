package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"

	"mediaserver/tools/adopt"
	"mediaserver/tools/shellword"
)

func (r request) settingsFile() string { return filepath.Join(r.folder, "Pulumi."+r.stack+".yaml") }
func (r request) importFile() string   { return filepath.Join(r.folder, r.stack+".import.json") }

// writeFiles writes the stack's settings and the import file, and tells what they mean and what to do next.
func writeFiles(asked request, adopted *adopt.Adoption) (string, error) {
	settings, imports := asked.settingsFile(), asked.importFile()
	existing, err := os.ReadFile(settings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for _, name := range []string{settings, imports} {
		if _, err := os.Lstat(name); err == nil && !asked.overwrite {
			return "", fmt.Errorf("%s is there already; move it away, or replace it with --overwrite", name)
		}
	}
	stackFile, err := adopted.StackFile(existing)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", settings, err)
	}
	importFile, _, err := adopted.ImportFile(nil)
	if err != nil {
		return "", err
	}
	err = errors.Join(
		atomic.WriteFile(imports, bytes.NewReader(importFile)), atomic.WriteFile(settings, bytes.NewReader(stackFile)))
	return adopted.Report() + asked.nextSteps(), err
}

// nextSteps names the files and the commands to run next. The later steps need the options of this one too.
func (r request) nextSteps() string {
	again := "scripts/adopt-terraform"
	for _, word := range r.words {
		again += " " + shellword.Quote(word)
	}
	return fmt.Sprintf(`
Written: %[1]s, for review, and %[2]s. Next:
  pulumi stack init %[3]s                # with the secrets provider that you want; not where the stack exists
  pulumi import --stack %[3]s --file %[4]s --generate-code=false --protect=false
  %[5]s --random-values
  pulumi preview --stack %[3]s --json --show-sames | scripts/plan-gate
If the import stops half-way, before it is repeated:
  %[5]s --rest
`, r.settingsFile(), r.importFile(), shellword.Quote(r.stack), shellword.Quote(r.importFile()), again)
}

// writeRest writes the import file anew, with what the stack does not have yet.
func writeRest(ctx context.Context, stack pulumi, imports string, adopted *adopt.Adoption) (string, error) {
	exported, err := stack.export(ctx)
	if err != nil {
		return "", err
	}
	rest, count, err := adopted.ImportFile(exported)
	if err != nil {
		return "", err
	}
	if count == 0 {
		return fmt.Sprintf("The stack %s has everything that is imported.\n", stack.stack), nil
	}
	return fmt.Sprintf("Written: %s, with the %d resources that the stack %s does not have yet.\n", imports, count, stack.stack),
		atomic.WriteFile(imports, bytes.NewReader(rest))
}
