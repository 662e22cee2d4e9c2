package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"

	"mediaserver/tools/adopt"
	"mediaserver/tools/shellword"
)

func (r request) settingsFile() string { return filepath.Join(r.folder, "Pulumi."+r.stack+".yaml") }
func (r request) importFile() string   { return filepath.Join(r.folder, r.stack+".import.json") }

// writeFiles writes the stack's settings and the import file, and says what they mean and what to do next.
func writeFiles(asked request, project adopt.Project, adopted *adopt.Adoption, stdout io.Writer) error {
	settings, imports := asked.settingsFile(), asked.importFile()
	existing, err := os.ReadFile(settings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{settings, imports} {
		if _, err := os.Lstat(name); err == nil && !asked.overwrite {
			return fmt.Errorf("%s is there already; move it away, or replace it with --overwrite", name)
		}
	}
	stackFile, err := adopted.StackFile(project.Name, existing)
	if err != nil {
		return fmt.Errorf("read %s: %w", settings, err)
	}
	var importFile bytes.Buffer
	if err := adopted.WriteImportFile(&importFile, adopted.Imports(nil)); err != nil {
		return err
	}
	if err := adopted.WriteText(stdout); err != nil {
		return err
	}
	if err := errors.Join(atomic.WriteFile(imports, &importFile), atomic.WriteFile(settings, bytes.NewReader(stackFile))); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, asked.nextSteps())
	return err
}

// nextSteps names the files and the commands to run next.
func (r request) nextSteps() string {
	stack := shellword.Quote(r.stack)
	return fmt.Sprintf(`
Written: %[1]s, for review, and %[2]s. Next:
  pulumi stack init %[3]s                # with the secrets provider that you want; not where the stack exists
  pulumi import --stack %[3]s --file %[4]s --generate-code=false --protect=false
  scripts/adopt-terraform %[5]s --stack %[3]s --random-values
  pulumi preview --stack %[3]s --json --show-sames | scripts/plan-gate
If the import stops half-way, before it is repeated:
  scripts/adopt-terraform %[5]s --stack %[3]s --rest --folder %[6]s
`, r.settingsFile(), r.importFile(), stack, shellword.Quote(r.importFile()), r.again(), shellword.Quote(r.folder))
}

// writeRest writes the import file anew, with what the stack does not have yet.
func writeRest(ctx context.Context, stack pulumi, imports string, adopted *adopt.Adoption, stdout io.Writer) error {
	deployment, err := stack.export(ctx)
	if err != nil {
		return err
	}
	rest := adopted.Imports(deployment)
	if len(rest) == 0 {
		_, err := fmt.Fprintf(stdout, "The stack %s has everything that is imported.\n", stack.stack)
		return err
	}
	var importFile bytes.Buffer
	if err := adopted.WriteImportFile(&importFile, rest); err != nil {
		return err
	}
	if err := atomic.WriteFile(imports, &importFile); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "Written: %s, with the %d resources that the stack %s does not have yet.\n", imports, len(rest), stack.stack)
	return err
}

// again is the state with the options that the later steps need too.
func (r request) again() string {
	again := shellword.Quote(r.state)
	for _, mapping := range r.mappings {
		again += " --map " + shellword.Quote(mapping.Address+"="+mapping.Name)
	}
	if r.module != "" {
		again += " --module " + shellword.Quote(r.module)
	}
	for _, accepted := range r.accepted {
		again += " --accept " + shellword.Quote(accepted)
	}
	if r.name != "" {
		again += " --name " + shellword.Quote(r.name)
	}
	return again
}
