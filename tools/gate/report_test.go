package gate

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// written are the reports of a plan for a terminal and for a pull request.
func written(t *testing.T, plan map[string]any) (text, markdown string) {
	t.Helper()
	var forTerminal, forPullRequest strings.Builder
	judgement := Judge(read(t, plan), "c", []string{"not::\x1b[1mmine`|<b>@team"})
	if err := judgement.WriteText(&forTerminal); err != nil {
		t.Fatal(err)
	}
	if err := judgement.WriteMarkdown(&forPullRequest); err != nil {
		t.Fatal(err)
	}
	return forTerminal.String(), forPullRequest.String()
}

func TestAReportSaysWhatChangesAndWhatIsRefused(t *testing.T) {
	plan := edited(t, stackOf(t), "", edit{theVersioning, "inputs.versioningConfiguration.status", `"Suspended"`}, edit{theLogs, "inputs.retentionInDays", "60"})
	text, markdown := written(t, plan)
	for _, phrase := range []string{"versioningConfiguration.status is not free: Enabled → Suspended\n", "Refused: not all of the plan is known to be harmless (2 to update)."} {
		if !strings.Contains(text, phrase) {
			t.Errorf("the text lacks %q:\n%s", phrase, text)
		}
	}
	for _, phrase := range []string{
		"### Plan: `2 to update`\n\n**Refused: not all of the plan is known to be harmless.**\n",
		"| `media-storage` | `aws:s3/bucketVersioningV2:BucketVersioningV2` | `update` | `versioningConfiguration.status is not free: Enabled → Suspended` | `allow:media-storage@",
		"| `update` | `ecs-logs` | `aws:cloudwatch/logGroup:LogGroup` | `retentionInDays` |\n",
	} {
		if !strings.Contains(markdown, phrase) {
			t.Errorf("the Markdown lacks %q:\n%s", phrase, markdown)
		}
	}
	text, markdown = written(t, newStack(t))
	if !strings.Contains(text, "Passed: creates the whole stack mediaserver/sandbox (51 to create).") || !strings.Contains(markdown, "**Passed: creates the whole stack mediaserver/sandbox.**") {
		t.Errorf("a new stack:\n%s\n%s", text, markdown)
	}
	if text, _ = written(t, stackOf(t)); text != "Passed: nothing changes but free properties (no changes).\n" {
		t.Errorf("no change: %q", text)
	}
}

// outsideCode is all of a Markdown document that is not in a code span.
func outsideCode(markdown string) string {
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(markdown, "")
}

func TestNoTextOfAPlanReachesAReportAsSomethingElse(t *testing.T) {
	const hostile = "a|b`c`<script>@everyone ![x](https://evil.example) **bold**\n::error::x\r##[error]y\x1b[31m\u202e\u2028 :::add-mask::"
	asJSON := string(encoded(t, hostile))
	plan := edited(t, stackOf(t), "", edit{theVersioning, "inputs.versioningConfiguration.status", asJSON}, edit{theAccess, "inputs", `{` + asJSON + `: true}`})
	step := stepOf(t, plan, theAccess)
	step["op"] = hostile
	name := "urn:pulumi:sandbox::mediaserver::evil:index:Evil::" + hostile
	step["urn"], step["newState"] = name, map[string]any{"urn": name, "type": "evil:index:Evil", "inputs": map[string]any{hostile: hostile}, "custom": true}
	text, markdown := written(t, plan)
	for what, report := range map[string]string{"the text": text, "the Markdown": markdown} {
		if !strings.Contains(report, "everyone") {
			t.Errorf("%s does not show it:\n%s", what, report)
		}
		if found := regexp.MustCompile(`::|##\[|[^\P{C}\n]|[\x{2028}\r]`).FindString(report); found != "" {
			t.Errorf("%s has %q", what, found)
		}
	}
	if found := regexp.MustCompile(`[<>@!\[\]]|https?:|\*\*bold`).FindString(outsideCode(markdown)); found != "" {
		t.Errorf("%q stands outside of code in\n%s", found, outsideCode(markdown))
	}
	for line := range strings.Lines(markdown) {
		if cells := strings.Count(line, "|"); cells != 0 && cells != 5 && cells != 6 {
			t.Errorf("%d cells in %q", cells-1, line)
		}
	}
}

