package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/readback"
)

func TestUpCreatesEveryResourceAndKeepsTheOutputsContract(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	result := d.Up()
	// The stack itself is created too.
	if report := fmt.Sprintf("+ %d created", managedByDefault()+1); !strings.Contains(result.Stdout, report) {
		t.Errorf("the CLI does not report %q:\n%s", report, result.Stdout)
	}
	d.checkManaged(0)
	d.checkInventory(deployed("mediaserver"))

	for _, difference := range readback.Outputs(d.readable()) {
		t.Error(difference)
	}
}

func TestPreviewAndRefreshRightAfterUpFindNoChange(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.Must("preview", "--expect-no-changes")
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.Must("preview", "--expect-no-changes")
	d.Must("up", "--yes", "--skip-preview", "--expect-no-changes")
}

func TestASecondStackWithAnotherNameComesUpBesideTheFirst(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	second := d.Another("second", map[string]string{"mediaserver:name": "media-two"})
	d.UpOn(second)
	both := append(deployed("mediaserver"), deployed("media-two")...)
	slices.Sort(both)
	d.checkInventory(both)
	d.Must("preview", "--expect-no-changes")

	d.MustOn(second, "destroy", "--yes", "--skip-preview")
	left := append(deployed("mediaserver"), kept("media-two", 1)...)
	slices.Sort(left)
	d.checkInventory(left)
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
