package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits on the name, in characters.
const (
	// requestedDomainNameLimit is the longest name for which AWS Certificate
	// Manager issues a certificate (API reference, RequestCertificate: RFC 5280
	// allows a common name no more).
	requestedDomainNameLimit = 64
	// redirectHostLimit is the longest host to which a load balancer redirects
	// (Elastic Load Balancing API reference, RedirectActionConfig).
	redirectHostLimit = 128
)

var (
	// domainNamePattern is a name of at least two labels of at most 63 characters
	// each, of which the last is not a number: an address is not a name.
	domainNamePattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	// hostedZoneIDPattern is a ResourceId of the Route 53 API.
	hostedZoneIDPattern = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
	// certificateArnPattern has all but the certificate's own id as its group.
	certificateArnPattern = regexp.MustCompile(`^(arn:(?:aws|aws-cn|aws-us-gov):acm:[a-z0-9-]+:[0-9]{12}:)certificate/[A-Za-z0-9-]+$`)
)

// servesHTTPS tells whether users reach the application over HTTPS.
func (s settings) servesHTTPS() bool { return s.domainName != "" }

// requestsCertificate tells whether the stack has a certificate of its own.
func (s settings) requestsCertificate() bool { return s.servesHTTPS() && s.certificateArn == "" }

// validateDomain checks the three settings for HTTPS, alone and together.
func (s settings) validateDomain(reader *settingsReader) {
	if s.servesHTTPS() {
		reader.check("domainName", s.domainName, domainNamePattern.MatchString(s.domainName),
			"must be a domain name such as media.example.com, in lower case: labels of at most 63 letters, digits and inner hyphens, "+
				"without a wildcard and without a dot at the end; a name in another script is written in its xn-- form")
		limit, reason := redirectHostLimit, "a load balancer redirects to no longer one"
		if s.requestsCertificate() {
			limit, reason = requestedDomainNameLimit, "AWS issues a certificate for no longer one"
		}
		reader.check("domainName", s.domainName, len(s.domainName) <= limit,
			fmt.Sprintf("must have at most %d characters: %s", limit, reason))
		reader.check("domainName", s.domainName, s.hostedZoneID != "" || s.certificateArn != "",
			"needs a certificate: set hostedZoneId too, so that one is issued and the name's records are made, or certificateArn, "+
				"to use one that you have, or both")
	}
	const ofNoUse = "is of no use without domainName: set that too, or remove this key"
	if s.hostedZoneID != "" {
		reader.check("hostedZoneId", s.hostedZoneID, hostedZoneIDPattern.MatchString(s.hostedZoneID),
			"must be the id of a Route 53 hosted zone and nothing else: at most 32 upper-case letters and digits, such as Z0123456789ABCDEFGHIJ")
		reader.check("hostedZoneId", s.hostedZoneID, s.servesHTTPS(), ofNoUse)
	}
	if s.certificateArn != "" {
		reader.check("certificateArn", s.certificateArn, certificateArnPattern.MatchString(s.certificateArn),
			"must be the ARN of a certificate of AWS Certificate Manager: arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID")
		reader.check("certificateArn", s.certificateArn, s.servesHTTPS(), ofNoUse)
	}
}

// validateDomainFor reports a certificate that is out of the load balancer's
// reach, and a zone in which the name cannot be.
func (s settings) validateDomainFor(reader *settingsReader, environment environmentOutputs) {
	if arn := certificateArnPattern.FindStringSubmatch(s.certificateArn); arn != nil {
		own := fmt.Sprintf("arn:%s:acm:%s:%s:", environment.partition, environment.region, environment.accountID)
		reader.check("certificateArn", s.certificateArn, arn[1] == own,
			fmt.Sprintf("must be a certificate of the stack's own region and account, %scertificate/ID: a load balancer takes no other", own))
	}
	if zone := environment.hostedZone; s.hostedZoneID != "" {
		reader.check("hostedZoneId", s.hostedZoneID, !zone.private,
			fmt.Sprintf("must be a public zone: the private zone %s can be read neither by users nor by whom AWS asks for the certificate", zone.name))
		// The provider would append the zone's name to the record's (terraform-provider-aws,
		// expandRecordName), and AWS would take it.
		reader.check("hostedZoneId", s.hostedZoneID, s.domainName == zone.name || strings.HasSuffix(s.domainName, "."+zone.name),
			fmt.Sprintf("must be the zone of domainName (%s) or of a domain above it, and is the zone of %s", s.domainName, zone.name))
	}
}

// hostedZone is a zone of Route 53.
type hostedZone struct {
	// name is the domain that the zone answers for, without a dot at the end.
	name string
	// private tells that only networks in AWS can ask it.
	private bool
	// nameServers are the servers that answer for it.
	nameServers []string
}

// findHostedZone looks up the zone of the domain, if there is to be one.
func (e *environmentOutputs) findHostedZone(ctx *pulumi.Context, id string) error {
	if id == "" {
		return nil
	}
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: pulumi.StringRef(id)})
	if err != nil {
		return fmt.Errorf("find the hosted zone %s: %w; `aws route53 list-hosted-zones` lists those of the account", id, err)
	}
	e.hostedZone = hostedZone{
		name:        strings.TrimSuffix(zone.Name, "."),
		private:     zone.PrivateZone != nil && *zone.PrivateZone,
		nameServers: zone.NameServers,
	}
	return nil
}
