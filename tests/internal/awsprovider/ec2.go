package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"mediaserver/tests/internal/provider"
)

var ec2Kinds = kinds{
	&kind[securityGroup]{
		Token:      "aws:ec2/securityGroup:SecurityGroup",
		Name:       "name",
		Replace:    []string{"name", "description", "vpcId"},
		Rules:      securityGroupRules,
		Check:      checkOpenings,
		Create:     createSecurityGroup,
		Read:       readSecurityGroup,
		Complete:   setOpenings,
		Delete:     remove[securityGroup]((*ec2.Client).DeleteSecurityGroup, "GroupId"),
		SetTags:    tag((*ec2.Client).CreateTags, "Resources"),
		RemoveTags: untag((*ec2.Client).DeleteTags, "Resources"),
	},
}

var ec2Functions = functions{
	&function[vpcArguments, vpc]{Token: "aws:ec2/getVpc:getVpc", Call: lookUpVpc},
	&function[subnetArguments, subnet]{Token: "aws:ec2/getSubnet:getSubnet", Call: lookUpSubnet},
	&function[subnetsArguments, subnets]{Token: "aws:ec2/getSubnets:getSubnets", Call: lookUpSubnets},
	&function[zonesArguments, zones]{Token: "aws:index/getAvailabilityZones:getAvailabilityZones", Call: lookUpZones},
}

// filter is a filter as the EC2 API defines it for what is looked up.
type filter struct {
	Name   string   `pulumi:"name"`
	Values []string `pulumi:"values"`
}

type vpcArguments struct {
	Default bool `pulumi:"default"`
}

type vpc struct {
	VpcID           string            `pulumi:"id"`
	Arn             string            `pulumi:"arn"`
	CidrBlock       string            `pulumi:"cidrBlock"`
	IsDefault       bool              `pulumi:"default"`
	DhcpOptionsID   string            `pulumi:"dhcpOptionsId"`
	InstanceTenancy string            `pulumi:"instanceTenancy"`
	OwnerID         string            `pulumi:"ownerId"`
	State           string            `pulumi:"state"`
	Tags            map[string]string `pulumi:"tags"`
}

func lookUpVpc(ctx context.Context, client *api, arguments *vpcArguments) (*vpc, error) {
	found, err := client.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: []types.Filter{{
		Name: aws.String("is-default"), Values: []string{strconv.FormatBool(arguments.Default)},
	}}})
	if err != nil {
		return nil, err
	}
	if len(found.Vpcs) != 1 {
		return nil, errors.New("no matching EC2 VPC found")
	}
	result := expanded[vpc](found.Vpcs[0])
	result.Arn = fmt.Sprintf("arn:%s:ec2:%s:%s:vpc/%s",
		partitionOf(client.region).Partition, client.region, result.OwnerID, result.VpcID)
	return result, nil
}

// The program looks a subnet up by its id alone.
type subnetArguments struct {
	ID *string `pulumi:"id,optional"`
}

type subnet struct {
	SubnetID            string `pulumi:"id"`
	SubnetArn           string `pulumi:"arn"`
	AvailabilityZone    string `pulumi:"availabilityZone"`
	AvailabilityZoneID  string `pulumi:"availabilityZoneId"`
	CidrBlock           string `pulumi:"cidrBlock"`
	DefaultForAz        bool   `pulumi:"defaultForAz"`
	MapPublicIPOnLaunch bool   `pulumi:"mapPublicIpOnLaunch"`
	State               string `pulumi:"state"`
	VpcID               string `pulumi:"vpcId"`
}

func lookUpSubnet(ctx context.Context, client *api, arguments *subnetArguments) (*subnet, error) {
	found, err := client.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{deref(arguments.ID)}})
	if err != nil {
		return nil, err
	}
	if len(found.Subnets) != 1 {
		return nil, errors.New("no matching EC2 Subnet found")
	}
	return expanded[subnet](found.Subnets[0]), nil
}

