package e2e

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	accountARN       = "arn:aws:iam::123456789012"
	executionRoleARN = accountARN + ":role/mediaserver-ecs-task-execution-role"
	taskRoleARN      = accountARN + ":role/mediaserver-ecs-task-role"
)

// role reads a role and compares what both have in common: who may take it, and the tags.
func (r *reader) role(name string) {
	r.t.Helper()
	found, err := r.iam.GetRole(r.ctx, &iam.GetRoleInput{RoleName: &name})
	r.need(err, 1, 1)
	trust, err := url.QueryUnescape(aws.ToString(found.Role.AssumeRolePolicyDocument))
	r.need(err, 1, 1)
	r.policy("trust policy", trust, permission{
		Effect:    "Allow",
		Principal: map[string]string{"Service": "ecs-tasks.amazonaws.com"},
		Action:    []string{"sts:AssumeRole"},
		Condition: map[string]map[string]string{
			"StringEquals": {"aws:SourceAccount": "123456789012"},
			"ArnLike":      {"aws:SourceArn": "arn:aws:ecs:eu-west-2:123456789012:*"},
		},
	})
	r.equal("permissions boundary", found.Role.PermissionsBoundary == nil, true)
	r.tags(tagsOf(found.Role.Tags, func(tag iamtypes.Tag) (*string, *string) { return tag.Key, tag.Value }))
}

// rolePolicies compares the names of a role's inline policies.
func (r *reader) rolePolicies(role string, want ...string) {
	r.t.Helper()
	found, err := r.iam.ListRolePolicies(r.ctx, &iam.ListRolePoliciesInput{RoleName: &role})
	r.need(err, 1, 1)
	r.set("inline policies", found.PolicyNames, want...)
}

