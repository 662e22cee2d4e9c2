package e2e

import (
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/readback"
)

func TestUpCreates36ResourcesAndKeepsTheOutputsContract(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	result := d.up()
	if !strings.Contains(result.Stdout, "+ 37 created") {
		t.Errorf("the CLI does not report 37 created, the stack and its 36 resources:\n%s", result.Stdout)
	}
	if managed := d.managed(); len(managed) != 36 {
		t.Errorf("the state has %d managed resources, want 36", len(managed))
	}
	d.checkInventory(deployed("mediaserver"))

	for _, difference := range readback.Outputs(d.readable()) {
		t.Error(difference)
	}
}

func TestPreviewAndRefreshRightAfterUpFindNoChange(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	d.must("preview", "--expect-no-changes")
	d.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
	d.must("preview", "--expect-no-changes")
	d.must("up", "--yes", "--skip-preview", "--expect-no-changes")
}

func TestASecondStackWithAnotherNameComesUpBesideTheFirst(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.up()
	second, err := d.NewStack(t.Context(), "second", map[string]string{"mediaserver:name": "media-two"})
	if err != nil {
		t.Fatal(err)
	}
	d.mustOn(second, "up", "--yes", "--skip-preview")
	both := append(deployed("mediaserver"), deployed("media-two")...)
	slices.Sort(both)
	d.checkInventory(both)
	d.must("preview", "--expect-no-changes")

	d.mustOn(second, "destroy", "--yes", "--skip-preview")
	left := append(deployed("mediaserver"), kept("media-two", 1)...)
	slices.Sort(left)
	d.checkInventory(left)
	d.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
