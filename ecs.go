package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	fargate     = "FARGATE"
	fargateSpot = "FARGATE_SPOT"
	// logBufferSize is how much of its log a task keeps in memory while CloudWatch takes
	// none: enough for 5 MB of log a second in AWS's own tests (AWS containers blog,
	// "Preventing log loss with non-blocking mode in the AWSLogs container log driver").
	logBufferSize = "25m"
	// startPeriodLimit is the longest start period, in seconds, that ECS takes for the
	// container's own check (Amazon ECS API reference, HealthCheck).
	startPeriodLimit = 300
)

// clusterOutputs are the ECS cluster.
type clusterOutputs struct {
	cluster *ecs.Cluster
	// capacityProviders is what the cluster may run tasks on. The service
	// depends on it.
	capacityProviders pulumi.Resource
}

// createCluster is the first half of phase 9, steps 25 and 26: the
// cluster with its Container Insights and its capacity providers.
func createCluster(ctx *pulumi.Context, settings settings, listeners listenersOutputs) (clusterOutputs, error) {
	cluster, err := ecs.NewCluster(ctx, "main", &ecs.ClusterArgs{
		Name: pulumi.String(settings.physicalName("{name}-cluster")),
		Settings: ecs.ClusterSettingArray{&ecs.ClusterSettingArgs{
			Name:  pulumi.String("containerInsights"),
			Value: pulumi.String(settings.containerInsights),
		}},
	}, settings.keep("name"))
	if err != nil {
		return clusterOutputs{}, fmt.Errorf("create cluster main: %w", err)
	}
	capacityProviders, err := ecs.NewClusterCapacityProviders(ctx, "main", &ecs.ClusterCapacityProvidersArgs{
		ClusterName:       cluster.Name,
		CapacityProviders: pulumi.ToStringArray([]string{fargate, fargateSpot}),
		DefaultCapacityProviderStrategies: ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArray{
			&ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs{
				CapacityProvider: pulumi.String(fargate),
				Weight:           pulumi.Int(100),
				Base:             pulumi.Int(1),
			},
		},
	},
		// The first cluster of an account makes AWS create the service-linked role of
		// ECS, which takes a while, and the provider does not retry until the role exists
		// (terraform-provider-aws, retryClusterCapacityProvidersPut). The listener comes
		// minutes after the cluster.
		pulumi.DependsOn([]pulumi.Resource{listeners.forwarding}))
	if err != nil {
		return clusterOutputs{}, fmt.Errorf("create capacity providers of cluster main: %w", err)
	}
	return clusterOutputs{cluster, capacityProviders}, nil
}

// containerName is the name of the only container.
func (s settings) containerName() string { return s.physicalName("{name}") }

// createTaskDefinition is step 27 of phase 9: one container on
// AWS Fargate. It returns the current revision.
func createTaskDefinition(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, storage storageOutputs, repository *ecr.Repository,
	roles rolesOutputs, parameters parametersOutputs, logGroups logGroupsOutputs,
) (*ecs.TaskDefinition, error) {
	container := containerFor(settings, environment, storage, repository, parameters, logGroups)
	created, err := ecs.NewTaskDefinition(ctx, "mediaserver", &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(settings.physicalName("{name}")),
		RequiresCompatibilities: pulumi.ToStringArray([]string{fargate}),
		NetworkMode:             pulumi.String("awsvpc"),
		Cpu:                     pulumi.String(strconv.Itoa(settings.cpu)),
		Memory:                  pulumi.String(strconv.Itoa(settings.memory)),
		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			// The only system that runs on both processors.
			OperatingSystemFamily: pulumi.String("LINUX"),
			CpuArchitecture:       pulumi.String(settings.cpuArchitecture),
		},
		ExecutionRoleArn:     roles.execution.Arn,
		TaskRoleArn:          roles.task.Arn,
		ContainerDefinitions: pulumi.JSONMarshal([]containerDefinition{container}),
		// A replaced revision would be deregistered while the deployment still runs,
		// and ECS cannot move a service back to a revision that is not registered.
		SkipDestroy: pulumi.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("create task definition mediaserver: %w", err)
	}
	return created, nil
}

