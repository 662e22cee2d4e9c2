package adopt

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"mediaserver/tools/adopt/tfstate"
)

// checkNetwork reports resources in different VPCs. A security group, a target group or a load balancer cannot move.
func (a *Adoption) checkNetwork() []string {
	var problems []string
	vpc, _ := a.vpc()
	for _, match := range a.Matches {
		if id := match.Theirs.Text("vpc_id"); id != "" && id != vpc {
			problems = append(problems, fmt.Sprintf("%s: it is in the VPC %s, but others are in %s; a stack has one VPC",
				match.Theirs.Address, id, vpc))
		}
	}
	return problems
}

// vpc is the VPC of the deployment, and the address that says so.
func (a *Adoption) vpc() (id, address string) {
	for _, match := range a.Matches {
		if id := match.Theirs.Text("vpc_id"); id != "" {
			return id, match.Theirs.Address
		}
	}
	return "", ""
}

// setNetwork takes the VPC and its subnets, unless they are what the program finds by itself.
func (a *Adoption) setNetwork(state tfstate.State) {
	vpc, source := a.vpc()
	balancer, _ := a.find(loadBalancer)
	service, _ := a.find(ecsService)
	ours := slices.Sorted(slices.Values(balancer.Texts("subnets")))
	tasks := slices.Sorted(slices.Values(service.Texts("network_configuration", 0, "subnets")))
	if len(tasks) == 0 {
		tasks = ours
	}
	if vpc == "" || slices.Equal(tasks, ours) && isDefaultNetwork(state, vpc, ours) {
		return
	}
	a.set("vpcId", vpc, source)
	if len(ours) == 0 {
		a.remark("%s: it is in the VPC %s, and no load balancer in the state says in which subnets one can be; set loadBalancerSubnetIds", source, vpc)
		return
	}
	a.set("loadBalancerSubnetIds", ours, balancer.Address)
	if !slices.Equal(tasks, ours) {
		a.set("taskSubnetIds", tasks, service.Address)
	}
}

// isDefaultNetwork tells whether the state says that a VPC is the default one of its region, and not that these are
// other subnets than its default ones. Where it says nothing, the settings state the network: that is right in any case.
func isDefaultNetwork(state tfstate.State, vpc string, subnets []string) bool {
	isDefault := false
	isOurs := func(id string) bool { return slices.Contains(subnets, id) }
	for _, each := range slices.Concat(state.Data, state.Managed) {
		switch id := each.Text("id"); each.Type {
		case "aws_vpc":
			isDefault = isDefault || id == vpc && each.Flag("default")
		case "aws_default_vpc":
			isDefault = isDefault || id == vpc
		case "aws_subnet":
			if isOurs(id) && !each.Flag("default_for_az") {
				return false
			}
		case "aws_subnets", "aws_subnet_ids":
			listed := each.Texts("ids")
			if slices.ContainsFunc(listed, isOurs) && !slices.Equal(slices.Sorted(slices.Values(listed)), subnets) {
				return false
			}
		}
	}
	return isDefault
}

// webRule is a rule by which a source may connect over TCP, with the first and the last port where it names any.
var webRule = regexp.MustCompile(`^(?:all|tcp (\d+)(?:-(\d+))?) from (\S+)$`)

// setAllowedNetworks takes the IPv4 networks that may connect to port 80 or 443. The program opens both to each.
func (a *Adoption) setAllowedNetworks() {
	group, _ := a.find(balancerGroup)
	var networks []string
	for _, described := range group.Texts("ingress") {
		rule := webRule.FindStringSubmatch(described)
		if rule == nil {
			continue
		}
		network, err := netip.ParsePrefix(rule[3])
		first, _ := strconv.Atoi(rule[1])
		last, _ := strconv.Atoi(rule[2])
		last = max(first, last)
		isWeb := rule[1] == "" || first <= 80 && last >= 80 || first <= 443 && last >= 443
		if err == nil && network.Addr().Is4() && isWeb && !slices.Contains(networks, rule[3]) {
			networks = append(networks, rule[3])
		}
	}
	slices.Sort(networks)
	if networks != nil {
		a.set("allowedCidrBlocks", networks, group.Address)
	}
}

// setAccessLogsBucket takes the bucket of the load balancer's access logs, if the program would write to the same place in
// it. Otherwise it tells that the logs stop: the provider turns off those that nothing states.
func (a *Adoption) setAccessLogsBucket() {
	balancer, _ := a.find(loadBalancer)
	bucket, prefix := balancer.Text("access_logs", 0, "bucket"), balancer.Text("access_logs", 0, "prefix")
	switch {
	case bucket == "" || !balancer.Flag("access_logs", 0, "enabled"):
	case prefix == a.Name:
		a.set("accessLogsBucket", bucket, balancer.Address)
	default:
		a.Differences = append(a.Differences, Difference{Address: balancer.Address, Attribute: "access_logs", Change: fmt.Sprintf(
			"they go to %s under the prefix %q, and stop; to have them go there under %q, let the bucket's policy allow that prefix and set accessLogsBucket",
			bucket, prefix, a.Name)})
	}
}
