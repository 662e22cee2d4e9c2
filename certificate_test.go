package main

import (
	"strings"
	"testing"
)

func TestTheMessageSaysWhatTheUpdateWaitsForAndWhatToLookAt(t *testing.T) {
	message := waitMessage(settings{domainName: "media.example.com"}, hostedZone{name: "example.com", nameServers: []string{"ns-1.example.net", "ns-2.example.net"}})
	want := "Waiting until AWS has seen the record in the zone example.com and has issued the certificate for media.example.com: " +
		"a few minutes as a rule, 45 at most. If it takes longer, compare the answer of `dig +short NS example.com` with the name servers of the zone " +
		"(ns-1.example.net, ns-2.example.net); docs/operating.md says more under \"A certificate that is not issued\"."
	if message != want {
		t.Errorf("the message is\n%s\nwant\n%s", message, want)
	}
	if !strings.Contains(read(t, "docs/operating.md"), "## A certificate that is not issued\n") {
		t.Error("docs/operating.md has no such section")
	}
}
