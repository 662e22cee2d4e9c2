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
	const path = "certificateArn"
	certificate := after.at(path)
	isGiven := certificate.known() && slices.Contains(p.settings(path), certificate.text())
	if isGiven || certificate.is(unknown) && p.requestsCertificate() {
		return nil
	}
	return staysOnceSet(path, "users meet another certificate, or none")(before, after)
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
	var forwarded []any
	for _, other := range p.Steps {
		if resourceType(other.URN) == listener && other.Before != nil {
			forwarded = append(forwarded, inputsOf(other.Before).at("defaultActions").list()...)
		}
	}
	if len(forwarded) == 0 {
		forwarded = []any{map[string]any{"targetGroupArn": unknown}}
	}
	return append(found, forwardsToNoOther("defaultActions")(properties{"defaultActions": forwarded}, after)...)
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