func TestAReportForAPullRequestHasRoomForAComment(t *testing.T) {
	plan := stackOf(t)
	steps := plan["steps"].([]any)
	for i := range 5000 {
		urn := fmt.Sprintf("urn:pulumi:sandbox::mediaserver::evil:index:Evil::%d%s", i, strings.Repeat("x", 300))
		steps = append(steps, map[string]any{"op": "create", "urn": urn, "newState": map[string]any{"urn": urn, "type": "evil:index:Evil"}})
	}
	plan["steps"] = steps
	text, markdown := written(t, plan)
	if len(markdown) > MarkdownLimit || len(markdown) < MarkdownLimit*9/10 || !regexp.MustCompile(`\n\d{4,} lines are left out here; the log of the run has all reasons and allowances\.\n$`).MatchString(markdown) {
		t.Errorf("%d bytes, which end in %q", len(markdown), markdown[max(0, len(markdown)-200):])
	}
	if strings.Count(text, "is new") != 5000 {
		t.Error("the log does not show all")
	}
}

func TestALongNameLeavesRoomForTheRest(t *testing.T) {
	plan := edited(t, stackOf(t), "", edit{theVersioning, "inputs.versioningConfiguration.status", `"Suspended"`})
	urn := "urn:pulumi:sandbox::mediaserver::a:index:First::" + strings.Repeat("x", 2<<20)
	plan["steps"] = append(plan["steps"].([]any), map[string]any{"op": "create", "urn": urn, "newState": map[string]any{"urn": urn, "type": "a:index:First"}})
	text, markdown := written(t, plan)
	for what, report := range map[string]string{"the text": text, "the Markdown": markdown} {
		if !strings.Contains(report, "versioningConfiguration.status is not free") || len(report) > MarkdownLimit {
			t.Errorf("%s has %d bytes, and begins with\n%.2000s", what, len(report), report)
		}
	}
}

func TestNoReportShowsWhatMayBeASecret(t *testing.T) {
	const private = "a-value-that-nobody-may-see"
	secretBecomesPlain := edit{theRole, "was.inputs.description", `"[secret]"`}
	for _, edits := range [][]edit{
		{{theSecret, "inputs.value", `"` + private + `"`}},
		{{theSecret, "inputs.insecureValue", `"` + private + `"`}},
		{secretBecomesPlain, {theRole, "inputs.description", `"` + private + `"`}},
		{{theTasks, container + "environment[4]", `{"name": "JWT_SECRET", "value": "` + private + `"}`}},
		{{theTasks, container + "environment", `[{"Name": "JWT_SECRET", "Value": "` + private + `"}]`}},
		{{theTasks, "inputs.containerDefinitions", `"` + private + `"`}},
		{{theTopic, "inputs.displayName", `"` + private + `"`}, {theTopic, "propertyDependencies.displayName", `["urn:pulumi:sandbox::mediaserver::random:index/randomPassword:RandomPassword::jwt-secret"]`}},
	} {
		changed := edited(t, stackOf(t), "", edits...)
		text, markdown := written(t, changed)
		step := stepOf(t, changed, edits[0].resource)
		step["op"] = "create"
		delete(step, "oldState")
		if edits[0] == secretBecomesPlain {
			continue
		}
		asNew, asNewMarkdown := written(t, changed)
		for _, report := range []string{text, markdown, asNew, asNewMarkdown} {
			if strings.Contains(report, private) || !strings.Contains(report, "Refused") {
				t.Errorf("%s: it shows\n%s", edits[0].path, report)
			}
		}
	}
}
