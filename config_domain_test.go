package main

import (
	"errors"
	"strings"
	"testing"
)

// labels makes a domain name of labels of the given lengths.
func labels(lengths ...int) string {
	var made []string
	for _, length := range lengths {
		made = append(made, strings.Repeat("a", length))
	}
	return strings.Join(made, ".")
}

func TestDomainsZonesAndCertificatesAreAcceptedInEachCombination(t *testing.T) {
	for _, settings := range []map[string]string{
		{"domainName": "", "hostedZoneId": "", "certificateArn": ""},
		{"domainName": testDomain, "hostedZoneId": testZone},
		{"domainName": testDomain, "certificateArn": testCertificate},
		{"domainName": testDomain, "hostedZoneId": testZone, "certificateArn": testCertificate},
		{"domainName": "example.com", "hostedZoneId": "Z"},
		{"domainName": "a.bc", "hostedZoneId": strings.Repeat("9", 32)},
		{"domainName": "0.1-2.xn--p1ai", "hostedZoneId": testZone},
		{"domainName": "a.b0-9", "hostedZoneId": testZone},
		{"domainName": labels(60, 3), "hostedZoneId": testZone},
		{"domainName": labels(61, 3), "certificateArn": testCertificate},
		{"domainName": labels(63, 61, 2), "certificateArn": testCertificate},
		{"domainName": labels(63, 63), "certificateArn": testCertificate},
		{"domainName": testDomain, "certificateArn": "arn:aws-cn:acm:cn-north-1:123456789012:certificate/a"},
		{"domainName": testDomain, "certificateArn": "arn:aws-eusc:acm:eusc-de-east-1:123456789012:certificate/a"},
		{"domainName": testDomain, "certificateArn": "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/A-9"},
	} {
		if _, err := load(t, "mediaserver", namespaced("mediaserver", settings)); err != nil {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestAMalformedDomainZoneOrCertificateIsRefused(t *testing.T) {
	const (
		name = " must be a domain name such as media.example.com, in lower case: labels of at most 63 letters, digits and inner hyphens, " +
			"without a wildcard and without a dot at the end; a name in another script is written in its xn-- form"
		zone        = " must be the id of a Route 53 hosted zone and nothing else: at most 32 upper-case letters and digits, such as Z0123456789ABCDEFGHIJ"
		certificate = " must be the ARN of a certificate of AWS Certificate Manager: arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID"
		rest        = ":123456789012:certificate/a"
	)
	for _, refusal := range []struct{ key, value, rule string }{
		{"domainName", "*.example.com", name},
		{"domainName", "Media.example.com", name},
		{"domainName", "media.example.com.", name},
		{"domainName", ".example.com", name},
		{"domainName", "media..com", name},
		{"domainName", "example", name},
		{"domainName", "a.b", name},
		{"domainName", "127.0.0.1", name},
		{"domainName", "-a.example.com", name},
		{"domainName", "a-.example.com", name},
		{"domainName", "a.com-", name},
		{"domainName", "a.-com", name},
		{"domainName", "größe.example.com", name},
		{"domainName", "a_b.example.com", name},
		{"domainName", "https://media.example.com", name},
		{"domainName", "media.example.com:443", name},
		{"domainName", "media.example.com\n", name},
		{"domainName", " media.example.com", name},
		{"domainName", labels(64, 3), name},
		{"domainName", labels(3, 64), name},
		{"domainName", labels(61, 3), " must have at most 64 characters: AWS issues a certificate for no longer one"},
		{"hostedZoneId", "/hostedzone/Z0123456789ABCDEFGHIJ", zone},
		{"hostedZoneId", "z0123", zone},
		{"hostedZoneId", "Z0123\n", zone},
		{"hostedZoneId", "example.com", zone},
		{"hostedZoneId", strings.Repeat("Z", 33), zone},
		{"certificateArn", "12345678-1234-1234-1234-123456789012", certificate},
		{"certificateArn", " arn:aws:acm:eu-west-2" + rest, certificate},
		{"certificateArn", "arn:other:acm:eu-west-2" + rest, certificate},
		{"certificateArn", "arn:aws:iam::123456789012:server-certificate/a", certificate},
		{"certificateArn", "arn:aws:acm-pca:eu-west-2" + rest, certificate},
		{"certificateArn", "arn:aws:acm:" + rest, certificate},
		{"certificateArn", "arn:aws:acm:eu-west-2:12345678901:certificate/a", certificate},
		{"certificateArn", "arn:aws:acm:eu-west-2:123456789012:certificate/", certificate},
		{"certificateArn", "arn:aws:acm:eu-west-2:123456789012:certificate/a*", certificate},
		{"certificateArn", "arn:aws:acm:eu-west-2:123456789012:certificate/a\n", certificate},
	} {
		settings := map[string]string{"domainName": testDomain, "hostedZoneId": testZone}
		settings[refusal.key] = refusal.value
		wantOneProblem(t, settings, refusal.key, refusal.rule)
	}
	wantOneProblem(t, map[string]string{"domainName": labels(63, 62, 2), "certificateArn": testCertificate}, "domainName",
		" must have at most 128 characters: a load balancer redirects to no longer one")
}

// wantOneProblem asserts that settings are refused because of one key only, with
// its value and the rule.
func wantOneProblem(t *testing.T, settings map[string]string, key, rule string) {
	t.Helper()
	_, err := load(t, "mediaserver", namespaced("mediaserver", settings))
	want := "invalid settings:\nmediaserver:" + key + ": "
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), rule+"\n") || strings.Count(err.Error(), "mediaserver:") != 1 {
		t.Errorf("with %v the error is %v, want %s…%s", settings, err, want, rule)
	}
}

func TestEachOtherCombinationIsRefusedWithItsRemedy(t *testing.T) {
	const ofNoUse = " has no effect without domainName: set domainName too, or remove this key"
	wantOneProblem(t, map[string]string{"domainName": testDomain}, "domainName",
		`"media.example.com" needs a certificate: set hostedZoneId too, so that one is issued and the name's records are made, or certificateArn, to use one that you have, or both`)
	wantOneProblem(t, map[string]string{"hostedZoneId": testZone}, "hostedZoneId", `"Z0123456789ABCDEFGHIJ"`+ofNoUse)
	wantOneProblem(t, map[string]string{"certificateArn": testCertificate}, "certificateArn", `"`+testCertificate+`"`+ofNoUse)
	_, err := load(t, "mediaserver", namespaced("mediaserver", map[string]string{"hostedZoneId": testZone, "certificateArn": testCertificate}))
	if err == nil || strings.Count(err.Error(), ofNoUse) != 2 {
		t.Errorf("without a domain the error is %v, want two problems", err)
	}
}

func TestTheCertificateMustBeWithinReachOfTheLoadBalancer(t *testing.T) {
	const rule = " must be a certificate of the stack's own region and account, arn:aws:acm:eu-west-2:123456789012:certificate/ID: a load balancer takes no other\n"
	for _, arn := range []string{
		"arn:aws:acm:us-east-1:123456789012:certificate/a",
		"arn:aws:acm:eu-west-2:210987654321:certificate/a",
		"arn:aws-cn:acm:eu-west-2:123456789012:certificate/a",
	} {
		recorder := newRecorder()
		wantRefusal(t, recorder, recorder.deploy(map[string]string{
			"domainName": testDomain, "certificateArn": arn, "permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a",
		}), `mediaserver:certificateArn: "`+arn+`"`+rule, "mediaserver:permissionsBoundaryArn: ")
	}
}

func TestTheDomainMustBeWithinItsPublicZone(t *testing.T) {
	for _, refusal := range []struct {
		domain, zone string
		private      bool
		rule         string
	}{
		{testDomain, "example.org", false, " must be the zone of domainName (media.example.com) or of a domain above it, and is the zone of example.org\n"},
		{"example.com", "media.example.com", false, " must be the zone of domainName (example.com) or of a domain above it, and is the zone of media.example.com\n"},
		{"mediaexample.com", "example.com", false, " must be the zone of domainName (mediaexample.com) or of a domain above it, and is the zone of example.com\n"},
		{testDomain, "example.com", true, " must be a public zone: the private zone example.com can be read neither by users nor by whom AWS asks for the certificate\n"},
	} {
		recorder := newRecorder()
		recorder.zoneName, recorder.zonePrivate = refusal.zone, refusal.private
		err := recorder.deploy(map[string]string{"domainName": refusal.domain, "hostedZoneId": testZone, "permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a"})
		wantRefusal(t, recorder, err, `mediaserver:hostedZoneId: "`+testZone+`"`+refusal.rule, "mediaserver:permissionsBoundaryArn: ")
	}
	for domain, zone := range map[string]string{"example.com": "example.com", "a.b.example.com": "example.com", testDomain: "example.com."} {
		recorder := newRecorder()
		recorder.zoneName = zone
		if err := recorder.deploy(map[string]string{"domainName": domain, "hostedZoneId": testZone}); err != nil {
			t.Errorf("%s in the zone %s: %v", domain, zone, err)
		}
	}
}

func TestAMissingZoneIsReportedWithTheOtherProblemsOfTheAccount(t *testing.T) {
	recorder := newRecorder()
	recorder.vpcError, recorder.zoneError = errors.New("no matching EC2 VPC found"), errors.New("no matching Route 53 Hosted Zone found")
	wantRefusal(t, recorder, recorder.deploy(map[string]string{"domainName": testDomain, "hostedZoneId": testZone}),
		"find the default VPC of eu-west-2: ",
		"find the hosted zone Z0123456789ABCDEFGHIJ: ", "no matching Route 53 Hosted Zone found",
		"; `aws route53 list-hosted-zones` lists those of the account\n")
}

func TestTheZoneIsLookedUpOnlyIfThereIsToBeOne(t *testing.T) {
	const lookup = "aws:route53/getZone:getZone"
	if _, asked := run(t, map[string]string{"domainName": testDomain, "certificateArn": testCertificate}).lookups[lookup]; asked {
		t.Error("a zone is looked up without the setting")
	}
	asked := run(t, map[string]string{"domainName": testDomain, "hostedZoneId": testZone}).lookups[lookup]
	wantEqual(t, lookup, asked, object{"zoneId": testZone})
}
