package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

type serviceInputs struct {
	Name                 string                `pulumi:"name"`
	Cluster              string                `pulumi:"cluster"`
	TaskDefinition       string                `pulumi:"taskDefinition"`
	DesiredCount         *int32                `pulumi:"desiredCount,optional"`
	LaunchType           *string               `pulumi:"launchType,optional"`
	Strategies           []capacityStrategy    `pulumi:"capacityProviderStrategies,optional"`
	Network              *serviceNetwork       `pulumi:"networkConfiguration,optional"`
	LoadBalancers        []serviceLoadBalancer `pulumi:"loadBalancers,optional"`
	GracePeriod          *int32                `pulumi:"healthCheckGracePeriodSeconds,optional"`
	MaximumPercent       *int32                `pulumi:"deploymentMaximumPercent,optional"`
	MinimumPercent       *int32                `pulumi:"deploymentMinimumHealthyPercent,optional"`
	CircuitBreaker       *circuitBreaker       `pulumi:"deploymentCircuitBreaker,optional"`
	Alarms               *deploymentAlarms     `pulumi:"alarms,optional"`
	ZoneRebalancing      *string               `pulumi:"availabilityZoneRebalancing,optional"`
	EnableExecuteCommand *bool                 `pulumi:"enableExecuteCommand,optional"`
	PropagateTags        *string               `pulumi:"propagateTags,optional"`
	WaitForSteadyState   *bool                 `pulumi:"waitForSteadyState,optional"`
	Tags                 map[string]string     `pulumi:"tags,optional"`
}

type serviceNetwork struct {
	Subnets        []string `pulumi:"subnets"`
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	AssignPublicIP *bool    `pulumi:"assignPublicIp,optional"`
}

type serviceLoadBalancer struct {
	TargetGroupArn string `pulumi:"targetGroupArn"`
	ContainerName  string `pulumi:"containerName"`
	ContainerPort  int32  `pulumi:"containerPort"`
}

type circuitBreaker struct {
	Enable   bool `pulumi:"enable"`
	Rollback bool `pulumi:"rollback"`
}

// deploymentAlarms are the alarms during which a deployment is given up.
type deploymentAlarms struct {
	AlarmNames []string `pulumi:"alarmNames"`
	Enable     bool     `pulumi:"enable"`
	Rollback   bool     `pulumi:"rollback"`
}

// service keeps what the emulator does not report, the deployment
// configuration, the rebalancing of zones and the exec flag, as the inputs say. Its Read therefore sees
// no drift of these.
//
// Rules: Amazon ECS API reference, CreateService and DeploymentConfiguration.
var ecsService = &kind[serviceInputs, none]{
	Token:    "aws:ecs/service:Service",
	Name:     "name",
	Replace:  []string{"name", "cluster", "launchType", "capacityProviderStrategies"},
	Defaults: map[string]any{"enableExecuteCommand": false},
	// An import is given CLUSTER/SERVICE (pulumi-aws, ecs.Service, "Import").
	ImportID: func(ctx context.Context, client *api, id string) (string, error) {
		observed, err := describeService(ctx, client, clusterOfService(id, ""), lastPart(id, "/"))
		return deref(observed.ServiceArn), err
	},
	Check:  checkService,
	Create: createService,
	Read:   readService,
	Update: updateService,
	Delete: func(ctx context.Context, client *api, id string, in *serviceInputs, _ *none) error {
		_, err := client.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{
			Cluster: aws.String(clusterOfService(id, in.Cluster)), Service: aws.String(lastPart(id, "/")), Force: aws.Bool(true),
		})
		return err
	},
	SetTags: func(ctx context.Context, client *api, id string, _ *none, tags map[string]string) error {
		return setECSTags(ctx, client, id, tags)
	},
	RemoveTags: func(ctx context.Context, client *api, id string, _ *none, keys []string) error {
		return removeECSTags(ctx, client, id, keys)
	},
}

