package gate

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// reports are those of a plan for a terminal and for a pull request.
func reports(t *testing.T, plan object) (text, markdown string) {
	t.Helper()
	judgement := judged(t, plan)
	return judgement.Text(), judgement.Markdown()
}

func TestAReportSaysWhatChangesAndWhatIsRefused(t *testing.T) {
	text, markdown := reports(t, stackOf(t, edit{theVersioning, "versioningConfiguration.status", "Suspended"}, edit{theLogs, "retentionInDays", 60}))
	for _, phrase := range []string{
		"versioningConfiguration.status is not free: Enabled → Suspended\n",
		"Refused: not all of the plan is known to be harmless (2 to update).",
	} {
		if !strings.Contains(text, phrase) {
			t.Errorf("the text lacks %q:\n%s", phrase, text)
		}
	}
	for _, phrase := range []string{
		"### Plan: `2 to update`\n\n**Refused: not all of the plan is known to be harmless.**\n",
		"| `media-storage` | `aws:s3/bucketVersioningV2:BucketVersioningV2` | `update` | `versioningConfiguration.status is not free: Enabled → Suspended` | `allow:media-storage@",
		"| `ecs-logs` | `aws:cloudwatch/logGroup:LogGroup` | `update` | `retentionInDays` | |\n",
	} {
		if !strings.Contains(markdown, phrase) {
			t.Errorf("the Markdown lacks %q:\n%s", phrase, markdown)
		}
	}
	text, markdown = reports(t, newStack(t))
	const passed = "Passed: creates the whole stack mediaserver/sandbox"
	if !strings.Contains(text, passed+" (51 to create).") || !strings.Contains(markdown, "**"+passed+".**") {
		t.Errorf("a new stack:\n%s\n%s", text, markdown)
	}
	if text, _ = reports(t, stackOf(t)); text != "Passed: nothing changes but free properties (no changes).\n" {
		t.Errorf("no change: %q", text)
	}
}

// addition is a step that makes a resource of another type, which stands before all others.
func addition(name string) object {
	urn := "urn:pulumi:sandbox::mediaserver::a:index:Evil::" + name
	return object{"op": "create", "urn": urn, "newState": object{"urn": urn, "type": "a:index:Evil", "custom": true}}
}

func TestNoTextOfAPlanReachesAReportAsSomethingElse(t *testing.T) {
	const hostile = "a|b`c`<script>@everyone ![x](https://evil.example) **bold**\n::error::x\r##[error]y\x1b[31m\u202e\u2028 :::add-mask::"
	plan := stackOf(t, edit{theVersioning, "versioningConfiguration.status", hostile})
	step := addition(hostile)
	step["op"], step["newState"].(object)["inputs"] = hostile, object{hostile: hostile}
	plan["steps"] = append(plan["steps"].([]any), step)
	text, markdown := reports(t, plan)
	for what, report := range map[string]string{"the text": text, "the Markdown": markdown} {
		if !strings.Contains(report, "everyone") {
			t.Errorf("%s does not show it:\n%s", what, report)
		}
		if found := regexp.MustCompile(`::|##\[|[^\P{C}\n]|[\x{2028}\r]`).FindString(report); found != "" {
			t.Errorf("%s has %q", what, found)
		}
	}
	outsideCode := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(markdown, "")
	if found := regexp.MustCompile(`[<>@!\[\]]|https?:|\*\*bold`).FindString(outsideCode); found != "" {
		t.Errorf("%q stands outside of code in\n%s", found, outsideCode)
	}
	for line := range strings.Lines(markdown) {
		if cells := strings.Count(line, "|"); cells != 0 && cells != 6 {
			t.Errorf("%d cells in %q", cells-1, line)
		}
	}
}

func TestAReportForAPullRequestHasRoomForAComment(t *testing.T) {
	plan := stackOf(t)
	for i := range 5000 {
		plan["steps"] = append(plan["steps"].([]any), addition(fmt.Sprint(i, strings.Repeat("x", 300))))
	}
	text, markdown := reports(t, plan)
	says := regexp.MustCompile(`\n\d{4} lines are left out here; the log of the run has all reasons and allowances\.\n$`)
	if len(markdown) > MarkdownLimit || len(markdown) < MarkdownLimit*9/10 || !says.MatchString(markdown) {
		t.Errorf("%d bytes, which end in %q", len(markdown), markdown[max(0, len(markdown)-200):])
	}
	if strings.Count(text, "is new") != 5000 {
		t.Error("the log does not show all")
	}
}

func TestALongNameLeavesRoomForTheRest(t *testing.T) {
	plan := stackOf(t, edit{"Topic::alarms", "displayName", "x"})
	plan["steps"] = append(plan["steps"].([]any), addition(strings.Repeat("x", 2<<20)))
	text, markdown := reports(t, plan)
	for what, report := range map[string]string{"the text": text, "the Markdown": markdown} {
		if !strings.Contains(report, "displayName is not free") || len(report) > MarkdownLimit {
			t.Errorf("%s has %d bytes, and begins with\n%.2000s", what, len(report), report)
		}
	}
}

func TestNoReportShowsWhatMayBeASecret(t *testing.T) {
	const private = "a-value-that-nobody-may-see"
	const container = "containerDefinitions[mediaserver]."
	for _, edits := range [][]edit{
		{{"Parameter::jwt-secret", "value", private}},
		{{"Parameter::jwt-secret", "insecureValue", private}},
		{{theRole, "was.description", secret}, {theRole, "description", private}},
		{{theTasks, container + "environment[JWT_SECRET].value", private}},
		{{theTasks, container + "environment", []any{object{"Name": "JWT_SECRET", "Value": private}}}},
		{{theTasks, "containerDefinitions", private}},
		{{"Topic::alarms", "displayName", private}, {"Topic::alarms", "(state).propertyDependencies.displayName",
			[]any{"urn:pulumi:sandbox::mediaserver::random:index/randomPassword:RandomPassword::jwt-secret"}}},
	} {
		plan := stackOf(t, edits...)
		text, markdown := reports(t, plan)
		if edits[0].value != secret {
			asNew, asNewMarkdown := reports(t, happens(t, plan, edits[0].resource, "create"))
			text, markdown = text+asNew, markdown+asNewMarkdown
		}
		if strings.Contains(text+markdown, private) || !strings.Contains(text, "Refused") {
			t.Errorf("%s: it shows\n%s\n%s", edits[0].path, text, markdown)
		}
	}
}
