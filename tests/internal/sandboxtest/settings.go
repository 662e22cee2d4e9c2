package sandboxtest

import (
	"errors"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// Set sets settings of the stack for good, each as path=value, such as mediaserver:alarmEmails[0]=ops@example.com. It
// writes what `pulumi config set --path mediaserver:KEY VALUE` would, without the time that each run of the CLI takes.
func (d *Deployment) Set(settings ...string) {
	d.tb.Helper()
	d.configure(settings, func(configured config.Map, setting string) error {
		path, value, hasValue := strings.Cut(setting, "=")
		if !hasValue {
			return errors.New("it is not path=value")
		}
		key, err := config.ParseKey(path)
		if err != nil {
			return err
		}
		return configured.Set(key, config.NewValue(value), true)
	})
}

// Unset takes settings of the stack away, as `pulumi config rm --path mediaserver:KEY` would.
func (d *Deployment) Unset(paths ...string) {
	d.tb.Helper()
	d.configure(paths, func(configured config.Map, path string) error {
		key, err := config.ParseKey(path)
		if err != nil {
			return err
		}
		return configured.Remove(key, true)
	})
}

// configure makes a change of the stack's settings file for each of the settings.
func (d *Deployment) configure(settings []string, change func(configured config.Map, setting string) error) {
	d.tb.Helper()
	text, err := os.ReadFile(d.SettingsFile())
	if err != nil {
		d.tb.Fatal(err)
	}
	var file struct {
		Config config.Map     `yaml:"config"`
		Others map[string]any `yaml:",inline"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		d.tb.Fatalf("read %s: %v", d.SettingsFile(), err)
	}
	for _, setting := range settings {
		if err := change(file.Config, setting); err != nil {
			d.tb.Fatalf("%s: %v", setting, err)
		}
	}
	if text, err = yaml.Marshal(file); err != nil {
		d.tb.Fatal(err)
	}
	if err := os.WriteFile(d.SettingsFile(), text, 0o600); err != nil {
		d.tb.Fatal(err)
	}
}