func checkService(in *serviceInputs, problems *provider.Problems) {
	ecsName.check(problems, "name", in.Name)
	checkRange(problems, "desiredCount", deref(in.DesiredCount), 0, 5000)
	if in.LaunchType != nil {
		checkOneOf(problems, "launchType", *in.LaunchType, []string{"EC2", "FARGATE", "EXTERNAL"})
		if *in.LaunchType == "FARGATE" && in.Network == nil {
			problems.Refuse("networkConfiguration", "", "must be stated, as FARGATE uses the network mode awsvpc")
		}
	}
	if in.ZoneRebalancing != nil {
		checkOneOf(problems, "availabilityZoneRebalancing", *in.ZoneRebalancing, []string{"ENABLED", "DISABLED"})
	}
	if in.PropagateTags != nil {
		checkOneOf(problems, "propagateTags", *in.PropagateTags, []string{"SERVICE", "TASK_DEFINITION", "NONE"})
	}
	if in.CircuitBreaker != nil && in.CircuitBreaker.Rollback && !in.CircuitBreaker.Enable {
		problems.Refuse("deploymentCircuitBreaker.rollback", true, "must be false while the circuit breaker is off")
	}
	if in.Alarms != nil && problems.Known("alarms.alarmNames") && len(in.Alarms.AlarmNames) == 0 {
		problems.Refuse("alarms.alarmNames", "", "must name at least one alarm")
	}
	checkDeploymentPercents(in, problems)
}

func createService(ctx context.Context, client *api, in *serviceInputs) (string, error) {
	created, err := client.ECS.CreateService(ctx, &ecs.CreateServiceInput{
		ServiceName:                   &in.Name,
		Cluster:                       &in.Cluster,
		TaskDefinition:                &in.TaskDefinition,
		DesiredCount:                  aws.Int32(deref(in.DesiredCount)),
		LaunchType:                    types.LaunchType(deref(in.LaunchType)),
		CapacityProviderStrategy:      strategyItems(in.Strategies),
		NetworkConfiguration:          in.network(),
		LoadBalancers:                 in.loadBalancers(),
		HealthCheckGracePeriodSeconds: in.GracePeriod,
		DeploymentConfiguration:       in.deployment(),
		AvailabilityZoneRebalancing:   types.AvailabilityZoneRebalancing(deref(in.ZoneRebalancing)),
		EnableExecuteCommand:          deref(in.EnableExecuteCommand),
		PropagateTags:                 types.PropagateTags(deref(in.PropagateTags)),
		Tags:                          tagList(in.Tags, ecsTag),
	})
	if err != nil {
		return "", err
	}
	return *created.Service.ServiceArn, nil
}

func readService(ctx context.Context, client *api, id string, in *serviceInputs, _ *none) error {
	observed, err := describeService(ctx, client, clusterOfService(id, in.Cluster), lastPart(id, "/"))
	if err != nil {
		return err
	}
	observeRequired(&in.Name, observed.ServiceName)
	observeRequired(&in.TaskDefinition, observed.TaskDefinition)
	provider.Observe(&in.DesiredCount, &observed.DesiredCount)
	launchType := string(observed.LaunchType)
	provider.Observe(&in.LaunchType, &launchType)
	if importing := in.Cluster == ""; importing {
		observeRequired(&in.Cluster, observed.ClusterArn)
		in.LaunchType = nil
		if launchType != "" {
			in.LaunchType = &launchType
		}
		in.takeOver(observed)
	}
	in.Tags = ecsTags(observed.Tags)
	return nil
}

func updateService(ctx context.Context, client *api, _ string, old, in *serviceInputs, _ *none) error {
	request := &ecs.UpdateServiceInput{
		Service:                       &in.Name,
		Cluster:                       &in.Cluster,
		TaskDefinition:                &in.TaskDefinition,
		NetworkConfiguration:          in.network(),
		LoadBalancers:                 in.loadBalancers(),
		HealthCheckGracePeriodSeconds: in.GracePeriod,
		DeploymentConfiguration:       in.deployment(),
		AvailabilityZoneRebalancing:   types.AvailabilityZoneRebalancing(deref(in.ZoneRebalancing)),
		EnableExecuteCommand:          in.EnableExecuteCommand,
		PropagateTags:                 types.PropagateTags(deref(in.PropagateTags)),
	}
	if deref(old.PropagateTags) != deref(in.PropagateTags) {
		request.PropagateTags = types.PropagateTags(deref(in.PropagateTags))
	}
	// Stating the count would undo what autoscaling has done since.
	if deref(old.DesiredCount) != deref(in.DesiredCount) {
		request.DesiredCount = aws.Int32(deref(in.DesiredCount))
	}
	_, err := client.ECS.UpdateService(ctx, request)
	return err
}

