package plangate

import (
	"encoding/json"
	"slices"
	"strings"
)

// certificateStays is the rule for the certificate of a listener: another one must be that of the settings, or one that
// the stack requests for the domain of the settings.
func (p Plan) certificateStays(step Step) []Weakening {
	if p.isOwnCertificate(step) {
		return nil
	}
	return staysOnceSet(certificateARN, otherCertificate)(inputsOf(step.Before), inputsOf(step.After))
}

const (
	certificateARN   = "certificateArn"
	otherCertificate = "users meet another certificate, or none"
)

// isOwnCertificate tells whether a listener has the certificate of the settings, or one that the stack requests for the
// domain of the settings. Of a certificate that the plan makes the ARN is not known yet, and may be left out; from what
// it comes, the plan tells.
func (p Plan) isOwnCertificate(step Step) bool {
	arn := inputsOf(step.After).at(certificateARN)
	if given, _ := p.setting(certificateARN); given != "" && arn.is(given) {
		return true
	}
	if arn.shown() {
		return p.isOutput(arn, certificate, "arn", p.isForTheDomain)
	}
	isValidation := staysOrComes(validation)
	return p.comesFrom(step, certificateARN, func(source Step) bool {
		return p.isForTheDomain(source) && isMade(source) || isValidation(source) && p.isOwnCertificate(source)
	})
}

// isForTheDomain tells whether a step is about a certificate that stays or comes, for the domain of the settings.
func (p Plan) isForTheDomain(step Step) bool {
	domain, _ := p.setting("domainName")
	return staysOrComes(certificate)(step) && domain != "" && inputsOf(step.After).at("domainName").is(domain)
}

// redirectsToTheDomain judges the first redirect of a listener: to HTTPS, on the host that was asked for or the domain
// of the settings, and there to what was asked for.
func (p Plan) redirectsToTheDomain(before, after properties) []Weakening {
	const path = "defaultActions"
	// Where the actions are not known as a whole, forwardsToNoOther says so.
	if whole := after.at(path).content; whole == unknown || whole == secret || len(redirectsOf(before, path)) > 0 {
		return nil
	}
	domain, _ := p.setting("domainName")
	allowed := map[string]string{"host": domain, "port": "443"}
	var found []Weakening
	for _, redirect := range redirectsOf(after, path) {
		for _, part := range redirectParts {
			if to := partOf(redirect, part); to != asRequested[part] && to != allowed[part] {
				found = append(found, Weakening{path + ".redirect." + part, asRequested[part], to, otherAddress})
			}
		}
		if protocol := (properties{"redirect": redirect}).at("redirect.protocol"); !protocol.is("HTTPS") {
			found = append(found, Weakening{path + ".redirect.protocol", "HTTPS", protocol.String(), "passwords and media cross the network in plain"})
		}
	}
	return found
}

// opensNoOther judges a new listener: it must use HTTPS as the program's own does, and forward to where another
// listener of the plan forwarded before.
func (p Plan) opensNoOther(step Step) []Weakening {
	after := inputsOf(step.After)
	const protocol, policy = "protocol", "sslPolicy"
	var found []Weakening
	if !after.at(protocol).is("HTTPS") {
		found = append(found, Weakening{protocol, "HTTPS", after.at(protocol).String(), "passwords and media cross the network in plain"})
	}
	if !isModernTLS(after.at(policy).text()) {
		found = append(found, Weakening{policy, "one of TLS 1.2 or later", after.at(policy).String(), "older, weaker encryption may be accepted"})
	}
	if !p.isOwnCertificate(step) {
		found = append(found, Weakening{certificateARN, "of the settings or the plan", after.at(certificateARN).String(), otherCertificate})
	}
	found = append(found, p.redirectsToTheDomain(properties{}, after)...)
	found = append(found, otherHeadersStay(properties{}, after)...)
	var forwarded []any
	for _, other := range p.Steps {
		if resourceType(other.URN) == listener && other.Before != nil {
			forwarded = append(forwarded, inputsOf(other.Before).at("defaultActions").list()...)
		}
	}
	was := properties{"defaultActions": forwarded}
	if to := targetsOf(after, "defaultActions"); len(targetsOf(was, "defaultActions")) == 0 && len(to) > 0 {
		return append(found, Weakening{"defaultActions.targetGroupArn", "no listener of this plan forwards yet", strings.Join(to, ", "), "requests reach something else, or nothing"})
	}
	return append(found, forwardsToNoOther("defaultActions")(was, after)...)
}

// tellsNobodyElse judges a new subscription: alarms go by e-mail to the addresses of the settings only, and to them
// without a filter.
func (p Plan) tellsNobodyElse(after properties) []Weakening {
	const protocol, endpoint = "protocol", "endpoint"
	if !after.at(protocol).is("email") {
		return []Weakening{{protocol, "email", after.at(protocol).String(), othersAreTold}}
	}
	var addresses []string
	if setting, _ := p.setting("alarmEmails"); json.Unmarshal([]byte(setting), &addresses) != nil {
		addresses = nil
	}
	found := protections[subscription](properties{}, after)
	if !slices.ContainsFunc(addresses, func(address string) bool { return strings.EqualFold(address, after.at(endpoint).text()) }) {
		found = append(found, Weakening{endpoint, "in alarmEmails", after.at(endpoint).String(), othersAreTold})
	}
	return found
}

const othersAreTold = "somebody whom the settings do not name is told of the alarms"
