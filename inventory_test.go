package main

import (
	"encoding/json"
	"fmt"
	"regexp"
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

// TestEveryTextSaysHowManyResourcesThereAre holds the number that people read.
func TestEveryTextSaysHowManyResourcesThereAre(t *testing.T) {
	want := fmt.Sprint(len(defaultResources(t)))
	if registered := len(run(t, nil).records); fmt.Sprint(registered) != want {
		t.Errorf("a stack with default settings has %d resources, the inventory %s", registered, want)
	}
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
