package awsprovider

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

var ecsName = text{
	1, 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "only letters, digits, underscores and hyphens",
}

func ecsTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func ecsTags(tags []types.Tag) map[string]string {
	return tagMap(tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func tagECS(ctx context.Context, client *api, arn string, set map[string]string, remove []string) error {
	if len(set) > 0 {
		if _, err := client.ecs.TagResource(ctx, &ecs.TagResourceInput{
			ResourceArn: &arn, Tags: tagList(set, ecsTag),
		}); err != nil {
			return err
		}
	}
	if len(remove) == 0 {
		return nil
	}
	_, err := client.ecs.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: remove})
	return err
}

type clusterInputs struct {
	Name     string            `pulumi:"name"`
	Settings []clusterSetting  `pulumi:"settings,optional"`
	Tags     map[string]string `pulumi:"tags,optional"`
}

type clusterSetting struct {
	Name  string `pulumi:"name"`
	Value string `pulumi:"value"`
}

type clusterOutputs struct {
	Arn string `pulumi:"arn"`
}

// inactive is the state of clusters and services that are deleted and still
// reported for a while.
const inactive = "INACTIVE"

// Rules: Amazon ECS API reference, CreateCluster and ClusterSetting.
var cluster = &kind[clusterInputs, clusterOutputs]{
	Token:   "aws:ecs/cluster:Cluster",
	Name:    "name",
	Replace: []string{"name"},
	Check: func(in *clusterInputs, problems *provider.Problems) {
		ecsName.check(problems, "name", in.Name)
		for i, setting := range in.Settings {
			path := "settings[" + strconv.Itoa(i) + "]"
			checkOneOf(problems, path+".name", setting.Name, []string{"containerInsights"})
			checkOneOf(problems, path+".value", setting.Value, []string{"enabled", "disabled", "enhanced"})
		}
	},
	Find: func(ctx context.Context, client *api, in *clusterInputs) ([]string, error) {
		observed, err := describeCluster(ctx, client, in.Name)
		if err != nil {
			return nil, err
		}
		return []string{*observed.ClusterArn}, nil
	},
	Create: func(ctx context.Context, client *api, in *clusterInputs) (string, error) {
		created, err := client.ecs.CreateCluster(ctx, &ecs.CreateClusterInput{
			ClusterName: &in.Name, Settings: in.settings(), Tags: tagList(in.Tags, ecsTag),
		})
		if err != nil {
			return "", err
		}
		return *created.Cluster.ClusterArn, nil
	},
	Read: func(ctx context.Context, client *api, id string, in *clusterInputs, out *clusterOutputs) error {
		observed, err := describeCluster(ctx, client, id)
		if err != nil {
			return err
		}
		set(&in.Name, observed.ClusterName)
		in.Tags = ecsTags(observed.Tags)
		var settings []clusterSetting
		for _, setting := range in.Settings {
			for _, s := range observed.Settings {
				if string(s.Name) == setting.Name {
					settings = append(settings, clusterSetting{Name: setting.Name, Value: deref(s.Value)})
				}
			}
		}
		in.Settings = settings
		set(&out.Arn, observed.ClusterArn)
		return nil
	},
	Update: func(ctx context.Context, client *api, id string, old, in *clusterInputs, _ *clusterOutputs) error {
		if slices.Equal(old.Settings, in.Settings) {
			return nil
		}
		_, err := client.ecs.UpdateClusterSettings(ctx, &ecs.UpdateClusterSettingsInput{Cluster: &id, Settings: in.settings()})
		return err
	},
	Delete: func(ctx context.Context, client *api, id string, _ *clusterInputs, _ *clusterOutputs) error {
		_, err := client.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: &id})
		return err
	},
	Tag: func(ctx context.Context, client *api, _ string, out *clusterOutputs, set map[string]string, remove []string) error {
		return tagECS(ctx, client, out.Arn, set, remove)
	},
}

func (in *clusterInputs) settings() []types.ClusterSetting {
	var settings []types.ClusterSetting
	for _, setting := range in.Settings {
		settings = append(settings, types.ClusterSetting{
			Name: types.ClusterSettingName(setting.Name), Value: &setting.Value,
		})
	}
	return settings
}

