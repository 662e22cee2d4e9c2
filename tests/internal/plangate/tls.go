package plangate

import (
	"slices"
	"strconv"
	"strings"
)

// tlsPolicies are policies for TLS, the strictest first: each accepts all protocols and ciphers that those before it
// accept, and some more. Those in one line differ only in the key exchange: that of PQ holds against quantum computers
// too (Elastic Load Balancing user guide, "Security policies for your Application Load Balancer"). Others, such as those
// of FIPS, cannot be compared.
var tlsPolicies = [][]string{
	{"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"},
	{"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"},
	{"ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09"},
	{"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09"},
	{"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09"},
	{"ELBSecurityPolicy-TLS13-1-1-2021-06"},
	{"ELBSecurityPolicy-TLS13-1-0-2021-06", "ELBSecurityPolicy-TLS13-1-0-PQ-2025-09"},
	// The oldest has no TLS 1.3, and accepts all else that the one before it does.
	{"ELBSecurityPolicy-2016-08"},
}

// tlsPolicy is the place of a policy among them, and whether its key exchange holds against quantum computers. The place
// is negative for one that cannot be compared.
func tlsPolicy(name string) (place int, isPostQuantum bool) {
	return slices.IndexFunc(tlsPolicies, func(alike []string) bool { return slices.Contains(alike, name) }), strings.Contains(name, "-PQ-")
}

// modernTLS begins the names of the policies that accept TLS 1.2 and 1.3 alone, also those of FIPS. Those that accept
// older ones as well are named TLS13-1-0 and TLS13-1-1.
var modernTLS = []string{"ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-"}

// isModernTLS tells whether a policy accepts TLS 1.2 and 1.3 alone.
func isModernTLS(name string) bool {
	return slices.ContainsFunc(modernTLS, func(beginning string) bool { return strings.HasPrefix(name, beginning) })
}

// acceptsNoOlderTLS is the rule for the policy of a listener: it may become stricter.
func acceptsNoOlderTLS(path string) rule {
	return func(before, after properties) []Weakening {
		if before.at(path).content == nil || sameValue(before.at(path).content, after.at(path).content) {
			return nil
		}
		old, wasPostQuantum := tlsPolicy(before.at(path).text())
		changed, isPostQuantum := tlsPolicy(after.at(path).text())
		switch {
		case old < 0 || changed < 0:
			return weaker(path, before, after, "the gate cannot compare these policies; let it pass if the other one accepts nothing older")
		case changed > old || wasPostQuantum && !isPostQuantum:
			return weaker(path, before, after, "older, weaker encryption may be accepted")
		}
		return nil
	}
}

// promisesNoLess is the rule for the header that has browsers use HTTPS alone: its time may grow. What else it says must
// stay: to promise something for other names may shut users out of them.
func promisesNoLess(path string) rule {
	promise := func(header value) (seconds int, others string, isKnown bool) {
		var rest []string
		for part := range strings.SplitSeq(header.text(), ";") {
			part = strings.ToLower(strings.TrimSpace(part))
			age, isAge := strings.CutPrefix(part, "max-age=")
			if !isAge {
				rest = append(rest, part)
				continue
			}
			read, err := strconv.Atoi(age)
			if err != nil || isKnown {
				return 0, "", false
			}
			seconds, isKnown = read, true
		}
		return seconds, strings.Join(rest, ";"), isKnown
	}
	return func(before, after properties) []Weakening {
		if before.at(path).content == nil || sameValue(before.at(path).content, after.at(path).content) {
			return nil
		}
		old, said, _ := promise(before.at(path))
		changed, says, isKnown := promise(after.at(path))
		if isKnown && changed >= old && says == said {
			return nil
		}
		return weaker(path, before, after, "browsers may use plain HTTP again, or are promised something else")
	}
}
