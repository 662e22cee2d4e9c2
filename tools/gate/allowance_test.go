package gate

import (
	"strings"
	"testing"
)

// offered are the allowances that the gate names for a plan, with which it passes.
func offered(t *testing.T, plan object) []string {
	t.Helper()
	judgement := judged(t, plan)
	if !judgement.Refused() || judgement.Fault != "" {
		t.Fatalf("it is not refused: %s", judgement.Fault)
	}
	if judged(t, plan, judgement.Needed()...).Refused() {
		t.Errorf("it is refused with %q", judgement.Needed())
	}
	return judgement.Needed()
}

// goodForNone checks that no other plan passes with some allowances.
func goodForNone(t *testing.T, allowances []string, plans map[string]object) {
	t.Helper()
	for what, plan := range plans {
		if !judged(t, plan, allowances...).Refused() {
			t.Errorf("they are good for %s, too", what)
		}
	}
}

func TestAnAllowanceIsForOneChangeOfOneResourceAtOneCommit(t *testing.T) {
	suspended := edit{theVersioning, "versioningConfiguration.status", "Suspended"}
	open := edit{theAccess, "blockPublicAcls", false}
	both := stackOf(t, suspended, open)
	given := offered(t, both)
	if len(given) != 2 || given[0] == given[1] || !strings.HasPrefix(given[0], "media-storage@") {
		t.Fatalf("offers %q", given)
	}
	for what, allowances := range map[string][]string{
		"one of two":    given[:1],
		"the name":      {"media-storage"},
		"a part of one": {given[0][:len(given[0])-1], given[1]},
		"capitals":      {strings.ToUpper(given[0]), given[1]},
	} {
		if !judged(t, both, allowances...).Refused() {
			t.Errorf("%s lets it pass", what)
		}
	}
	for _, commit := range []string{"", "d"} {
		if !Judge(read(t, both), commit, given).Refused() {
			t.Errorf("the allowances are good at the commit %q, too", commit)
		}
	}
	goodForNone(t, given, map[string]object{
		"another value":  stackOf(t, edit{theVersioning, suspended.path, "Disabled"}, open),
		"a value more":   stackOf(t, suspended, open, edit{theAccess, "ignorePublicAcls", false}),
		"another change": happens(t, stackOf(t, suspended, open), theAccess, "delete"),
		"another stack":  decoded(t, strings.ReplaceAll(encoded(t, both), "urn:pulumi:sandbox::", "urn:pulumi:prod::")).(object),
	})
}

func TestOneAllowanceLetsAllAdditionsOfACommitPass(t *testing.T) {
	added := func(resources []string, edits ...edit) object {
		plan := stackOf(t)
		for _, resource := range resources {
			happens(t, plan, resource, "create")
		}
		return edited(t, plan, edits...)
	}
	two := []string{theErrors, theResponses}
	given := offered(t, added(two))
	if len(given) != 1 || !strings.HasPrefix(given[0], "additions@") {
		t.Fatalf("offers %q", given)
	}
	description := at[string](stepOf(t, added(two), theErrors), "newState", "inputs", "alarmDescription")
	elsewhere := edit{theErrors, "(state).provider", "urn:pulumi:sandbox::mediaserver::pulumi:providers:aws::evil::1"}
	goodForNone(t, given, map[string]object{
		"one less":                added(two[:1]),
		"one more":                added(append(two, "MetricAlarm::high-memory")),
		"another one":             added([]string{theErrors, "MetricAlarm::high-memory"}),
		"another input":           added(two, edit{theErrors, "threshold", 99}),
		"the end of a long input": added(two, edit{theErrors, "alarmDescription", description + "!"}),
		"an input more":           added(two, edit{theErrors, "actionsEnabled", false}),
		"another provider":        added(two, elsewhere),
		"another option":          added(two, edit{theErrors, "(state).protect", true}),
		"an addition, imported":   added(two, edit{theErrors, "(state).importID", "elsewhere"}),
		"a change beside them":    added(two, edit{theAccess, "blockPublicAcls", false}),
	})
	if reasons := refused(judged(t, added(two, elsewhere))); !strings.Contains(reasons, "is new, by the provider evil, alarmActions") {
		t.Errorf("the report does not name the provider: %s", reasons)
	}
}

