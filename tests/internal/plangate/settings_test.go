package plangate

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestASettingIsReadAsTheProgramReadsIt(t *testing.T) {
	program, err := os.ReadFile("../../../config_reader.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		fmt.Sprintf("\nconst settingsNamespace = %q\n", programNamespace),
		"return []string{settingsNamespace, r.ctx.Project()}",
	} {
		if !strings.Contains(string(program), line) {
			t.Errorf("the program has no %q", line)
		}
	}
	for _, each := range []struct {
		what, project string
		config        map[string]string
		want          string
	}{
		{"the program's namespace", "films", map[string]string{"mediaserver:cpu": "1"}, "1"},
		{"the project's namespace", "films", map[string]string{"films:cpu": "2"}, "2"},
		{"both", "films", map[string]string{"mediaserver:cpu": "1", "films:cpu": "2"}, "1"},
		{"an empty one", "films", map[string]string{"mediaserver:cpu": "", "films:cpu": "2"}, ""},
		{"another namespace", "films", map[string]string{"other:cpu": "3"}, "none"},
	} {
		plan := Plan{Config: each.config, Steps: []Step{{URN: "urn:pulumi:dev::" + each.project + "::pulumi:pulumi:Stack::it"}}}
		got, found := plan.setting("cpu")
		if !found {
			got = "none"
		}
		if got != each.want {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}
