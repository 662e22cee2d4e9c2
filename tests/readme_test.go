package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var quoted = regexp.MustCompile("`([^`\n]+)`")

func TestTheREADMENamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range quoted.FindAllStringSubmatch(string(text), -1) {
		named[filepath.Base(name[1])] = true
	}
	var folders []string
	for _, parent := range []string{".", "internal"} {
		entries, err := os.ReadDir(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.IsDir() {
				folders = append(folders, filepath.Join(parent, entry.Name()))
			}
		}
	}
	if len(folders) < 20 {
		t.Fatalf("found only the folders %q", folders)
	}
	for _, folder := range folders {
		if name := filepath.Base(folder); name != "internal" && !named[name] {
			t.Errorf("README.md does not name %s", folder)
		}
	}
}
