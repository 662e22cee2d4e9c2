package e2e

import (
	"reflect"
	"testing"
)

// Other tests set settings without the CLI, so what they write must be what it would.
func TestSettingsAreWrittenAsTheCLIWritesThem(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	const origin = "mediaserver:corsAllowedOrigins[0]"
	d.Must("config", "set", "--path", origin, "https://media.example.com")
	d.Must("config", "set", "mediaserver:cpu", "512")
	d.Must("config", "rm", "--path", "aws:defaultTags.tags.Environment")
	byCLI := d.settings()

	d.Set("aws:defaultTags.tags.Environment=dev")
	d.Unset(origin, "mediaserver:corsAllowedOrigins", "mediaserver:cpu")
	if reflect.DeepEqual(d.settings(), byCLI) {
		t.Fatal("nothing is set or unset")
	}
	d.Set(origin+"=https://media.example.com", "mediaserver:cpu=512")
	d.Unset("aws:defaultTags.tags.Environment")
	if got := d.settings(); !reflect.DeepEqual(got, byCLI) {
		t.Errorf("the settings are\n%v\nwant\n%v", got, byCLI)
	}
}

// settings is what the stack's settings file says.
func (d *deployment) settings() map[string]any {
	d.t.Helper()
	return readYAML(d.t, d.SettingsFile())
}
