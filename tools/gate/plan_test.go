package gate

import (
	"strings"
	"testing"
)

func TestWhatIsNoPlanIsNotRead(t *testing.T) {
	good := unchanged()
	texts := cases[map[string]map[string]string](t, "unreadable.yaml")
	texts["JSON"] = map[string]string{"a plan cut short": good[:len(good)/2], "two plans": good + good}
	for because, each := range texts {
		if because == "JSON" {
			because = "it is empty, not JSON, cut short, or more than one document"
		}
		for what, text := range each {
			if _, err := Read(strings.NewReader(text), ""); err == nil || !strings.Contains(err.Error(), because) {
				t.Errorf("%s: %v, want %q", what, err, because)
			}
		}
	}
	if _, err := Read(strings.NewReader(good), "mediaserver/prod"); err == nil || err.Error() != "it is of the stack mediaserver/sandbox, and should be of mediaserver/prod" {
		t.Errorf("a plan of another stack: %v", err)
	}
}

func TestAFailedPreviewIsNoPlan(t *testing.T) {
	for text, want := range map[string]string{
		`{"diagnostics": [{"severity": "error", "message": "error: no default VPC\n"}]}`: "error: no default VPC",
		`{"maybeCorrupt": true}`: "Pulumi reports that resources may be corrupt",
	} {
		plan, err := Read(strings.NewReader(text), "")
		if err != nil || len(plan.Failures) != 1 || plan.Failures[0] != want {
			t.Errorf("%s: %q, %v", text, plan.Failures, err)
		}
		if judgement := Judge(plan, "", []string{"x"}); len(judgement.Failures) != 1 {
			t.Errorf("%s: %+v", text, judgement)
		}
	}
	warned := strings.Replace(unchanged(), "{", `{"diagnostics": [{"severity": "warning", "message": "deprecated"}],`, 1)
	if plan, err := Read(strings.NewReader(warned), ""); err != nil || len(plan.Failures) > 0 {
		t.Errorf("a warning: %q, %v", plan.Failures, err)
	}
}