func (r *reader) rolePolicy(role, name string) string {
	r.t.Helper()
	found, err := r.iam.GetRolePolicy(r.ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	r.need(err, 1, 1)
	text, err := url.QueryUnescape(aws.ToString(found.PolicyDocument))
	r.need(err, 1, 1)
	return text
}

func readExecutionRole(r *reader) {
	r.role("mediaserver-ecs-task-execution-role")
	r.rolePolicies("mediaserver-ecs-task-execution-role", "mediaserver-ecs-task-secrets")
	r.policy("inline policy", r.rolePolicy("mediaserver-ecs-task-execution-role", "mediaserver-ecs-task-secrets"), permission{
		Effect:   "Allow",
		Action:   []string{"ssm:GetParameters"},
		Resource: []string{"arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"},
	})
}

func readExecutionPolicy(r *reader) {
	for role, want := range map[string][]string{
		"mediaserver-ecs-task-execution-role": {"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"},
		"mediaserver-ecs-task-role":           {},
	} {
		found, err := r.iam.ListAttachedRolePolicies(r.ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
		r.need(err, 1, 1)
		attached := []string{}
		for _, policy := range found.AttachedPolicies {
			attached = append(attached, aws.ToString(policy.PolicyArn))
		}
		r.equal("managed policies of "+role, attached, want)
	}
}

func readTaskRole(r *reader) {
	r.role("mediaserver-ecs-task-role")
	r.rolePolicies("mediaserver-ecs-task-role", "mediaserver-ecs-task-s3-policy", "mediaserver-ecs-task-cloudwatch-policy")
}

func readS3Policy(r *reader) {
	bucket := "arn:aws:s3:::" + r.bucketName
	r.policy("policy", r.rolePolicy("mediaserver-ecs-task-role", "mediaserver-ecs-task-s3-policy"),
		permission{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{bucket}},
		permission{
			Effect:   "Allow",
			Action:   []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
			Resource: []string{bucket + "/*"},
		})
}

func readCloudWatchPolicy(r *reader) {
	const groups = "arn:aws:logs:eu-west-2:123456789012:log-group:"
	r.policy("policy", r.rolePolicy("mediaserver-ecs-task-role", "mediaserver-ecs-task-cloudwatch-policy"),
		permission{
			Effect:   "Allow",
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resource: []string{groups + "/ecs/mediaserver:*", groups + "/aws/ecs/mediaserver/app:*"},
		},
		permission{
			Effect:    "Allow",
			Action:    []string{"cloudwatch:PutMetricData"},
			Resource:  []string{"*"},
			Condition: map[string]map[string]string{"StringEquals": {"cloudwatch:namespace": "mediaserver"}},
		},
		permission{
			Effect: "Allow",
			Action: []string{
				"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
				"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
			},
			Resource: []string{"*"},
		})
}

func (r *reader) cluster() ecstypes.Cluster {
	r.t.Helper()
	found, err := r.ecs.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{
		Clusters: []string{"mediaserver-cluster"},
		Include:  []ecstypes.ClusterField{ecstypes.ClusterFieldSettings, ecstypes.ClusterFieldTags},
	})
	r.need(err, len(found.Clusters), 1)
	return found.Clusters[0]
}

func ecsTags(tags []ecstypes.Tag) map[string]string {
	return tagsOf(tags, func(tag ecstypes.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func readCluster(r *reader) {
	cluster := r.cluster()
	r.equal("status", cluster.Status, "ACTIVE")
	r.need(nil, len(cluster.Settings), 1)
	r.equal("setting", cluster.Settings[0].Name, "containerInsights")
	r.equal("Container Insights", cluster.Settings[0].Value, "enabled")
	r.tags(ecsTags(cluster.Tags))
}

func readCapacityProviders(r *reader) {
	cluster := r.cluster()
	r.set("capacity providers", cluster.CapacityProviders, "FARGATE", "FARGATE_SPOT")
	r.need(nil, len(cluster.DefaultCapacityProviderStrategy), 1)
	strategy := cluster.DefaultCapacityProviderStrategy[0]
	r.equal("strategy's provider", strategy.CapacityProvider, "FARGATE")
	r.equal("weight", strategy.Weight, 100)
	r.equal("base", strategy.Base, 1)
}

func readTaskDefinition(r *reader) {
	found, err := r.ecs.DescribeTaskDefinition(r.ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("mediaserver"), Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	r.need(err, 1, 1)
	definition := found.TaskDefinition
	r.equal("family", definition.Family, "mediaserver")
	r.equal("CPU", definition.Cpu, "256")
	r.equal("memory", definition.Memory, "512")
	r.equal("network mode", definition.NetworkMode, "awsvpc")
	r.equal("compatibility", definition.RequiresCompatibilities, []string{"FARGATE"})
	r.equal("execution role", definition.ExecutionRoleArn, executionRoleARN)
	r.equal("task role", definition.TaskRoleArn, taskRoleARN)
	r.tags(ecsTags(found.Tags))

	r.need(nil, len(definition.ContainerDefinitions), 1)
	container := definition.ContainerDefinitions[0]
	r.equal("container", container.Name, "mediaserver")
	r.equal("image", container.Image, "123456789012.dkr.ecr.eu-west-2.amazonaws.com/mediaserver:latest")
	r.equal("essential", container.Essential, true)
	r.need(nil, len(container.PortMappings), 1)
	r.equal("container port", container.PortMappings[0].ContainerPort, 3000)
	r.equal("protocol", container.PortMappings[0].Protocol, "tcp")
	r.equal("environment", tagsOf(container.Environment, func(v ecstypes.KeyValuePair) (*string, *string) { return v.Name, v.Value }),
		map[string]string{
			"NODE_ENV": "production", "PORT": "3000", "AWS_REGION": "eu-west-2", "S3_BUCKET_NAME": r.bucketName,
		})
	r.equal("secrets", tagsOf(container.Secrets, func(s ecstypes.Secret) (*string, *string) { return s.Name, s.ValueFrom }),
		map[string]string{"JWT_SECRET": "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"})
	r.equal("log driver", container.LogConfiguration.LogDriver, "awslogs")
	r.equal("log group", container.LogConfiguration.Options["awslogs-group"], "/ecs/mediaserver")
	r.equal("log region", container.LogConfiguration.Options["awslogs-region"], "eu-west-2")
	r.need(nil, len(container.HealthCheck.Command), 6)
	r.equal("health check program", container.HealthCheck.Command[1], "curl")
	r.equal("health check address", container.HealthCheck.Command[5], "http://localhost:3000/health")
	r.equal("init process", container.LinuxParameters.InitProcessEnabled, true)
}

func readService(r *reader) {
	found, err := r.ecs.DescribeServices(r.ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String("mediaserver-cluster"), Services: []string{"mediaserver-service"},
		Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
	})
	r.need(err, len(found.Services), 1)
	service := found.Services[0]
	r.equal("desired count", service.DesiredCount, 2)
	r.equal("launch type", service.LaunchType, "FARGATE")
	r.prefix("task definition", service.TaskDefinition, "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:")
	r.need(nil, len(service.LoadBalancers), 1)
	r.equal("target group", service.LoadBalancers[0].TargetGroupArn, r.targets().TargetGroupArn)
	r.equal("container", service.LoadBalancers[0].ContainerName, "mediaserver")
	r.equal("container port", service.LoadBalancers[0].ContainerPort, 3000)
	r.tags(ecsTags(service.Tags))

	// The emulator does not report these, so the request itself is read.
	var request struct {
		NetworkConfiguration struct {
			AwsvpcConfiguration struct {
				Subnets, SecurityGroups []string
				AssignPublicIP          string
			}
		}
		DeploymentConfiguration struct {
			MaximumPercent, MinimumHealthyPercent int
			DeploymentCircuitBreaker              struct{ Enable, Rollback bool }
		}
		EnableExecuteCommand          bool
		HealthCheckGracePeriodSeconds int
	}
	r.need(json.Unmarshal([]byte(r.createdService), &request), 1, 1)
	network := request.NetworkConfiguration.AwsvpcConfiguration
	r.set("subnets", network.Subnets, r.defaultSubnets()...)
	r.set("security groups", network.SecurityGroups, *r.securityGroup("mediaserver-ecs-tasks").GroupId)
	r.equal("public IP", network.AssignPublicIP, "ENABLED")
	r.equal("deployment maximum", request.DeploymentConfiguration.MaximumPercent, 200)
	r.equal("deployment minimum", request.DeploymentConfiguration.MinimumHealthyPercent, 100)
	r.equal("circuit breaker", request.DeploymentConfiguration.DeploymentCircuitBreaker.Enable, true)
	r.equal("rollback", request.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback, true)
	r.equal("execute command", request.EnableExecuteCommand, true)
	r.equal("has a grace period", request.HealthCheckGracePeriodSeconds > 0, true)
}

func readScalableTarget(r *reader) {
	found, err := r.autoscaling.DescribeScalableTargets(r.ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs,
	})
	r.need(err, len(found.ScalableTargets), 1)
	target := found.ScalableTargets[0]
	r.equal("resource", target.ResourceId, "service/mediaserver-cluster/mediaserver-service")
	r.equal("dimension", target.ScalableDimension, "ecs:service:DesiredCount")
	r.equal("least", target.MinCapacity, 1)
	r.equal("most", target.MaxCapacity, 10)
}

// scalingPolicy reads a scaling policy by its name.
func (r *reader) scalingPolicy(name string) scalingtypes.ScalingPolicy {
	r.t.Helper()
	found, err := r.autoscaling.DescribeScalingPolicies(r.ctx, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs, PolicyNames: []string{name},
	})
	// The emulator returns all policies, whatever the names asked for.
	policies := slices.DeleteFunc(found.ScalingPolicies, func(policy scalingtypes.ScalingPolicy) bool {
		return aws.ToString(policy.PolicyName) != name
	})
	r.need(err, len(policies), 1)
	return policies[0]
}

// scaling compares a scaling policy that changes the number of tasks by an adjustment.
func (r *reader) scaling(name string, adjustment int, lower, upper any) {
	r.t.Helper()
	policy := r.scalingPolicy(name)
	r.equal("resource", policy.ResourceId, "service/mediaserver-cluster/mediaserver-service")
	r.equal("type", policy.PolicyType, "StepScaling")
	steps := policy.StepScalingPolicyConfiguration
	r.equal("adjustment type", steps.AdjustmentType, "ChangeInCapacity")
	r.equal("cooldown", steps.Cooldown, 300)
	r.need(nil, len(steps.StepAdjustments), 1)
	r.equal("adjustment", steps.StepAdjustments[0].ScalingAdjustment, adjustment)
	r.equal("lower bound", steps.StepAdjustments[0].MetricIntervalLowerBound, lower)
	r.equal("upper bound", steps.StepAdjustments[0].MetricIntervalUpperBound, upper)
}

func readScaleUp(r *reader) { r.scaling("mediaserver-scale-up", 1, 0, nil) }

func readScaleDown(r *reader) { r.scaling("mediaserver-scale-down", -1, nil, 0) }