type subnetsArguments struct {
	Filters []filter `pulumi:"filters,optional"`
}

type subnets struct {
	ID  string   `pulumi:"id"`
	IDs []string `pulumi:"ids"`
}

func lookUpSubnets(ctx context.Context, client *api, arguments *subnetsArguments) (*subnets, error) {
	result := &subnets{ID: client.region, IDs: []string{}}
	pages := ec2.NewDescribeSubnetsPaginator(client.EC2, expanded[ec2.DescribeSubnetsInput](arguments))
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, subnet := range page.Subnets {
			result.IDs = append(result.IDs, deref(subnet.SubnetId))
		}
	}
	return result, nil
}

type zonesArguments struct {
	State string `pulumi:"state"`
}

type zones struct {
	ID         string   `pulumi:"id"`
	Names      []string `pulumi:"names"`
	ZoneIDs    []string `pulumi:"zoneIds"`
	GroupNames []string `pulumi:"groupNames"`
	State      string   `pulumi:"state"`
}

func lookUpZones(ctx context.Context, client *api, arguments *zonesArguments) (*zones, error) {
	found, err := client.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{
		Filters: []types.Filter{{Name: aws.String("state"), Values: []string{arguments.State}}},
	})
	if err != nil {
		return nil, err
	}
	result := &zones{ID: client.region, Names: []string{}, ZoneIDs: []string{}, GroupNames: []string{}, State: arguments.State}
	for _, zone := range found.AvailabilityZones {
		result.Names = append(result.Names, deref(zone.ZoneName))
		result.ZoneIDs = append(result.ZoneIDs, deref(zone.ZoneId))
		result.GroupNames = append(result.GroupNames, deref(zone.GroupName))
	}
	return result, nil
}

