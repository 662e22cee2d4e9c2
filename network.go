package main

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groupDescription keeps the description of an existing security group: it cannot
// change in place, and a replacement would wait forever, because the group is in
// use.
var groupDescription = pulumi.IgnoreChanges([]string{"description"})

const (
	anywhere = "0.0.0.0/0"
	// httpPort and httpsPort are those of step 3.
	httpPort  = 80
	httpsPort = 443
	// deregistrationDelay is how long, in seconds, a leaving task still answers
	// the requests that it has. The default of 300 makes every deployment and
	// every teardown minutes longer.
	deregistrationDelay = 30
)

// securityGroupsOutputs are the two security groups.
type securityGroupsOutputs struct {
	// loadBalancer is open to allowedCidrBlocks on ports 80 and 443.
	loadBalancer *ec2.SecurityGroup
	// tasks is open to the load balancer on the application's port, and to nobody
	// else.
	tasks *ec2.SecurityGroup
}

// createSecurityGroups is phase 3: the security groups of the
// load balancer and of the tasks. All rules are inline: AWS does not tell an inline
// rule from a rule that is a resource of its own, so the two would undo each other.
func createSecurityGroups(
	ctx *pulumi.Context, settings settings, environment environmentOutputs,
) (securityGroupsOutputs, error) {
	// The provider removes the rule for outgoing traffic that AWS gives every
	// new group, so it is stated.
	allOutgoing := ec2.SecurityGroupEgressArray{&ec2.SecurityGroupEgressArgs{
		Description: pulumi.String("All outgoing traffic"),
		Protocol:    pulumi.String("-1"),
		FromPort:    pulumi.Int(0),
		ToPort:      pulumi.Int(0),
		CidrBlocks:  pulumi.StringArray{pulumi.String(anywhere)},
	}}
	openTo := func(port int, description string) *ec2.SecurityGroupIngressArgs {
		return &ec2.SecurityGroupIngressArgs{
			Description: pulumi.String(description),
			Protocol:    pulumi.String("tcp"),
			FromPort:    pulumi.Int(port),
			ToPort:      pulumi.Int(port),
		}
	}

	allowed := "the allowed networks"
	if slices.Contains(settings.allowedCIDRBlocks, anywhere) {
		allowed = "anywhere"
	}
	fromAllowed := func(port int, protocol string) *ec2.SecurityGroupIngressArgs {
		rule := openTo(port, fmt.Sprintf("%s from %s", protocol, allowed))
		rule.CidrBlocks = pulumi.ToStringArray(settings.allowedCIDRBlocks)
		return rule
	}
	loadBalancerGroup, err := ec2.NewSecurityGroup(ctx, "alb", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(settings.physicalName("{name}-alb")),
		Description: pulumi.String("Load balancer of the media server"),
		VpcId:       pulumi.String(environment.vpcID),
		Ingress: ec2.SecurityGroupIngressArray{
			fromAllowed(httpPort, "HTTP"),
			fromAllowed(httpsPort, "HTTPS"),
		},
		Egress: allOutgoing,
	}, groupDescription, settings.keep("name"))
	if err != nil {
		return securityGroupsOutputs{}, fmt.Errorf("create security group alb: %w", err)
	}

	fromLoadBalancer := openTo(settings.appPort, "Application port, from the load balancer only")
	fromLoadBalancer.SecurityGroups = pulumi.StringArray{loadBalancerGroup.ID()}
	tasksGroup, err := ec2.NewSecurityGroup(ctx, "ecs-tasks", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(settings.physicalName("{name}-ecs-tasks")),
		Description: pulumi.String("ECS tasks of the media server"),
		VpcId:       pulumi.String(environment.vpcID),
		Ingress:     ec2.SecurityGroupIngressArray{fromLoadBalancer},
		Egress:      allOutgoing,
	}, groupDescription, settings.keep("name"))
	if err != nil {
		return securityGroupsOutputs{}, fmt.Errorf("create security group ecs-tasks: %w", err)
	}
	return securityGroupsOutputs{loadBalancerGroup, tasksGroup}, nil
}

