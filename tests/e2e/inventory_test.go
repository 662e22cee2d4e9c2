package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	autoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/awsclients"
)

// deployed is what an account holds of a stack with the given name setting, as inventory lists it. Settings
// of a bucket, a registry or a role are in this list only where AWS keeps them as things of their own.
func deployed(name string) []string {
	list := []string{
		"alarm " + name + "-high-cpu",
		"alarm " + name + "-low-cpu",
		"bucket " + name + "-storage-SUFFIX",
		"cluster " + name + "-cluster",
		"dashboard " + name + "-dashboard",
		"inline policy " + name + "-ecs-task-cloudwatch-policy of role " + name + "-ecs-task-role",
		"inline policy " + name + "-ecs-task-s3-policy of role " + name + "-ecs-task-role",
		"inline policy " + name + "-ecs-task-secrets of role " + name + "-ecs-task-execution-role",
		"attached policy AmazonECSTaskExecutionRolePolicy of role " + name + "-ecs-task-execution-role",
		"listener HTTP 80 of load balancer " + name + "-alb",
		"load balancer " + name + "-alb",
		"log group /aws/ecs/" + name + "/app",
		"log group /ecs/" + name,
		"parameter /" + name + "/app-config",
		"parameter /" + name + "/jwt-secret",
		"parameter /" + name + "/s3-bucket-name",
		"registry " + name,
		"role " + name + "-ecs-task-execution-role",
		"role " + name + "-ecs-task-role",
		"scalable target service/" + name + "-cluster/" + name + "-service",
		"scaling policy " + name + "-scale-down",
		"scaling policy " + name + "-scale-up",
		"security group " + name + "-alb",
		"security group " + name + "-ecs-tasks",
		"service " + name + "-service of cluster " + name + "-cluster",
		"target group " + name + "-tg",
		"task definition " + name,
	}
	slices.Sort(list)
	return list
}

// kept is what a stack with the given name setting leaves behind on purpose: the revisions of its task
// definition that were replaced, and when it is destroyed the last one too.
func kept(name string, revisions int) []string {
	return slices.Repeat([]string{"task definition " + name}, revisions)
}

var bucketSuffix = regexp.MustCompile(`-storage-[a-z0-9]{8}$`)

// inventory lists what the account holds beside what every account has, one line each, sorted. A thing that
// is there twice is listed twice.
func (d *deployment) inventory() []string {
	d.t.Helper()
	a := &accountList{t: d.t, Clients: d.Clients()}
	a.listStorage()
	a.listRoles()
	a.listNetwork()
	a.listContainers()
	a.listScaling()
	a.listMonitoring()
	slices.Sort(a.found)
	return a.found
}

// accountList is a list of what an account holds.
type accountList struct {
	*awsclients.Clients
	t     *testing.T
	found []string
}

func (a *accountList) add(format string, names ...any) {
	a.found = append(a.found, fmt.Sprintf(format, names...))
}

// must ends the test if AWS answers with an error.
func (a *accountList) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *accountList) listStorage() {
	buckets, err := a.S3.ListBuckets(a.t.Context(), nil)
	a.must(err)
	for _, bucket := range buckets.Buckets {
		a.add("bucket %s", bucketSuffix.ReplaceAllString(*bucket.Name, "-storage-SUFFIX"))
	}
	repositories, err := a.ECR.DescribeRepositories(a.t.Context(), nil)
	a.must(err)
	for _, repository := range repositories.Repositories {
		a.add("registry %s", *repository.RepositoryName)
	}
	parameters, err := a.SSM.DescribeParameters(a.t.Context(), nil)
	a.must(err)
	for _, parameter := range parameters.Parameters {
		a.add("parameter %s", *parameter.Name)
	}
}

func (a *accountList) listRoles() {
	roles, err := a.IAM.ListRoles(a.t.Context(), nil)
	a.must(err)
	for _, role := range roles.Roles {
		// AWS makes roles for its own services, and they outlive what they were made for.
		if strings.HasPrefix(*role.Path, "/aws-service-role/") {
			continue
		}
		a.add("role %s", *role.RoleName)
		inline, err := a.IAM.ListRolePolicies(a.t.Context(), &iam.ListRolePoliciesInput{RoleName: role.RoleName})
		a.must(err)
		for _, policy := range inline.PolicyNames {
			a.add("inline policy %s of role %s", policy, *role.RoleName)
		}
		attached, err := a.IAM.ListAttachedRolePolicies(a.t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: role.RoleName})
		a.must(err)
		for _, policy := range attached.AttachedPolicies {
			a.add("attached policy %s of role %s", *policy.PolicyName, *role.RoleName)
		}
	}
}

