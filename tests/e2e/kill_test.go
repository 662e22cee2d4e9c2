package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAfterTheCLIIsKilledTheNextRunRecoversWithoutOrphansOrDuplicates(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	pending := 0
	for _, resources := range []int{2, 6, 12, 20, 28, 34} {
		d.killDuringUp(resources)
		found, err := d.Interrupted()
		if err != nil {
			t.Fatal(err)
		}
		// A file that is written in more than one step can be found half-written by the next run.
		if halves, err := filepath.Glob(filepath.Join(filepath.Dir(d.stateFile()), "*.attrs")); err != nil || len(halves) > 0 {
			t.Errorf("the backend keeps %q beside the state (%v)", halves, err)
		}
		if !found.Locked {
			t.Errorf("killed with %d resources in the state, the run left no lock", resources)
		}
		pending += found.Pending
		if err := d.Recover(t.Context(), &d.output); err != nil {
			t.Fatal(err)
		}
		if found, err := d.Interrupted(); err != nil || found.Any() {
			t.Fatalf("after the recovery there is still something to recover from: %+v, %v", found, err)
		}
	}
	if pending == 0 {
		t.Error("no run was killed in the middle of an operation, so the test shows nothing about those")
	}

	d.up()
	if managed := d.managed(); len(managed) != 36 {
		t.Errorf("the state has %d managed resources, want 36", len(managed))
	}
	d.checkInventory(deployed("mediaserver"))
	d.must("preview", "--expect-no-changes")
	d.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.must("destroy", "--yes", "--skip-preview")
	d.checkInventory(kept("mediaserver", 1))
}

// killDuringUp starts an up and kills the CLI as soon as its state names the given number of resources.
func (d *deployment) killDuringUp(resources int) {
	d.t.Helper()
	file := d.stateFile()
	command := d.Command(d.t.Context(), "--non-interactive", "up", "--yes", "--skip-preview")
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for countResources(file) < resources {
		select {
		case err := <-ended:
			d.t.Fatalf("the run ended before it had %d resources: %v\n%s", resources, err, output.String())
		case <-time.After(time.Millisecond):
		}
	}
	if err := command.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	if err := <-ended; !killed(err) {
		d.t.Fatalf("the run ended by itself before it was killed: %v\n%s", err, output.String())
	}
	d.output.WriteString(output.String())
}

func (d *deployment) stateFile() string {
	d.t.Helper()
	file, err := d.StateFile()
	if err != nil {
		d.t.Fatal(err)
	}
	return file
}

func killed(err error) bool {
	exit, ok := err.(*exec.ExitError)
	return ok && exit.ExitCode() == -1
}

// countResources is the number of resources in a state file; none while there is no file to read.
func countResources(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	var state struct {
		Checkpoint struct {
			Latest struct{ Resources []json.RawMessage }
		}
	}
	if json.Unmarshal(text, &state) != nil {
		return 0
	}
	return len(state.Checkpoint.Latest.Resources)
}
