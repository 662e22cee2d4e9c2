package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// inventoried is a resource in the inventory, as far as these tests read it: the
// module of the other tests holds the inventory, and this one cannot import it.
type inventoried struct {
	Step               int
	Terraform, Setting string
	Type, Name         string
	Section, Why       string
	DependsOn          []string
}

// key names the resource as record.key does.
func (i inventoried) key() string { return resourceKey(i.Type, i.Name) }

// inventory is every resource that the program may register.
func inventory(t *testing.T) []inventoried {
	t.Helper()
	var content struct{ Resources []inventoried }
	if err := json.Unmarshal([]byte(read(t, "tests/internal/inventory/inventory.json")), &content); err != nil {
		t.Fatalf("read the inventory: %v", err)
	}
	return content.Resources
}

// defaultResources are the resources of a stack with default settings, by key.
func defaultResources(t *testing.T) map[string]inventoried {
	t.Helper()
	resources := map[string]inventoried{}
	for _, each := range inventory(t) {
		if each.Setting == "" {
			resources[each.key()] = each
		}
	}
	return resources
}

func TestTheStackIsExactlyThe36ResourcesOfTheGuide(t *testing.T) {
	want := defaultResources(t)
	if len(want) != 36 {
		t.Fatalf("the inventory lists %d resources, want 36", len(want))
	}
	registered := map[string]bool{}
	for _, r := range run(t, nil).records {
		if registered[r.key()] {
			t.Errorf("%s was registered twice", r.key())
		}
		registered[r.key()] = true
		if listed, found := want[r.key()]; !found || listed.Type != r.token {
			t.Errorf("%s, a %s, is not in the inventory", r.key(), r.token)
		}
	}
	for key := range want {
		if !registered[key] {
			t.Errorf("%s was not registered", key)
		}
	}
}

// TestTheInventoryHasEveryResourceThatASettingBrings tries the settings that the
// security register names, and all together.
func TestTheInventoryHasEveryResourceThatASettingBrings(t *testing.T) {
	listed := map[string]inventoried{}
	for _, each := range inventory(t) {
		listed[each.key()] = each
	}
	brought := map[string]bool{}
	for name, stack := range configurations(t, readRegister(t)) {
		for _, r := range stack.records {
			key := r.key()
			if resourceKind(r.token) == "TopicSubscription" {
				// There is one for each address, which is its name.
				key = "TopicSubscription oncall@example.com"
			}
			if each, found := listed[key]; !found || each.Type != r.token {
				t.Errorf("with %s there is %s, a %s, which is not in the inventory", name, r.key(), r.token)
			}
			brought[key] = true
		}
	}
	for key, each := range listed {
		if !brought[key] {
			t.Errorf("no setting brings %s, which the inventory has with %s", key, each.Setting)
		}
	}
}

// TestEveryTextSaysHowManyResourcesThereAre holds the number that people read.
func TestEveryTextSaysHowManyResourcesThereAre(t *testing.T) {
	want := fmt.Sprint(len(defaultResources(t)))
	stated := regexp.MustCompile(`\b([0-9]+) resources\b`)
	for _, file := range []string{"README.md", "CONTRIBUTING.md", "Makefile", "Pulumi.yaml", "main.go"} {
		numbers := stated.FindAllStringSubmatch(read(t, file), -1)
		if len(numbers) == 0 {
			t.Errorf("%s no longer says how many resources there are; take it out of this list", file)
		}
		for _, number := range numbers {
			if number[1] != want {
				t.Errorf("%s speaks of %s resources, the inventory has %s", file, number[1], want)
			}
		}
	}
}

func TestEachResourceWaitsForWhatItNeedsAndForNothingElse(t *testing.T) {
	want := defaultResources(t)
	for _, r := range run(t, nil).records {
		needed := slices.Sorted(slices.Values(want[r.key()].DependsOn))
		if !slices.Equal(r.dependencies, needed) {
			t.Errorf("%s waits for %v, want %v", r.key(), r.dependencies, needed)
		}
	}
}

// TestNamesAreAnInterface holds that a logical name is the guide's label: a
// renamed resource is another resource.
func TestNamesAreAnInterface(t *testing.T) {
	for key, each := range defaultResources(t) {
		_, label, _ := strings.Cut(each.Terraform, ".")
		if strings.ReplaceAll(label, "_", "-") != each.Name {
			t.Errorf("%s is not the guide's label in kebab-case: %s", key, each.Terraform)
		}
	}
}
