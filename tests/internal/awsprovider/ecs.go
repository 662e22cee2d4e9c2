package awsprovider

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

var ecsKinds = kinds{
	&kind[cluster]{
		Token:    "aws:ecs/cluster:Cluster",
		Name:     "name",
		Replace:  []string{"name"},
		Computed: []string{"settings"},
		Rules:    clusterRules,
		// An import is given the name (pulumi-aws, ecs.Cluster, "Import").
		Import: func(ctx context.Context, client *api, id string, _ *cluster) (string, error) {
			observed, err := describeCluster(ctx, client, id)
			return deref(observed.ClusterArn), err
		},
		Create:  create[cluster]((*ecs.Client).CreateCluster, "Cluster", "ClusterArn"),
		Read:    readCluster,
		Update:  updateCluster,
		Delete:  remove[cluster]((*ecs.Client).DeleteCluster, "Cluster"),
		SetTags: tagECS, RemoveTags: untagECS,
	},
	&kind[capacity]{
		Token:   "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
		ID:      "clusterName",
		Replace: []string{"clusterName"},
		Rules:   capacityRules,
		Check:   checkCapacity,
		Put:     putCapacity,
		Read:    readCapacity,
		Delete: func(ctx context.Context, client *api, id string, _ *capacity) error {
			return putCapacity(ctx, client, &capacity{ClusterName: id})
		},
	},
	&kind[taskDefinition]{
		Token: "aws:ecs/taskDefinition:TaskDefinition",
		Replace: []string{
			"family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
			"executionRoleArn", "taskRoleArn", "runtimePlatform",
		},
		Rules:  taskDefinitionRules,
		Check:  checkTaskDefinition,
		Create: createTaskDefinition,
		Read:   readTaskDefinition,
		Delete: deleteTaskDefinition,
		TagBy:  "arn", SetTags: tagECS, RemoveTags: untagECS,
	},
	&kind[service]{
		Token:    "aws:ecs/service:Service",
		Name:     "name",
		Replace:  []string{"name", "cluster", "launchType", "capacityProviderStrategies"},
		Defaults: map[string]any{"enableExecuteCommand": false},
		Rules:    serviceRules,
		Check:    checkService,
		// An import is given CLUSTER/SERVICE (pulumi-aws, ecs.Service, "Import").
		Import: func(ctx context.Context, client *api, id string, in *service) (string, error) {
			observed, err := describeService(ctx, client, clusterOfService(id, ""), lastPart(id, "/"))
			in.Cluster = deref(observed.ClusterArn)
			return deref(observed.ServiceArn), err
		},
		Create: createService,
		Read:   readService,
		Update: updateService,
		Delete: func(ctx context.Context, client *api, id string, in *service) error {
			_, err := client.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{
				Cluster: aws.String(clusterOfService(id, in.Cluster)), Service: aws.String(lastPart(id, "/")), Force: aws.Bool(true),
			})
			return err
		},
		SetTags: tagECS, RemoveTags: untagECS,
	},
}

var tagECS, untagECS = tag((*ecs.Client).TagResource, "ResourceArn"), untag((*ecs.Client).UntagResource, "ResourceArn")

var ecsName = provider.Matching(`^[A-Za-z0-9_-]{1,255}$`, "have 1 to 255 letters, digits, underscores and hyphens")

// inactive is the state of clusters and services that are deleted and still reported for a while.
const inactive = "INACTIVE"

type cluster struct {
	ClusterName string            `pulumi:"name"`
	Settings    []clusterSetting  `pulumi:"settings,optional"`
	Tags        map[string]string `pulumi:"tags,optional"`
	ClusterArn  string            `pulumi:"arn,output"`
}

type clusterSetting struct {
	Name  string `pulumi:"name"`
	Value string `pulumi:"value"`
}

const clusterDocs = "Amazon ECS API reference, CreateCluster and ClusterSetting"

var clusterRules = rules{
	rule("name", ecsName, clusterDocs),
	rule("settings[].name", provider.OneOf("containerInsights"), clusterDocs),
	rule("settings[].value", provider.OneOf("enabled", "disabled", "enhanced"), clusterDocs),
}

func readCluster(ctx context.Context, client *api, id string, in *cluster) error {
	observed, err := describeCluster(ctx, client, id)
	if err == nil {
		copyFields(observed, in)
	}
	return err
}

func updateCluster(ctx context.Context, client *api, id string, old, in *cluster) error {
	if slices.Equal(old.Settings, in.Settings) {
		return nil
	}
	request := expanded[ecs.UpdateClusterInput](in)
	request.Cluster = &id
	_, err := client.ECS.UpdateCluster(ctx, request)
	return err
}

