package main

import (
	"strings"
	"testing"
)

func TestTheCertificateIsValidatedThroughTheZone(t *testing.T) {
	stack := run(t, issuedCertificate)
	stack.wantInputs(t, "Certificate mediaserver", object{"domainName": "media.example.com", "validationMethod": "DNS"})
	stack.wantInputs(t, "Record certificate-validation", object{
		"zoneId":         testZone,
		"name":           "_1.media.example.com.",
		"type":           "CNAME",
		"records":        list{"_2.acm-validations.aws."},
		"ttl":            60,
		"allowOverwrite": true,
	})
	stack.wantInputs(t, "CertificateValidation mediaserver", object{
		"certificateArn":        testCertificate,
		"validationRecordFqdns": list{"_1.media.example.com"},
	})
}

// TestTheWaitForTheCertificateEndsBeforeTheCredentialsDo: a workflow has those of
// its role for an hour.
func TestTheWaitForTheCertificateEndsBeforeTheCredentialsDo(t *testing.T) {
	for _, r := range run(t, issuedCertificate).records {
		want := ""
		if r.key() == "CertificateValidation mediaserver" {
			want = "45m"
		}
		if r.createTimeout != want {
			t.Errorf("the creation of %s may take %q, want %q", r.key(), r.createTimeout, want)
		}
	}
}

func TestTheMessageSaysWhatTheUpdateWaitsForAndWhatToLookAt(t *testing.T) {
	message := waitMessage(settings{domainName: testDomain}, hostedZone{name: "example.com", nameServers: []string{"ns-1.example.net", "ns-2.example.net"}})
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
