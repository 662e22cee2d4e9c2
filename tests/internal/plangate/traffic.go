package plangate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// traffic is what one rule of a security group lets through from or to one place.
type traffic struct {
	// protocol is a name or a number in the form that AWS stores; -1 is every protocol.
	protocol string
	// first and last are the bounds of the ports. Of ICMP they are the type and the code of the messages, and -1 is
	// every one of them (Amazon EC2 API reference, IpPermission).
	first, last float64
	// place is a block of addresses, the id of a prefix list or of a security group, or "itself".
	place string
}

// Properties of a rule that name places, and what is said for the rule's own group.
var placeProperties = []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"}

const ownGroup = "the group itself"

// letsNoMoreThrough is the rule for the inline rules of a security group in one direction: what they let through
// must be within what a single old rule let through.
func letsNoMoreThrough(path, why string) rule {
	return func(before, after properties) []Weakening {
		old, _ := readTraffic(before.at(path))
		changed, readable := readTraffic(after.at(path))
		if !readable {
			return weaker(path, before, after, why)
		}
		var found []Weakening
		for _, each := range changed {
			if !slices.ContainsFunc(old, func(outer traffic) bool { return outer.includes(each) }) {
				found = append(found, Weakening{Property: path, From: describeTraffic(old), To: "also " + each.String(), Why: why})
			}
		}
		return found
	}
}

// readTraffic splits rules into what they let through. It returns false if a part is not known.
func readTraffic(rules value) ([]traffic, bool) {
	if rules.content == nil {
		return nil, true
	}
	if !rules.known() {
		return nil, false
	}
	var all []traffic
	for _, element := range rules.list() {
		rule, _ := element.(map[string]any)
		each := properties(rule)
		first, isNumber := number(each.at("fromPort"))
		last, isAlsoNumber := number(each.at("toPort"))
		if rule == nil || !isNumber || !isAlsoNumber {
			return nil, false
		}
		through := traffic{protocol: protocolName(each.at("protocol").text()), first: first, last: last}
		for _, property := range placeProperties {
			for _, place := range each.at(property).list() {
				through.place = value{place}.String()
				all = append(all, through)
			}
		}
		if !each.at("self").isOff() {
			through.place = ownGroup
			all = append(all, through)
		}
	}
	return all, true
}

// protocolName is the name of a protocol that may be given by its number (IANA, "Protocol Numbers").
func protocolName(protocol string) string {
	switch protocol = strings.ToLower(protocol); protocol {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1":
		return "icmp"
	case "58":
		return "icmpv6"
	case "all":
		return "-1"
	}
	return protocol
}

// includes tells whether all of the other traffic is within this one.
func (t traffic) includes(other traffic) bool {
	return placeIncludes(t.place, other.place) &&
		(t.protocol == "-1" || t.protocol == other.protocol && t.includesPorts(other))
}

// includesPorts tells whether the ports, or the messages of ICMP, of the other traffic are among these.
func (t traffic) includesPorts(other traffic) bool {
	if t.protocol == "icmp" || t.protocol == "icmpv6" {
		return (t.first == -1 || t.first == other.first) && (t.last == -1 || t.last == other.last)
	}
	return t.first <= other.first && t.last >= other.last
}

// placeIncludes tells whether a block of addresses holds another, or two ids are the same.
func placeIncludes(outer, inner string) bool {
	if outer == inner {
		return true
	}
	wide, err := netip.ParsePrefix(outer)
	if err != nil {
		return false
	}
	narrow, err := netip.ParsePrefix(inner)
	return err == nil && wide.Bits() <= narrow.Bits() && wide.Contains(narrow.Addr())
}

func (t traffic) String() string {
	switch {
	case t.protocol == "-1":
		return "everything with " + t.place
	case t.first == t.last:
		return fmt.Sprintf("%s %g with %s", t.protocol, t.first, t.place)
	}
	return fmt.Sprintf("%s %g-%g with %s", t.protocol, t.first, t.last, t.place)
}

func describeTraffic(all []traffic) string {
	if len(all) == 0 {
		return "nothing"
	}
	words := make([]string, len(all))
	for i, each := range all {
		words[i] = each.String()
	}
	return strings.Join(words, ", ")
}
