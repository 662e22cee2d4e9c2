package main

import (
	"fmt"
	"regexp"
	"strings"
)

// requestedDomainNameLimit is the longest name, in characters, for which AWS
// Certificate Manager issues a certificate (API reference, RequestCertificate: RFC
// 5280 allows a common name no more).
const requestedDomainNameLimit = 64

var (
	// domainNamePattern is a name of at least two labels of at most 63 characters
	// each, of which the last is not a number: an address is not a name.
	domainNamePattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	// hostedZoneIDPattern is a ResourceId of the Route 53 API.
	hostedZoneIDPattern   = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
	certificateArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
)

// servesHTTPS tells whether users reach the application over HTTPS.
func (s settings) servesHTTPS() bool { return s.domainName != "" }

// requestsCertificate tells whether the stack has a certificate of its own.
func (s settings) requestsCertificate() bool { return s.servesHTTPS() && s.certificateArn == "" }

// certificateCanBeIssued refuses a name that is too long for a certificate of the
// stack's own.
func (s *settings) certificateCanBeIssued(r *settingsReader, key, domain string) {
	r.check(key, domain, !s.requestsCertificate() || len(domain) <= requestedDomainNameLimit,
		fmt.Sprintf("must have at most %d characters: AWS issues a certificate for no longer one", requestedDomainNameLimit))
}

// domainHasCertificate refuses a domain that could not be served over HTTPS.
func (s *settings) domainHasCertificate(r *settingsReader, key, domain string) {
	r.check(key, domain, s.hostedZoneID != "" || s.certificateArn != "",
		"needs a certificate: set hostedZoneId too, so that one is issued and the name's records are made, or certificateArn, "+
			"to use one that you have, or both")
}

// hasDomain refuses what is for a domain only.
func (s *settings) hasDomain(r *settingsReader, key, value string) {
	r.check(key, value, s.servesHTTPS(), "has no effect without domainName: set domainName too, or remove this key")
}

// zoneHoldsDomain refuses a zone in which the domain cannot be.
func (s *settings) zoneHoldsDomain(r *settingsReader, key, id string) {
	zone := r.environment.hostedZone
	r.check(key, id, !zone.private,
		fmt.Sprintf("must be a public zone: the private zone %s can be read neither by users nor by whom AWS asks for the certificate", zone.name))
	// The provider would append the zone's name to the record's (terraform-provider-aws,
	// expandRecordName), and AWS would take it.
	r.check(key, id, s.domainName == zone.name || strings.HasSuffix(s.domainName, "."+zone.name),
		fmt.Sprintf("must be the zone of domainName (%s) or of a domain above it, and is the zone of %s", s.domainName, zone.name))
}

// certificateIsWithinReach refuses a certificate that the load balancer cannot
// use.
func certificateIsWithinReach(r *settingsReader, key, certificate string) {
	own := r.environment.arn("acm", "certificate/")
	r.check(key, certificate, strings.HasPrefix(certificate, own),
		fmt.Sprintf("must be a certificate of the stack's own region and account, %sID: a load balancer takes no other", own))
}
