package tests

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Where two modules use different versions of something, everything that depends on it is compiled twice.
func TestTheModulesUseTheSameVersions(t *testing.T) {
	own := map[string]string{}
	for _, line := range list(t, ".", "-m", "-f", "{{.Path}} {{.Version}}", "all") {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		own[path] = version
	}
	for _, other := range []struct {
		folder, packages string
	}{
		{"..", "."},
		{"../tools", "./..."},
	} {
		compared := 0
		for _, line := range list(t, other.folder, "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", other.packages) {
			path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
			if own[path] == "" || version == "" {
				continue
			}
			compared++
			if own[path] != version {
				t.Errorf("%s uses %s %s, its tests use %s: run 'go get' of the newer one where the older one is", other.folder, path, version, own[path])
			}
		}
		if compared == 0 {
			t.Errorf("%s and its tests have no module in common", other.folder)
		}
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
