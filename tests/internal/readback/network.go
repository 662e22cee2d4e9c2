package readback

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var networkResources = []resource{
	{key: "SecurityGroup alb", read: readLoadBalancerSecurityGroup},
	{key: "SecurityGroup ecs-tasks", read: readTasksSecurityGroup},
}

// regionsWithoutFargateInSomeZones are those in which not every default subnet can run tasks (Amazon ECS developer
// guide, "Supported Regions for Amazon ECS on AWS Fargate").
var regionsWithoutFargateInSomeZones = []string{"ap-northeast-1", "ca-central-1", "cn-north-1", "us-west-1"}

// traffic is a rule of a security group.
type traffic struct {
	Protocol string
	From, To int32
	Peer     string
}

func readLoadBalancerSecurityGroup(r *reader) {
	group := r.securityGroup("{name}-alb")
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.rules("inbound", group.IpPermissions,
		traffic{"tcp", 80, 80, "0.0.0.0/0"}, traffic{"tcp", 443, 443, "0.0.0.0/0"})
	r.rules("outbound", group.IpPermissionsEgress, everything(group.IpPermissionsEgress))
	r.tags(ec2Tags(group.Tags))
}

func readTasksSecurityGroup(r *reader) {
	group := r.securityGroup("{name}-ecs-tasks")
	port := int32(r.Settings.AppPort)
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.rules("inbound", group.IpPermissions, traffic{"tcp", port, port, *r.securityGroup("{name}-alb").GroupId})
	r.rules("outbound", group.IpPermissionsEgress, everything(group.IpPermissionsEgress))
	r.tags(ec2Tags(group.Tags))
}

// securityGroup reads a security group of the default VPC.
func (r *reader) securityGroup(name string) types.SecurityGroup {
	found, err := r.EC2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("group-name"), Values: []string{r.named(name)}},
		{Name: aws.String("vpc-id"), Values: []string{r.defaultVPC()}},
	}})
	r.answered(err)
	return one(r, "security groups "+r.named(name), found.SecurityGroups)
}

// rules compares the rules of one direction, all of them, and demands a description of each.
func (r *reader) rules(direction string, permissions []types.IpPermission, want ...traffic) {
	var got []traffic
	add := func(permission types.IpPermission, peer string, description *string) {
		got = append(got, traffic{
			aws.ToString(permission.IpProtocol), aws.ToInt32(permission.FromPort), aws.ToInt32(permission.ToPort), peer,
		})
		if aws.ToString(description) == "" {
			r.differ("the %s rule for %s has no description", direction, peer)
		}
	}
	for _, permission := range permissions {
		for _, peer := range permission.IpRanges {
			add(permission, aws.ToString(peer.CidrIp), peer.Description)
		}
		for _, peer := range permission.Ipv6Ranges {
			add(permission, aws.ToString(peer.CidrIpv6), peer.Description)
		}
		for _, peer := range permission.UserIdGroupPairs {
			add(permission, aws.ToString(peer.GroupId), peer.Description)
		}
		for _, peer := range permission.PrefixListIds {
			add(permission, aws.ToString(peer.PrefixListId), peer.Description)
		}
	}
	r.equal(direction+" rules", counted(got), counted(want))
}

// counted lists each rule with the number of times that it is there.
func counted(rules []traffic) map[string]int {
	times := map[string]int{}
	for _, rule := range rules {
		times[jsonText(rule)]++
	}
	return times
}

// everything is the rule that lets all traffic out. EC2 reports ports with it or leaves them out.
func everything(permissions []types.IpPermission) traffic {
	all := traffic{Protocol: "-1", Peer: "0.0.0.0/0"}
	if len(permissions) == 1 {
		all.From, all.To = aws.ToInt32(permissions[0].FromPort), aws.ToInt32(permissions[0].ToPort)
	}
	return all
}

func ec2Tags(tags []types.Tag) map[string]string {
	return texts(tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

// defaultVPC is the id of the region's default VPC.
func (r *reader) defaultVPC() string {
	found, err := r.EC2.DescribeVpcs(r.ctx, &ec2.DescribeVpcsInput{
		Filters: []types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}},
	})
	r.answered(err)
	return *one(r, "default VPCs", found.Vpcs).VpcId
}

// defaultSubnets are the default subnets of the default VPC, one in each zone that has one. A load balancer needs two.
func (r *reader) defaultSubnets() []string {
	found, err := r.EC2.DescribeSubnets(r.ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{
		{Name: aws.String("default-for-az"), Values: []string{"true"}},
		{Name: aws.String("vpc-id"), Values: []string{r.defaultVPC()}},
	}})
	r.answered(err)
	if len(found.Subnets) < 2 {
		r.fail("default subnets: found %d, want at least 2", len(found.Subnets))
	}
	var ids []string
	for _, subnet := range found.Subnets {
		ids = append(ids, *subnet.SubnetId)
	}
	return ids
}

// taskSubnets compares the subnets of the tasks: all default subnets whose zone has AWS Fargate.
func (r *reader) taskSubnets(got []string) {
	want := r.defaultSubnets()
	if slices.Contains(regionsWithoutFargateInSomeZones, r.Region) && len(got) > 0 {
		want = slices.DeleteFunc(want, func(id string) bool { return !slices.Contains(got, id) })
	}
	r.set("subnets", got, want...)
}
