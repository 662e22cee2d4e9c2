package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var ec2Kinds = kinds{
	&kind[securityGroup]{
		Token:    "aws:ec2/securityGroup:SecurityGroup",
		Create:   createSecurityGroup,
		Read:     readSecurityGroup,
		Complete: setOpenings,
		Delete:   remove[securityGroup]((*ec2.Client).DeleteSecurityGroup, "GroupId"),
		Tags:     tagging("", "Resources", (*ec2.Client).CreateTags, (*ec2.Client).DeleteTags, nil),
	},
}

var ec2Functions = functions{
	&function[vpcArguments, vpc]{Token: "aws:ec2/getVpc:getVpc", Call: lookUpVpc},
	&function[subnetArguments, subnet]{Token: "aws:ec2/getSubnet:getSubnet", Call: lookUpSubnet},
	&function[subnetsArguments, subnets]{Token: "aws:ec2/getSubnets:getSubnets", Call: lookUpSubnets},
}

type vpcArguments struct {
	Default bool `json:"default"`
}

type vpc struct {
	VpcID     string `json:"id"`
	IsDefault bool   `json:"default"`
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
	return expanded[vpc](found.Vpcs[0]), nil
}

// The program looks a subnet up by its id alone.
type subnetArguments struct {
	ID string `json:"id"`
}

type subnet struct {
	SubnetID           string `json:"id"`
	AvailabilityZoneID string `json:"availabilityZoneId"`
	VpcID              string `json:"vpcId"`
}

func lookUpSubnet(ctx context.Context, client *api, arguments *subnetArguments) (*subnet, error) {
	found, err := describe[types.Subnet](ctx, client, (*ec2.Client).DescribeSubnets, "SubnetIds", arguments.ID, "Subnets")
	if err != nil {
		return nil, err
	}
	return expanded[subnet](found), nil
}

type subnetsArguments struct {
	Filters []filter `json:"filters"`
}

// filter is a filter as the EC2 API defines it for what is looked up.
type filter struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type subnets struct {
	ID  string   `json:"id"`
	IDs []string `json:"ids"`
}

func lookUpSubnets(ctx context.Context, client *api, arguments *subnetsArguments) (*subnets, error) {
	found, err := client.EC2.DescribeSubnets(ctx, expanded[ec2.DescribeSubnetsInput](arguments))
	if err != nil {
		return nil, err
	}
	result := &subnets{ID: client.region, IDs: []string{}}
	for _, subnet := range found.Subnets {
		result.IDs = append(result.IDs, deref(subnet.SubnetId))
	}
	return result, nil
}

type securityGroup struct {
	GroupName        string            `json:"name" pulumi:"name,replace"`
	Description      string            `json:"description" pulumi:"replace"`
	VpcID            string            `json:"vpcId" pulumi:"replace"`
	Ingress          []opening         `json:"ingress"`
	Egress           []opening         `json:"egress"`
	Tags             map[string]string `json:"tags"`
	SecurityGroupArn string            `json:"arn" pulumi:"output"`
}

// opening is a rule of a security group, of either direction.
type opening struct {
	Description    *string  `json:"description"`
	Protocol       string   `json:"protocol"`
	FromPort       int32    `json:"fromPort"`
	ToPort         int32    `json:"toPort"`
	CidrBlocks     []string `json:"cidrBlocks"`
	SecurityGroups []string `json:"securityGroups"`
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
	found, err := describe[types.SecurityGroup](ctx, client, (*ec2.Client).DescribeSecurityGroups, "GroupIds", id, "SecurityGroups")
	if err != nil {
		return err
	}
	copyFields(found, group)
	for known, observed := range map[*[]opening]permissions{
		&group.Ingress: observedPermissions(found.IpPermissions), &group.Egress: observedPermissions(found.IpPermissionsEgress),
	} {
		// The inputs keep their grouping where they open the same.
		if stated := permissionsOf(*known); len(stated.beyond(observed))+len(observed.beyond(stated)) > 0 {
			*known = observed.openings()
		}
	}
	return nil
}

