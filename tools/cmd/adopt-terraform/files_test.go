package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mediaserver/tools/adopt"
)

func TestAFileIsAsBeforeWhereTheOtherCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first"), filepath.Join(folder, "second")
	// A file cannot take the place of a folder.
	if err := os.Mkdir(second, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeBoth(first, []byte("new"), second, nil); err == nil {
		t.Fatal("a file took the place of a folder")
	}
	if _, err := os.Lstat(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first file is there: %v", err)
	}
	if err := os.WriteFile(first, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeBoth(first, []byte("new"), second, nil); err == nil {
		t.Fatal("a file took the place of a folder")
	}
	if content, err := os.ReadFile(first); err != nil || string(content) != "old" {
		t.Errorf("the first file is %q (%v), want what it was", content, err)
	}
}

func TestTheNextStepsQuoteWhatAShellWouldMisread(t *testing.T) {
	steps := request{
		state: "it's.json", stack: "prod", folder: "/my files", name: "films; ls",
		mappings: []adopt.Mapping{{Address: `module.media.aws_lb.this["a b"]`, Name: "mediaserver"}},
	}.nextSteps()
	for _, want := range []string{
		"--file '/my files/prod.import.json' ", `scripts/adopt-terraform 'it'\''s.json' --map 'module.media.aws_lb.this["a b"]=mediaserver' --name 'films; ls' --stack`, "--rest --folder '/my files'\n",
	} {
		if !strings.Contains(steps, want) {
			t.Errorf("the next steps lack %s:\n%s", want, steps)
		}
	}
}
