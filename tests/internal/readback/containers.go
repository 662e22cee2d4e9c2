package readback

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var containerResources = []resource{
	{key: "Cluster main", read: readCluster},
	{key: "ClusterCapacityProviders main", read: readCapacityProviders},
	{key: "TaskDefinition mediaserver", read: readTaskDefinition},
	{key: "Service mediaserver", read: readService},
}

func (r *reader) cluster() types.Cluster {
	found, err := r.ECS.DescribeClusters(r.ctx, &ecs.DescribeClustersInput{
		Clusters: []string{r.named("{name}-cluster")},
		Include:  []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	r.answered(err)
	return one(r, "clusters", found.Clusters)
}

func ecsTags(tags []types.Tag) map[string]string {
	return texts(tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func readCluster(r *reader) {
	cluster := r.cluster()
	r.equal("status", cluster.Status, "ACTIVE")
	setting := one(r, "settings", cluster.Settings)
	r.equal("setting", setting.Name, "containerInsights")
	r.equal("Container Insights", setting.Value, r.Settings.ContainerInsights)
	r.tags(ecsTags(cluster.Tags))
}

func readCapacityProviders(r *reader) {
	cluster := r.cluster()
	r.set("capacity providers", cluster.CapacityProviders, "FARGATE", "FARGATE_SPOT")
	strategy := one(r, "strategies", cluster.DefaultCapacityProviderStrategy)
	r.equal("strategy's provider", strategy.CapacityProvider, "FARGATE")
	r.equal("weight", strategy.Weight, 100)
	r.equal("base", strategy.Base, 1)
}

// readTaskDefinition reads the revision that the stack wants to run. A newer one may be there: deploy-app registers
// its own.
func readTaskDefinition(r *reader) {
	found, err := r.ECS.DescribeTaskDefinition(r.ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String(r.output("taskDefinitionArn")), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	r.answered(err)
	definition := present(r, "the task definition", found.TaskDefinition)
	r.equal("status", definition.Status, "ACTIVE")
	r.equal("family", definition.Family, r.Settings.Name)
	r.equal("CPU", definition.Cpu, strconv.Itoa(r.Settings.CPU))
	r.equal("memory", definition.Memory, strconv.Itoa(r.Settings.Memory))
	r.equal("network mode", definition.NetworkMode, "awsvpc")
	r.equal("compatibility", definition.RequiresCompatibilities, []string{"FARGATE"})
	platform := present(r, "the platform", definition.RuntimePlatform)
	r.equal("processor", platform.CpuArchitecture, r.Settings.CPUArchitecture)
	r.equal("operating system", platform.OperatingSystemFamily, "LINUX")
	r.equal("execution role", definition.ExecutionRoleArn, r.roleARN(executionRole))
	r.equal("task role", definition.TaskRoleArn, r.roleARN(taskRole))
	r.tags(ecsTags(found.Tags))
	r.container(one(r, "containers", definition.ContainerDefinitions))
}

// container compares the application's container.
func (r *reader) container(container types.ContainerDefinition) {
	port := strconv.Itoa(r.Settings.AppPort)
	r.equal("container", container.Name, r.Settings.Name)
	r.equal("image", container.Image, r.repositoryURL()+":"+r.Settings.ImageTag)
	r.equal("essential", container.Essential, true)
	mapping := one(r, "port mappings", container.PortMappings)
	r.equal("container port", mapping.ContainerPort, r.Settings.AppPort)
	r.equal("protocol", mapping.Protocol, "tcp")
	r.equal("environment", texts(container.Environment, func(v types.KeyValuePair) (*string, *string) { return v.Name, v.Value }),
		map[string]string{
			"NODE_ENV": r.Settings.NodeEnv, "PORT": port, "AWS_REGION": r.Region, "S3_BUCKET_NAME": r.bucket(),
		})
	r.equal("secrets", texts(container.Secrets, func(s types.Secret) (*string, *string) { return s.Name, s.ValueFrom }),
		map[string]string{"JWT_SECRET": r.arn("ssm", r.named("parameter/{name}/jwt-secret"))})
	log := present(r, "the log configuration", container.LogConfiguration)
	r.equal("log driver", log.LogDriver, "awslogs")
	r.equal("log group", log.Options["awslogs-group"], r.named("/ecs/{name}"))
	r.equal("log region", log.Options["awslogs-region"], r.Region)
	check := present(r, "the health check", container.HealthCheck)
	r.count("words of the health check", len(check.Command), 6)
	r.equal("health check program", check.Command[1], "curl")
	r.equal("health check address", check.Command[5], fmt.Sprintf("http://localhost:%s%s", port, r.Settings.HealthCheckPath))
	var initProcess *bool
	if container.LinuxParameters != nil {
		initProcess = container.LinuxParameters.InitProcessEnabled
	}
	r.equal("init process", aws.ToBool(initProcess), r.Settings.ExecuteCommand)
}

// serviceDetails are what an emulator forgets of a service. The request that creates it and the answer that describes
// it have them under the same names but for their case, which does not count when JSON is decoded.
type serviceDetails struct {
	NetworkConfiguration struct {
		AwsvpcConfiguration struct {
			Subnets, SecurityGroups []string
			AssignPublicIP          string
		}
	}
	DeploymentConfiguration struct {
		MaximumPercent, MinimumHealthyPercent int
		DeploymentCircuitBreaker              struct{ Enable, Rollback bool }
		Alarms                                struct {
			AlarmNames       []string
			Enable, Rollback bool
		}
	}
	EnableExecuteCommand          bool
	HealthCheckGracePeriodSeconds int
	PropagateTags                 string
}

func readService(r *reader) {
	found, err := r.ECS.DescribeServices(r.ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(r.named("{name}-cluster")), Services: []string{r.named("{name}-service")},
		Include: []types.ServiceField{types.ServiceFieldTags},
	})
	r.answered(err)
	service := one(r, "services", found.Services)
	r.equal("status", service.Status, "ACTIVE")
	r.equal("desired count", service.DesiredCount, r.Settings.DesiredCount)
	r.equal("launch type", service.LaunchType, "FARGATE")
	r.equal("task definition", service.TaskDefinition, r.output("taskDefinitionArn"))
	target := one(r, "load balancers", service.LoadBalancers)
	r.equal("target group", target.TargetGroupArn, r.targetGroup().TargetGroupArn)
	r.equal("container", target.ContainerName, r.Settings.Name)
	r.equal("container port", target.ContainerPort, r.Settings.AppPort)
	r.tags(ecsTags(service.Tags))

	text := r.CreatedService
	if text == "" {
		text = jsonText(service)
	}
	details := document[serviceDetails](r, text)
	network := details.NetworkConfiguration.AwsvpcConfiguration
	r.taskSubnets(network.Subnets)
	r.set("security groups", network.SecurityGroups, *r.securityGroup("{name}-ecs-tasks").GroupId)
	r.equal("public IP", network.AssignPublicIP, "ENABLED")
	r.equal("deployment maximum", details.DeploymentConfiguration.MaximumPercent, 200)
	r.equal("deployment minimum", details.DeploymentConfiguration.MinimumHealthyPercent, 100)
	r.equal("circuit breaker", details.DeploymentConfiguration.DeploymentCircuitBreaker.Enable, true)
	r.equal("rollback", details.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback, true)
	watching := r.Settings.tellsPeople()
	alarms := details.DeploymentConfiguration.Alarms
	r.equal("alarms during a deployment", alarms.Enable, watching)
	r.equal("rollback because of an alarm", alarms.Rollback, watching)
	if watching {
		r.set("names of the alarms", alarms.AlarmNames, r.named("{name}-server-errors"), r.named("{name}-unhealthy-targets"))
	}
	r.equal("execute command", details.EnableExecuteCommand, r.Settings.ExecuteCommand)
	r.equal("has a grace period", details.HealthCheckGracePeriodSeconds > 0, true)
	r.equal("source of the tasks' tags", details.PropagateTags, "SERVICE")
}
