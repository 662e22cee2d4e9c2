package acceptance

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"mediaserver/tools/shellword"
)

// lookup finds what is left of one kind under the names that a stack gives.
type lookup struct {
	what string
	// kinds are how ARNs of that kind go on behind the account: service and beginning of the resource.
	kinds [][2]string
	find  func(*run, context.Context) ([]string, error)
	// command takes one away; %s stands for it.
	command string
}

// lookups are in the order in which things can be taken away.
var lookups = []lookup{
	{"scalable target", [][2]string{{"application-autoscaling", ""}}, (*run).scalableTargets,
		"aws application-autoscaling deregister-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id %s"},
	{"alarm", [][2]string{{"cloudwatch", "alarm:"}}, (*run).alarms, "aws cloudwatch delete-alarms --alarm-names %s"},
	{"dashboard", nil, (*run).dashboards, "aws cloudwatch delete-dashboards --dashboard-names %s"},
	{"service", [][2]string{{"ecs", "service/"}, {"ecs", "task/"}}, (*run).services,
		"aws ecs delete-service --cluster {name}-cluster --service %s --force --query service.status --output text"},
	{"load balancer", [][2]string{{"elasticloadbalancing", "loadbalancer/"}, {"elasticloadbalancing", "listener/"}}, (*run).loadBalancers,
		"aws elbv2 delete-load-balancer --load-balancer-arn %[1]s && aws elbv2 wait load-balancers-deleted --load-balancer-arns %[1]s"},
	{"target group", [][2]string{{"elasticloadbalancing", "targetgroup/"}}, (*run).targetGroups, "aws elbv2 delete-target-group --target-group-arn %s"},
	{"cluster", [][2]string{{"ecs", "cluster/"}}, (*run).clusters, "aws ecs delete-cluster --cluster %s --query cluster.status --output text"},
	{"task definition", [][2]string{{"ecs", "task-definition/"}}, (*run).activeRevisions,
		"aws ecs deregister-task-definition --task-definition %s --query taskDefinition.status --output text"},
	{"security group of the tasks", [][2]string{{"ec2", "security-group/"}}, groupsNamed("-ecs-tasks"), "aws ec2 delete-security-group --group-id %s"},
	{"security group of the load balancer", [][2]string{{"ec2", "security-group/"}}, groupsNamed("-alb"), "aws ec2 delete-security-group --group-id %s"},
	{"repository", [][2]string{{"ecr", "repository/"}}, (*run).repositories,
		"aws ecr delete-repository --repository-name %s --force --query repository.repositoryName --output text"},
	{"bucket", [][2]string{{"s3", ""}}, (*run).buckets, "aws s3 rb s3://%s --force"},
	{"role", [][2]string{{"iam", "role/"}}, (*run).roles, `for policy in $(aws iam list-attached-role-policies --role-name %[1]s --query 'AttachedPolicies[].PolicyArn' --output text); do aws iam detach-role-policy --role-name %[1]s --policy-arn "$policy"; done
for policy in $(aws iam list-role-policies --role-name %[1]s --query 'PolicyNames[]' --output text); do aws iam delete-role-policy --role-name %[1]s --policy-name "$policy"; done
aws iam delete-role --role-name %[1]s`},
	{"parameter", [][2]string{{"ssm", "parameter/"}}, (*run).parameters, "aws ssm delete-parameter --name %s"},
	{"log group", [][2]string{{"logs", "log-group:"}}, (*run).logGroups, "aws logs delete-log-group --log-group-name %s"},
}

// covers tells whether an ARN is of the look-up's kind.
func (l lookup) covers(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	for _, kind := range l.kinds {
		if len(parts) == 6 && parts[2] == kind[0] && strings.HasPrefix(parts[5], kind[1]) {
			return true
		}
	}
	return false
}

// remove is the command that takes one away.
func (l lookup) remove(r *run, id string) string {
	return fmt.Sprintf(strings.ReplaceAll(l.command, "{name}", r.target.Name), shellword.Quote(id))
}

// named makes names of the run.
func (r *run) named(ends ...string) []string {
	var names []string
	for _, end := range ends {
		names = append(names, r.target.Name+end)
	}
	return names
}

// each lists one text of each thing that an answer holds.
func each[T any](things []T, text func(T) *string) []string {
	var texts []string
	for _, thing := range things {
		texts = append(texts, aws.ToString(text(thing)))
	}
	return texts
}

func (r *run) scalableTargets(ctx context.Context) ([]string, error) {
	found, err := r.clients.Autoscaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs,
		ResourceIds:      []string{fmt.Sprintf("service/%[1]s-cluster/%[1]s-service", r.target.Name)},
	})
	if err != nil {
		return nil, err
	}
	return each(found.ScalableTargets, func(target scalingtypes.ScalableTarget) *string { return target.ResourceId }), nil
}

