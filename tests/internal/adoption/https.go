package adoption

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/terraformstate"
)

// What the guide does not have, and a deployment that serves HTTPS does. It has no name in the guide, so these
// addresses only stand for it: it is found by what it is.
const (
	secureListener = "aws_lb_listener.mediaserver_https"
	aliasRecord    = "aws_route53_record.mediaserver"
)

// withHTTPS are these addresses by the resource of the stack.
var withHTTPS = map[string]string{"Listener mediaserver-https": secureListener, "Record mediaserver": aliasRecord}

const (
	loadBalancer  = "aws_lb.mediaserver"
	plainListener = "aws_lb_listener.mediaserver"
)

// isOptional tells whether a deployment without HTTPS is whole without the address.
func isOptional(address string) bool { return address == secureListener || address == aliasRecord }

// guideAddress is the address of the guide that a resource has by its type and name; a listener on port 80 has it by
// its port, and what serves HTTPS has one of the two above by what it is. A listener of a load balancer that is not
// among the stack's, or a record that leads elsewhere, has none: it is another application's.
func guideAddress(theirs terraformstate.Resource, balancers []terraformstate.Resource) string {
	kind := guideType(theirs.Type)
	switch port, _ := theirs.Number("port"); {
	case kind == "aws_lb_listener" && !listensFor(theirs, balancers), kind == "aws_route53_record" && !leadsTo(theirs, balancers):
		return ""
	case kind == "aws_route53_record":
		return aliasRecord
	case kind == "aws_lb_listener" && port == 443:
		return secureListener
	case kind == "aws_lb_listener" && port == 80:
		return plainListener
	}
	return kind + "." + theirs.Name
}

// stacksBalancers are the load balancers that are the stack's: the only one that is not left to Terraform, whatever
// its name, or else those that a mapping or the guide names. matches refuses several.
func stacksBalancers(state terraformstate.State, mapped map[string]string) []terraformstate.Resource {
	all := slices.DeleteFunc(slices.Clone(state.Managed), func(each terraformstate.Resource) bool {
		return guideType(each.Type) != "aws_lb" || mapped[each.Address] == Leave
	})
	if len(all) == 1 {
		return all
	}
	isMapped := slices.Contains(targets(mapped), loadBalancer)
	return slices.DeleteFunc(all, func(each terraformstate.Resource) bool {
		if isMapped {
			return mapped[each.Address] != loadBalancer
		}
		return "aws_lb."+each.Name != loadBalancer
	})
}

// listensFor tells whether a listener is one of these load balancers'.
func listensFor(listener terraformstate.Resource, balancers []terraformstate.Resource) bool {
	return slices.ContainsFunc(balancers, func(each terraformstate.Resource) bool {
		return each.Text("arn") == listener.Text("load_balancer_arn")
	})
}

// leadsTo tells whether a record is the only one of its name and type, an A, and an alias of one of these load
// balancers.
func leadsTo(record terraformstate.Resource, balancers []terraformstate.Resource) bool {
	// Route 53's console writes the name with dualstack in front.
	target := strings.TrimPrefix(plainName(record.Text("alias", 0, "name")), "dualstack.")
	if record.Text("type") != "A" || record.Text("set_identifier") != "" || target == "" {
		return false
	}
	return slices.ContainsFunc(balancers, func(each terraformstate.Resource) bool {
		return plainName(each.Text("dns_name")) == target
	})
}

// plainName is a domain name in lower case and without a dot at the end.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// checkListeners reports listeners that a mapping takes from another load balancer: AWS cannot move one.
func (a Adoption) checkListeners() []string {
	balancer, isFound := a.find(loadBalancer)
	if !isFound {
		return nil
	}
	var problems []string
	for _, address := range []string{plainListener, secureListener} {
		if listener, isFound := a.find(address); isFound && !listensFor(listener, []terraformstate.Resource{balancer}) {
			problems = append(problems, fmt.Sprintf("%s: it is a listener of another load balancer than %s, and would be replaced; map one of that load balancer's, or none",
				listener.Address, balancer.Address))
		}
	}
	return problems
}

