package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

var (
	vpcIDPattern    = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	subnetIDPattern = regexp.MustCompile(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`)
)

// tasksFitRegion refuses a processor that AWS Fargate does not offer in several
// zones of the region.
func tasksFitRegion(r *settingsReader, key, processor string) {
	zones, limited := zonesWithFargate(r.environment.region, processor)
	r.check(key, processor, !limited || len(zones) > 0,
		fmt.Sprintf("must be %s in %s: AWS Fargate has no other processor in several zones there", x86, r.environment.region))
}

// vpcHasSubnets refuses a VPC without the subnets that the load balancer is to
// use: the program cannot know which of its subnets are public.
func (s *settings) vpcHasSubnets(r *settingsReader, key, vpcID string) {
	r.check(key, vpcID, len(s.loadBalancerSubnetIDs) > 0 || !r.accepted("loadBalancerSubnetIds"),
		"needs loadBalancerSubnetIds: name at least two subnets of the VPC, in two zones")
}

// haveVPC refuses subnets without the VPC that they are in.
func (s *settings) haveVPC(r *settingsReader, key string, subnetIDs []string) {
	r.check(key, subnetIDs, len(subnetIDs) == 0 || s.vpcID != "", "has no effect without vpcId: set vpcId too, or remove this key")
}

// areOfVPC refuses subnets that are not in the VPC that vpcId names.
func (s *settings) areOfVPC(r *settingsReader, key string, subnetIDs []string) {
	for i, id := range subnetIDs {
		found, element := r.environment.statedSubnets[id], fmt.Sprintf("%s[%d]", key, i)
		if found.err != nil {
			r.check(element, id, false, fmt.Sprintf("must be a subnet of %[1]s in %[2]s: %[3]s; "+
				"`aws ec2 describe-subnets --region %[2]s --filters Name=vpc-id,Values=%[1]s` lists them",
				s.vpcID, r.environment.region, strings.TrimSpace(found.err.Error())))
		}
		r.check(element, id, found.vpcID == s.vpcID, fmt.Sprintf("must be in vpcId (%s), but is in %s", s.vpcID, found.vpcID))
	}
}

// areEnough refuses fewer subnets than Elastic Load Balancing takes.
func areEnough(r *settingsReader, key string, subnetIDs []string) {
	r.check(key, subnetIDs, len(subnetIDs) == 0 || len(subnetIDs) >= zonesForLoadBalancer,
		fmt.Sprintf("must name at least %d subnets, each in a zone of its own: a load balancer needs that many", zonesForLoadBalancer))
}

// areInZonesOfTheirOwn refuses a second subnet of a zone, which Elastic Load
// Balancing does not take.
func areInZonesOfTheirOwn(r *settingsReader, key string, subnetIDs []string) {
	first := map[string]string{}
	for i, id := range subnetIDs {
		element := fmt.Sprintf("%s[%d]", key, i)
		if !r.accepted(element) {
			continue
		}
		zone := r.environment.statedSubnets[id].zoneID
		other, taken := first[zone]
		r.check(element, id, !taken,
			fmt.Sprintf("must not be in the same zone as %s (%s): a load balancer takes one subnet per zone", other, zone))
		first[zone] = id
	}
}

// canRunTasks refuses subnets in zones without AWS Fargate.
func (s *settings) canRunTasks(r *settingsReader, key string, subnetIDs []string) {
	zones, limited := zonesWithFargate(r.environment.region, s.cpuArchitecture)
	if !limited || len(zones) == 0 {
		return
	}
	offered := fmt.Sprintf("in a zone with AWS Fargate for %s (%s)", s.cpuArchitecture, strings.Join(zones, ", "))
	for i, id := range subnetIDs {
		zone := r.environment.statedSubnets[id].zoneID
		r.check(fmt.Sprintf("%s[%d]", key, i), id, slices.Contains(zones, zone), "must be "+offered+", but is in "+zone)
	}
	r.check(key, subnetIDs, len(r.environment.taskSubnetIDs) > 0,
		"must name a subnet "+offered+": no subnet of loadBalancerSubnetIds is in one")
}

// isNetwork tells whether the text is an IPv4 network, as a rule of a security
// group names it. AWS clears host bits, and the rule would differ on every run.
func isNetwork(text string) bool {
	network, err := netip.ParsePrefix(text)
	return err == nil && network.Addr().Is4() && network == network.Masked()
}