func (r *run) alarms(ctx context.Context) ([]string, error) {
	found, err := r.clients.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(r.target.Name + "-")})
	if err != nil {
		return nil, err
	}
	return each(found.MetricAlarms, func(alarm cloudwatchtypes.MetricAlarm) *string { return alarm.AlarmName }), nil
}

func (r *run) dashboards(ctx context.Context) ([]string, error) {
	found, err := r.clients.CloudWatch.ListDashboards(ctx, &cloudwatch.ListDashboardsInput{DashboardNamePrefix: aws.String(r.target.Name + "-")})
	if err != nil {
		return nil, err
	}
	return each(found.DashboardEntries, func(dashboard cloudwatchtypes.DashboardEntry) *string { return dashboard.DashboardName }), nil
}

// services leaves out what AWS still describes after its deletion.
func (r *run) services(ctx context.Context) ([]string, error) {
	found, err := r.clients.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(r.target.Name + "-cluster"), Services: r.named("-service"),
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, service := range found.Services {
		if aws.ToString(service.Status) != "INACTIVE" {
			names = append(names, aws.ToString(service.ServiceName))
		}
	}
	return names, nil
}

func (r *run) clusters(ctx context.Context) ([]string, error) {
	found, err := r.clients.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: r.named("-cluster")})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, cluster := range found.Clusters {
		if aws.ToString(cluster.Status) != "INACTIVE" {
			names = append(names, aws.ToString(cluster.ClusterName))
		}
	}
	return names, nil
}

// activeRevisions leaves out those that are being deleted, which takes AWS a while.
func (r *run) activeRevisions(ctx context.Context) ([]string, error) {
	return r.revisions(ctx, types.TaskDefinitionStatusActive)
}

func (r *run) loadBalancers(ctx context.Context) ([]string, error) {
	found, err := r.clients.LoadBalancing.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{Names: r.named("-alb")})
	if err != nil {
		return nil, err
	}
	return each(found.LoadBalancers, func(balancer balancingtypes.LoadBalancer) *string { return balancer.LoadBalancerArn }), nil
}

func (r *run) targetGroups(ctx context.Context) ([]string, error) {
	found, err := r.clients.LoadBalancing.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: r.named("-tg")})
	if err != nil {
		return nil, err
	}
	return each(found.TargetGroups, func(group balancingtypes.TargetGroup) *string { return group.TargetGroupArn }), nil
}

// groupsNamed finds security groups by the end of their name.
func groupsNamed(end string) func(*run, context.Context) ([]string, error) {
	return func(r *run, ctx context.Context) ([]string, error) {
		found, err := r.clients.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
			Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: r.named(end)}},
		})
		if err != nil {
			return nil, err
		}
		return each(found.SecurityGroups, func(group ec2types.SecurityGroup) *string { return group.GroupId }), nil
	}
}

func (r *run) repositories(ctx context.Context) ([]string, error) {
	found, err := r.clients.ECR.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: r.named("")})
	if err != nil {
		return nil, err
	}
	return each(found.Repositories, func(repository ecrtypes.Repository) *string { return repository.RepositoryName }), nil
}

func (r *run) buckets(ctx context.Context) ([]string, error) {
	found, err := r.clients.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, bucket := range found.Buckets {
		if strings.HasPrefix(aws.ToString(bucket.Name), r.target.Name+"-storage-") {
			names = append(names, aws.ToString(bucket.Name))
		}
	}
	return names, nil
}

func (r *run) roles(ctx context.Context) ([]string, error) {
	var names []string
	for _, name := range r.named("-ecs-task-execution-role", "-ecs-task-role") {
		_, err := r.clients.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch {
		case err == nil:
			names = append(names, name)
		case !isMissing(err):
			return nil, err
		}
	}
	return names, nil
}

func (r *run) parameters(ctx context.Context) ([]string, error) {
	found, err := r.clients.SSM.GetParameters(ctx, &ssm.GetParametersInput{
		Names: []string{"/" + r.target.Name + "/jwt-secret", "/" + r.target.Name + "/s3-bucket-name", "/" + r.target.Name + "/app-config"},
	})
	if err != nil {
		return nil, err
	}
	return each(found.Parameters, func(parameter ssmtypes.Parameter) *string { return parameter.Name }), nil
}

func (r *run) logGroups(ctx context.Context) ([]string, error) {
	var names []string
	for _, prefix := range []string{"/ecs/" + r.target.Name, "/aws/ecs/" + r.target.Name + "/app", insightsGroup(r.target.Name)} {
		found, err := r.clients.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix})
		if err != nil {
			return nil, err
		}
		for _, group := range found.LogGroups {
			names = append(names, aws.ToString(group.LogGroupName))
		}
	}
	return names, nil
}
