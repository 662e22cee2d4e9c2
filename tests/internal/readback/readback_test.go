package readback

import (
	"slices"
	"testing"

	"mediaserver/tests/internal/inventory"
)

func TestEveryResourceOfTheInventoryIsReadBack(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, each := range inventory.All() {
		want = append(want, each.Key())
	}
	for _, each := range resources {
		got = append(got, each.key)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("these resources are read back:\n%q\nthe inventory has\n%q", got, want)
	}
	for _, each := range inventory.All() {
		at := slices.IndexFunc(resources, func(row resource) bool { return row.key == each.Key() })
		if at >= 0 && (resources[at].present == nil) != (each.Setting == "") {
			t.Errorf("%s: the inventory says that it comes with the setting %q, but it is read back always or the other way round",
				each.Key(), each.Setting)
		}
	}
}
