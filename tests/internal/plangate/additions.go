package plangate

import (
	"encoding/json"
	"slices"
	"strings"
)

const listener = "aws:lb/listener:Listener"

// certificateStays is the rule for the certificate of a listener: another one must be that of the settings, or one that
// the same plan requests.
func (p Plan) certificateStays(before, after properties) []Weakening {
	if p.isOwnCertificate(after) {
		return nil
	}
	return staysOnceSet(certificateARN, otherCertificate)(before, after)
}

const (
	certificateARN   = "certificateArn"
	otherCertificate = "users meet another certificate, or none"
)

// isOwnCertificate tells whether a listener has the certificate of the settings, or one that the plan requests.
func (p Plan) isOwnCertificate(after properties) bool {
	certificate := after.at(certificateARN)
	isGiven := certificate.known() && slices.Contains(p.settings(certificateARN), certificate.text())
	return isGiven || certificate.is(unknown) && p.requestsCertificate()
}

// redirectsToTheDomain judges the first redirect of a listener: to HTTPS, on the host that was asked for or the domain
// of the settings, and there to what was asked for.
func (p Plan) redirectsToTheDomain(before, after properties) []Weakening {
	const path = "defaultActions"
	// Where the actions are not known as a whole, forwardsToNoOther says so.
	if whole := after.at(path).content; whole == unknown || whole == secret || len(redirectsOf(before, path)) > 0 {
		return nil
	}
	var found []Weakening
	for _, redirect := range redirectsOf(after, path) {
		allowed := map[string][]string{"host": p.settings("domainName"), "port": {"443"}}
		for _, part := range redirectParts {
			if to := partOf(redirect, part); to != asRequested[part] && !slices.Contains(allowed[part], to) {
				found = append(found, Weakening{path + ".redirect." + part, asRequested[part], to, otherAddress})
			}
		}
		if protocol := (properties{"redirect": redirect}).at("redirect.protocol"); !protocol.is("HTTPS") {
			found = append(found, Weakening{path + ".redirect.protocol", "HTTPS", protocol.String(), "passwords and media cross the network in plain"})
		}
	}
	return found
}

// settings are the values of a setting, under whatever name the project has.
func (p Plan) settings(name string) []string {
	var values []string
	for key, setting := range p.Config {
		if strings.HasSuffix(key, ":"+name) {
			values = append(values, setting)
		}
	}
	return values
}

// modernTLS begins the names of the policies that accept TLS 1.2 and 1.3 alone (Elastic Load Balancing, "Security
// policies for your Application Load Balancer"). Those that accept older ones as well are named TLS13-1-0 and TLS13-1-1.
var modernTLS = []string{"ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-"}

// opensNoOther judges a new listener: it must use HTTPS as the program's own does, and forward to where another
// listener of the plan forwarded before.
func (p Plan) opensNoOther(after properties) []Weakening {
	const protocol, policy = "protocol", "sslPolicy"
	var found []Weakening
	if !after.at(protocol).is("HTTPS") {
		found = append(found, Weakening{protocol, "HTTPS", after.at(protocol).String(), "passwords and media cross the network in plain"})
	}
	if !slices.ContainsFunc(modernTLS, func(prefix string) bool { return strings.HasPrefix(after.at(policy).text(), prefix) }) {
		found = append(found, Weakening{policy, "one of TLS 1.2 or later", after.at(policy).String(), "older, weaker encryption may be accepted"})
	}
	// A plan leaves out what is not known yet of a new resource.
	if certificate := after.at(certificateARN); certificate.content != nil && !p.isOwnCertificate(after) {
		found = append(found, Weakening{certificateARN, "of the settings or the plan", certificate.String(), otherCertificate})
	}
	found = append(found, p.redirectsToTheDomain(properties{}, after)...)
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
	for _, setting := range p.settings("alarmEmails") {
		if json.Unmarshal([]byte(setting), &addresses) != nil {
			addresses = nil
		}
	}
	found := protections["aws:sns/topicSubscription:TopicSubscription"](properties{}, after)
	if !slices.ContainsFunc(addresses, func(address string) bool { return strings.EqualFold(address, after.at(endpoint).text()) }) {
		found = append(found, Weakening{endpoint, "in alarmEmails", after.at(endpoint).String(), othersAreTold})
	}
	return found
}

const othersAreTold = "somebody whom the settings do not name is told of the alarms"