// containerDefinition is a container as ECS stores it. Every value that ECS
// would fill in is stated, and lists are empty rather than absent: otherwise
// each run finds a difference and replaces the task definition. Outputs are
// declared as any, so that pulumi.JSONMarshal resolves them.
type containerDefinition struct {
	Name      string `json:"name"`
	Image     any    `json:"image"`
	Essential bool   `json:"essential"`
	// CPU is the container's share of the task's CPU units; 0 is no reservation.
	CPU          int           `json:"cpu"`
	PortMappings []portMapping `json:"portMappings"`
	// Environment are the plain environment variables, sorted by name.
	Environment []environmentVariable `json:"environment"`
	// Secrets are the environment variables that ECS reads elsewhere, sorted by name.
	Secrets        []containerSecret `json:"secrets"`
	MountPoints    []struct{}        `json:"mountPoints"`
	VolumesFrom    []struct{}        `json:"volumesFrom"`
	SystemControls []struct{}        `json:"systemControls"`
	// LinuxParameters run an init process that reaps what a session of ECS Exec leaves
	// behind. They are absent while ECS Exec is off.
	LinuxParameters  map[string]bool  `json:"linuxParameters,omitempty"`
	LogConfiguration logConfiguration `json:"logConfiguration"`
	// HealthCheck is absent where the load balancer alone decides: ECS replaces a
	// task that it finds unhealthy.
	HealthCheck *healthCheck `json:"healthCheck,omitempty"`
}

type portMapping struct {
	ContainerPort int `json:"containerPort"`
	// HostPort is the same port: a task on AWS Fargate has its own address.
	HostPort int    `json:"hostPort"`
	Protocol string `json:"protocol"`
}

type environmentVariable struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type logConfiguration struct {
	LogDriver string         `json:"logDriver"`
	Options   map[string]any `json:"options"`
}

// healthCheck is a command that tells whether the container is healthy. Times
// are in seconds.
type healthCheck struct {
	Command  []string `json:"command"`
	Interval int      `json:"interval"`
	Timeout  int      `json:"timeout"`
	// Retries is the number of consecutive failures that make it unhealthy.
	Retries int `json:"retries"`
	// StartPeriod is the time at the start in which failures do not count.
	StartPeriod int `json:"startPeriod"`
}

func containerFor(
	settings settings,
	environment environmentOutputs, storage storageOutputs, repository *ecr.Repository,
	parameters parametersOutputs, logGroups logGroupsOutputs,
) containerDefinition {
	variables := []environmentVariable{
		{Name: regionVariable, Value: environment.region},
		{Name: nodeEnvVariable, Value: settings.nodeEnv},
		{Name: portVariable, Value: strconv.Itoa(settings.appPort)},
		{Name: bucketVariable, Value: storage.bucketName},
	}
	for name, value := range settings.environment {
		variables = append(variables, environmentVariable{Name: name, Value: value})
	}
	slices.SortFunc(variables, func(a, b environmentVariable) int { return strings.Compare(a.Name, b.Name) })
	var options map[string]bool
	if settings.executeCommand {
		options = map[string]bool{"initProcessEnabled": true}
	}
	return containerDefinition{
		Name:      settings.containerName(),
		Image:     pulumi.Sprintf("%s:%s", repository.RepositoryUrl, settings.imageTag),
		Essential: true,
		PortMappings: []portMapping{{
			ContainerPort: settings.appPort,
			HostPort:      settings.appPort,
			Protocol:      "tcp",
		}},
		Environment:     variables,
		Secrets:         parameters.containerSecrets,
		MountPoints:     []struct{}{},
		VolumesFrom:     []struct{}{},
		SystemControls:  []struct{}{},
		LinuxParameters: options,
		LogConfiguration: logConfiguration{
			LogDriver: "awslogs",
			Options: map[string]any{
				"awslogs-group":         logGroups.ecs.Name,
				"awslogs-region":        environment.region,
				"awslogs-stream-prefix": "ecs",
				// A task goes on serving while CloudWatch takes no logs. Whatever does not fit into
				// the buffer is lost, and nothing reports it.
				"mode":            "non-blocking",
				"max-buffer-size": logBufferSize,
			},
		},
		HealthCheck: healthCheckFor(settings),
	}
}

// healthCheckFor is the container's own health check. Its command runs without
// a shell, so that no character of the path means anything but itself.
func healthCheckFor(settings settings) *healthCheck {
	address := fmt.Sprintf("%d%s", settings.appPort, settings.healthCheckPath)
	var command []string
	switch settings.containerHealthCheck {
	case noCheck:
		return nil
	case checkWithWget:
		// BusyBox tries only the first address of localhost, which is that of IPv6, and
		// has few of the long options of GNU Wget.
		command = []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:" + address}
	default:
		// --globoff keeps curl from reading braces as a range.
		command = []string{"curl", "--fail", "--silent", "--globoff", "http://localhost:" + address}
	}
	return &healthCheck{
		Command:     append([]string{"CMD"}, command...),
		Interval:    30,
		Timeout:     5,
		Retries:     3,
		StartPeriod: min(settings.startSeconds, startPeriodLimit),
	}
}

