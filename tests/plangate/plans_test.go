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
	"strings"
	"testing"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// recorded is one of the plans of the gate's own tests, such as everyday/edit-capacity, as a plan of the stack dev.
func recorded(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(repository, "tools", "gate", "testdata", name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "urn:pulumi:sandbox::", "urn:pulumi:dev::")
}

// verdict is what one run of the gate said.
type verdict struct {
	code     int
	stdout   string
	stderr   string
	markdown string
}

// judge runs the gate on a plan that it reads from standard input.
func judge(t *testing.T, plan string, arguments ...string) verdict {
	t.Helper()
	return judgeWith(t, plan, nil, arguments...)
}

func judgeWith(t *testing.T, plan string, environment []string, arguments ...string) verdict {
	t.Helper()
	markdown := filepath.Join(t.TempDir(), "plan.md")
	command := exec.CommandContext(t.Context(), gate(t), append(arguments, "--markdown", markdown)...)
	command.Env = append(os.Environ(), environment...)
	command.Stdin = strings.NewReader(plan)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	written, err := os.ReadFile(markdown)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return verdict{command.ProcessState.ExitCode(), stdout.String(), stderr.String(), string(written)}
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

// allowances are those that the gate offers, in the order of the table.
func (v verdict) allowances() []string {
	var offered []string
	for line := range strings.Lines(v.stderr) {
		if allowance, isOffer := strings.CutPrefix(line, "  --allow "); isOffer {
			offered = append(offered, strings.TrimSpace(allowance))
		}
	}
	return offered
}

// allowing are the options that allow everything that was refused.
func (v verdict) allowing() []string {
	var options []string
	for _, allowance := range v.allowances() {
		options = append(options, "--allow", allowance)
	}
	return options
}

// expect checks the exit code and that standard output and standard error together hold every phrase.
func (v verdict) expect(t *testing.T, code int, phrases ...string) {
	t.Helper()
	if v.code != code {
		t.Errorf("exit code %d, want %d", v.code, code)
	}
	for _, phrase := range phrases {
		if !strings.Contains(v.stdout+v.stderr, phrase) {
			t.Errorf("output lacks %q", phrase)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s\nmarkdown:\n%s", v.stdout, v.stderr, v.markdown)
	}
}

// row is a line of the gate's table: the resource and a part of why it is refused.
type row struct{ name, resourceType, because string }

// in finds the row in the gate's table.
func (r row) in(result verdict) bool {
	for line := range strings.Lines(result.stdout) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == r.name && fields[1] == r.resourceType && strings.Contains(line, r.because) {
			return true
		}
	}
	return false
}
