package sandboxtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// nameFile is the file beside Pulumi.yaml that names which of several programs in one binary runs.
const nameFile = "program"

// packageClause is the line that makes a file part of a command, and entry is where the command begins.
var (
	packageClause = regexp.MustCompile(`(?m)^package main$`)
	entry         = regexp.MustCompile(`(?m)^func main\(\)`)
)

// ChangedEach is the stack with several changed programs: for each name a copy of the program in which its edits are
// made. Each has a folder of its own, but all are one binary, because linking takes most of the time of a build.
func (d *Deployment) ChangedEach(edits map[string][]Edit) map[string]*sandbox.Stack {
	d.tb.Helper()
	stacks := map[string]*sandbox.Stack{}
	for name, root := range changedPrograms(d.tb, d.Root, edits) {
		changed := d.Stack
		changed.Root = root
		stacks[name] = &changed
	}
	return stacks
}

// changedPrograms are the folders of the changed programs, by name.
func changedPrograms(tb testing.TB, repository string, edits map[string][]Edit) map[string]string {
	tb.Helper()
	source := tb.TempDir()
	copyFiles(tb, repository, source, "go.mod", "go.sum", "Pulumi.yaml")
	module := moduleOf(tb, source)
	var imports, cases strings.Builder
	names := slices.Sorted(maps.Keys(edits))
	for i, name := range names {
		packageName := fmt.Sprintf("program%d", i)
		makePackage(tb, repository, filepath.Join(source, packageName), packageName, edits[name])
		fmt.Fprintf(&imports, "\t%q\n", module+"/"+packageName)
		fmt.Fprintf(&cases, "\tcase %q:\n\t\t%s.Main()\n", name, packageName)
	}
	choice := fmt.Sprintf(`package main

import (
	"os"

%s)

func main() {
	name, err := os.ReadFile(%q)
	if err != nil {
		panic(err)
	}
	switch string(name) {
%s	default:
		panic("there is no program " + string(name))
	}
}
`, imports.String(), nameFile, cases.String())
	if err := os.WriteFile(filepath.Join(source, "main.go"), []byte(choice), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := languagehost.Build(tb.Context(), source, filepath.Join(source, binary)); err != nil {
		tb.Fatal(err)
	}

	roots := map[string]string{}
	for _, name := range names {
		roots[name] = tb.TempDir()
		if err := os.CopyFS(roots[name], os.DirFS(source)); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(roots[name], nameFile), []byte(name), 0o600); err != nil {
			tb.Fatal(err)
		}
		for _, edit := range edits[name] {
			if !edit.changesBinary() {
				edit.make(tb, roots[name])
			}
		}
	}
	return roots
}

// makePackage copies the program's source into a folder, makes the edits of it there, and turns the command into a
// package whose Main begins it.
func makePackage(tb testing.TB, repository, folder, name string, edits []Edit) {
	tb.Helper()
	if err := os.Mkdir(folder, 0o700); err != nil {
		tb.Fatal(err)
	}
	copyFiles(tb, repository, folder, "*.go")
	for _, edit := range edits {
		if edit.changesBinary() {
			edit.make(tb, folder)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		text = packageClause.ReplaceAll(text, []byte("package "+name))
		text = entry.ReplaceAll(text, []byte("func Main()"))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// moduleOf is the path of the module in a folder.
func moduleOf(tb testing.TB, folder string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		tb.Fatal(err)
	}
	module := modfile.ModulePath(text)
	if module == "" {
		tb.Fatalf("the go.mod of the program names no module:\n%s", text)
	}
	return module
}