func describeCluster(ctx context.Context, client *api, name string) (types.Cluster, error) {
	found, err := client.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{name}, Include: []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	if err != nil {
		return types.Cluster{}, err
	}
	observed, err := only(found.Clusters)
	if deref(observed.Status) == inactive {
		return types.Cluster{}, provider.ErrNotFound
	}
	return observed, err
}

type capacity struct {
	ClusterName                     string     `pulumi:"clusterName"`
	CapacityProviders               []string   `pulumi:"capacityProviders,optional"`
	DefaultCapacityProviderStrategy []strategy `pulumi:"defaultCapacityProviderStrategies,optional"`
}

type strategy struct {
	CapacityProvider string `pulumi:"capacityProvider"`
	Weight           *int32 `pulumi:"weight,optional"`
	Base             *int32 `pulumi:"base,optional"`
}

const capacityDocs = "Amazon ECS API reference, CapacityProviderStrategyItem"

var capacityRules = rules{
	rule("clusterName", ecsName, "terraform-provider-aws, internal/service/ecs/cluster_capacity_providers.go: a name, not an ARN"),
	rule("defaultCapacityProviderStrategies[].weight", provider.Between(0, 1000), capacityDocs),
	rule("defaultCapacityProviderStrategies[].base", provider.Between(0, 100000), capacityDocs),
}

func checkCapacity(in *capacity, problems *provider.Problems) {
	for i, each := range in.DefaultCapacityProviderStrategy {
		if problems.Known("capacityProviders") && !slices.Contains(in.CapacityProviders, each.CapacityProvider) {
			problems.Refuse("defaultCapacityProviderStrategies["+strconv.Itoa(i)+"].capacityProvider", each.CapacityProvider,
				"must be one of capacityProviders ("+capacityDocs+")")
		}
	}
}

func readCapacity(ctx context.Context, client *api, id string, in *capacity) error {
	observed, err := describeCluster(ctx, client, id)
	if err != nil {
		return err
	}
	if len(observed.CapacityProviders) == 0 {
		return provider.ErrNotFound
	}
	copyFields(observed, in)
	return nil
}

// putCapacity states both lists, even where they are empty: the call demands them.
func putCapacity(ctx context.Context, client *api, in *capacity) error {
	request := expanded[ecs.PutClusterCapacityProvidersInput](in)
	request.Cluster = &in.ClusterName
	request.CapacityProviders = append([]string{}, request.CapacityProviders...)
	request.DefaultCapacityProviderStrategy = append([]types.CapacityProviderStrategyItem{}, request.DefaultCapacityProviderStrategy...)
	_, err := client.ECS.PutClusterCapacityProviders(ctx, request)
	return err
}