// permissions are rules of a group for one peer each, as EC2 counts them, by all that they say. The peer is a block of
// addresses or the id of a group.
type permissions map[string]types.IpPermission

func (p permissions) add(protocol string, from, to int32, peer string, description *string) {
	permission := types.IpPermission{IpProtocol: &protocol}
	if protocol != "-1" {
		permission.FromPort, permission.ToPort = &from, &to
	}
	if strings.HasPrefix(peer, "sg-") {
		permission.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &peer, Description: description}}
	} else {
		permission.IpRanges = []types.IpRange{{CidrIp: &peer, Description: description}}
	}
	p[fmt.Sprint(protocol, deref(permission.FromPort), deref(permission.ToPort), peer, deref(description))] = permission
}

// permissionsOf splits openings into those of single peers.
func permissionsOf(openings []opening) permissions {
	all := permissions{}
	for _, each := range openings {
		for _, peer := range slices.Concat(each.CidrBlocks, each.SecurityGroups) {
			all.add(each.Protocol, each.FromPort, each.ToPort, peer, each.Description)
		}
	}
	return all
}

// observedPermissions does the same with what EC2 reports.
func observedPermissions(reported []types.IpPermission) permissions {
	all := permissions{}
	for _, each := range reported {
		for _, peer := range each.IpRanges {
			all.add(deref(each.IpProtocol), deref(each.FromPort), deref(each.ToPort), deref(peer.CidrIp), peer.Description)
		}
		for _, peer := range each.UserIdGroupPairs {
			all.add(deref(each.IpProtocol), deref(each.FromPort), deref(each.ToPort), deref(peer.GroupId), peer.Description)
		}
	}
	return all
}

// openings are the permissions as inputs, in an order that is always the same.
func (p permissions) openings() []opening {
	var all []opening
	for _, each := range p.beyond(nil) {
		made := opening{Protocol: deref(each.IpProtocol), FromPort: deref(each.FromPort), ToPort: deref(each.ToPort)}
		for _, peer := range each.IpRanges {
			made.CidrBlocks, made.Description = []string{deref(peer.CidrIp)}, peer.Description
		}
		for _, peer := range each.UserIdGroupPairs {
			made.SecurityGroups, made.Description = []string{deref(peer.GroupId)}, peer.Description
		}
		all = append(all, made)
	}
	return all
}

// beyond lists what is not among others.
func (p permissions) beyond(others permissions) []types.IpPermission {
	var beyond []types.IpPermission
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if _, known := others[key]; !known {
			beyond = append(beyond, p[key])
		}
	}
	return beyond
}

// setOpenings makes the rules of a group those of the inputs and no others, also not the rule to all destinations that
// EC2 gives a new group.
func setOpenings(ctx context.Context, client *api, id string, group *securityGroup) error {
	found, err := describe[types.SecurityGroup](ctx, client, (*ec2.Client).DescribeSecurityGroups, "GroupIds", id, "SecurityGroups")
	if err != nil {
		return err
	}
	ingress, hadIngress := permissionsOf(group.Ingress), observedPermissions(found.IpPermissions)
	egress, hadEgress := permissionsOf(group.Egress), observedPermissions(found.IpPermissionsEgress)
	for _, each := range []struct {
		operation   any
		permissions []types.IpPermission
	}{
		{(*ec2.Client).RevokeSecurityGroupIngress, hadIngress.beyond(ingress)},
		{(*ec2.Client).AuthorizeSecurityGroupIngress, ingress.beyond(hadIngress)},
		{(*ec2.Client).RevokeSecurityGroupEgress, hadEgress.beyond(egress)},
		{(*ec2.Client).AuthorizeSecurityGroupEgress, egress.beyond(hadEgress)},
	} {
		if len(each.permissions) == 0 {
			continue
		}
		properties := struct{ IPPermissions []types.IpPermission }{each.permissions}
		if _, err := callWith(ctx, client, each.operation, "GroupId", id, properties); err != nil {
			return err
		}
	}
	return nil
}