// takeOver takes over what only an import reads: as far as the emulator reports it.
func (in *serviceInputs) takeOver(observed types.Service) {
	in.Network = nil
	if network := observed.NetworkConfiguration; network != nil && network.AwsvpcConfiguration != nil {
		public := network.AwsvpcConfiguration.AssignPublicIp == types.AssignPublicIpEnabled
		in.Network = &serviceNetwork{
			Subnets: network.AwsvpcConfiguration.Subnets, SecurityGroups: network.AwsvpcConfiguration.SecurityGroups, AssignPublicIP: &public,
		}
	}
	for _, balancer := range observed.LoadBalancers {
		in.LoadBalancers = append(in.LoadBalancers, serviceLoadBalancer{
			TargetGroupArn: deref(balancer.TargetGroupArn), ContainerName: deref(balancer.ContainerName), ContainerPort: deref(balancer.ContainerPort),
		})
	}
	for _, strategy := range observed.CapacityProviderStrategy {
		in.Strategies = append(in.Strategies, capacityStrategy{
			Provider: deref(strategy.CapacityProvider), Weight: &strategy.Weight, Base: &strategy.Base,
		})
	}
	if deployment := observed.DeploymentConfiguration; deployment != nil {
		in.MaximumPercent, in.MinimumPercent = deployment.MaximumPercent, deployment.MinimumHealthyPercent
	}
}

// clusterOfService is the cluster that the inputs state, else the one in the
// id: an ARN, or CLUSTER/SERVICE for an import.
func clusterOfService(id, cluster string) string {
	parts := strings.Split(id, "/")
	if cluster != "" || len(parts) < 2 {
		return cluster
	}
	return parts[len(parts)-2]
}

func checkDeploymentPercents(in *serviceInputs, problems *provider.Problems) {
	if in.MaximumPercent == nil || in.MinimumPercent == nil ||
		!problems.Known("deploymentMaximumPercent", "deploymentMinimumHealthyPercent") {
		return
	}
	checkRange(problems, "deploymentMinimumHealthyPercent", *in.MinimumPercent, 0, 100)
	if *in.MaximumPercent <= *in.MinimumPercent {
		problems.Refuse("deploymentMaximumPercent", *in.MaximumPercent,
			"must be more than deploymentMinimumHealthyPercent, or no deployment can begin")
	}
}

func (in *serviceInputs) network() *types.NetworkConfiguration {
	if in.Network == nil {
		return nil
	}
	public := types.AssignPublicIpDisabled
	if deref(in.Network.AssignPublicIP) {
		public = types.AssignPublicIpEnabled
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: in.Network.Subnets, SecurityGroups: in.Network.SecurityGroups, AssignPublicIp: public,
	}}
}

func (in *serviceInputs) loadBalancers() []types.LoadBalancer {
	balancers := []types.LoadBalancer{}
	for _, balancer := range in.LoadBalancers {
		balancers = append(balancers, types.LoadBalancer{
			TargetGroupArn: &balancer.TargetGroupArn,
			ContainerName:  &balancer.ContainerName,
			ContainerPort:  &balancer.ContainerPort,
		})
	}
	return balancers
}

func (in *serviceInputs) deployment() *types.DeploymentConfiguration {
	configuration := &types.DeploymentConfiguration{
		MaximumPercent: in.MaximumPercent, MinimumHealthyPercent: in.MinimumPercent,
	}
	if in.CircuitBreaker != nil {
		configuration.DeploymentCircuitBreaker = &types.DeploymentCircuitBreaker{
			Enable: in.CircuitBreaker.Enable, Rollback: in.CircuitBreaker.Rollback,
		}
	}
	// Like the official provider, which leaves out what is taken away
	// (terraform-provider-aws, internal/service/ecs/service.go).
	if in.Alarms != nil {
		configuration.Alarms = &types.DeploymentAlarms{
			AlarmNames: in.Alarms.AlarmNames, Enable: in.Alarms.Enable, Rollback: in.Alarms.Rollback,
		}
	}
	return configuration
}

func describeService(ctx context.Context, client *api, cluster, name string) (types.Service, error) {
	found, err := client.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &cluster, Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil {
		return types.Service{}, err
	}
	if len(found.Services) == 0 || deref(found.Services[0].Status) == inactive {
		return types.Service{}, provider.ErrNotFound
	}
	return found.Services[0], nil
}