type service struct {
	ServiceName                   string                `pulumi:"name"`
	Cluster                       string                `pulumi:"cluster"`
	TaskDefinition                string                `pulumi:"taskDefinition"`
	DesiredCount                  *int32                `pulumi:"desiredCount,optional"`
	LaunchType                    *string               `pulumi:"launchType,optional"`
	CapacityProviderStrategy      []strategy            `pulumi:"capacityProviderStrategies,optional"`
	Network                       *serviceNetwork       `pulumi:"networkConfiguration,optional"`
	LoadBalancers                 []serviceLoadBalancer `pulumi:"loadBalancers,optional"`
	HealthCheckGracePeriodSeconds *int32                `pulumi:"healthCheckGracePeriodSeconds,optional"`
	MaximumPercent                *int32                `pulumi:"deploymentMaximumPercent,optional"`
	MinimumHealthyPercent         *int32                `pulumi:"deploymentMinimumHealthyPercent,optional"`
	DeploymentCircuitBreaker      *circuitBreaker       `pulumi:"deploymentCircuitBreaker,optional"`
	Alarms                        *deploymentAlarms     `pulumi:"alarms,optional"`
	AvailabilityZoneRebalancing   *string               `pulumi:"availabilityZoneRebalancing,optional"`
	EnableExecuteCommand          *bool                 `pulumi:"enableExecuteCommand,optional"`
	PropagateTags                 *string               `pulumi:"propagateTags,optional"`
	Tags                          map[string]string     `pulumi:"tags,optional"`
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

const (
	serviceDocs    = "Amazon ECS API reference, CreateService"
	deploymentDocs = "Amazon ECS API reference, DeploymentConfiguration"
)

var serviceRules = rules{
	rule("name", ecsName, serviceDocs),
	rule("desiredCount", provider.Between(0, 5000), "Amazon ECS developer guide, \"Amazon ECS service quotas\""),
	rule("launchType", provider.OneOf("EC2", "FARGATE", "EXTERNAL"), serviceDocs),
	rule("availabilityZoneRebalancing", provider.OneOf("ENABLED", "DISABLED"), serviceDocs),
	rule("propagateTags", provider.OneOf("SERVICE", "TASK_DEFINITION", "NONE"), serviceDocs),
	rule("deploymentMinimumHealthyPercent", provider.Between(0, 100), deploymentDocs),
	rule("alarms.alarmNames", provider.Length(1, 100), deploymentDocs),
}

func checkService(in *service, problems *provider.Problems) {
	if deref(in.LaunchType) == "FARGATE" && in.Network == nil {
		problems.Refuse("networkConfiguration", "", "must be stated, as FARGATE uses the network mode awsvpc ("+serviceDocs+")")
	}
	if breaker := deref(in.DeploymentCircuitBreaker); breaker.Rollback && !breaker.Enable {
		problems.Refuse("deploymentCircuitBreaker.rollback", true, "must be false while the circuit breaker is off ("+deploymentDocs+")")
	}
	most, least := in.MaximumPercent, in.MinimumHealthyPercent
	if most != nil && least != nil && *most <= *least && problems.Known("deploymentMaximumPercent", "deploymentMinimumHealthyPercent") {
		problems.Refuse("deploymentMaximumPercent", *most,
			"must be more than deploymentMinimumHealthyPercent, or no deployment can begin ("+deploymentDocs+")")
	}
}

func createService(ctx context.Context, client *api, in *service) (string, error) {
	request := expanded[ecs.CreateServiceInput](in)
	request.DesiredCount = aws.Int32(deref(in.DesiredCount))
	request.NetworkConfiguration, request.DeploymentConfiguration = in.network(), in.deployment()
	created, err := client.ECS.CreateService(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.Service.ServiceArn, nil
}

func readService(ctx context.Context, client *api, id string, in *service) error {
	observed, err := describeService(ctx, client, clusterOfService(id, in.Cluster), lastPart(id, "/"))
	if err != nil {
		return err
	}
	known := *in
	copyFields(observed, in)
	if len(observed.CapacityProviderStrategy) == 0 {
		in.CapacityProviderStrategy = known.CapacityProviderStrategy
	}
	if network := observed.NetworkConfiguration; network != nil && network.AwsvpcConfiguration != nil {
		in.Network = &serviceNetwork{
			Subnets: network.AwsvpcConfiguration.Subnets, SecurityGroups: network.AwsvpcConfiguration.SecurityGroups,
			AssignPublicIP: new(network.AwsvpcConfiguration.AssignPublicIp == types.AssignPublicIpEnabled),
		}
	}
	if observed.DeploymentConfiguration != nil {
		copyFields(observed.DeploymentConfiguration, in)
	}
	return nil
}

func updateService(ctx context.Context, client *api, _ string, old, in *service) error {
	request := expanded[ecs.UpdateServiceInput](in)
	request.Service = &in.ServiceName
	request.NetworkConfiguration, request.DeploymentConfiguration = in.network(), in.deployment()
	request.CapacityProviderStrategy = nil
	request.LoadBalancers = append([]types.LoadBalancer{}, request.LoadBalancers...)
	// Stating the count would undo what autoscaling has done since.
	request.DesiredCount = nil
	if deref(old.DesiredCount) != deref(in.DesiredCount) {
		request.DesiredCount = aws.Int32(deref(in.DesiredCount))
	}
	_, err := client.ECS.UpdateService(ctx, request)
	return err
}

func (s *service) network() *types.NetworkConfiguration {
	if s.Network == nil {
		return nil
	}
	public := types.AssignPublicIpDisabled
	if deref(s.Network.AssignPublicIP) {
		public = types.AssignPublicIpEnabled
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: s.Network.Subnets, SecurityGroups: s.Network.SecurityGroups, AssignPublicIp: public,
	}}
}

// deployment leaves out the alarms that are taken away, like the official provider (terraform-provider-aws,
// internal/service/ecs/service.go).
func (s *service) deployment() *types.DeploymentConfiguration {
	return expanded[types.DeploymentConfiguration](s)
}

// clusterOfService is the cluster that the inputs state, else the one in the id: an ARN, or CLUSTER/SERVICE for an
// import.
func clusterOfService(id, cluster string) string {
	parts := strings.Split(id, "/")
	if cluster != "" || len(parts) < 2 {
		return cluster
	}
	return parts[len(parts)-2]
}

func describeService(ctx context.Context, client *api, cluster, name string) (types.Service, error) {
	found, err := client.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &cluster, Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil {
		return types.Service{}, err
	}
	observed, err := only(found.Services)
	if deref(observed.Status) == inactive {
		return types.Service{}, provider.ErrNotFound
	}
	return observed, err
}
