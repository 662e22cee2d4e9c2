package sandboxtest

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Set sets settings of the stack for good, each as path=value, such as mediaserver:alarmEmails[0]=ops@example.com. It
// writes what `pulumi config set --path mediaserver:KEY VALUE` would, without the time that each run of the CLI takes.
func (d *Deployment) Set(settings ...string) {
	d.tb.Helper()
	for _, setting := range settings {
		path, value, _ := strings.Cut(setting, "=")
		d.configure(path, func(configured config.Map, key config.Key) error {
			return configured.Set(key, config.NewValue(value), true)
		})
	}
}

// Unset takes settings of the stack away, as `pulumi config rm --path mediaserver:KEY` would.
func (d *Deployment) Unset(paths ...string) {
	d.tb.Helper()
	for _, path := range paths {
		d.configure(path, func(configured config.Map, key config.Key) error { return configured.Remove(key, true) })
	}
}

// configure makes a change of the setting at a path in the stack's settings file.
func (d *Deployment) configure(path string, change func(config.Map, config.Key) error) {
	d.tb.Helper()
	key, err := config.ParseKey(path)
	if err != nil {
		d.tb.Fatal(err)
	}
	project, err := workspace.LoadProject(filepath.Join(d.Root, "Pulumi.yaml"))
	if err != nil {
		d.tb.Fatal(err)
	}
	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})
	settings, err := workspace.LoadProjectStack(sink, project, d.SettingsFile())
	if err == nil {
		err = change(settings.Config, key)
	}
	if err == nil {
		err = settings.Save(d.SettingsFile())
	}
	if err != nil {
		d.tb.Fatalf("%s: %v", path, err)
	}
}