// loadBalancerOutputs are the public entrance.
type loadBalancerOutputs struct {
	balancer *lb.LoadBalancer
	// targets is the group with which the service registers its tasks.
	targets *lb.TargetGroup
}

// targetDimensions are the dimensions by which CloudWatch metrics name the
// targets.
func (l loadBalancerOutputs) targetDimensions() pulumi.StringMap {
	return pulumi.StringMap{"LoadBalancer": l.balancer.ArnSuffix, "TargetGroup": l.targets.ArnSuffix}
}

// createLoadBalancer is the beginning of phase 8: the load balancer and its
// target group. AWS takes minutes to build a load balancer, so it waits for
// nothing but its security group.
func createLoadBalancer(
	ctx *pulumi.Context, settings settings, environment environmentOutputs, securityGroups securityGroupsOutputs,
) (loadBalancerOutputs, error) {
	var accessLogs lb.LoadBalancerAccessLogsPtrInput
	if settings.accessLogsBucket != "" {
		accessLogs = &lb.LoadBalancerAccessLogsArgs{
			Enabled: pulumi.Bool(true),
			Bucket:  pulumi.String(settings.accessLogsBucket),
			// Several stacks may share the bucket.
			Prefix: pulumi.String(settings.physicalName("{name}")),
		}
	}
	loadBalancer, err := lb.NewLoadBalancer(ctx, "mediaserver", &lb.LoadBalancerArgs{
		Name:             pulumi.String(settings.physicalName("{name}-alb")),
		LoadBalancerType: pulumi.String("application"),
		Internal:         pulumi.Bool(settings.internal),
		Subnets:          pulumi.ToStringArray(environment.subnetIDs),
		SecurityGroups:   pulumi.StringArray{securityGroups.loadBalancer.ID()},
		AccessLogs:       accessLogs,
		// Malformed headers are how requests are smuggled past a proxy.
		DropInvalidHeaderFields: pulumi.Bool(true),
	},
		settings.keep("name"),
		// Deletion protection that somebody turned on by hand or with Terraform stays.
		pulumi.IgnoreChanges([]string{"enableDeletionProtection"}))
	if err != nil {
		return loadBalancerOutputs{}, fmt.Errorf("create load balancer mediaserver: %w", err)
	}
	targetGroup, err := lb.NewTargetGroup(ctx, "mediaserver", &lb.TargetGroupArgs{
		Name:                pulumi.String(settings.physicalName("{name}-tg")),
		TargetType:          pulumi.String("ip"),
		Protocol:            pulumi.String("HTTP"),
		Port:                pulumi.Int(settings.appPort),
		VpcId:               pulumi.String(environment.vpcID),
		DeregistrationDelay: pulumi.Int(deregistrationDelay),
		// Step 23, in seconds and in consecutive answers.
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Enabled:            pulumi.Bool(true),
			Protocol:           pulumi.String("HTTP"),
			Port:               pulumi.String("traffic-port"),
			Path:               pulumi.String(settings.healthCheckPath),
			Matcher:            pulumi.String("200"),
			Interval:           pulumi.Int(30),
			Timeout:            pulumi.Int(5),
			HealthyThreshold:   pulumi.Int(2),
			UnhealthyThreshold: pulumi.Int(2),
		},
	},
		// ECS registers every task with the container's own port; the group's
		// port serves only targets that come without one. It cannot change in
		// place, and a replacement gets stuck: the name is taken and the listener
		// holds the old group. So a new `appPort` leaves it as it is.
		pulumi.IgnoreChanges([]string{"port"}), settings.keep("name"))
	if err != nil {
		return loadBalancerOutputs{}, fmt.Errorf("create target group mediaserver: %w", err)
	}
	return loadBalancerOutputs{loadBalancer, targetGroup}, nil
}
