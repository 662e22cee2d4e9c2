package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tests/internal/terraformguide"
)

func TestTheJWTSecretStaysAndIsInPlainNowhereButInTheStateOfTerraform(t *testing.T) {
	d := deploy(t, usual)
	// Whatever the tool or the CLI leaves behind in the folder for temporary files is found there.
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	processes := watchProcesses()
	printed := d.prepare()
	d.importAll()
	inserted := d.tool(d.state, "--stack", d.Name, "--random-values").succeeds(t)
	again := d.tool(d.state, "--stack", d.Name, "--random-values").succeeds(t)
	plan, _ := d.plan()
	d.Up("--diff")
	d.Must("refresh", "--yes", "--diff")
	arguments := processes.end()

	const secret = terraformguide.JWTSecret
	revealed := d.Must("stack", "export", "--show-secrets").Stdout
	if !sandboxtest.Reveals(revealed, secret) {
		t.Fatal("the search does not find the secret where it is on purpose, in an export with --show-secrets")
	}
	if !strings.Contains(arguments, "stack import") || !strings.Contains(arguments, "adopt-terraform") {
		t.Fatalf("the tool was not seen among the processes:\n%s", arguments)
	}
	output := d.Output()
	for where, text := range map[string]string{
		"what the tool printed": printed.stdout + printed.stderr + inserted.stdout + inserted.stderr + again.stdout + again.stderr,
		"what Pulumi printed":   output[:strings.Index(output, revealed)],
		"the plan":              plan, "the arguments of a process": arguments,
	} {
		if sandboxtest.Reveals(text, secret) {
			t.Errorf("the secret is in %s", where)
		}
	}
	if !strings.Contains(again.stdout, "already") {
		t.Errorf("the second time the tool says %q", again.stdout)
	}
	sandboxtest.NoFileReveals(t, secret, d.state, d.Dir, d.folder, temporary)
	d.isAdopted()
}

// watcher collects the arguments of all processes.
type watcher struct {
	stop chan struct{}
	done sync.WaitGroup
	seen map[string]bool
}

// watchProcesses looks at all processes again and again. A process lives for many looks.
func watchProcesses() *watcher {
	w := &watcher{stop: make(chan struct{}), seen: map[string]bool{}}
	w.done.Go(func() {
		for {
			w.look()
			select {
			case <-w.stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return w
}

func (w *watcher) look() {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		// A process may be gone by now.
		if arguments, err := os.ReadFile(file); err == nil {
			w.seen[strings.ReplaceAll(string(arguments), "\x00", " ")] = true
		}
	}
}

// end ends the watch, and returns the arguments of every process that was seen.
func (w *watcher) end() string {
	close(w.stop)
	w.done.Wait()
	var all strings.Builder
	for arguments := range w.seen {
		all.WriteString(arguments + "\n")
	}
	return all.String()
}
