package policies

import (
	"maps"
	"strings"
	"testing"

	"mediaserver/tests/internal/iampolicy"
)

func TestHTTPSIsGrantedForTheDomainAloneAndForTheStacksCertificate(t *testing.T) {
	const (
		certificate = "arn:aws:acm:eu-west-2:123456789012:certificate/12345678-1234-1234-1234-123456789012"
		zone        = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
	)
	token := "_" + strings.Repeat("0", 32)
	own := map[string]string{"aws:ResourceTag/Project": "mediaserver", "aws:ResourceTag/Environment": "prod"}
	foreign := map[string]string{"aws:ResourceTag/Project": "mediaserver", "aws:ResourceTag/Environment": "dev"}
	tagged := map[string]string{"aws:RequestTag/Project": "mediaserver", "aws:RequestTag/Environment": "prod"}
	request := func(domain, method string, tags map[string]string) iampolicy.Request {
		context := map[string]string{"acm:DomainNames": domain, "acm:ValidationMethod": method}
		maps.Copy(context, tags)
		return iampolicy.Request{Action: "acm:RequestCertificate", Resource: "*", Context: context}
	}
	record := func(zone, name, kind string) iampolicy.Request {
		return iampolicy.Request{Action: "route53:ChangeResourceRecordSets", Resource: zone, Context: map[string]string{
			"route53:ChangeResourceRecordSetsNormalizedRecordNames": name, "route53:ChangeResourceRecordSetsRecordTypes": kind,
		}}
	}
	on := func(action string, contexts ...map[string]string) iampolicy.Request {
		all := map[string]string{}
		for _, context := range contexts {
			maps.Copy(all, context)
		}
		return iampolicy.Request{Action: action, Resource: certificate, Context: all}
	}
	documents := prod.documents(t, deployer)
	for _, each := range []struct {
		what    string
		request iampolicy.Request
		want    bool
	}{
		{"a certificate for the domain", request("media.example.com", "DNS", tagged), true},
		{"a certificate for another domain", request("example.com", "DNS", tagged), false},
		{"a certificate for a wildcard", request("*.media.example.com", "DNS", tagged), false},
		{"a certificate that is validated by mail", request("media.example.com", "EMAIL", tagged), false},
		{"a certificate without the stack's tags", request("media.example.com", "DNS", nil), false},
		{"tags of the new certificate", on("acm:AddTagsToCertificate", tagged), true},
		{"tags of the stack's certificate", on("acm:AddTagsToCertificate", own), true},
		{"the stack's tags for another stack's certificate", on("acm:AddTagsToCertificate", foreign, tagged), false},
		{"other tags for a certificate without any", on("acm:AddTagsToCertificate", map[string]string{"aws:RequestTag/Project": "mediaserver"}), false},
		{"the end of the stack's certificate", on("acm:DeleteCertificate", own), true},
		{"the end of another stack's certificate", on("acm:DeleteCertificate", foreign), false},
		{"the end of a certificate without tags", on("acm:DeleteCertificate"), false},
		{"the domain's alias", record(zone, "media.example.com", "A"), true},
		{"the domain's mail", record(zone, "media.example.com", "MX"), false},
		{"an alias of another name", record(zone, "www.example.com", "A"), false},
		{"an alias in another zone", record("arn:aws:route53:::hostedzone/Z9", "media.example.com", "A"), false},
		{"the record that validates", record(zone, token+".media.example.com", "CNAME"), true},
		{"the record that validates another stack's domain", record(zone, token+".dev.media.example.com", "CNAME"), false},
		{"another CNAME of the domain", record(zone, "www.media.example.com", "CNAME"), false},
		{"another CNAME that begins alike", record(zone, "_acme-challenge.media.example.com", "CNAME"), false},
		{"the end of the zone", iampolicy.Request{Action: "route53:DeleteHostedZone", Resource: zone}, false},
	} {
		if got := allowed(t, documents, each.request); got != each.want {
			t.Errorf("%s: allowed is %v, want %v", each.what, got, each.want)
		}
	}
}
