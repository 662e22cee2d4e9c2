package terraformguide

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// containers is phase 9.
func (g *guide) containers(roles roles, targetGroup string) {
	ctx := g.Context()
	tag := func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }
	name := g.named("cluster", "mediaserver-cluster")
	attributes := map[string]any{"name": name, "setting": []any{map[string]any{"name": "containerInsights", "value": "enabled"}}}
	cluster := must(g.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: &name,
		Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: aws.String("enabled")}},
		Tags:     tagList(g.tags(name, attributes), tag)}))
	arn := *cluster.Cluster.ClusterArn
	attributes["arn"], attributes["id"] = arn, arn
	g.record("aws_ecs_cluster.main", attributes)
	must(g.ECS.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: &name,
		CapacityProviders:               []string{"FARGATE", "FARGATE_SPOT"},
		DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE"), Weight: 100, Base: 1}}}))
	g.record("aws_ecs_cluster_capacity_providers.main", map[string]any{"cluster_name": name, "id": name, "capacity_providers": []any{"FARGATE", "FARGATE_SPOT"}})
	definition := g.taskDefinition(roles, tag)
	g.service(name, arn, definition, targetGroup, tag)
}

func (g *guide) taskDefinition(roles roles, tag func(key, value *string) types.Tag) string {
	image := g.attribute("aws_ecr_repository.mediaserver", "repository_url") + ":latest"
	container := types.ContainerDefinition{
		Name: aws.String("mediaserver"), Image: &image, Essential: aws.Bool(true),
		PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(3000), HostPort: aws.Int32(3000), Protocol: types.TransportProtocolTcp}},
		Environment: []types.KeyValuePair{
			{Name: aws.String("NODE_ENV"), Value: aws.String("production")}, {Name: aws.String("PORT"), Value: aws.String("3000")},
			{Name: aws.String("AWS_REGION"), Value: aws.String(Region)}, {Name: aws.String("S3_BUCKET_NAME"), Value: aws.String(g.Deployed.Bucket)},
		},
		Secrets: []types.Secret{{Name: aws.String("JWT_SECRET"), ValueFrom: aws.String(g.attribute("aws_ssm_parameter.jwt_secret", "arn"))}},
		LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
			"awslogs-group": "/ecs/mediaserver", "awslogs-region": Region, "awslogs-stream-prefix": "ecs"}},
		HealthCheck: &types.HealthCheck{Command: []string{"CMD-SHELL", "curl -f http://localhost:3000/health || exit 1"},
			Interval: aws.Int32(30), Timeout: aws.Int32(5), Retries: aws.Int32(3), StartPeriod: aws.Int32(60)},
	}
	family := g.named("family", "mediaserver")
	definitions, err := json.Marshal([]any{map[string]any{
		"name": "mediaserver", "image": image, "environment": []any{map[string]any{"name": "NODE_ENV", "value": "production"}},
		"portMappings": []any{map[string]any{"containerPort": 3000, "hostPort": 3000}},
	}})
	if err != nil {
		g.Fatal(err)
	}
	attributes := map[string]any{"family": family, "id": family, "cpu": "256", "memory": "512", "network_mode": "awsvpc",
		"requires_compatibilities": []any{"FARGATE"}, "container_definitions": string(definitions), "runtime_platform": []any{}}
	registered := must(g.ECS.RegisterTaskDefinition(g.Context(), &ecs.RegisterTaskDefinitionInput{Family: &family,
		Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, ExecutionRoleArn: &roles.execution, TaskRoleArn: &roles.task,
		ContainerDefinitions: []types.ContainerDefinition{container}, Tags: tagList(g.tags(family, attributes), tag)}))
	attributes["arn"] = *registered.TaskDefinition.TaskDefinitionArn
	g.record("aws_ecs_task_definition.mediaserver", attributes)
	return *registered.TaskDefinition.TaskDefinitionArn
}

func (g *guide) service(cluster, clusterARN, definition, targetGroup string, tag func(key, value *string) types.Tag) {
	name := g.named("service", "mediaserver-service")
	attributes := map[string]any{"name": name, "cluster": clusterARN, "task_definition": definition, "desired_count": 2,
		"launch_type": "FARGATE", "capacity_provider_strategy": []any{}, "enable_execute_command": true,
		"load_balancer":         []any{map[string]any{"target_group_arn": targetGroup, "container_name": "mediaserver", "container_port": 3000}},
		"deployment_controller": []any{map[string]any{"type": "ECS"}}}
	request := &ecs.CreateServiceInput{ServiceName: &name, Cluster: &cluster, TaskDefinition: &definition, DesiredCount: aws.Int32(2),
		LaunchType: types.LaunchTypeFargate, EnableExecuteCommand: true,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: g.subnets,
			SecurityGroups: []string{g.attribute("aws_security_group.ecs_tasks", "id")}, AssignPublicIp: types.AssignPublicIpEnabled}},
		LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &targetGroup, ContainerName: aws.String("mediaserver"), ContainerPort: aws.Int32(3000)}},
		DeploymentConfiguration: &types.DeploymentConfiguration{MaximumPercent: aws.Int32(200), MinimumHealthyPercent: aws.Int32(100),
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}},
		Tags: tagList(g.tags(name, attributes), tag)}
	if g.CapacityProviders {
		request.LaunchType = ""
		request.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE"), Weight: 1}}
		attributes["launch_type"], attributes["capacity_provider_strategy"] = "", []any{map[string]any{"capacity_provider": "FARGATE", "weight": 1, "base": 0}}
	}
	created := must(g.ECS.CreateService(g.Context(), request))
	attributes["id"] = *created.Service.ServiceArn
	g.record("aws_ecs_service.mediaserver", attributes)
}
