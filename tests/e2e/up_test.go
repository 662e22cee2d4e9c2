package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTheDefaultStack checks one stack with the default settings in all ways that do not change it.
func TestTheDefaultStack(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	result := d.Up()
	look := func(what string, at func(*deployment)) {
		t.Run(what, func(t *testing.T) { at(&deployment{d.In(t), t}) })
	}
	look("up creates every resource, and nothing else is in the account", func(d *deployment) {
		// The stack itself is created too.
		if report := fmt.Sprintf("+ %d created", managedByDefault()+1); !strings.Contains(result.Stdout, report) {
			d.t.Errorf("the CLI does not report %q:\n%s", report, result.Stdout)
		}
		d.checkManaged(0)
		d.checkInventory(deployed("mediaserver"))
	})
	look("each resource has the guide's values in AWS, and the outputs keep their contract", func(d *deployment) {
		d.checkValues(nil)
	})
	look("every resource in AWS can be read by its id alone", checkReadByID)
	look("preview, refresh and up find no change", func(d *deployment) {
		d.Must("preview", "--expect-no-changes")
		d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
		d.Must("up", "--yes", "--skip-preview", "--expect-no-changes")
	})
	// README.md gives the command: the CLI refuses a list that is given as text.
	look("a list setting is set by path", func(d *deployment) {
		d.Must("config", "set", "--path", "mediaserver:corsAllowedOrigins[0]", "https://media.example.com")
		d.CheckPlan("update media-storage (aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2)")
	})
}

func TestASecondStackWithAnotherNameComesUpBesideTheFirst(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	second := d.Another("second", map[string]string{"mediaserver:name": "media-two"})
	d.On(second).Up()
	both := append(deployed("mediaserver"), deployed("media-two")...)
	slices.Sort(both)
	d.checkInventory(both)

	d.On(second).Must("destroy", "--yes", "--skip-preview")
	left := append(deployed("mediaserver"), kept("media-two", 1)...)
	slices.Sort(left)
	d.checkInventory(left)
	d.Must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}