type securityGroup struct {
	GroupName        string            `pulumi:"name"`
	Description      string            `pulumi:"description"`
	VpcID            string            `pulumi:"vpcId"`
	Ingress          []ingress         `pulumi:"ingress,optional"`
	Egress           []ingress         `pulumi:"egress,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
	SecurityGroupArn string            `pulumi:"arn,output"`
	OwnerID          string            `pulumi:"ownerId,output"`
}

// ingress is a rule of a security group, of either direction.
type ingress struct {
	Description    *string  `pulumi:"description,optional"`
	Protocol       string   `pulumi:"protocol"`
	FromPort       int32    `pulumi:"fromPort"`
	ToPort         int32    `pulumi:"toPort"`
	CidrBlocks     []string `pulumi:"cidrBlocks,optional"`
	Ipv6CidrBlocks []string `pulumi:"ipv6CidrBlocks,optional"`
	SecurityGroups []string `pulumi:"securityGroups,optional"`
}

const (
	createSecurityGroupDocs = "Amazon EC2 API reference, CreateSecurityGroup"
	ipPermissionDocs        = "Amazon EC2 API reference, IpPermission"
)

var groupText = provider.Matching(`^[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*$`,
	"have only letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*")

var securityGroupRules = slices.Concat(rules{
	rule("name", provider.Length(1, 255), createSecurityGroupDocs),
	rule("name", groupText, createSecurityGroupDocs),
	rule("name", provider.Unlike(`^sg-`, "not begin with sg-"), createSecurityGroupDocs),
	rule("description", provider.Length(1, 255), createSecurityGroupDocs),
	rule("description", groupText, createSecurityGroupDocs),
}, openingRules("ingress[]"), openingRules("egress[]"))

func openingRules(direction string) rules {
	return rules{
		rule(direction+".description", provider.Length(0, 255), ipPermissionDocs),
		rule(direction+".description", groupText, ipPermissionDocs),
		rule(direction+".cidrBlocks[]", network(netip.Addr.Is4), validate+", ValidIPv4CIDRNetworkAddress"),
		rule(direction+".ipv6CidrBlocks[]", network(netip.Addr.Is6), validate+", ValidIPv6CIDRNetworkAddress"),
		// What the official plugin makes of another way to write one shows a change on every run.
		rule(direction+".protocol",
			provider.Matching(`^(-1|tcp|udp|icmp|icmpv6|[0-9]{1,3})$`, "be the name of a protocol in lower case, or its number"),
			"terraform-provider-aws, internal/service/ec2/vpc_security_group_rule.go, protocolStateFunc"),
		rule(direction+".fromPort", provider.Between(0, 65535), ipPermissionDocs),
		rule(direction+".toPort", provider.Between(0, 65535), ipPermissionDocs),
	}
}

// network demands a block of addresses that is written with its first one.
func network(isOfFamily func(netip.Addr) bool) provider.Demand {
	return provider.Satisfying("be a block of addresses by its first one, such as 10.0.0.0/8 or 2001:db8::/32", func(block string) bool {
		prefix, err := netip.ParsePrefix(block)
		return err == nil && prefix == prefix.Masked() && isOfFamily(prefix.Addr())
	})
}

// allProtocols is the protocol that stands for all of them.
const allProtocols = "-1"

func checkOpenings(group *securityGroup, problems *provider.Problems) {
	for direction, all := range map[string][]ingress{"ingress": group.Ingress, "egress": group.Egress} {
		for i, each := range all {
			path := direction + "[" + strconv.Itoa(i) + "]"
			if len(each.CidrBlocks)+len(each.Ipv6CidrBlocks)+len(each.SecurityGroups) == 0 {
				problems.Refuse(path, "no peer", "must name cidrBlocks, ipv6CidrBlocks or securityGroups ("+ipPermissionDocs+")")
			}
			switch {
			case !problems.Known(path+".protocol", path+".fromPort", path+".toPort"):
			case each.Protocol == allProtocols && (each.FromPort != 0 || each.ToPort != 0):
				problems.Refuse(path+".fromPort", each.FromPort, "must be 0, as toPort, for all protocols ("+ipPermissionDocs+")")
			case (each.Protocol == "tcp" || each.Protocol == "udp") && each.ToPort < each.FromPort:
				problems.Refuse(path+".toPort", each.ToPort, "must not be less than fromPort ("+ipPermissionDocs+")")
			}
		}
	}
}

func createSecurityGroup(ctx context.Context, client *api, group *securityGroup) (string, error) {
	request := expanded[ec2.CreateSecurityGroupInput](group)
	// EC2 refuses a specification without a tag. The official provider leaves it out
	// (terraform-provider-aws, internal/service/ec2/tags.go, getTagSpecificationsIn).
	if len(group.Tags) > 0 {
		request.TagSpecifications = []types.TagSpecification{{
			ResourceType: types.ResourceTypeSecurityGroup, Tags: tagList[types.Tag](group.Tags),
		}}
	}
	created, err := client.EC2.CreateSecurityGroup(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.GroupId, nil
}

func readSecurityGroup(ctx context.Context, client *api, id string, group *securityGroup) error {
	found, err := describe[types.SecurityGroup](ctx, client, (*ec2.Client).DescribeSecurityGroups, "GroupIds", id)
	if err != nil {
		return err
	}
	copyFields(found, group)
	observeOpenings(&group.Ingress, found.IpPermissions)
	observeOpenings(&group.Egress, found.IpPermissionsEgress)
	return nil
}

// opening is a rule for one peer, as EC2 counts them. The peer is a block of addresses or the id of a group.
type opening struct {
	protocol          string
	from, to          int32
	peer, description string
}

// openings splits rules into those of single peers.
func openings(groupRules []ingress) map[opening]bool {
	all := map[opening]bool{}
	for _, each := range groupRules {
		for _, peer := range slices.Concat(each.CidrBlocks, each.Ipv6CidrBlocks, each.SecurityGroups) {
			all[opening{each.Protocol, each.FromPort, each.ToPort, peer, deref(each.Description)}] = true
		}
	}
	return all
}

// observedOpenings does the same with what EC2 reports.
func observedOpenings(permissions []types.IpPermission) map[opening]bool {
	all := map[opening]bool{}
	for _, permission := range permissions {
		add := func(peer, description *string) {
			found := opening{protocol: deref(permission.IpProtocol), peer: deref(peer), description: deref(description)}
			if found.protocol != allProtocols {
				found.from, found.to = deref(permission.FromPort), deref(permission.ToPort)
			}
			all[found] = true
		}
		for _, peer := range permission.IpRanges {
			add(peer.CidrIp, peer.Description)
		}
		for _, peer := range permission.Ipv6Ranges {
			add(peer.CidrIpv6, peer.Description)
		}
		for _, peer := range permission.UserIdGroupPairs {
			add(peer.GroupId, peer.Description)
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
	case strings.HasPrefix(o.peer, "sg-"):
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &o.peer, Description: description}}
	case strings.Contains(o.peer, ":"):
		permission.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &o.peer, Description: description}}
	default:
		permission.IpRanges = []types.IpRange{{CidrIp: &o.peer, Description: description}}
	}
	return permission
}

// rule is the opening as an input.
func (o opening) rule() ingress {
	made := ingress{Protocol: o.protocol, FromPort: o.from, ToPort: o.to}
	if o.description != "" {
		made.Description = &o.description
	}
	switch {
	case strings.HasPrefix(o.peer, "sg-"):
		made.SecurityGroups = []string{o.peer}
	case strings.Contains(o.peer, ":"):
		made.Ipv6CidrBlocks = []string{o.peer}
	default:
		made.CidrBlocks = []string{o.peer}
	}
	return made
}

// observeOpenings takes over rules that open something else than the inputs do.
func observeOpenings(groupRules *[]ingress, permissions []types.IpPermission) {
	observed := observedOpenings(permissions)
	if maps.Equal(openings(*groupRules), observed) {
		return
	}
	*groupRules = nil
	for _, each := range sorted(observed) {
		*groupRules = append(*groupRules, each.rule())
	}
}

// sorted lists openings in an order that is always the same.
func sorted(all map[opening]bool) []opening {
	return slices.SortedFunc(maps.Keys(all), func(a, b opening) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// permissionsBeyond lists what is in one set and not in the other.
func permissionsBeyond(some, others map[opening]bool) []types.IpPermission {
	var permissions []types.IpPermission
	for _, each := range sorted(some) {
		if !others[each] {
			permissions = append(permissions, each.permission())
		}
	}
	return permissions
}

// setOpenings makes the rules of a group those of the inputs and no others, also not the rule to all destinations that
// EC2 gives a new group.
func setOpenings(ctx context.Context, client *api, id string, group *securityGroup) error {
	found, err := describe[types.SecurityGroup](ctx, client, (*ec2.Client).DescribeSecurityGroups, "GroupIds", id)
	if err != nil {
		return err
	}
	wanted, observed := openings(group.Ingress), observedOpenings(found.IpPermissions)
	if extra := permissionsBeyond(observed, wanted); err == nil && len(extra) > 0 {
		_, err = client.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &id, IpPermissions: extra})
	}
	if absent := permissionsBeyond(wanted, observed); err == nil && len(absent) > 0 {
		_, err = client.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id, IpPermissions: absent})
	}
	wanted, observed = openings(group.Egress), observedOpenings(found.IpPermissionsEgress)
	if extra := permissionsBeyond(observed, wanted); err == nil && len(extra) > 0 {
		_, err = client.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &id, IpPermissions: extra})
	}
	if absent := permissionsBeyond(wanted, observed); err == nil && len(absent) > 0 {
		_, err = client.EC2.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &id, IpPermissions: absent})
	}
	return err
}
