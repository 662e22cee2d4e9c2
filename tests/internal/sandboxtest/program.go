package sandboxtest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// Edit is a change of the program's source: it replaces a text that a file has exactly once. An empty old text stands for
// the whole file.
type Edit struct{ File, Old, New string }

// Changed is the stack with a changed copy of the program. If Go files change, its first run links it, which takes longer
// than most tests: change settings or Pulumi.yaml where that does.
func (d *Deployment) Changed(edits ...Edit) *sandbox.Stack {
	d.tb.Helper()
	changed := d.Stack
	changed.Root = ChangedProgram(d.tb, d.Root, edits...)
	return &changed
}

// ChangedProgram copies the program into a folder of its own, makes the edits there and returns the folder.
func ChangedProgram(tb testing.TB, repository string, edits ...Edit) string {
	tb.Helper()
	root := tb.TempDir()
	copyProgram(tb, repository, root)
	for _, edit := range edits {
		edit.make(tb, root)
	}
	// With the same source, the Go tool finds the repository's binary up to date and does not link it again.
	if !slices.ContainsFunc(edits, Edit.changesBinary) {
		err := languagehost.CopyBinary(filepath.Join(repository, binary), filepath.Join(root, binary))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			tb.Fatal(err)
		}
	}
	return root
}

// binary is the program's binary in its folder, the buildTarget of Pulumi.yaml.
const binary = "bin/mediaserver"

// copyProgram copies what the program is built and run from.
func copyProgram(tb testing.TB, from, to string) {
	tb.Helper()
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "Pulumi.yaml"} {
		files, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			tb.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), text, 0o600); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// changesBinary tells whether the program has to be built again.
func (e Edit) changesBinary() bool { return filepath.Ext(e.File) == ".go" }

// make makes the edit in a copy of the program.
func (e Edit) make(tb testing.TB, root string) {
	tb.Helper()
	path := filepath.Join(root, e.File)
	changed := e.New
	if e.Old != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		if count := strings.Count(string(text), e.Old); count != 1 {
			tb.Fatalf("%s has %d times %q, want it once", e.File, count, e.Old)
		}
		changed = strings.Replace(string(text), e.Old, e.New, 1)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		tb.Fatal(err)
	}
}
