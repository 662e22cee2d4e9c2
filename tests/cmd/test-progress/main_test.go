package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestEachPackageIsNamedWhenItBeginsAndWhenItEnds(t *testing.T) {
	const starts = `{"Action":"start","Package":"m/a"}`
	for name, run := range map[string]struct{ events, report, err string }{
		"it passes":         {starts + `{"Action":"pass","Package":"m/a","Elapsed":12.4}`, "...     m/a\nok      m/a  12 s\n", "<nil>"},
		"it has no tests":   {starts + `{"Action":"skip","Package":"m/a","Elapsed":0}`, "...     m/a\nok      m/a  0 s\n", "<nil>"},
		"go test is killed": {starts, "...     m/a\n", "go test ended while 1 packages were running"},
		"go test refuses":   {"", "", "go test ran no package"},
		"it is no JSON":     {"go: x", "", "read the output of go test: invalid character 'g' looking for beginning of value"},
		"a test fails": {
			starts + `{"Action":"run","Package":"m/a","Test":"T"}{"Action":"output","Package":"m/a","Test":"T","Output":"=== RUN   T\n"}
				{"Action":"output","Package":"m/a","Test":"T","Output":"    a_test.go:1: it is \"wrong\"\n"}
				{"Action":"output","Package":"m/a","Test":"Fine","Output":"noise\n"}{"Action":"pass","Package":"m/a","Test":"Fine"}
				{"Action":"fail","Package":"m/a","Test":"T"}{"Action":"output","Package":"m/a","Output":"panic: own\n"}
				{"Action":"fail","Package":"m/a","Elapsed":3}`,
			"...     m/a\n    a_test.go:1: it is \"wrong\"\npanic: own\nFAIL    m/a  3 s\n", "1 of 1 packages failed",
		},
		"it does not compile": {
			`{"ImportPath":"m/a","Action":"build-output","Output":"a.go:1: undefined\n"}{"ImportPath":"m/a","Action":"build-fail"}` +
				starts + `{"Action":"fail","Package":"m/a","Elapsed":0}`,
			"a.go:1: undefined\n...     m/a\nFAIL    m/a  0 s\n", "1 of 1 packages failed",
		},
	} {
		var report strings.Builder
		err := follow(strings.NewReader(run.events), &report)
		if report.String() != run.report || fmt.Sprint(err) != run.err {
			t.Errorf("when %s the report is\n%swant\n%sthe error is %v, want %s", name, report.String(), run.report, err, run.err)
		}
	}
}
