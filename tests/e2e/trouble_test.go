package e2e

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandboxtest"
)

func TestAFailedRunNamesEachResourceAndTheNextOneConverges(t *testing.T) {
	t.Parallel()
	d, proxy := sandboxtest.NewBehindProxy(t, repository)
	faults := []struct {
		action            string
		fault             faultproxy.Fault
		resource, message string
	}{
		{"AuthorizeSecurityGroupIngress", faultproxy.InternalError, "alb", faultproxy.InternalErrorMessage},
		{"PUT bucket?tagging", faultproxy.DropRequest, "media-storage", "EOF"},
		{"CreateCluster", faultproxy.InternalError, "main", faultproxy.InternalErrorMessage},
	}
	for _, each := range faults {
		proxy.Inject(faultproxy.Rule{Action: each.action, Fault: each.fault})
	}
	result := d.Run("up", "--yes", "--skip-preview", "--continue-on-error")
	if result.ExitCode == 0 {
		t.Error("the run succeeds in spite of lasting faults")
	}
	for _, each := range faults {
		report := "create " + each.resource + ": .*" + each.message
		if !regexp.MustCompile(report).MatchString(result.Stdout + result.Stderr) {
			t.Errorf("after %s on %s nothing says %q:\n%s%s", each.fault, each.action, report, result.Stdout, result.Stderr)
		}
	}
	proxy.Heal()
	d.Up()
	d.CheckValues(nil)
	d.Destroy(nil)
}

// The recovery is that of docs/operating.md, "After an interrupted run".
func TestAfterTheCLIIsKilledTheDocumentedStepsLeadOnWithoutOrphansOrDuplicates(t *testing.T) {
	t.Parallel()
	d, proxy := sandboxtest.NewBehindProxy(t, repository)
	// When the CLI is killed, the cluster exists but its provider is still reading it, and the registry does not exist.
	reading := proxy.Inject(faultproxy.Rule{Action: "DescribeClusters", Fault: faultproxy.Delay, Pause: time.Hour})
	creating := proxy.Inject(faultproxy.Rule{Action: "CreateRepository", Fault: faultproxy.Delay, Pause: time.Hour})
	underWay := func() bool { return reading() > 0 && creating() > 0 }
	cluster := killDuringUp(t, d, underWay, "aws:ecs/cluster:Cluster::main", "aws:ecr/repository:Repository::mediaserver")[0]
	proxy.Heal()
	if result := d.Run("up", "--yes", "--skip-preview"); result.ExitCode == 0 || !strings.Contains(result.Stderr, "pulumi cancel") {
		t.Errorf("the next run ends with %d and does not name the lock:\n%s", result.ExitCode, result.Stderr)
	}

	clusters, err := d.Clients().ECS.ListClusters(t.Context(), nil)
	if err != nil || len(clusters.ClusterArns) != 1 {
		t.Fatalf("the account has the clusters %v, %v, want one", clusters, err)
	}
	d.Must("cancel", "--yes")
	d.Must("refresh", "--yes", "--skip-preview", "--clear-pending-creates",
		"--import-pending-creates", cluster, "--import-pending-creates", clusters.ClusterArns[0])
	d.Up()
	d.CheckValues(nil)
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Destroy(nil)
}

// killDuringUp starts an up that only creates resources with the given types and names, kills the CLI when they are under
// way, by the state too, and returns their URNs.
func killDuringUp(t *testing.T, d *sandboxtest.Deployment, underWay func() bool, creations ...string) (urns []string) {
	t.Helper()
	arguments := []string{"--non-interactive", "up", "--yes", "--skip-preview"}
	for _, each := range creations {
		urns = append(urns, "urn:pulumi:"+d.Name+"::mediaserver::"+each)
		arguments = append(arguments, "--target", urns[len(urns)-1])
	}
	command := d.Command(t.Context(), arguments...)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for pending := 0; pending < len(creations) || !underWay(); {
		// In the middle of a run there may be no state that can be read.
		if state, err := d.TryState(); err == nil {
			pending = len(state.PendingOperations)
		}
		select {
		case err := <-ended:
			t.Fatalf("the run ended before %q were under way: %v\n%s", creations, err, output.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	if exit, isExit := err.(*exec.ExitError); !isExit || exit.ExitCode() != -1 {
		t.Fatalf("the run ended by itself before it was killed: %v\n%s", err, output.String())
	}
	return urns
}
