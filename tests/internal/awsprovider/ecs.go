package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

var ecsKinds = kinds{
	&kind[cluster]{
		Token: "aws:ecs/cluster:Cluster",
		// An import is given the name (pulumi-aws, ecs.Cluster, "Import").
		Import: func(ctx context.Context, client *api, id string, _ *cluster) (string, error) {
			observed, err := describeCluster(ctx, client, id)
			return deref(observed.ClusterArn), err
		},
		Create: create[cluster]((*ecs.Client).CreateCluster, "Cluster", "ClusterArn"),
		Read: func(ctx context.Context, client *api, id string, in *cluster) error {
			observed, err := describeCluster(ctx, client, id)
			copyFields(observed, in)
			return err
		},
		Update: func(ctx context.Context, client *api, id string, old, in *cluster) error {
			if slices.Equal(old.Settings, in.Settings) {
				return nil
			}
			_, err := callWith(ctx, client, (*ecs.Client).UpdateCluster, "Cluster", id, in)
			return err
		},
		Delete: remove[cluster]((*ecs.Client).DeleteCluster, "Cluster"),
		Tags:   tagging("", "ResourceArn", (*ecs.Client).TagResource, (*ecs.Client).UntagResource, nil),
	},
	&kind[capacity]{
		Token: "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
		Put:   putCapacity,
		Read: func(ctx context.Context, client *api, id string, in *capacity) error {
			observed, err := describeCluster(ctx, client, id)
			if err == nil && len(observed.CapacityProviders) == 0 {
				err = provider.ErrNotFound
			}
			copyFields(observed, in)
			return err
		},
		Delete: func(ctx context.Context, client *api, id string, _ *capacity) error {
			return putCapacity(ctx, client, &capacity{ClusterName: id})
		},
	},
	&kind[taskDefinition]{
		Token:  "aws:ecs/taskDefinition:TaskDefinition",
		Check:  checkContainers,
		Create: createTaskDefinition,
		Read:   readTaskDefinition,
		Delete: deleteTaskDefinition,
		Tags:   tagging("arn", "ResourceArn", (*ecs.Client).TagResource, (*ecs.Client).UntagResource, nil),
	},
	&kind[service]{
		Token: "aws:ecs/service:Service",
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
		Tags: tagging("", "ResourceArn", (*ecs.Client).TagResource, (*ecs.Client).UntagResource, nil),
	},
}

// inactive is the state of clusters and services that are deleted and still reported for a while.
const inactive = "INACTIVE"

type cluster struct {
	ClusterName string            `json:"name" pulumi:"name,replace"`
	Settings    []clusterSetting  `json:"settings" pulumi:"computed"`
	Tags        map[string]string `json:"tags"`
	ClusterArn  string            `json:"arn" pulumi:"output"`
}

type clusterSetting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func describeCluster(ctx context.Context, client *api, name string) (types.Cluster, error) {
	found, err := client.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{name}, Include: []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	if err != nil {
		return types.Cluster{}, err
	}
	if len(found.Clusters) == 0 || deref(found.Clusters[0].Status) == inactive {
		return types.Cluster{}, provider.ErrNotFound
	}
	return found.Clusters[0], nil
}

type capacity struct {
	ClusterName                     string     `json:"clusterName" pulumi:"id"`
	CapacityProviders               []string   `json:"capacityProviders"`
	DefaultCapacityProviderStrategy []strategy `json:"defaultCapacityProviderStrategies"`
}

type strategy struct {
	CapacityProvider string `json:"capacityProvider"`
	Weight           *int32 `json:"weight"`
	Base             *int32 `json:"base"`
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

// taskDefinition is a revision. The id is the family, as with the official plugin, so what tells revisions apart is the
// ARN among the outputs.
type taskDefinition struct {
	Family                  string            `json:"family" pulumi:"replace"`
	Containers              string            `json:"containerDefinitions" pulumi:"replace"`
	CPU                     *string           `json:"cpu" pulumi:"replace"`
	Memory                  *string           `json:"memory" pulumi:"replace"`
	NetworkMode             *string           `json:"networkMode" pulumi:"replace"`
	RequiresCompatibilities []string          `json:"requiresCompatibilities" pulumi:"replace"`
	ExecutionRoleArn        *string           `json:"executionRoleArn" pulumi:"replace"`
	TaskRoleArn             *string           `json:"taskRoleArn" pulumi:"replace"`
	RuntimePlatform         *platform         `json:"runtimePlatform" pulumi:"replace"`
	SkipDestroy             *bool             `json:"skipDestroy"`
	Tags                    map[string]string `json:"tags"`
	Arn                     string            `json:"arn" pulumi:"output"`
	Revision                int32             `json:"revision" pulumi:"output"`
}

type platform struct {
	CPUArchitecture       *string `json:"cpuArchitecture"`
	OperatingSystemFamily *string `json:"operatingSystemFamily"`
}

// checkContainers refuses fields that definitions of containers do not have, which the official provider would drop.
func checkContainers(in *taskDefinition, problems *provider.Problems) {
	decoder := json.NewDecoder(strings.NewReader(in.Containers))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(new([]types.ContainerDefinition)); err != nil {
		problems.Refuse("containerDefinitions", in.Containers, "must be container definitions: "+err.Error())
	}
}

func createTaskDefinition(ctx context.Context, client *api, in *taskDefinition) (string, error) {
	request := expanded[ecs.RegisterTaskDefinitionInput](in)
	if err := json.Unmarshal([]byte(in.Containers), &request.ContainerDefinitions); err != nil {
		return "", fmt.Errorf("containerDefinitions: %w", err)
	}
	if _, err := client.ECS.RegisterTaskDefinition(ctx, request); err != nil {
		return "", err
	}
	return in.Family, nil
}

func readTaskDefinition(ctx context.Context, client *api, id string, in *taskDefinition) error {
	if in.Arn != "" {
		id = in.Arn
	}
	found, err := client.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &id, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	if err != nil {
		return err
	}
	observed := found.TaskDefinition
	if observed.Status == types.TaskDefinitionStatusInactive {
		return provider.ErrNotFound
	}
	in.Family, in.Tags = deref(observed.Family), tagsOf(found.Tags)
	in.Arn, in.Revision = deref(observed.TaskDefinitionArn), observed.Revision
	return nil
}

func deleteTaskDefinition(ctx context.Context, client *api, _ string, in *taskDefinition) error {
	// As in the official plugin, the revision then stays registered.
	if deref(in.SkipDestroy) {
		return nil
	}
	_, err := client.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &in.Arn})
	return err
}

