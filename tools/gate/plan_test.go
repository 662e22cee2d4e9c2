package gate

import (
	"strings"
	"testing"
)

func TestWhatIsNoPlanIsNotRead(t *testing.T) {
	const same = `{"op": "same", "urn": "urn:pulumi:dev::m::t::n"}`
	good := string(unchanged())
	for name, each := range map[string]struct{ text, because string }{
		"nothing":                     {"", "it is empty"},
		"white space":                 {" \n", "it is empty"},
		"text":                        {"Previewing update (dev)\n", "it is no JSON"},
		"a plan cut short":            {good[:len(good)/2], "it is no JSON"},
		"two plans":                   {good + good, "more than one document"},
		"an array":                    {"[]", "it is no JSON object"},
		"a number":                    {"1", "it is no JSON object"},
		"an empty object":             {"{}", "it has no steps or no summary"},
		"no steps":                    {`{"steps": [], "changeSummary": {}}`, "it has no steps or no summary"},
		"steps that are no list":      {`{"steps": {"op": "delete"}, "changeSummary": {}}`, "it has no steps or no summary"},
		"no summary":                  {`{"steps": [` + same + `]}`, "it has no steps or no summary"},
		"a step without a URN":        {`{"steps": [{"op": "delete"}], "changeSummary": {}}`, "names no operation or no resource"},
		"a step without an operation": {`{"steps": [{"urn": "urn:pulumi:dev::m::t::n"}], "changeSummary": {}}`, "names no operation or no resource"},
		"a state that is no object":   {`{"steps": [{"op": "create", "urn": "urn:pulumi:dev::m::t::n", "oldState": []}], "changeSummary": {}}`, "its oldState is no object"},
		"a step that is no object":    {`{"steps": [1], "changeSummary": {}}`, "names no operation or no resource"},
		"a URN that is none":          {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::n"}], "changeSummary": {}}`, "is no URN of a resource"},
		"a stack that is a link":      {`{"steps": [{"op": "same", "urn": "urn:pulumi:[dev](https://evil.example)::m::t::n"}], "changeSummary": {}}`, "is no URN of a resource"},
		"a project that is a heading": {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m\n# x::t::n"}], "changeSummary": {}}`, "is no URN of a resource"},
		"a step of another stack":     {`{"steps": [` + same + `,` + strings.Replace(same, ":dev:", ":prod:", 1) + `], "changeSummary": {}}`, "is not of the stack m/dev"},
		"a step about two resources":  {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::t::n", "newState": {"urn": "urn:pulumi:dev::m::t::o", "type": "t"}}], "changeSummary": {}}`, "about another resource"},
		"a type that is another":      {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::t::n", "newState": {"urn": "urn:pulumi:dev::m::t::n", "type": "u"}}], "changeSummary": {}}`, `is "u" in its state`},
		"an old state of another stack": {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::t::n", "oldState": {"urn": "urn:pulumi:prod::m::t::n", "type": "t"}}], "changeSummary": {}}`,
			"is not of the stack m/"},
		"steps that are missing":         {`{"steps": [` + same + `], "changeSummary": {"delete": 1}}`, `counts more of "delete" than its steps show`},
		"what stays as it is is missing": {`{"steps": [` + same + `], "changeSummary": {"same": 2}}`, "--show-sames"},
		"a count that is none":           {`{"steps": [` + same + `], "changeSummary": {"update": "many"}}`, `counts more of "update"`},
		"a field that nobody knows":      {`{"steps": [` + same + `], "changeSummary": {}, "Steps": []}`, `the plan has a field "Steps"`},
		"a field of a step":              {`{"steps": [{"op": "same", "urn": "urn:pulumi:dev::m::t::n", "OP": "delete"}], "changeSummary": {}}`, `a field "OP"`},
		"a key twice":                    {`{"steps": [` + same + `], "steps": [], "changeSummary": {}}`, `the key "steps" twice`},
		"a key twice deep inside":        {`{"steps": [{"op": "same", "urn": "a", "newState": {"inputs": {"a": 1, "a": 2}}}], "changeSummary": {}}`, `the key "a" twice`},
		"a stack export":                 {`{"version": 3, "deployment": {"resources": []}}`, `a field "deployment"`},
		"streamed events":                {`{"sequence":1,"timestamp":1,"preludeEvent":{}}` + "\n" + `{"sequence":2,"timestamp":1}`, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"},
	} {
		if _, err := Read(strings.NewReader(each.text), ""); err == nil || !strings.Contains(err.Error(), each.because) {
			t.Errorf("%s: %v, want %q", name, err, each.because)
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
	warned := strings.Replace(string(unchanged()), "{", `{"diagnostics": [{"severity": "warning", "message": "deprecated"}],`, 1)
	if plan, err := Read(strings.NewReader(warned), ""); err != nil || len(plan.Failures) > 0 {
		t.Errorf("a warning: %q, %v", plan.Failures, err)
	}
}
