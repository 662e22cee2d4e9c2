package sandboxtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// binary is the program's binary in its folder, the buildTarget of Pulumi.yaml.
const binary = "bin/mediaserver"

// Edit is a change of the program's source: it replaces a text that a file has exactly once. An empty old text stands
// for the whole file.
type Edit struct{ File, Old, New string }

// Changed is the stack with a changed copy of the program. If Go files change, its first run links it, which takes
// longer than most tests: change settings or Pulumi.yaml where that does.
func (d *Deployment) Changed(edits ...Edit) *sandbox.Stack {
	d.tb.Helper()
	changed := d.Stack
	changed.Root = ChangedProgram(d.tb, d.Root, edits...)
	return &changed
}

// ChangedProgram copies what the program is built and run from into a folder of its own, makes the edits there and
// returns the folder.
func ChangedProgram(tb testing.TB, repository string, edits ...Edit) string {
	tb.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "Pulumi.yaml"} {
		paths, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			tb.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				tb.Fatal(err)
			}
			if !strings.HasSuffix(path, "_test.go") {
				files[filepath.Base(path)] = string(text)
			}
		}
	}
	for _, edit := range edits {
		old := files[edit.File]
		if edit.Old == "" {
			files[edit.File] = edit.New
		} else if count := strings.Count(old, edit.Old); count == 1 {
			files[edit.File] = strings.Replace(old, edit.Old, edit.New, 1)
		} else {
			tb.Fatalf("%s has %d times %q, want it once", edit.File, count, edit.Old)
		}
	}
	root := tb.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	// With the same source, the Go tool finds the repository's binary up to date and does not link it again.
	if !slices.ContainsFunc(edits, func(edit Edit) bool { return filepath.Ext(edit.File) == ".go" }) {
		if err := languagehost.CopyBinary(filepath.Join(repository, binary), filepath.Join(root, binary)); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}
