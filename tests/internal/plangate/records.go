package plangate

import (
	"slices"
	"strings"
)

// validationTarget ends what AWS asks a domain to say for a certificate (AWS Certificate Manager user guide, "DNS
// validation").
const validationTarget = ".acm-validations.aws"

// leadsNowhereElse judges a new record, also where the whole stack is new. It may validate a certificate, or lead the
// domain of the settings to a load balancer of the stack. Any other may send users, or whoever issues certificates,
// elsewhere. Only one that validates may write over one that is there, which then says the same.
func (p Plan) leadsNowhereElse(step Step) []Weakening {
	if p.validates(step) {
		return nil
	}
	after := inputsOf(step.After)
	found := staysOff("allowOverwrite", otherRecordLost)(properties{}, after)
	domain, _ := p.setting("domainName")
	name := after.at("name")
	if domain == "" || !strings.EqualFold(strings.TrimSuffix(name.text(), "."), domain) || !p.leadsToLoadBalancer(step) {
		found = append(found, Weakening{"name", "the domain of the settings at the load balancer", name.String(), otherAddress})
	}
	return found
}

// validates tells whether a new record is one that validates a certificate. Of a certificate that is new, neither the
// name nor what it says is known yet.
func (p Plan) validates(step Step) bool {
	after := inputsOf(step.After)
	isNewCertificate := func(source Step) bool { return resourceType(source.URN) == certificate && isMade(source) }
	comesFromCertificate := func(property string) bool {
		return !after.at(property).shown() && p.comesFrom(step, property, isNewCertificate)
	}
	says := after.at("records").list()
	isAsked := len(says) > 0 && !slices.ContainsFunc(says, func(text any) bool {
		return !strings.HasSuffix(strings.TrimSuffix(value{text}.text(), "."), validationTarget)
	})
	return (strings.HasPrefix(after.at("name").text(), "_") || comesFromCertificate("name")) && (isAsked || comesFromCertificate("records"))
}

// leadsToLoadBalancer tells whether a record is an alias of a load balancer of the stack, and nothing else.
func (p Plan) leadsToLoadBalancer(step Step) bool {
	after := inputsOf(step.After)
	address := after.at("aliases.name")
	if address.shown() {
		return p.isOutput(address, loadBalancer, "dnsName")
	}
	return len(after.at("records").list()) == 0 && p.comesFrom(step, "aliases", staysOrComes(loadBalancer))
}
