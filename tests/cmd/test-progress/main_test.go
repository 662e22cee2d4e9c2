package main

import (
	"strings"
	"testing"
)

func TestEachPackageIsNamedWhenItBeginsAndWhenItEnds(t *testing.T) {
	const starts, passes = `{"Action":"start","Package":"m/a"}` + "\n", `{"Action":"pass","Package":"m/a","Elapsed":12.4}` + "\n"
	const testFails = `{"Action":"run","Package":"m/a","Test":"T"}` + "\n" +
		`{"Action":"output","Package":"m/a","Test":"T","Output":"=== RUN   T\n"}` + "\n" +
		`{"Action":"output","Package":"m/a","Test":"T","Output":"    a_test.go:1: it is \"wrong\"\n"}` + "\n" +
		`{"Action":"output","Package":"m/a","Test":"Fine","Output":"noise\n"}` + "\n" +
		`{"Action":"pass","Package":"m/a","Test":"Fine"}` + "\n" +
		`{"Action":"fail","Package":"m/a","Test":"T"}` + "\n" +
		`{"Action":"output","Package":"m/a","Output":"panic: own\n"}` + "\n" +
		`{"Action":"fail","Package":"m/a","Elapsed":3}` + "\n"
	for name, run := range map[string]struct{ events, report, err string }{
		"it passes":         {starts + passes, "...     m/a\nok      m/a  12 s\n", ""},
		"it has no tests":   {starts + `{"Action":"skip","Package":"m/a","Elapsed":0}` + "\n", "...     m/a\nok      m/a  0 s\n", ""},
		"a test fails":      {starts + testFails, "...     m/a\n    a_test.go:1: it is \"wrong\"\npanic: own\nFAIL    m/a  3 s\n", "1 of 1 packages failed"},
		"go test is killed": {starts, "...     m/a\n", "go test ended while 1 packages were running"},
		"go test refuses":   {"go: no such flag\n", "go: no such flag\n", "go test ran no package"},
		"it does not compile": {
			`{"ImportPath":"m/a","Action":"build-output","Output":"a.go:1: undefined\n"}` + "\n" +
				`{"ImportPath":"m/a","Action":"build-fail"}` + "\n" + starts + `{"Action":"fail","Package":"m/a","Elapsed":0}` + "\n",
			"a.go:1: undefined\n...     m/a\nFAIL    m/a  0 s\n", "1 of 1 packages failed",
		},
	} {
		var report strings.Builder
		err := follow(strings.NewReader(run.events), &report)
		if got := report.String(); got != run.report {
			t.Errorf("when %s the report is\n%swant\n%s", name, got, run.report)
		}
		var message string
		if err != nil {
			message = err.Error()
		}
		if message != run.err {
			t.Errorf("when %s the error is %q, want %q", name, message, run.err)
		}
	}
}
