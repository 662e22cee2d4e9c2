// Package plangate tests scripts/plan-gate and the workflows that use it, with recorded plans and with plans that the Pulumi
// CLI makes in the sandbox.
package plangate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// textOf is the text of a file of the repository.
func textOf(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{repository}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// recorded is one of the plans of the gate's own tests, such as everyday/edit-capacity, as a plan of the stack dev.
func recorded(t *testing.T, name string) string {
	t.Helper()
	unpacked, err := gzip.NewReader(strings.NewReader(textOf(t, "tools", "gate", "testdata", name+".json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := io.Copy(&text, unpacked); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(text.String(), "urn:pulumi:sandbox::", "urn:pulumi:dev::")
}

// verdict is what one run of the gate said.
type verdict struct {
	t                        *testing.T
	code                     int
	stdout, stderr, markdown string
}

// gate is the script under test.
func gate(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, "scripts", "plan-gate"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// judge runs the gate on a plan that it reads from standard input.
func judge(t *testing.T, plan string, arguments ...string) verdict {
	t.Helper()
	markdown := filepath.Join(t.TempDir(), "plan.md")
	command := exec.CommandContext(t.Context(), gate(t), append([]string{"--markdown", markdown}, arguments...)...)
	command.Stdin = strings.NewReader(plan)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(markdown)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return verdict{t, command.ProcessState.ExitCode(), stdout.String(), stderr.String(), string(written)}
}

// allowances are those that the gate offers in what it says, in the order of the table.
func allowances(said string) []string {
	var offered []string
	for line := range strings.Lines(said) {
		if allowance, isOffer := strings.CutPrefix(line, "  --allow "); isOffer {
			offered = append(offered, strings.TrimSpace(allowance))
		}
	}
	return offered
}

// expect checks the exit code, and that standard output and standard error together hold every phrase.
func (v verdict) expect(code int, phrases ...string) {
	v.t.Helper()
	missing := slices.DeleteFunc(phrases, func(phrase string) bool { return strings.Contains(v.stdout+v.stderr, phrase) })
	if v.code != code || len(missing) > 0 {
		v.t.Errorf("exit code %d, want %d; the output lacks %q\nstdout:\n%s\nstderr:\n%s", v.code, code, missing, v.stdout, v.stderr)
	}
}

// expectRow checks that the gate's table has a row with the resource, its type and a part of why it is refused.
func (v verdict) expectRow(name, resourceType, because string) {
	v.t.Helper()
	for line := range strings.Lines(v.stdout) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name && fields[1] == resourceType && strings.Contains(line, because) {
			return
		}
	}
	v.t.Errorf("no row %s, %s, %s in\n%s", name, resourceType, because, v.stdout)
}
