package e2e

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// traffic is a rule of a security group.
type traffic struct {
	Protocol string
	From, To int32
	Peer     string
}

// securityGroup reads a security group by its name.
func (r *reader) securityGroup(name string) ec2types.SecurityGroup {
	r.t.Helper()
	found, err := r.ec2.DescribeSecurityGroups(r.ctx, &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{name}}},
	})
	r.need(err, len(found.SecurityGroups), 1)
	return found.SecurityGroups[0]
}

// rules compares the rules of one direction, all of them, and demands a description of each.
func (r *reader) rules(property string, permissions []ec2types.IpPermission, want ...traffic) {
	r.t.Helper()
	var got []traffic
	add := func(permission ec2types.IpPermission, peer string, description *string) {
		got = append(got, traffic{
			aws.ToString(permission.IpProtocol), aws.ToInt32(permission.FromPort), aws.ToInt32(permission.ToPort), peer,
		})
		if aws.ToString(description) == "" {
			r.t.Errorf("%s: the %s rule for %s has no description", r.resource, property, peer)
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
	r.equal(property, inAnyOrder(got), inAnyOrder(want))
}

func inAnyOrder[T comparable](list []T) map[string]int {
	counted := map[string]int{}
	for _, item := range list {
		counted[strings.TrimSpace(jsonText(item))]++
	}
	return counted
}

// everything is the rule that lets all traffic out. EC2 reports ports with it or leaves them out.
func everything(permissions []ec2types.IpPermission) traffic {
	all := traffic{Protocol: "-1", Peer: "0.0.0.0/0"}
	if len(permissions) == 1 {
		all.From, all.To = aws.ToInt32(permissions[0].FromPort), aws.ToInt32(permissions[0].ToPort)
	}
	return all
}

func ec2Tags(tags []ec2types.Tag) map[string]string {
	return tagsOf(tags, func(tag ec2types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func readLoadBalancerSecurityGroup(r *reader) {
	group := r.securityGroup("mediaserver-alb")
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.rules("inbound", group.IpPermissions,
		traffic{"tcp", 80, 80, "0.0.0.0/0"}, traffic{"tcp", 443, 443, "0.0.0.0/0"})
	r.rules("outbound", group.IpPermissionsEgress, everything(group.IpPermissionsEgress))
	r.tags(ec2Tags(group.Tags))
}

func readTasksSecurityGroup(r *reader) {
	group := r.securityGroup("mediaserver-ecs-tasks")
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.rules("inbound", group.IpPermissions,
		traffic{"tcp", 3000, 3000, *r.securityGroup("mediaserver-alb").GroupId})
	r.rules("outbound", group.IpPermissionsEgress, everything(group.IpPermissionsEgress))
	r.tags(ec2Tags(group.Tags))
}

func (r *reader) defaultVPC() string {
	r.t.Helper()
	found, err := r.ec2.DescribeVpcs(r.ctx, &ec2.DescribeVpcsInput{
		Filters: []ec2types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}},
	})
	r.need(err, len(found.Vpcs), 1)
	return *found.Vpcs[0].VpcId
}

// defaultSubnets are the default subnets: one in each of the region's three zones.
func (r *reader) defaultSubnets() []string {
	r.t.Helper()
	found, err := r.ec2.DescribeSubnets(r.ctx, &ec2.DescribeSubnetsInput{
		Filters: []ec2types.Filter{{Name: aws.String("default-for-az"), Values: []string{"true"}}},
	})
	r.need(err, len(found.Subnets), 3)
	var ids []string
	for _, subnet := range found.Subnets {
		ids = append(ids, *subnet.SubnetId)
	}
	return ids
}

func (r *reader) balancer() types.LoadBalancer {
	r.t.Helper()
	found, err := r.loadBalancing.DescribeLoadBalancers(r.ctx,
		&elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{"mediaserver-alb"}})
	r.need(err, len(found.LoadBalancers), 1)
	return found.LoadBalancers[0]
}

func (r *reader) targets() types.TargetGroup {
	r.t.Helper()
	found, err := r.loadBalancing.DescribeTargetGroups(r.ctx,
		&elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{"mediaserver-tg"}})
	r.need(err, len(found.TargetGroups), 1)
	return found.TargetGroups[0]
}

func (r *reader) loadBalancingTags(arn *string) map[string]string {
	r.t.Helper()
	found, err := r.loadBalancing.DescribeTags(r.ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{*arn}})
	r.need(err, len(found.TagDescriptions), 1)
	return tagsOf(found.TagDescriptions[0].Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func readLoadBalancer(r *reader) {
	balancer := r.balancer()
	r.equal("type", balancer.Type, "application")
	r.equal("scheme", balancer.Scheme, "internet-facing")
	r.equal("VPC", balancer.VpcId, r.defaultVPC())
	r.equal("security groups", balancer.SecurityGroups, []string{*r.securityGroup("mediaserver-alb").GroupId})
	var subnets []string
	for _, zone := range balancer.AvailabilityZones {
		subnets = append(subnets, aws.ToString(zone.SubnetId))
	}
	r.set("subnets", subnets, r.defaultSubnets()...)
	found, err := r.loadBalancing.DescribeLoadBalancerAttributes(r.ctx,
		&elasticloadbalancingv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: balancer.LoadBalancerArn})
	r.need(err, 1, 1)
	attributes := tagsOf(found.Attributes, func(a types.LoadBalancerAttribute) (*string, *string) { return a.Key, a.Value })
	r.equal("drops invalid header fields", attributes["routing.http.drop_invalid_header_fields.enabled"], "true")
	r.tags(r.loadBalancingTags(balancer.LoadBalancerArn))
}

func readTargetGroup(r *reader) {
	group := r.targets()
	r.equal("target type", group.TargetType, "ip")
	r.equal("protocol", group.Protocol, "HTTP")
	r.equal("port", group.Port, 3000)
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.equal("health check enabled", group.HealthCheckEnabled, true)
	r.equal("health check protocol", group.HealthCheckProtocol, "HTTP")
	r.equal("health check path", group.HealthCheckPath, "/health")
	r.equal("health check interval", group.HealthCheckIntervalSeconds, 30)
	r.equal("health check timeout", group.HealthCheckTimeoutSeconds, 5)
	r.equal("healthy threshold", group.HealthyThresholdCount, 2)
	r.equal("unhealthy threshold", group.UnhealthyThresholdCount, 2)
	r.equal("matcher", group.Matcher.HttpCode, "200")
	found, err := r.loadBalancing.DescribeTargetGroupAttributes(r.ctx,
		&elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: group.TargetGroupArn})
	r.need(err, 1, 1)
	attributes := tagsOf(found.Attributes, func(a types.TargetGroupAttribute) (*string, *string) { return a.Key, a.Value })
	r.equal("deregistration delay", attributes["deregistration_delay.timeout_seconds"], "30")
	r.tags(r.loadBalancingTags(group.TargetGroupArn))
}

func readListener(r *reader) {
	found, err := r.loadBalancing.DescribeListeners(r.ctx,
		&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: r.balancer().LoadBalancerArn})
	r.need(err, len(found.Listeners), 1)
	listener := found.Listeners[0]
	r.equal("port", listener.Port, 80)
	r.equal("protocol", listener.Protocol, "HTTP")
	r.need(nil, len(listener.DefaultActions), 1)
	r.equal("action", listener.DefaultActions[0].Type, "forward")
	r.equal("target group", listener.DefaultActions[0].TargetGroupArn, r.targets().TargetGroupArn)
	r.tags(r.loadBalancingTags(listener.ListenerArn))
}