// serviceOutputs are the running application.
type serviceOutputs struct {
	// clusterName is the name of the cluster as the created cluster returns it.
	clusterName pulumi.StringOutput
	// serviceName is the name of the service as the created service returns it.
	serviceName pulumi.StringOutput
}

// dimensions are those by which CloudWatch metrics name the tasks.
func (s serviceOutputs) dimensions() pulumi.StringMap {
	return pulumi.StringMap{"ClusterName": s.clusterName, "ServiceName": s.serviceName}
}

// createService is step 28 of phase 9: the service that keeps the
// tasks running behind the load balancer.
func createService(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, securityGroups securityGroupsOutputs,
	loadBalancer loadBalancerOutputs, listeners listenersOutputs, roles rolesOutputs,
	cluster clusterOutputs, taskDefinition *ecs.TaskDefinition, trafficAlarms trafficAlarmsOutputs,
) (serviceOutputs, error) {
	needed := append([]pulumi.Resource{
		// ECS refuses a target group that no listener ties to a load balancer.
		listeners.forwarding,
		// AWS calls capacity providers in use while the service drains.
		cluster.capacityProviders,
	},
		// Without its permissions a task cannot start, and a service that loses
		// them while it is being deleted hangs in DRAINING.
		roles.policies...)
	service, err := ecs.NewService(ctx, "mediaserver", &ecs.ServiceArgs{
		Name:           pulumi.String(settings.physicalName("{name}-service")),
		Cluster:        cluster.cluster.Arn,
		TaskDefinition: taskDefinition.Arn,
		LaunchType:     pulumi.String(fargate),
		DesiredCount:   pulumi.Int(settings.desiredCount),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets:        pulumi.ToStringArray(environment.taskSubnetIDs),
			SecurityGroups: pulumi.StringArray{securityGroups.tasks.ID()},
			AssignPublicIp: pulumi.Bool(settings.assignPublicIP),
		},
		LoadBalancers: ecs.ServiceLoadBalancerArray{&ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: loadBalancer.targets.Arn,
			ContainerName:  pulumi.String(settings.containerName()),
			ContainerPort:  pulumi.Int(settings.appPort),
		}},
		// Until it ends ECS keeps a task that the load balancer or the container's own check
		// calls unhealthy (Amazon ECS API reference, CreateService). A task that was unhealthy
		// is healthy again only healthyThreshold checks after the application's first answer,
		// which startSeconds includes.
		HealthCheckGracePeriodSeconds:   pulumi.Int(settings.startSeconds),
		DeploymentMaximumPercent:        pulumi.Int(200),
		DeploymentMinimumHealthyPercent: pulumi.Int(100),
		DeploymentCircuitBreaker: &ecs.ServiceDeploymentCircuitBreakerArgs{
			Enable:   pulumi.Bool(true),
			Rollback: pulumi.Bool(true),
		},
		// After a zone has failed its tasks stay where they were moved to, unless ECS
		// spreads them again (Amazon ECS developer guide, "Balancing an Amazon ECS
		// service across Availability Zones"). AWS turns it on for a new service only.
		AvailabilityZoneRebalancing: pulumi.String("ENABLED"),
		Alarms:                      trafficAlarms.deployment,
		EnableExecuteCommand:        pulumi.Bool(settings.executeCommand),
		// Tasks carry no tags otherwise, and their costs cannot be told apart.
		PropagateTags: pulumi.String("SERVICE"),
	},
		pulumi.DependsOn(needed),
		settings.keep("name"),
		pulumi.IgnoreChanges([]string{
			// The scaling policies own the number of tasks once the service runs.
			"desiredCount",
			// A service with a strategy of capacity providers cannot change in place to
			// one with a launch type (terraform-provider-aws,
			// capacityProviderStrategyCustomizeDiff), and a replacement stops its tasks.
			"launchType", "capacityProviderStrategies",
		}))
	if err != nil {
		return serviceOutputs{}, fmt.Errorf("create service mediaserver: %w", err)
	}
	return serviceOutputs{clusterName: cluster.cluster.Name, serviceName: service.Name}, nil
}