func describeCluster(ctx context.Context, client *api, name string) (types.Cluster, error) {
	found, err := client.ecs.DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{name},
		Include:  []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	if err != nil {
		return types.Cluster{}, err
	}
	if len(found.Clusters) == 0 || deref(found.Clusters[0].Status) == inactive {
		return types.Cluster{}, provider.ErrNotFound
	}
	return found.Clusters[0], nil
}

type capacityInputs struct {
	ClusterName string             `pulumi:"clusterName"`
	Providers   []string           `pulumi:"capacityProviders,optional"`
	Strategies  []capacityStrategy `pulumi:"defaultCapacityProviderStrategies,optional"`
}

type capacityStrategy struct {
	Provider string `pulumi:"capacityProvider"`
	Weight   *int32 `pulumi:"weight,optional"`
	Base     *int32 `pulumi:"base,optional"`
}

// Rules: Amazon ECS API reference, CapacityProviderStrategyItem.
var clusterCapacityProviders = &kind[capacityInputs, none]{
	Token:   "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
	Replace: []string{"clusterName"},
	Check: func(in *capacityInputs, problems *provider.Problems) {
		for i, strategy := range in.Strategies {
			path := "defaultCapacityProviderStrategies[" + strconv.Itoa(i) + "]"
			checkRange(problems, path+".weight", deref(strategy.Weight), 0, 1000)
			checkRange(problems, path+".base", deref(strategy.Base), 0, 100000)
			if problems.Known("capacityProviders") && !slices.Contains(in.Providers, strategy.Provider) {
				problems.Refuse(path+".capacityProvider", strategy.Provider, "must be one of capacityProviders")
			}
		}
	},
	ID: func(in *capacityInputs) string { return in.ClusterName },
	Create: func(ctx context.Context, client *api, in *capacityInputs) (string, error) {
		return in.ClusterName, putCapacityProviders(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *capacityInputs, _ *none) error {
		observed, err := describeCluster(ctx, client, id)
		if err != nil {
			return err
		}
		if len(observed.CapacityProviders) == 0 {
			return provider.ErrNotFound
		}
		in.ClusterName = id
		observeSet(&in.Providers, observed.CapacityProviders)
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *capacityInputs, _ *none) error {
		return putCapacityProviders(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *capacityInputs, _ *none) error {
		return putCapacityProviders(ctx, client, &capacityInputs{ClusterName: id})
	},
}

func putCapacityProviders(ctx context.Context, client *api, in *capacityInputs) error {
	strategies := []types.CapacityProviderStrategyItem{}
	for _, strategy := range in.Strategies {
		strategies = append(strategies, types.CapacityProviderStrategyItem{
			CapacityProvider: &strategy.Provider, Weight: deref(strategy.Weight), Base: deref(strategy.Base),
		})
	}
	_, err := client.ecs.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{
		Cluster:                         &in.ClusterName,
		CapacityProviders:               append([]string{}, in.Providers...),
		DefaultCapacityProviderStrategy: strategies,
	})
	return err
}

type serviceInputs struct {
	Name                 string                `pulumi:"name"`
	Cluster              string                `pulumi:"cluster"`
	TaskDefinition       string                `pulumi:"taskDefinition"`
	DesiredCount         *int32                `pulumi:"desiredCount,optional"`
	LaunchType           *string               `pulumi:"launchType,optional"`
	Network              *serviceNetwork       `pulumi:"networkConfiguration,optional"`
	LoadBalancers        []serviceLoadBalancer `pulumi:"loadBalancers,optional"`
	GracePeriod          *int32                `pulumi:"healthCheckGracePeriodSeconds,optional"`
	MaximumPercent       *int32                `pulumi:"deploymentMaximumPercent,optional"`
	MinimumPercent       *int32                `pulumi:"deploymentMinimumHealthyPercent,optional"`
	CircuitBreaker       *circuitBreaker       `pulumi:"deploymentCircuitBreaker,optional"`
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

// service keeps what the emulator does not report, the deployment
// configuration and the exec flag, as the inputs say. Its Read therefore sees
// no drift of these.
//
// Rules: Amazon ECS API reference, CreateService and DeploymentConfiguration.
var service = &kind[serviceInputs, none]{
	Token:   "aws:ecs/service:Service",
	Name:    "name",
	Replace: []string{"name", "cluster", "launchType"},
	Check: func(in *serviceInputs, problems *provider.Problems) {
		ecsName.check(problems, "name", in.Name)
		checkRange(problems, "desiredCount", deref(in.DesiredCount), 0, 5000)
		if in.LaunchType != nil {
			checkOneOf(problems, "launchType", *in.LaunchType, []string{"EC2", "FARGATE", "EXTERNAL"})
			if *in.LaunchType == "FARGATE" && in.Network == nil {
				problems.Refuse("networkConfiguration", "", "must be stated, as FARGATE uses the network mode awsvpc")
			}
		}
		if in.PropagateTags != nil {
			checkOneOf(problems, "propagateTags", *in.PropagateTags, []string{"SERVICE", "TASK_DEFINITION", "NONE"})
		}
		if in.CircuitBreaker != nil && in.CircuitBreaker.Rollback && !in.CircuitBreaker.Enable {
			problems.Refuse("deploymentCircuitBreaker.rollback", true, "must be false while the circuit breaker is off")
		}
		checkDeploymentPercents(in, problems)
	},
	Find: func(ctx context.Context, client *api, in *serviceInputs) ([]string, error) {
		observed, err := describeService(ctx, client, in.Cluster, in.Name)
		if err != nil {
			return nil, err
		}
		return []string{*observed.ServiceArn}, nil
	},
	Create: func(ctx context.Context, client *api, in *serviceInputs) (string, error) {
		created, err := client.ecs.CreateService(ctx, &ecs.CreateServiceInput{
			ServiceName:                   &in.Name,
			Cluster:                       &in.Cluster,
			TaskDefinition:                &in.TaskDefinition,
			DesiredCount:                  aws.Int32(deref(in.DesiredCount)),
			LaunchType:                    types.LaunchType(deref(in.LaunchType)),
			NetworkConfiguration:          in.network(),
			LoadBalancers:                 in.loadBalancers(),
			HealthCheckGracePeriodSeconds: in.GracePeriod,
			DeploymentConfiguration:       in.deployment(),
			EnableExecuteCommand:          deref(in.EnableExecuteCommand),
			PropagateTags:                 types.PropagateTags(deref(in.PropagateTags)),
			Tags:                          tagList(in.Tags, ecsTag),
		})
		if err != nil {
			return "", err
		}
		return *created.Service.ServiceArn, nil
	},
	Read: func(ctx context.Context, client *api, id string, in *serviceInputs, _ *none) error {
		observed, err := describeService(ctx, client, clusterOfService(id, in.Cluster), lastPart(id, "/"))
		if err != nil {
			return err
		}
		set(&in.Name, observed.ServiceName)
		set(&in.TaskDefinition, observed.TaskDefinition)
		provider.Observe(&in.DesiredCount, &observed.DesiredCount)
		launchType := string(observed.LaunchType)
		provider.Observe(&in.LaunchType, &launchType)
		if importing := in.Cluster == ""; importing {
			set(&in.Cluster, observed.ClusterArn)
			in.LaunchType = &launchType
		}
		in.Tags = ecsTags(observed.Tags)
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, old, in *serviceInputs, _ *none) error {
		request := &ecs.UpdateServiceInput{
			Service:                       &in.Name,
			Cluster:                       &in.Cluster,
			TaskDefinition:                &in.TaskDefinition,
			NetworkConfiguration:          in.network(),
			LoadBalancers:                 in.loadBalancers(),
			HealthCheckGracePeriodSeconds: in.GracePeriod,
			DeploymentConfiguration:       in.deployment(),
			EnableExecuteCommand:          in.EnableExecuteCommand,
		}
		// Stating the count would undo what autoscaling has done since.
		if deref(old.DesiredCount) != deref(in.DesiredCount) {
			request.DesiredCount = aws.Int32(deref(in.DesiredCount))
		}
		_, err := client.ecs.UpdateService(ctx, request)
		return err
	},
	Delete: func(ctx context.Context, client *api, id string, in *serviceInputs, _ *none) error {
		_, err := client.ecs.DeleteService(ctx, &ecs.DeleteServiceInput{
			Cluster: aws.String(clusterOfService(id, in.Cluster)), Service: aws.String(lastPart(id, "/")), Force: aws.Bool(true),
		})
		return err
	},
	Tag: func(ctx context.Context, client *api, id string, _ *none, set map[string]string, remove []string) error {
		return tagECS(ctx, client, id, set, remove)
	},
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
	return configuration
}

func describeService(ctx context.Context, client *api, cluster, name string) (types.Service, error) {
	found, err := client.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{
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
