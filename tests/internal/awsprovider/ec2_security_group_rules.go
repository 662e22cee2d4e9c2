package awsprovider

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"mediaserver/tests/internal/provider"
)

type securityGroupRule struct {
	Description    *string  `pulumi:"description,optional"`
	Protocol       string   `pulumi:"protocol"`
	FromPort       int32    `pulumi:"fromPort"`
	ToPort         int32    `pulumi:"toPort"`
	CidrBlocks     []string `pulumi:"cidrBlocks,optional"`
	Ipv6CidrBlocks []string `pulumi:"ipv6CidrBlocks,optional"`
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	Self           *bool    `pulumi:"self,optional"`
}

// allProtocols is the protocol that stands for all of them.
const allProtocols = "-1"

func checkRules(problems *provider.Problems, property string, rules []securityGroupRule) {
	for i, r := range rules {
		path := property + "[" + strconv.Itoa(i) + "]"
		if r.Description != nil {
			textRule{0, 255, securityGroupName.pattern, securityGroupName.rule}.check(problems, path+".description", *r.Description)
		}
		checkNetworks(problems, path+".cidrBlocks", r.CidrBlocks, netip.Addr.Is4)
		checkNetworks(problems, path+".ipv6CidrBlocks", r.Ipv6CidrBlocks, netip.Addr.Is6)
		if !protocol.MatchString(r.Protocol) {
			problems.Refuse(path+".protocol", r.Protocol, "must be the name of a protocol in lower case, or its number, as EC2 stores it")
		}
		if len(r.CidrBlocks)+len(r.Ipv6CidrBlocks)+len(r.SecurityGroups) == 0 && !deref(r.Self) {
			problems.Refuse(path, "no peer", "must name cidrBlocks, ipv6CidrBlocks, securityGroups or self")
		}
		if !problems.Known(path+".protocol", path+".fromPort", path+".toPort") {
			continue
		}
		switch r.Protocol {
		case allProtocols:
			checkOneOf(problems, path+".fromPort", r.FromPort, []int32{0})
			checkOneOf(problems, path+".toPort", r.ToPort, []int32{0})
		case "tcp", "udp":
			checkRange(problems, path+".fromPort", r.FromPort, 0, 65535)
			checkRange(problems, path+".toPort", r.ToPort, r.FromPort, 65535)
		}
	}
}

// protocol is what the official plugin makes of any other way to write one, so that such a way shows a change on
// every run (terraform-provider-aws, internal/service/ec2/vpc_security_group_rule.go, protocolStateFunc).
var protocol = regexp.MustCompile(`^(-1|tcp|udp|icmp|icmpv6|[0-9]{1,3})$`)

// checkNetworks refuses what is no block of addresses, or names an address in the middle of one
// (terraform-provider-aws, internal/verify/validate.go, ValidIPv4CIDRNetworkAddress and ValidIPv6CIDRNetworkAddress).
func checkNetworks(problems *provider.Problems, path string, blocks []string, isOfFamily func(netip.Addr) bool) {
	for i, block := range blocks {
		prefix, err := netip.ParsePrefix(block)
		if err != nil || prefix != prefix.Masked() || !isOfFamily(prefix.Addr()) {
			problems.Refuse(path+"["+strconv.Itoa(i)+"]", block, "must be a block of addresses by its first one, such as 10.0.0.0/8 or 2001:db8::/32")
		}
	}
}

// opening is a rule for one peer, as EC2 counts them.
type opening struct {
	protocol    string
	from, to    int32
	cidr        string
	ipv6        string
	group       string
	description string
}

// openings splits rules into those of single peers. A rule's self is the group
// of the given id.
func openings(id string, rules []securityGroupRule) map[opening]bool {
	all := map[opening]bool{}
	for _, r := range rules {
		base := opening{protocol: r.Protocol, from: r.FromPort, to: r.ToPort, description: deref(r.Description)}
		groups := r.SecurityGroups
		if deref(r.Self) {
			groups = append([]string{id}, groups...)
		}
		for _, cidr := range r.CidrBlocks {
			o := base
			o.cidr = cidr
			all[o] = true
		}
		for _, cidr := range r.Ipv6CidrBlocks {
			o := base
			o.ipv6 = cidr
			all[o] = true
		}
		for _, group := range groups {
			o := base
			o.group = group
			all[o] = true
		}
	}
	return all
}

