package e2e

import (
	"strings"
	"testing"

	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandboxtest"
)

func TestChangedDefaultTagsReachEveryResourceInPlace(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	// One tag changed, one added, two removed.
	d.Set("aws:defaultTags.tags.Project=renamed", "aws:defaultTags.tags.Owner=media")
	d.Unset("aws:defaultTags.tags.Environment", "aws:defaultTags.tags.ManagedBy")
	updated := 0
	for _, change := range sandboxtest.Changes(d.Plan()) {
		if !strings.HasPrefix(change, "update ") {
			t.Errorf("the plan has the step %q, want updates only", change)
		}
		updated++
	}
	// All 36 but the two random values, and of AWS's those that have no tags: five settings of the bucket, two
	// policies of the registry, three of the roles, the capacity providers, two scaling policies, the dashboard.
	if updated < 20 {
		t.Errorf("the plan updates %d resources, want 20", updated)
	}
	d.Up()
	d.Must("refresh", "--yes", "--diff", "--expect-no-changes")

	stack := d.readable(nil)
	stack.Tags = map[string]string{"Project": "renamed", "Owner": "media"}
	if err := readback.Check(t.Context(), d.Clients(), stack); err != nil {
		t.Error(err)
	}
}
