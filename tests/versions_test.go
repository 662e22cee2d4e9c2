package tests

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Where both modules use another version of something, all that depends on it is compiled twice.
func TestBothModulesUseTheSameVersions(t *testing.T) {
	own := map[string]string{}
	for _, line := range list(t, ".", "-m", "-f", "{{.Path}} {{.Version}}", "all") {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		own[path] = version
	}
	compared := 0
	for _, line := range list(t, "..", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", ".") {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if own[path] == "" || version == "" {
			continue
		}
		compared++
		if own[path] != version {
			t.Errorf("the program uses %s %s, its tests use %s: run 'go get' of the newer one where the older one is", path, version, own[path])
		}
	}
	if compared == 0 {
		t.Error("the modules have nothing in common")
	}
}

// list is what the Go tool lists in a folder, each line once.
func list(t *testing.T, folder string, arguments ...string) []string {
	t.Helper()
	command := exec.Command("go", append([]string{"list"}, arguments...)...)
	command.Dir = folder
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", folder, err)
	}
	return slices.Compact(slices.Sorted(strings.Lines(string(output))))
}
