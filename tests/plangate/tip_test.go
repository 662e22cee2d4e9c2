package plangate

import (
	"strings"
	"testing"
)

// A run that waited for its approval, or that is run again, keeps its commit. It must not deploy an old one.
func TestOnlyTheTipOfMainIsDeployed(t *testing.T) {
	up := readWorkflow(t, "up.yml")
	const tip = "1111111111111111111111111111111111111111"
	for _, job := range []string{"tip", "up"} {
		checking := up.Jobs[job].Steps[0]
		if checking.Name != "Only the tip of main" {
			t.Fatalf("the first step of the job %s is %q", job, checking.Name)
		}
		for what, each := range map[string]struct {
			ref, sha string
			passes   bool
		}{
			"the tip of main":         {"refs/heads/main", tip, true},
			"an older commit":         {"refs/heads/main", strings.Repeat("0", 40), false},
			"a branch":                {"refs/heads/topic", strings.Repeat("2", 40), false},
			"a branch at that commit": {"refs/heads/topic", tip, false},
		} {
			r := newRunner(t, map[string]string{"comments.json": tip})
			output, err := r.try(checking, "GITHUB_REF="+each.ref, "GITHUB_SHA="+each.sha)
			if (err == nil) != each.passes {
				t.Errorf("%s, %s: %v\n%s", job, what, err, output)
			}
			if !each.passes && !strings.Contains(output, "is not the tip of main, which is "+tip+"; nothing was changed") {
				t.Errorf("%s, %s: it says %q", job, what, output)
			}
			if calls := r.read("calls"); calls != "gh api repos/owner/repository/git/ref/heads/main --jq .object.sha" {
				t.Errorf("%s, %s: called %q", job, what, calls)
			}
		}
	}
	if up.Jobs["up"].Needs != "tip" {
		t.Errorf("somebody is asked for an approval before the commit is looked at: the job needs %q", up.Jobs["up"].Needs)
	}
}
