package gate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// offered are the allowances that the gate names for a plan at a commit.
func offered(t *testing.T, plan map[string]any, commit string) []string {
	t.Helper()
	judgement := Judge(read(t, plan), commit, nil)
	if !judgement.Refused() || judgement.Fault != "" {
		t.Fatalf("it is not refused: %s", judgement.Fault)
	}
	return judgement.Needed()
}

func passes(t *testing.T, plan map[string]any, commit string, allowances ...string) bool {
	t.Helper()
	return !Judge(read(t, plan), commit, allowances).Refused()
}

func TestAnAllowanceIsForOneChangeOfOneResourceAtOneCommit(t *testing.T) {
	suspended := edit{theVersioning, "inputs.versioningConfiguration.status", `"Suspended"`}
	open := edit{theAccess, "inputs.blockPublicAcls", "false"}
	both := func() map[string]any { return edited(t, stackOf(t), "", suspended, open) }
	given := offered(t, both(), "c0ffee")
	if len(given) != 2 || given[0] == given[1] || !strings.HasPrefix(given[0], "media-storage@") {
		t.Fatalf("offers %q", given)
	}
	if !passes(t, both(), "c0ffee", given...) {
		t.Error("it is refused with both")
	}
	elsewhere := decoded(t, []byte(strings.ReplaceAll(string(encoded(t, both())), "urn:pulumi:sandbox::", "urn:pulumi:prod::"))).(map[string]any)
	for what, each := range map[string]struct {
		plan       map[string]any
		commit     string
		allowances []string
	}{
		"one of two":       {both(), "c0ffee", given[:1]},
		"another commit":   {both(), "decaf", given},
		"no commit":        {both(), "", given},
		"another value":    {edited(t, stackOf(t), "", edit{theVersioning, suspended.path, `"Disabled"`}, open), "c0ffee", given},
		"a value more":     {edited(t, both(), "", edit{theAccess, "inputs.ignorePublicAcls", "false"}), "c0ffee", given},
		"another change":   {edited(t, both(), "delete", open), "c0ffee", given},
		"another stack":    {elsewhere, "c0ffee", given},
		"the name alone":   {both(), "c0ffee", []string{"media-storage"}},
		"a part of it":     {both(), "c0ffee", []string{given[0][:len(given[0])-1], given[1]}},
		"in capitals":      {both(), "c0ffee", []string{strings.ToUpper(given[0]), given[1]}},
		"with its prefix":  {both(), "c0ffee", []string{LabelPrefix + given[0], given[1]}},
		"that of a second": {both(), "c0ffee", []string{given[1], given[1]}},
	} {
		if passes(t, each.plan, each.commit, each.allowances...) {
			t.Errorf("%s lets it pass", what)
		}
	}
	unused := Judge(read(t, stackOf(t)), "", []string{"media-storage", "media-storage", given[0]}).Unused
	if !slices.Equal(unused, []string{"media-storage", given[0]}) {
		t.Errorf("of no use are %q", unused)
	}
}

func TestOneAllowanceLetsAllAdditionsOfACommitPass(t *testing.T) {
	added := func(names ...string) map[string]any {
		plan := stackOf(t)
		for _, name := range names {
			step := stepOf(t, plan, metricAlarm+"::"+name)
			step["op"] = "create"
			delete(step, "oldState")
		}
		return plan
	}
	two := added("server-errors", "slow-responses")
	description := stepOf(t, two, metricAlarm+"::server-errors")["newState"].(map[string]any)["inputs"].(map[string]any)["alarmDescription"].(string)
	given := offered(t, two, "c")
	if len(given) != 1 || !strings.HasPrefix(given[0], "additions@") {
		t.Fatalf("offers %q", given)
	}
	if !passes(t, two, "c", given...) {
		t.Error("it is refused with the allowance")
	}
	changed := func(name, path, value string) map[string]any {
		plan := added("server-errors", "slow-responses")
		step := stepOf(t, plan, metricAlarm+"::"+name)
		step["newState"] = with(t, step["newState"], elements(path), value)
		return plan
	}
	for what, plan := range map[string]map[string]any{
		"one less":                added("server-errors"),
		"one more":                added("server-errors", "slow-responses", "high-memory"),
		"another one":             added("server-errors", "high-memory"),
		"another input":           changed("server-errors", "inputs.threshold", "99"),
		"the end of a long input": changed("server-errors", "inputs.alarmDescription", string(encoded(t, description+"!"))),
		"an input more":           changed("server-errors", "inputs.actionsEnabled", "false"),
		"another provider":        changed("server-errors", "provider", `"urn:pulumi:sandbox::mediaserver::pulumi:providers:aws::evil::1"`),
		"another option":          changed("server-errors", "protect", "true"),
		"an addition, imported":   changed("server-errors", "importID", `"elsewhere"`),
		"a change beside them":    edited(t, added("server-errors", "slow-responses"), "", edit{theAccess, "inputs.blockPublicAcls", "false"}),
	} {
		if passes(t, plan, "c", given...) {
			t.Errorf("the allowance is good for %s, too", what)
		}
	}
	if passes(t, two, "d", given...) {
		t.Error("the allowance is good at another commit, too")
	}
	if text := reasons(Judge(read(t, changed("server-errors", "provider", `"urn:pulumi:sandbox::mediaserver::pulumi:providers:aws::evil::1"`)), "", nil)); !strings.Contains(text, "is new, by the provider evil, actionsEnabled") && !strings.Contains(text, "is new, by the provider evil, alarmActions") {
		t.Errorf("the report does not name the provider: %s", text)
	}
}