type service struct {
	ServiceName                   string                `json:"name" pulumi:"name,replace"`
	Cluster                       string                `json:"cluster" pulumi:"replace"`
	TaskDefinition                string                `json:"taskDefinition"`
	DesiredCount                  *int32                `json:"desiredCount"`
	LaunchType                    *string               `json:"launchType" pulumi:"replace"`
	CapacityProviderStrategy      []strategy            `json:"capacityProviderStrategies" pulumi:"replace"`
	Network                       *serviceNetwork       `json:"networkConfiguration"`
	LoadBalancers                 []serviceLoadBalancer `json:"loadBalancers"`
	HealthCheckGracePeriodSeconds *int32                `json:"healthCheckGracePeriodSeconds"`
	MaximumPercent                *int32                `json:"deploymentMaximumPercent"`
	MinimumHealthyPercent         *int32                `json:"deploymentMinimumHealthyPercent"`
	DeploymentCircuitBreaker      *circuitBreaker       `json:"deploymentCircuitBreaker"`
	Alarms                        *deploymentAlarms     `json:"alarms"`
	AvailabilityZoneRebalancing   *string               `json:"availabilityZoneRebalancing"`
	EnableExecuteCommand          *bool                 `json:"enableExecuteCommand" default:"false"`
	PropagateTags                 *string               `json:"propagateTags"`
	Tags                          map[string]string     `json:"tags"`
}

type serviceNetwork struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	Public         *bool    `json:"assignPublicIp"`
}

type serviceLoadBalancer struct {
	TargetGroupArn string `json:"targetGroupArn"`
	ContainerName  string `json:"containerName"`
	ContainerPort  int32  `json:"containerPort"`
}

type circuitBreaker struct {
	Enable   bool `json:"enable"`
	Rollback bool `json:"rollback"`
}

// deploymentAlarms are the alarms during which a deployment is given up.
type deploymentAlarms struct {
	AlarmNames []string `json:"alarmNames"`
	Enable     bool     `json:"enable"`
	Rollback   bool     `json:"rollback"`
}

func createService(ctx context.Context, client *api, in *service) (string, error) {
	request := expanded[ecs.CreateServiceInput](in)
	request.DesiredCount = aws.Int32(deref(in.DesiredCount))
	request.NetworkConfiguration, request.DeploymentConfiguration = in.network(), expanded[types.DeploymentConfiguration](in)
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
		in.Network = expanded[serviceNetwork](network.AwsvpcConfiguration)
		in.Network.Public = new(network.AwsvpcConfiguration.AssignPublicIp == types.AssignPublicIpEnabled)
	}
	if observed.DeploymentConfiguration != nil {
		copyFields(observed.DeploymentConfiguration, in)
	}
	return nil
}

func updateService(ctx context.Context, client *api, _ string, old, in *service) error {
	request := expanded[ecs.UpdateServiceInput](in)
	request.Service = &in.ServiceName
	request.NetworkConfiguration, request.DeploymentConfiguration = in.network(), expanded[types.DeploymentConfiguration](in)
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
	network := expanded[types.AwsVpcConfiguration](s.Network)
	network.AssignPublicIp = types.AssignPublicIpDisabled
	if deref(s.Network.Public) {
		network.AssignPublicIp = types.AssignPublicIpEnabled
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: network}
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
	if len(found.Services) == 0 || deref(found.Services[0].Status) == inactive {
		return types.Service{}, provider.ErrNotFound
	}
	return found.Services[0], nil
}
