package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mediaserver/tests/internal/faultproxy"
	guide "mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandboxtest"
)

// The recovery is that of docs/operating.md, "After an interrupted run".
func TestAfterTheCLIIsKilledTheDocumentedStepsLeadOnWithoutOrphansOrDuplicates(t *testing.T) {
	t.Parallel()
	d, proxy := newFaultyDeployment(t)
	// When the CLI is killed, the cluster exists but its provider is still reading it, and the registry does not exist.
	for _, action := range []string{"DescribeClusters", "CreateRepository"} {
		proxy.Inject(faultproxy.Rule{Action: action, Fault: faultproxy.Delay, Pause: time.Hour})
	}
	d.killDuringUp("Cluster main", "Repository mediaserver")
	proxy.Heal()
	// A file that is written in more than one step can be found half-written by the next run.
	if halves, err := filepath.Glob(filepath.Join(filepath.Dir(d.StateFile()), "*.attrs")); err != nil || len(halves) > 0 {
		t.Errorf("the backend keeps %q beside the state (%v)", halves, err)
	}
	if result := d.Run("up", "--yes", "--skip-preview"); result.ExitCode == 0 || !strings.Contains(result.Stderr, "pulumi cancel") {
		t.Errorf("the next run ends with %d and does not name the lock:\n%s", result.ExitCode, result.Stderr)
	}

	clusters, err := d.Clients().ECS.ListClusters(t.Context(), nil)
	if err != nil || len(clusters.ClusterArns) != 1 {
		t.Fatalf("the account has the clusters %v, %v, want one", clusters, err)
	}
	var cluster string
	for _, urn := range d.pending() {
		if strings.HasSuffix(urn, "::main") {
			cluster = urn
		}
	}
	d.Must("cancel", "--yes")
	d.Must("refresh", "--yes", "--skip-preview", "--clear-pending-creates",
		"--import-pending-creates", cluster, "--import-pending-creates", clusters.ClusterArns[0])
	d.Up()
	d.checkManaged(0)
	d.checkInventory(deployed("mediaserver"))
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("destroy", "--yes", "--skip-preview")
	d.checkInventory(kept("mediaserver", 1))
}

// killDuringUp starts an up, and kills the CLI when these creations are under way and everything else exists that does not
// wait for them. So nothing else can begin just before the kill.
func (d *deployment) killDuringUp(creations ...string) {
	d.t.Helper()
	command := d.Command(d.t.Context(), "--non-interactive", "up", "--yes", "--skip-preview")
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	others := notWaitingFor(creations)
	for {
		pending, created := d.progress()
		if sameKeys(pending, creations) && sameKeys(created, others) {
			break
		}
		select {
		case err := <-ended:
			d.t.Fatalf("the run ended before only %q were under way: %v\n%s", creations, err, output.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := command.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	if err := <-ended; !killed(err) {
		d.t.Fatalf("the run ended by itself before it was killed: %v\n%s", err, output.String())
	}
}

// notWaitingFor are the keys of the default resources that are neither among the given ones nor wait for one of them.
func notWaitingFor(keys []string) []string {
	waiting := slices.Clone(keys)
	for before := 0; before < len(waiting); {
		before = len(waiting)
		for _, each := range guide.Default() {
			waits := slices.ContainsFunc(each.DependsOn, func(key string) bool { return slices.Contains(waiting, key) })
			if waits && !slices.Contains(waiting, each.Key()) {
				waiting = append(waiting, each.Key())
			}
		}
	}
	var others []string
	for _, each := range guide.Default() {
		if !slices.Contains(waiting, each.Key()) {
			others = append(others, each.Key())
		}
	}
	return others
}

// sameKeys tells whether both have the same keys, in any order.
func sameKeys(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func killed(err error) bool {
	exit, ok := err.(*exec.ExitError)
	return ok && exit.ExitCode() == -1
}

// checkpoint is what the state says in the middle of a run. Empty while there is no file to read.
func (d *deployment) checkpoint() (pending, resources []sandboxtest.Resource) {
	d.t.Helper()
	state, err := d.TryState()
	if err != nil {
		return nil, nil
	}
	for _, operation := range state.PendingOperations {
		pending = append(pending, operation.Resource)
	}
	return pending, state.Resources
}

// progress are the keys of the resources that are being created, and of those that are there.
func (d *deployment) progress() (pending, created []string) {
	d.t.Helper()
	operations, resources := d.checkpoint()
	key := func(r sandboxtest.Resource) string { return guide.Resource{Type: r.Type, Name: r.Name()}.Key() }
	for _, each := range operations {
		pending = append(pending, key(each))
	}
	for _, each := range resources {
		if each.Custom && !strings.HasPrefix(each.Type, "pulumi:") {
			created = append(created, key(each))
		}
	}
	return pending, created
}

// pending are the URNs of the operations that the state says are under way.
func (d *deployment) pending() []string {
	d.t.Helper()
	operations, _ := d.checkpoint()
	var urns []string
	for _, each := range operations {
		urns = append(urns, each.URN)
	}
	return urns
}