func (a *accountList) listNetwork() {
	groups, err := a.EC2.DescribeSecurityGroups(a.t.Context(), nil)
	a.must(err)
	for _, group := range groups.SecurityGroups {
		// Every VPC has a group named default that cannot be deleted.
		if *group.GroupName != "default" {
			a.add("security group %s", *group.GroupName)
		}
	}
	balancers, err := a.LoadBalancing.DescribeLoadBalancers(a.t.Context(), nil)
	a.must(err)
	for _, balancer := range balancers.LoadBalancers {
		a.add("load balancer %s", *balancer.LoadBalancerName)
		listeners, err := a.LoadBalancing.DescribeListeners(a.t.Context(),
			&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancer.LoadBalancerArn})
		a.must(err)
		for _, listener := range listeners.Listeners {
			a.add("listener %s %d of load balancer %s", listener.Protocol, *listener.Port, *balancer.LoadBalancerName)
		}
	}
	targets, err := a.LoadBalancing.DescribeTargetGroups(a.t.Context(), nil)
	a.must(err)
	for _, group := range targets.TargetGroups {
		a.add("target group %s", *group.TargetGroupName)
	}
}

func (a *accountList) listContainers() {
	// A deleted cluster or service stays visible for a while as inactive, in AWS and in the emulator.
	const active = "ACTIVE"
	arns, err := a.ECS.ListClusters(a.t.Context(), nil)
	a.must(err)
	clusters, err := a.ECS.DescribeClusters(a.t.Context(), &ecs.DescribeClustersInput{Clusters: arns.ClusterArns})
	a.must(err)
	for _, cluster := range clusters.Clusters {
		if *cluster.Status != active {
			continue
		}
		a.add("cluster %s", *cluster.ClusterName)
		arns, err := a.ECS.ListServices(a.t.Context(), &ecs.ListServicesInput{Cluster: cluster.ClusterArn})
		a.must(err)
		if len(arns.ServiceArns) == 0 {
			continue
		}
		services, err := a.ECS.DescribeServices(a.t.Context(),
			&ecs.DescribeServicesInput{Cluster: cluster.ClusterArn, Services: arns.ServiceArns})
		a.must(err)
		for _, service := range services.Services {
			if *service.Status == active {
				a.add("service %s of cluster %s", *service.ServiceName, *cluster.ClusterName)
			}
		}
	}
	// AWS keeps a deregistered task definition as inactive; only active ones are listed.
	definitions, err := a.ECS.ListTaskDefinitions(a.t.Context(), nil)
	a.must(err)
	for _, definition := range definitions.TaskDefinitionArns {
		family, _, _ := strings.Cut(lastPart(definition, "/"), ":")
		a.add("task definition %s", family)
	}
}

func (a *accountList) listScaling() {
	targets, err := a.Autoscaling.DescribeScalableTargets(a.t.Context(),
		&applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: autoscaling.ServiceNamespaceEcs})
	a.must(err)
	for _, target := range targets.ScalableTargets {
		a.add("scalable target %s", *target.ResourceId)
	}
	policies, err := a.Autoscaling.DescribeScalingPolicies(a.t.Context(),
		&applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: autoscaling.ServiceNamespaceEcs})
	a.must(err)
	for _, policy := range policies.ScalingPolicies {
		a.add("scaling policy %s", *policy.PolicyName)
	}
}

func (a *accountList) listMonitoring() {
	alarms, err := a.CloudWatch.DescribeAlarms(a.t.Context(), nil)
	a.must(err)
	for _, alarm := range alarms.MetricAlarms {
		a.add("alarm %s", *alarm.AlarmName)
	}
	dashboards, err := a.CloudWatch.ListDashboards(a.t.Context(), nil)
	a.must(err)
	for _, dashboard := range dashboards.DashboardEntries {
		a.add("dashboard %s", *dashboard.DashboardName)
	}
	topics, err := a.SNS.ListTopics(a.t.Context(), nil)
	a.must(err)
	for _, topic := range topics.Topics {
		a.add("topic %s", lastPart(*topic.TopicArn, ":"))
	}
	subscriptions, err := a.SNS.ListSubscriptions(a.t.Context(), nil)
	a.must(err)
	for _, each := range subscriptions.Subscriptions {
		a.add("%s of %s for topic %s", *each.Protocol, *each.Endpoint, lastPart(*each.TopicArn, ":"))
	}
	groups, err := a.Logs.DescribeLogGroups(a.t.Context(), nil)
	a.must(err)
	for _, group := range groups.LogGroups {
		a.add("log group %s", *group.LogGroupName)
	}
}

// lastPart is the part of an ARN after the last separator.
func lastPart(arn, separator string) string { return arn[strings.LastIndex(arn, separator)+1:] }

// checkInventory compares what the account holds with what it should hold.
func (d *deployment) checkInventory(want []string) {
	d.t.Helper()
	if got := d.inventory(); !slices.Equal(got, want) {
		d.t.Errorf("the account holds\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
