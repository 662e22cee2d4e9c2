package e2e

import (
	"strings"
	"testing"
)

func TestChangedDefaultTagsReachEveryResourceInPlace(t *testing.T) {
	t.Parallel()
	d, proxy := newFaultyDeployment(t)
	d.up()
	// One tag changed, one added, two removed.
	d.must("config", "set-all", "--path",
		"--plaintext", `aws:defaultTags.tags.Project=renamed`, "--plaintext", `aws:defaultTags.tags.Owner=media`)
	d.must("config", "rm", "--path", "aws:defaultTags.tags.Environment")
	d.must("config", "rm", "--path", "aws:defaultTags.tags.ManagedBy")
	updated := 0
	for _, step := range d.planned() {
		if strings.HasPrefix(step.Operation, "create") || strings.HasPrefix(step.Operation, "delete") || strings.HasPrefix(step.Operation, "replace") {
			t.Errorf("the plan has the step %q, want updates only", step)
		}
		updated++
	}
	// All 36 but the two random values, and of AWS's those that have no tags: five settings of the bucket, two
	// policies of the registry, three of the roles, the capacity providers, two scaling policies, the dashboard.
	if updated < 20 {
		t.Errorf("the plan updates %d resources, want 20", updated)
	}
	d.up()
	d.must("refresh", "--yes", "--expect-no-changes")

	deployment := d.readable()
	deployment.Tags = map[string]string{"Project": "renamed", "Owner": "media"}
	d.checkValues(proxy, deployment)
}