// checkHTTPS finds the settings for HTTPS, and reports listeners that are neither plain HTTP nor what these settings
// bring.
func (a *Adoption) checkHTTPS(state terraformstate.State) []string {
	var problems []string
	plain, _ := a.find(plainListener)
	secure, servesHTTPS := a.find(secureListener)
	action := plain.Text("default_action", 0, "type")
	switch {
	case action == "redirect" && !servesHTTPS:
		problems = append(problems, plain.Address+": its action is redirect, and no listener on port 443 is to be adopted; bring that one into the state "+
			"first (`terraform import`), and do not leave it to Terraform with --map; if the state has several load balancers, say which one is the "+
			"stack's with --map 'ADDRESS=mediaserver'; or let this one forward")
	case action != "" && action != "forward" && action != "redirect":
		problems = append(problems, fmt.Sprintf("%s: its action is %s, and the guide's listener forwards, or redirects to HTTPS; change that with Terraform first",
			plain.Address, action))
	}
	if !servesHTTPS {
		return problems
	}
	if action := secure.Text("default_action", 0, "type"); action != "forward" {
		problems = append(problems, fmt.Sprintf("%s: its action is %s, and the program's listener on port 443 forwards; change that with Terraform first, "+
			"or leave it there with %s if port 80 forwards", secure.Address, action, mapOption(secure.Address, Leave)))
	}
	domain := a.findDomain(state, plain, secure)
	if domain.Value == nil {
		return append(problems, fmt.Sprintf("%s: the state does not say at which domain it answers: it has no alias record (A) of the load balancer, port 80 "+
			"redirects to no host, and its certificate is not there or is for a wildcard; bring the record into the state first (`terraform import "+
			"aws_route53_record.mediaserver ZONE_media.example.com_A`), or have port 80 redirect to the domain as its host", secure.Address))
	}
	a.https = append(a.https, domain)
	if record, isFound := a.find(aliasRecord); isFound {
		a.https = append(a.https, Setting{"hostedZoneId", record.Text("zone_id"), record.Address})
	}
	a.https = append(a.https, Setting{"certificateArn", secure.Text("certificate_arn"), secure.Address})
	a.remark("%s: the certificate %s and what validates it stay with Terraform; keep them there", secure.Address, secure.Text("certificate_arn"))
	if action == "forward" {
		a.remark("%s: it forwards; from the first update on it redirects to https://%s", plain.Address, domain.Value)
	}
	return problems
}

// findDomain is the setting domainName, from the record, the redirect or the certificate. Its value is nil if none of
// them says it.
func (a *Adoption) findDomain(state terraformstate.State, plain, secure terraformstate.Resource) Setting {
	if record, isFound := a.find(aliasRecord); isFound {
		return Setting{"domainName", recordName(record), record.Address}
	}
	// #{host} is the host that the request was for.
	if host := plain.Text("default_action", 0, "redirect", 0, "host"); host != "" && !strings.Contains(host, "#") {
		return Setting{"domainName", plainName(host), plain.Address}
	}
	for _, each := range slices.Concat(state.Managed, state.Data) {
		// A data source has the name that was asked for in another attribute.
		name := cmp.Or(each.Text("domain_name"), each.Text("domain"))
		isItsOwn := each.Type == "aws_acm_certificate" && each.Text("arn") == secure.Text("certificate_arn")
		if isItsOwn && name != "" && !strings.Contains(name, "*") {
			return Setting{"domainName", plainName(name), each.Address}
		}
	}
	return Setting{}
}

// recordName is the whole name of a record, which may stand in the configuration without its zone.
func recordName(record terraformstate.Resource) string {
	if fqdn := record.Text("fqdn"); fqdn != "" {
		return plainName(fqdn)
	}
	return plainName(record.Text("name"))
}
