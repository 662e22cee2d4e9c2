package e2e

import (
	"context"
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
func inventory(t *testing.T, clients *awsclients.Clients) []string {
	t.Helper()
	var found []string
	for _, list := range []func(context.Context, *awsclients.Clients) ([]string, error){
		listSecurityGroups, listBuckets, listRegistries, listRoles, listParameters, listLoadBalancing,
		listContainers, listScaling, listMonitoring, listTopics, listLogGroups,
	} {
		things, err := list(t.Context(), clients)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, things...)
	}
	slices.Sort(found)
	return found
}

func listSecurityGroups(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	groups, err := clients.EC2.DescribeSecurityGroups(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, group := range groups.SecurityGroups {
		// Every VPC has a group named default that cannot be deleted.
		if *group.GroupName != "default" {
			found = append(found, "security group "+*group.GroupName)
		}
	}
	return found, nil
}

func listBuckets(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	buckets, err := clients.S3.ListBuckets(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, bucket := range buckets.Buckets {
		found = append(found, "bucket "+bucketSuffix.ReplaceAllString(*bucket.Name, "-storage-SUFFIX"))
	}
	return found, nil
}

func listRegistries(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	repositories, err := clients.ECR.DescribeRepositories(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, repository := range repositories.Repositories {
		found = append(found, "registry "+*repository.RepositoryName)
	}
	return found, nil
}

func listRoles(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	client := clients.IAM
	roles, err := client.ListRoles(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, role := range roles.Roles {
		// AWS makes roles for its own services, and they outlive what they were made for.
		if strings.HasPrefix(*role.Path, "/aws-service-role/") {
			continue
		}
		found = append(found, "role "+*role.RoleName)
		inline, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: role.RoleName})
		if err != nil {
			return nil, err
		}
		for _, policy := range inline.PolicyNames {
			found = append(found, fmt.Sprintf("inline policy %s of role %s", policy, *role.RoleName))
		}
		attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: role.RoleName})
		if err != nil {
			return nil, err
		}
		for _, policy := range attached.AttachedPolicies {
			found = append(found, fmt.Sprintf("attached policy %s of role %s", *policy.PolicyName, *role.RoleName))
		}
	}
	return found, nil
}

func listParameters(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	parameters, err := clients.SSM.DescribeParameters(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, parameter := range parameters.Parameters {
		found = append(found, "parameter "+*parameter.Name)
	}
	return found, nil
}

func listLoadBalancing(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	client := clients.LoadBalancing
	balancers, err := client.DescribeLoadBalancers(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, balancer := range balancers.LoadBalancers {
		found = append(found, "load balancer "+*balancer.LoadBalancerName)
		listeners, err := client.DescribeListeners(ctx,
			&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancer.LoadBalancerArn})
		if err != nil {
			return nil, err
		}
		for _, listener := range listeners.Listeners {
			found = append(found, fmt.Sprintf("listener %s %d of load balancer %s",
				listener.Protocol, *listener.Port, *balancer.LoadBalancerName))
		}
	}
	groups, err := client.DescribeTargetGroups(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, group := range groups.TargetGroups {
		found = append(found, "target group "+*group.TargetGroupName)
	}
	return found, nil
}

func listContainers(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	client := clients.ECS
	arns, err := client.ListClusters(ctx, nil)
	if err != nil {
		return nil, err
	}
	clusters, err := client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: arns.ClusterArns})
	if err != nil {
		return nil, err
	}
	// A deleted cluster or service stays visible for a while as inactive, in AWS and in the emulator.
	const active = "ACTIVE"
	var found []string
	for _, cluster := range clusters.Clusters {
		if *cluster.Status != active {
			continue
		}
		found = append(found, "cluster "+*cluster.ClusterName)
		arns, err := client.ListServices(ctx, &ecs.ListServicesInput{Cluster: cluster.ClusterArn})
		if err != nil {
			return nil, err
		}
		if len(arns.ServiceArns) == 0 {
			continue
		}
		services, err := client.DescribeServices(ctx,
			&ecs.DescribeServicesInput{Cluster: cluster.ClusterArn, Services: arns.ServiceArns})
		if err != nil {
			return nil, err
		}
		for _, service := range services.Services {
			if *service.Status == active {
				found = append(found, fmt.Sprintf("service %s of cluster %s", *service.ServiceName, *cluster.ClusterName))
			}
		}
	}
	// AWS keeps a deregistered task definition as inactive; only active ones are listed.
	definitions, err := client.ListTaskDefinitions(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, definition := range definitions.TaskDefinitionArns {
		family, _, _ := strings.Cut(afterSlash(definition), ":")
		found = append(found, "task definition "+family)
	}
	return found, nil
}

func listScaling(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	client := clients.Autoscaling
	targets, err := client.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: autoscaling.ServiceNamespaceEcs,
	})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, target := range targets.ScalableTargets {
		found = append(found, "scalable target "+*target.ResourceId)
	}
	policies, err := client.DescribeScalingPolicies(ctx, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: autoscaling.ServiceNamespaceEcs,
	})
	if err != nil {
		return nil, err
	}
	for _, policy := range policies.ScalingPolicies {
		found = append(found, "scaling policy "+*policy.PolicyName)
	}
	return found, nil
}

func listMonitoring(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	client := clients.CloudWatch
	alarms, err := client.DescribeAlarms(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, alarm := range alarms.MetricAlarms {
		found = append(found, "alarm "+*alarm.AlarmName)
	}
	dashboards, err := client.ListDashboards(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, dashboard := range dashboards.DashboardEntries {
		found = append(found, "dashboard "+*dashboard.DashboardName)
	}
	return found, nil
}

func listTopics(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	topics, err := clients.SNS.ListTopics(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, topic := range topics.Topics {
		found = append(found, "topic "+afterColon(*topic.TopicArn))
	}
	subscriptions, err := clients.SNS.ListSubscriptions(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, each := range subscriptions.Subscriptions {
		found = append(found, fmt.Sprintf("%s of %s for topic %s", *each.Protocol, *each.Endpoint, afterColon(*each.TopicArn)))
	}
	return found, nil
}

func listLogGroups(ctx context.Context, clients *awsclients.Clients) ([]string, error) {
	groups, err := clients.Logs.DescribeLogGroups(ctx, nil)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, group := range groups.LogGroups {
		found = append(found, "log group "+*group.LogGroupName)
	}
	return found, nil
}

// afterSlash is the last part of an ARN.
func afterSlash(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// afterColon is the name in the ARN of a topic.
func afterColon(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// checkInventory compares what the account holds with what it should hold.
func (d *deployment) checkInventory(want []string) {
	d.t.Helper()
	got := inventory(d.t, d.Clients())
	if !slices.Equal(got, want) {
		d.t.Errorf("the account holds\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
