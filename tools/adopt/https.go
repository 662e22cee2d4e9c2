package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// servesHTTPS tells whether the deployment has a listener on port 443.
func (a *Adoption) servesHTTPS() bool {
	_, isFound := a.find(secureListener)
	return isFound
}

// guideAddress is the address in the guide of a resource, by its type and name, for a listener by its port, and for the
// record by its target. It is empty for a listener of another load balancer, or a record that leads elsewhere: these
// belong to another application.
func guideAddress(theirs tfstate.Resource, balancers []tfstate.Resource) string {
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

// stacksBalancers are the load balancers that may be the stack's: the one that a mapping names, or the only one,
// whatever its name, or those with the guide's name, of which match refuses several.
func stacksBalancers(free, managed []tfstate.Resource, mapped map[string]string) []tfstate.Resource {
	chosen := slices.DeleteFunc(slices.Clone(managed), func(each tfstate.Resource) bool { return mapped[each.Address] != loadBalancer })
	if len(chosen) > 0 {
		return chosen
	}
	all := slices.DeleteFunc(slices.Clone(free), func(each tfstate.Resource) bool { return guideType(each.Type) != "aws_lb" })
	if len(all) == 1 {
		return all
	}
	return slices.DeleteFunc(all, func(each tfstate.Resource) bool { return "aws_lb."+each.Name != loadBalancer })
}

// listensFor tells whether a listener belongs to one of these load balancers.
func listensFor(listener tfstate.Resource, balancers []tfstate.Resource) bool {
	return slices.ContainsFunc(balancers, func(each tfstate.Resource) bool {
		return each.Text("arn") == listener.Text("load_balancer_arn")
	})
}

// leadsTo tells whether a record is a simple A record and an alias of one of these load balancers.
func leadsTo(record tfstate.Resource, balancers []tfstate.Resource) bool {
	// Route 53's console writes the name with dualstack in front.
	target := strings.TrimPrefix(plainName(record.Text("alias", 0, "name")), "dualstack.")
	if record.Text("type") != "A" || record.Text("set_identifier") != "" || target == "" {
		return false
	}
	return slices.ContainsFunc(balancers, func(each tfstate.Resource) bool {
		return plainName(each.Text("dns_name")) == target
	})
}

// plainName is a domain name in lower case without a final dot.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// recordName is the full name of a record. The configuration may leave out the zone.
func recordName(record tfstate.Resource) string {
	return plainName(cmp.Or(record.Text("fqdn"), record.Text("name")))
}

// checkListeners reports listeners that the program can neither keep nor change into its own, and listeners that a
// mapping takes from another load balancer: AWS cannot move them.
func (a *Adoption) checkListeners() []string {
	var problems []string
	balancer, hasBalancer := a.find(loadBalancer)
	for _, address := range []string{plainListener, secureListener} {
		if listener, isFound := a.find(address); hasBalancer && isFound && !listensFor(listener, []tfstate.Resource{balancer}) {
			problems = append(problems, fmt.Sprintf("%s: it is a listener of another load balancer than %s, and would be replaced; map one of that load balancer's, or none",
				listener.Address, balancer.Address))
		}
	}
	plain, _ := a.find(plainListener)
	switch action := plain.Text("default_action", 0, "type"); {
	case action == "redirect" && !a.servesHTTPS():
		problems = append(problems, plain.Address+": its action is redirect, and no listener on port 443 is to be adopted; bring that one into the state "+
			"first (`terraform import`), and do not leave it to Terraform with --map; if the state has several load balancers, say which one is the "+
			"stack's with --map 'ADDRESS=mediaserver'; or let this one forward")
	case plain.Length("default_action") == 1 && action != "forward" && action != "redirect":
		problems = append(problems, fmt.Sprintf("%s: its action is %s, and the guide's listener forwards, or redirects to HTTPS; change that with Terraform first",
			plain.Address, action))
	}
	return problems
}

// httpsSettings are the settings for HTTPS. It reports if nothing names the domain.
func (a *Adoption) httpsSettings(state tfstate.State) ([]Setting, []string) {
	secure, servesHTTPS := a.find(secureListener)
	if !servesHTTPS {
		return nil, nil
	}
	plain, _ := a.find(plainListener)
	domain := a.findDomain(state, plain, secure)
	if domain.Value == nil {
		return nil, []string{fmt.Sprintf("%s: the state does not say at which domain it answers: it has no alias record (A) of the load balancer, port 80 "+
			"redirects to no host, and its certificate is not there or is for a wildcard; bring the record into the state first (`terraform import "+
			"aws_route53_record.mediaserver ZONE_media.example.com_A`), or have port 80 redirect to the domain as its host", secure.Address)}
	}
	a.remark("%s: the certificate %s and what validates it stay with Terraform; keep them there", secure.Address, secure.Text("certificate_arn"))
	return []Setting{domain}, nil
}

// findDomain is the setting domainName, from the record, the redirect or the certificate. Its value is nil if none of
// them names it.
func (a *Adoption) findDomain(state tfstate.State, plain, secure tfstate.Resource) Setting {
	if record, isFound := a.find(aliasRecord); isFound {
		return Setting{"domainName", recordName(record), record.Address}
	}
	// #{host} is the host of the request.
	if host := plain.Text("default_action", 0, "redirect", 0, "host"); host != "" && !strings.Contains(host, "#") {
		return Setting{"domainName", plainName(host), plain.Address}
	}
	for _, each := range slices.Concat(state.Managed, state.Data) {
		// A data source has the domain in another attribute.
		name := cmp.Or(each.Text("domain_name"), each.Text("domain"))
		isItsOwn := each.Type == "aws_acm_certificate" && each.Text("arn") == secure.Text("certificate_arn")
		if isItsOwn && name != "" && !strings.Contains(name, "*") {
			return Setting{"domainName", plainName(name), each.Address}
		}
	}
	return Setting{}
}
