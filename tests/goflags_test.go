package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Pulumi's own Go host compiles a program's packages as usual. If one of them were compiled without inlining here, a
// plain `pulumi up` would compile it again.
func TestOnlyPackagesOfTheTestsAreCompiledInAnotherWay(t *testing.T) {
	ofTheProgram := list(t, "..", "-deps", "-test", ".")
	ofTheTests := list(t, ".", "-deps", "./...", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
	flags := strings.Fields(goflags(t, ""))
	compared := 0
	for _, flag := range flags {
		pattern, ok := strings.CutPrefix(flag, "-gcflags=")
		if !ok {
			continue
		}
		compared++
		prefix, _, _ := strings.Cut(pattern, "...")
		if found := startingWith(ofTheProgram, prefix); len(found) > 0 {
			t.Errorf("%s also matches %d packages of the program, such as %s", flag, len(found), found[0])
		}
		if len(startingWith(ofTheTests, prefix)) == 0 {
			t.Errorf("%s matches no package", flag)
		}
	}
	if compared == 0 {
		t.Errorf("no package is compiled in another way: %q", flags)
	}
}

func TestFlagsAreAddedToThoseOfTheUserOnce(t *testing.T) {
	none := goflags(t, "")
	own := goflags(t, "-mod=mod")
	if own != "-mod=mod "+none {
		t.Errorf("with -mod=mod the flags are %q", own)
	}
	if again := goflags(t, own); again != own {
		t.Errorf("added again they are %q, want %q", again, own)
	}
}

// goflags is what scripts/goflags prints for a user with these flags.
func goflags(t *testing.T, users string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join("..", "scripts", "goflags"))
	command.Env = append(os.Environ(), "GOFLAGS="+users)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(output), "\n")
}

// startingWith are the lines that start with a prefix.
func startingWith(lines []string, prefix string) []string {
	var found []string
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}
