package inventory

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestEveryResourceStandsThereOnceWithItsTypeAndWaitsForWhatIsThere(t *testing.T) {
	var keys, used []string
	for _, resource := range All() {
		if slices.Contains(keys, resource.Key()) {
			t.Errorf("%s stands there twice", resource.Key())
		}
		if isDefault := resource.Setting == ""; isDefault != (resource.Step > 0) {
			t.Errorf("%s: a resource has either a step or a setting", resource.Key())
		}
		keys, used = append(keys, resource.Key()), append(used, resource.Type)
	}
	for _, resource := range All() {
		for _, needed := range resource.DependsOn {
			if !slices.Contains(keys, needed) {
				t.Errorf("%s waits for %s, which is not there", resource.Key(), needed)
			}
		}
	}
	var types []string
	for _, each := range Types() {
		types = append(types, each.Type)
	}
	slices.Sort(types)
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(types, used) {
		t.Errorf("the types are\n%q\nand the resources have\n%q", types, used)
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