func TestAnAllowanceForAStepAsAWholeIsForAllThatItSays(t *testing.T) {
	step := func(operation, path string, value any) object {
		return edited(t, happens(t, stackOf(t), theRole, operation), edit{theRole, path, value})
	}
	for _, each := range []struct{ operation, path string }{
		{"import", "(state).importID"}, {"import", "description"}, {"delete", "was.(state).id"},
	} {
		given := offered(t, step(each.operation, each.path, "harmless"))
		refreshed := step(each.operation, each.path, "harmless")
		stepOf(t, refreshed, theRole)["op"] = "refresh"
		goodForNone(t, given, map[string]object{
			"another " + each.path: step(each.operation, each.path, "admin"),
			"another operation":    refreshed,
		})
	}
	if reasons := refused(judged(t, step("import", "(state).importID", "admin"))); !strings.Contains(reasons, ", importID: admin, assumeRolePolicy") {
		t.Errorf("the report does not say what is imported: %s", reasons)
	}
}

func TestOneAllowanceMovesAllResourcesToAnotherVersionOfTheirProvider(t *testing.T) {
	const project, from = "urn:pulumi:sandbox::mediaserver::pulumi:providers:", "aws::default_6_83_2::d9cc2fb9-c14b-4fb8-9848-a1027c0f9ea3"
	moved := func(to string, edits ...edit) object {
		plan := stackOf(t)
		for _, step := range plan["steps"].([]any) {
			if after := at[object](step, "newState"); after["provider"] == project+from {
				after["provider"] = project + to + "::" + unknown
			}
		}
		return edited(t, plan, edits...)
	}
	const to = "aws::default_6_84_0"
	given := offered(t, moved(to))
	if len(given) != 1 || !strings.HasPrefix(given[0], "providers@") {
		t.Fatalf("offers %q", given)
	}
	goodForNone(t, given, map[string]object{
		"a move to another version": moved("aws::default_6_85_0"),
		"a move that changes more":  moved(to, edit{theAccess, "blockPublicAcls", false}),
	})
	for what, plan := range map[string]object{
		"another provider":           moved("aws::defaults"),
		"one without a version":      moved("aws::default"),
		"one from another server":    moved("aws::default_6_84_0_https_//evil.example"),
		"one of a longer version":    moved("aws::default_6_84_0_7"),
		"another package's":          moved("evil::default_6_84_0"),
		"that of all but one":        moved(to, edit{theBucket, "(state).provider", project + from}),
		"that of one from elsewhere": moved(to, edit{theBucket, "was.(state).provider", project + strings.Replace(from, "6_83_2", "6_1_0", 1)}),
	} {
		if needed := judged(t, plan).Needed(); len(needed) < 40 || strings.Contains(strings.Join(needed, " "), "providers@") {
			t.Errorf("a move to %s needs %q", what, needed)
		}
	}
}

func TestEveryAllowanceFitsALabelAndIsOfOneResource(t *testing.T) {
	// As if something happened to each that is not harmless.
	plan := stackOf(t)
	steps := plan["steps"].([]any)
	for _, step := range steps {
		step.(object)["op"] = "refresh"
	}
	given := offered(t, plan)
	if len(given) != len(steps) {
		t.Errorf("%d allowances for %d resources", len(given), len(steps))
	}
	for _, each := range append(given, allowance(strings.Repeat("é:/", 50), "", nil)) {
		name, digest, _ := strings.Cut(each, "@")
		if len(LabelPrefix+each) > LabelLimit || len(digest) != digestLength || notInALabel.MatchString(name) {
			t.Errorf("%s%s is no label", LabelPrefix, each)
		}
	}
}
