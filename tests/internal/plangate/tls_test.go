package plangate

import (
	"fmt"
	"strings"
	"testing"
)

func TestAListenerMayOnlyBecomeStricter(t *testing.T) {
	const beginning = "ELBSecurityPolicy-"
	for _, each := range []struct {
		from, to                 string
		dangerous, cannotCompare bool
	}{
		{"TLS13-1-2-Res-2021-06", "TLS13-1-2-Res-2021-06", false, false},
		{"2016-08", "TLS13-1-0-2021-06", false, false},
		{"2016-08", "TLS13-1-2-Res-PQ-2025-09", false, false},
		{"TLS13-1-2-2021-06", "TLS13-1-2-Res-PQ-2025-09", false, false},
		{"TLS13-1-2-Res-2021-06", "TLS13-1-2-Res-PQ-2025-09", false, false},
		{"TLS13-1-2-Res-PQ-2025-09", "TLS13-1-3-PQ-2025-09", false, false},
		{"TLS13-1-2-Res-PQ-2025-09", "TLS13-1-2-Res-2021-06", true, false},
		{"TLS13-1-2-Res-PQ-2025-09", "TLS13-1-3-2021-06", true, false},
		{"TLS13-1-3-2021-06", "TLS13-1-2-Res-2021-06", true, false},
		{"TLS13-1-2-Res-2021-06", "TLS13-1-2-2021-06", true, false},
		{"TLS13-1-2-2021-06", "TLS13-1-2-Ext1-2021-06", true, false},
		{"TLS13-1-2-Ext1-2021-06", "TLS13-1-2-Ext2-2021-06", true, false},
		{"TLS13-1-2-Ext2-2021-06", "TLS13-1-1-2021-06", true, false},
		{"TLS13-1-1-2021-06", "TLS13-1-0-2021-06", true, false},
		{"TLS13-1-0-2021-06", "2016-08", true, false},
		{"TLS13-1-2-Ext1-2021-06", "TLS13-1-2-Ext1-PQ-2025-09", false, false},
		{"TLS13-1-2-Ext2-PQ-2025-09", "TLS13-1-2-Ext1-PQ-2025-09", false, false},
		{"TLS13-1-2-2021-06", "TLS13-1-2-FIPS-2023-04", true, true},
		{"TLS13-1-2-FIPS-2023-04", "TLS13-1-3-2021-06", true, true},
		{"TLS13-1-2-2021-06", "anything", true, true},
	} {
		step := update(t, listener, fmt.Sprintf(`{"sslPolicy": %q}`, beginning+each.from), fmt.Sprintf(`{"sslPolicy": %q}`, beginning+each.to))
		got := Judge(Plan{Steps: []Step{step}, ChangeSummary: map[string]int{"same": 30}}, "", nil).Changes[0].Dangers
		if (len(got) > 0) != each.dangerous || each.dangerous && strings.Contains(got[0].Why, "cannot compare") != each.cannotCompare {
			t.Errorf("%s → %s: %+v", each.from, each.to, got)
		}
	}
}

func TestBrowsersAreNotPromisedLess(t *testing.T) {
	for _, each := range []struct {
		from, to  string
		dangerous bool
	}{
		{"max-age=31536000", "max-age=63072000", false},
		{"max-age=31536000; preload", "MAX-AGE=63072000 ;preload", false},
		{"max-age=soon", "max-age=1", false},
		{"max-age=31536000", "max-age=31535999", true},
		{"max-age=31536000; preload", "max-age=31536000", true},
		{"max-age=31536000", "max-age=31536000; includeSubDomains", true},
		{"max-age=31536000", "max-age=31536000; max-age=0", true},
		{"max-age=31536000", "max-age=0; max-age=31536000", true},
		{"max-age=31536000", "preload", true},
		{"max-age=31536000", "max-age=soon", true},
		{"max-age=31536000", unknown, true},
	} {
		const header = "routingHttpResponseStrictTransportSecurityHeaderValue"
		step := update(t, listener, fmt.Sprintf(`{%q: %q}`, header, each.from), fmt.Sprintf(`{%q: %q}`, header, each.to))
		if got := dangers(t, step); (len(got) > 0) != each.dangerous {
			t.Errorf("%s → %s: %q", each.from, each.to, got)
		}
	}
}
