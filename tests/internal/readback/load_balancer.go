package readback

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var loadBalancerResources = []resource{
	{key: "LoadBalancer mediaserver", read: readLoadBalancer},
	{key: "TargetGroup mediaserver", read: readTargetGroup},
}

func readLoadBalancer(r *reader) {
	balancer := r.loadBalancer()
	r.equal("type", balancer.Type, "application")
	r.equal("scheme", balancer.Scheme, "internet-facing")
	r.equal("VPC", balancer.VpcId, r.defaultVPC())
	r.equal("security groups", balancer.SecurityGroups, []string{*r.securityGroup("{name}-alb").GroupId})
	var subnets []string
	for _, zone := range balancer.AvailabilityZones {
		subnets = append(subnets, aws.ToString(zone.SubnetId))
	}
	r.set("subnets", subnets, r.defaultSubnets()...)
	found, err := r.LoadBalancing.DescribeLoadBalancerAttributes(r.ctx,
		&elasticloadbalancingv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: balancer.LoadBalancerArn})
	r.answered(err)
	attributes := texts(found.Attributes, func(a types.LoadBalancerAttribute) (*string, *string) { return a.Key, a.Value })
	r.equal("drops invalid header fields", attributes["routing.http.drop_invalid_header_fields.enabled"], "true")
	r.tags(r.loadBalancingTags(balancer.LoadBalancerArn))
}

func readTargetGroup(r *reader) {
	group := r.targetGroup()
	r.equal("target type", group.TargetType, "ip")
	r.equal("protocol", group.Protocol, "HTTP")
	r.equal("port", group.Port, r.Settings.AppPort)
	r.equal("VPC", group.VpcId, r.defaultVPC())
	r.equal("health check enabled", group.HealthCheckEnabled, true)
	r.equal("health check protocol", group.HealthCheckProtocol, "HTTP")
	r.equal("health check path", group.HealthCheckPath, r.Settings.HealthCheckPath)
	r.equal("health check interval", group.HealthCheckIntervalSeconds, 30)
	r.equal("health check timeout", group.HealthCheckTimeoutSeconds, 5)
	r.equal("healthy threshold", group.HealthyThresholdCount, 2)
	r.equal("unhealthy threshold", group.UnhealthyThresholdCount, 2)
	r.equal("matcher", present(r, "the matcher", group.Matcher).HttpCode, "200")
	found, err := r.LoadBalancing.DescribeTargetGroupAttributes(r.ctx,
		&elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: group.TargetGroupArn})
	r.answered(err)
	attributes := texts(found.Attributes, func(a types.TargetGroupAttribute) (*string, *string) { return a.Key, a.Value })
	r.equal("deregistration delay", attributes["deregistration_delay.timeout_seconds"], "30")
	r.tags(r.loadBalancingTags(group.TargetGroupArn))
}

func (r *reader) loadBalancer() types.LoadBalancer {
	found, err := r.LoadBalancing.DescribeLoadBalancers(r.ctx,
		&elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{r.named("{name}-alb")}})
	r.answered(err)
	return one(r, "load balancers", found.LoadBalancers)
}

func (r *reader) targetGroup() types.TargetGroup {
	found, err := r.LoadBalancing.DescribeTargetGroups(r.ctx,
		&elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{r.named("{name}-tg")}})
	r.answered(err)
	return one(r, "target groups", found.TargetGroups)
}

func (r *reader) loadBalancingTags(arn *string) map[string]string {
	found, err := r.LoadBalancing.DescribeTags(r.ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{*arn}})
	r.answered(err)
	return texts(one(r, "lists of tags", found.TagDescriptions).Tags,
		func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}