// observedOpenings does the same with what EC2 reports.
func observedOpenings(permissions []types.IpPermission) map[opening]bool {
	all := map[opening]bool{}
	for _, p := range permissions {
		base := opening{protocol: deref(p.IpProtocol)}
		if base.protocol != allProtocols {
			base.from, base.to = deref(p.FromPort), deref(p.ToPort)
		}
		for _, peer := range p.IpRanges {
			o := base
			o.cidr, o.description = deref(peer.CidrIp), deref(peer.Description)
			all[o] = true
		}
		for _, peer := range p.Ipv6Ranges {
			o := base
			o.ipv6, o.description = deref(peer.CidrIpv6), deref(peer.Description)
			all[o] = true
		}
		for _, peer := range p.UserIdGroupPairs {
			o := base
			o.group, o.description = deref(peer.GroupId), deref(peer.Description)
			all[o] = true
		}
	}
	return all
}

func (o opening) permission() types.IpPermission {
	permission := types.IpPermission{IpProtocol: &o.protocol}
	if o.protocol != allProtocols {
		permission.FromPort, permission.ToPort = &o.from, &o.to
	}
	var description *string
	if o.description != "" {
		description = &o.description
	}
	switch {
	case o.cidr != "":
		permission.IpRanges = []types.IpRange{{CidrIp: &o.cidr, Description: description}}
	case o.ipv6 != "":
		permission.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &o.ipv6, Description: description}}
	default:
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &o.group, Description: description}}
	}
	return permission
}

// rule is the opening as an input.
func (o opening) rule() securityGroupRule {
	r := securityGroupRule{Protocol: o.protocol, FromPort: o.from, ToPort: o.to}
	if o.description != "" {
		r.Description = &o.description
	}
	switch {
	case o.cidr != "":
		r.CidrBlocks = []string{o.cidr}
	case o.ipv6 != "":
		r.Ipv6CidrBlocks = []string{o.ipv6}
	default:
		r.SecurityGroups = []string{o.group}
	}
	return r
}

// observeRules takes over rules that open something else than the inputs do.
func observeRules(rules *[]securityGroupRule, id string, permissions []types.IpPermission) {
	observed := observedOpenings(permissions)
	if maps.Equal(openings(id, *rules), observed) {
		return
	}
	*rules = nil
	for _, o := range sorted(observed) {
		*rules = append(*rules, o.rule())
	}
}

// sorted lists openings in an order that is always the same.
func sorted(all map[opening]bool) []opening {
	return slices.SortedFunc(maps.Keys(all), func(a, b opening) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
}

// permissionsBeyond lists what is in one set and not in the other.
func permissionsBeyond(some, others map[opening]bool) []types.IpPermission {
	var permissions []types.IpPermission
	for _, o := range sorted(some) {
		if !others[o] {
			permissions = append(permissions, o.permission())
		}
	}
	return permissions
}

// setRules makes the rules of a group those of the inputs and no others, also
// not the rule to all destinations that EC2 gives a new group.
func setRules(ctx context.Context, client *api, id string, in *securityGroupInputs) error {
	group, err := describeSecurityGroup(ctx, client, id)
	if err != nil {
		return err
	}
	wanted, observed := openings(id, in.Ingress), observedOpenings(group.IpPermissions)
	if extra := permissionsBeyond(observed, wanted); len(extra) > 0 {
		if _, err := client.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
			GroupId: &id, IpPermissions: extra,
		}); err != nil {
			return err
		}
	}
	if absent := permissionsBeyond(wanted, observed); len(absent) > 0 {
		if _, err := client.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &id, IpPermissions: absent,
		}); err != nil {
			return err
		}
	}
	wanted, observed = openings(id, in.Egress), observedOpenings(group.IpPermissionsEgress)
	if extra := permissionsBeyond(observed, wanted); len(extra) > 0 {
		if _, err := client.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{
			GroupId: &id, IpPermissions: extra,
		}); err != nil {
			return err
		}
	}
	if absent := permissionsBeyond(wanted, observed); len(absent) > 0 {
		if _, err := client.EC2.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{
			GroupId: &id, IpPermissions: absent,
		}); err != nil {
			return err
		}
	}
	return nil
}
