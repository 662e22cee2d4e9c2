package terraformguide

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// attribute is an attribute that another resource has in the state.
func (g *guide) attribute(address, name string) string {
	for _, each := range g.Instances {
		kind := each.Type + "." + each.Name
		if kind == address || each.Type+"."+g.Renamed[address] == kind && address[:len(each.Type)] == each.Type {
			return each.Attributes[name].(string)
		}
	}
	g.Fatalf("the state has no %s yet", address)
	return ""
}

// network is steps 2 to 4.
func (g *guide) network() {
	vpcs := must(g.EC2.DescribeVpcs(g.Context(), &ec2.DescribeVpcsInput{
		Filters: []types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}},
	}))
	g.vpc = *vpcs.Vpcs[0].VpcId
	g.Instances = append(g.Instances, Instance{
		Mode: "data", Module: g.Module, Type: "aws_vpc", Name: "default", Attributes: map[string]any{"id": g.vpc, "default": true},
	})
	subnets := must(g.EC2.DescribeSubnets(g.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{g.vpc}}},
	}))
	for _, subnet := range subnets.Subnets {
		g.subnets = append(g.subnets, *subnet.SubnetId)
	}
	world := []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}
	balancer := g.securityGroup("aws_security_group.alb", g.named("alb-group", "mediaserver-alb"), "Security group for ALB",
		types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(80), ToPort: aws.Int32(80), IpRanges: world},
		types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: world})
	// What Terraform writes where nobody describes the group.
	g.securityGroup("aws_security_group.ecs_tasks", g.named("tasks-group", "mediaserver-ecs-tasks"), "Managed by Terraform",
		types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(3000), ToPort: aws.Int32(3000),
			UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &balancer}}})
}

func (g *guide) securityGroup(address, name, description string, rules ...types.IpPermission) string {
	attributes := map[string]any{"name": name, "name_prefix": "", "description": description, "vpc_id": g.vpc, "revoke_rules_on_delete": false}
	tags := g.tags(name, attributes)
	created := must(g.EC2.CreateSecurityGroup(g.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: &name, Description: &description, VpcId: &g.vpc,
	}))
	id := *created.GroupId
	if len(tags) > 0 {
		must(g.EC2.CreateTags(g.Context(), &ec2.CreateTagsInput{Resources: []string{id},
			Tags: tagList(tags, func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })}))
	}
	must(g.EC2.AuthorizeSecurityGroupIngress(g.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id, IpPermissions: rules}))
	attributes["id"], attributes["arn"] = id, "arn:aws:ec2:"+Region+":"+Account+":security-group/"+id
	g.record(address, attributes)
	if g.RuleResources {
		for _, rule := range rules {
			g.record("aws_security_group_rule."+address[len("aws_security_group."):]+"_"+
				map[int32]string{80: "http", 443: "https", 3000: "app"}[*rule.FromPort],
				map[string]any{"security_group_id": id, "type": "ingress", "from_port": *rule.FromPort})
		}
	}
	return id
}

// loadBalancer is phase 8. It returns the ARN of the target group.
func (g *guide) loadBalancer() string {
	name := g.named("alb", "mediaserver-alb")
	attributes := map[string]any{
		"name": name, "load_balancer_type": "application", "internal": false, "vpc_id": g.vpc, "enable_deletion_protection": g.LoadBalancer["deletion_protection.enabled"] == "true",
		"idle_timeout": 60, "drop_invalid_header_fields": false, "subnets": g.subnets,
	}
	tag := func(key, value *string) balancing.Tag { return balancing.Tag{Key: key, Value: value} }
	created := must(g.LoadBalancing.CreateLoadBalancer(g.Context(), &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name: &name, Subnets: g.subnets, SecurityGroups: []string{g.attribute("aws_security_group.alb", "id")},
		Scheme: balancing.LoadBalancerSchemeEnumInternetFacing, Type: balancing.LoadBalancerTypeEnumApplication,
		Tags: tagList(g.tags(name, attributes), tag),
	}))
	arn := *created.LoadBalancers[0].LoadBalancerArn
	for key, value := range g.Habits.LoadBalancer {
		must(g.LoadBalancing.ModifyLoadBalancerAttributes(g.Context(), &elasticloadbalancingv2.ModifyLoadBalancerAttributesInput{
			LoadBalancerArn: &arn, Attributes: []balancing.LoadBalancerAttribute{{Key: &key, Value: &value}},
		}))
	}
	attributes["arn"], attributes["id"], attributes["dns_name"] = arn, arn, *created.LoadBalancers[0].DNSName
	g.record("aws_lb.mediaserver", attributes)
	group := g.targetGroup(tag)
	action, stated := balancing.Action{Type: balancing.ActionTypeEnumForward, TargetGroupArn: &group}, map[string]any{"type": "forward", "target_group_arn": group, "order": 1}
	if g.Domain != "" {
		g.secure(created.LoadBalancers[0], group)
		action = balancing.Action{Type: balancing.ActionTypeEnumRedirect, RedirectConfig: &balancing.RedirectActionConfig{
			Protocol: aws.String("HTTPS"), Port: aws.String("443"), StatusCode: balancing.RedirectActionStatusCodeEnumHttp301,
		}}
		stated = map[string]any{"type": "redirect", "order": 1, "redirect": []any{map[string]any{
			"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301", "host": "#{host}", "path": "/#{path}", "query": "#{query}",
		}}}
	}
	attributes = map[string]any{
		"load_balancer_arn": arn, "port": 80, "protocol": "HTTP", "default_action": []any{stated},
	}
	listener := must(g.LoadBalancing.CreateListener(g.Context(), &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: &arn, Port: aws.Int32(80), Protocol: balancing.ProtocolEnumHttp,
		DefaultActions: []balancing.Action{action},
		Tags:           tagList(g.tags("mediaserver", attributes), tag),
	}))
	attributes["arn"], attributes["id"] = *listener.Listeners[0].ListenerArn, *listener.Listeners[0].ListenerArn
	g.record("aws_lb_listener.mediaserver", attributes)
	return group
}

func (g *guide) targetGroup(tag func(key, value *string) balancing.Tag) string {
	name := g.named("tg", "mediaserver-tg")
	attributes := map[string]any{
		"name": name, "name_prefix": "", "port": 3000, "protocol": "HTTP", "protocol_version": "HTTP1", "target_type": "ip", "vpc_id": g.vpc,
		"deregistration_delay": "300", "slow_start": 0,
		"health_check": []any{map[string]any{
			"enabled": true, "path": "/health", "port": "traffic-port", "protocol": "HTTP", "matcher": "200",
			"healthy_threshold": 2, "unhealthy_threshold": 2, "interval": 30, "timeout": 5,
		}},
	}
	created := must(g.LoadBalancing.CreateTargetGroup(g.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: &name, Port: aws.Int32(3000), Protocol: balancing.ProtocolEnumHttp, TargetType: balancing.TargetTypeEnumIp, VpcId: &g.vpc,
		HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(30), HealthCheckTimeoutSeconds: aws.Int32(5),
		HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2), Matcher: &balancing.Matcher{HttpCode: aws.String("200")},
		Tags: tagList(g.tags(name, attributes), tag),
	}))
	arn := *created.TargetGroups[0].TargetGroupArn
	attributes["arn"], attributes["id"] = arn, arn
	g.record("aws_lb_target_group.mediaserver", attributes)
	return arn
}
