package inventory

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
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

func TestTheReadbackKnowsEverySettingAndItsDefault(t *testing.T) {
	text, err := os.ReadFile("../../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Config map[string]struct{ Default any }
	}
	if err := yaml.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	defaults := map[string]any{}
	for key, setting := range project.Config {
		// These three are for Pulumi alone.
		if !slices.Contains([]string{"forceDestroy", "protectData", "adopted"}, key) {
			defaults[key] = setting.Default
		}
	}
	var read struct{ Settings map[string]any }
	if err := json.Unmarshal(Readback(), &read); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(read.Settings)
	if want, _ := json.Marshal(defaults); string(got) != string(want) {
		t.Errorf("the settings are\n%s\nwant those of Pulumi.yaml\n%s", got, want)
	}
}
