package awsprovider

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

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
var ecsCluster = &kind[clusterInputs, clusterOutputs]{
	Token:    "aws:ecs/cluster:Cluster",
	Name:     "name",
	Replace:  []string{"name"},
	Computed: []string{"settings"},
	// An import is given the name (pulumi-aws, ecs.Cluster, "Import").
	ImportID: func(ctx context.Context, client *api, id string) (string, error) {
		observed, err := describeCluster(ctx, client, id)
		return deref(observed.ClusterArn), err
	},
	Check:  checkCluster,
	Create: createCluster,
	Read:   readCluster,
	Update: updateCluster,
	Delete: func(ctx context.Context, client *api, id string, _ *clusterInputs, _ *clusterOutputs) error {
		_, err := client.ECS.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: &id})
		return err
	},
	SetTags: func(ctx context.Context, client *api, _ string, out *clusterOutputs, tags map[string]string) error {
		return setECSTags(ctx, client, out.Arn, tags)
	},
	RemoveTags: func(ctx context.Context, client *api, _ string, out *clusterOutputs, keys []string) error {
		return removeECSTags(ctx, client, out.Arn, keys)
	},
}

func checkCluster(in *clusterInputs, problems *provider.Problems) {
	ecsName.check(problems, "name", in.Name)
	for i, setting := range in.Settings {
		path := "settings[" + strconv.Itoa(i) + "]"
		checkOneOf(problems, path+".name", setting.Name, []string{"containerInsights"})
		checkOneOf(problems, path+".value", setting.Value, []string{"enabled", "disabled", "enhanced"})
	}
}

func createCluster(ctx context.Context, client *api, in *clusterInputs) (string, error) {
	created, err := client.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{
		ClusterName: &in.Name, Settings: in.settings(), Tags: tagList(in.Tags, ecsTag),
	})
	if err != nil {
		return "", err
	}
	return *created.Cluster.ClusterArn, nil
}

func readCluster(ctx context.Context, client *api, id string, in *clusterInputs, out *clusterOutputs) error {
	observed, err := describeCluster(ctx, client, id)
	if err != nil {
		return err
	}
	if importing := in.Name == ""; importing {
		for _, s := range observed.Settings {
			in.Settings = append(in.Settings, clusterSetting{Name: string(s.Name), Value: deref(s.Value)})
		}
	}
	observeRequired(&in.Name, observed.ClusterName)
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
	observeRequired(&out.Arn, observed.ClusterArn)
	return nil
}

func updateCluster(ctx context.Context, client *api, id string, old, in *clusterInputs, _ *clusterOutputs) error {
	if slices.Equal(old.Settings, in.Settings) {
		return nil
	}
	_, err := client.ECS.UpdateCluster(ctx, &ecs.UpdateClusterInput{Cluster: &id, Settings: in.settings()})
	return err
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
	found, err := client.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{
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
