package inventory

import (
	"slices"
	"testing"
)

func TestEveryResourceHasATypeAndEveryTypeAResource(t *testing.T) {
	used := map[string]bool{}
	for _, resource := range All() {
		used[resource.Type] = true
		if _, has := Find(resource.Type); !has {
			t.Errorf("%s: the inventory has no type %s", resource.Key(), resource.Type)
		}
	}
	seen := map[string]bool{}
	for _, each := range Types() {
		if !used[each.Type] {
			t.Errorf("no resource has the type %s", each.Type)
		}
		if seen[each.Type] {
			t.Errorf("%s stands there twice", each.Type)
		}
		seen[each.Type] = true
	}
}

func TestEveryResourceStandsThereOnceAndWaitsForWhatIsThere(t *testing.T) {
	var keys []string
	for _, resource := range All() {
		if slices.Contains(keys, resource.Key()) {
			t.Errorf("%s stands there twice", resource.Key())
		}
		keys = append(keys, resource.Key())
	}
	for _, resource := range All() {
		for _, needed := range resource.DependsOn {
			if !slices.Contains(keys, needed) {
				t.Errorf("%s waits for %s, which is not there", resource.Key(), needed)
			}
		}
		if isDefault := resource.Setting == ""; isDefault != (resource.Step > 0) || isDefault != (resource.Terraform != "") {
			t.Errorf("%s: a resource has either a step and an address, or a setting", resource.Key())
		}
	}
}