func TestAnAllowanceForAStepAsAWholeIsForAllThatItSays(t *testing.T) {
	step := func(operation, path, value string) map[string]any {
		plan := stackOf(t)
		step := stepOf(t, plan, theRole)
		step["op"] = operation
		state := "newState"
		if operation == "import" {
			delete(step, "oldState")
			step[state] = with(t, step[state], elements("importID"), `"harmless"`)
		} else {
			delete(step, "newState")
			state = "oldState"
		}
		step[state] = with(t, step[state], elements(path), value)
		return plan
	}
	for _, each := range []struct{ operation, path, value, other string }{
		{"import", "importID", `"harmless"`, `"admin"`},
		{"import", "inputs.description", `"a"`, `"b"`},
		{"delete", "id", `"one-that-was-left"`, `"the-one-in-use"`},
	} {
		given := offered(t, step(each.operation, each.path, each.value), "c")
		if len(given) != 1 || !passes(t, step(each.operation, each.path, each.value), "c", given...) {
			t.Errorf("%s, %s: offers %q", each.operation, each.path, given)
		}
		if passes(t, step(each.operation, each.path, each.other), "c", given...) {
			t.Errorf("%s: the allowance is good for another %s, too", each.operation, each.path)
		}
	}
	if text := reasons(Judge(read(t, step("import", "inputs.name", `"OrganizationAdmin"`)), "", nil)); !strings.Contains(text, "importID: harmless") || !strings.Contains(text, "name: OrganizationAdmin") {
		t.Errorf("the report does not say what is imported: %s", text)
	}
}

func TestOneAllowanceMovesAllResourcesToAnotherVersionOfTheirProvider(t *testing.T) {
	const from, to = "providers:aws::default_6_83_2::d9cc2fb9-c14b-4fb8-9848-a1027c0f9ea3", "providers:aws::default_6_84_0::" + unknown
	moved := func(to string, but ...string) map[string]any {
		plan := stackOf(t)
		for _, each := range plan["steps"].([]any) {
			step := each.(map[string]any)
			after := step["newState"].(map[string]any)
			provider, _ := after["provider"].(string)
			if _, name, _ := strings.Cut(step["urn"].(string), "mediaserver::"); strings.HasSuffix(provider, from) && !slices.Contains(but, name) {
				after["provider"] = strings.TrimSuffix(provider, from) + to
			}
		}
		return plan
	}
	given := offered(t, moved(to), "c")
	if len(given) != 1 || !strings.HasPrefix(given[0], "providers@") {
		t.Fatalf("offers %q", given)
	}
	if !passes(t, moved(to), "c", given...) {
		t.Error("it is refused with the allowance")
	}
	fromElsewhere := func() map[string]any {
		return edited(t, moved(to), "", edit{theBucket, "was.provider", `"urn:pulumi:sandbox::mediaserver::pulumi:` + strings.Replace(from, "6_83_2", "6_1_0", 1) + `"`})
	}
	for what, plan := range map[string]map[string]any{
		"of another version":             moved("providers:aws::default_6_85_0::" + unknown),
		"of another name":                moved("providers:aws::defaults::" + unknown),
		"of another package":             moved("providers:evil::default_6_84_0::" + unknown),
		"that leaves one behind":         moved(to, theBucket),
		"that changes more":              edited(t, moved(to), "", edit{theAccess, "inputs.blockPublicAcls", "false"}),
		"that brings one from elsewhere": fromElsewhere(),
	} {
		if passes(t, plan, "c", given...) {
			t.Errorf("the allowance is good for a move %s, too", what)
		}
	}
	for _, single := range []map[string]any{
		moved("providers:aws::defaults::" + unknown), moved("providers:aws::default::" + unknown),
		moved("providers:aws::default_6_84_0_https_//evil.example::" + unknown), moved("providers:aws::default_6_84_0_7::" + unknown),
		moved(to, theBucket), fromElsewhere(),
	} {
		if each := offered(t, single, "c"); len(each) < 40 || slices.ContainsFunc(each, func(text string) bool { return strings.HasPrefix(text, "providers@") }) {
			t.Errorf("offers %q", each)
		}
	}
}

func TestEveryAllowanceFitsALabelAndIsOfOneResource(t *testing.T) {
	// As if something happened to each that is not harmless.
	plan := stackOf(t)
	for _, each := range plan["steps"].([]any) {
		each.(map[string]any)["op"] = "refresh"
	}
	given := offered(t, plan, strings.Repeat("c", 40))
	if steps := len(plan["steps"].([]any)); len(given) != steps {
		t.Errorf("%d allowances for %d resources", len(given), steps)
	}
	for _, each := range append(given, allowance(strings.Repeat("é:/", 50), "", []any{json.Number("1")})) {
		if name, digest, _ := strings.Cut(each, "@"); len(LabelPrefix+each) > LabelLimit || len(digest) != digestLength || notInALabel.MatchString(name) {
			t.Errorf("%s%s is no label", LabelPrefix, each)
		}
	}
}
