package awsprovider

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tests/internal/provider"
)

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
var ecsClusterCapacityProviders = &kind[capacityInputs, none]{
	Token:   "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
	Replace: []string{"clusterName"},
	Check:   checkCapacityProviders,
	Create: func(ctx context.Context, client *api, in *capacityInputs) (string, error) {
		return in.ClusterName, putCapacityProviders(ctx, client, in)
	},
	Read: readCapacityProviders,
	Update: func(ctx context.Context, client *api, _ string, _, in *capacityInputs, _ *none) error {
		return putCapacityProviders(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *capacityInputs, _ *none) error {
		return putCapacityProviders(ctx, client, &capacityInputs{ClusterName: id})
	},
}

func checkCapacityProviders(in *capacityInputs, problems *provider.Problems) {
	// terraform-provider-aws, internal/service/ecs/cluster_capacity_providers.go: a name, not an ARN.
	ecsName.check(problems, "clusterName", in.ClusterName)
	for i, strategy := range in.Strategies {
		path := "defaultCapacityProviderStrategies[" + strconv.Itoa(i) + "]"
		checkRange(problems, path+".weight", deref(strategy.Weight), 0, 1000)
		checkRange(problems, path+".base", deref(strategy.Base), 0, 100000)
		if problems.Known("capacityProviders") && !slices.Contains(in.Providers, strategy.Provider) {
			problems.Refuse(path+".capacityProvider", strategy.Provider, "must be one of capacityProviders")
		}
	}
}

func readCapacityProviders(ctx context.Context, client *api, id string, in *capacityInputs, _ *none) error {
	observed, err := describeCluster(ctx, client, id)
	if err != nil {
		return err
	}
	if len(observed.CapacityProviders) == 0 {
		return provider.ErrNotFound
	}
	if importing := in.ClusterName == ""; importing {
		for _, strategy := range observed.DefaultCapacityProviderStrategy {
			in.Strategies = append(in.Strategies, capacityStrategy{
				Provider: deref(strategy.CapacityProvider), Weight: &strategy.Weight, Base: &strategy.Base,
			})
		}
	}
	in.ClusterName = id
	observeSet(&in.Providers, observed.CapacityProviders)
	return nil
}

func putCapacityProviders(ctx context.Context, client *api, in *capacityInputs) error {
	_, err := client.ECS.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{
		Cluster:                         &in.ClusterName,
		CapacityProviders:               append([]string{}, in.Providers...),
		DefaultCapacityProviderStrategy: append([]types.CapacityProviderStrategyItem{}, strategyItems(in.Strategies)...),
	})
	return err
}

// strategyItems are strategies as the API takes them. Nil for none.
func strategyItems(strategies []capacityStrategy) []types.CapacityProviderStrategyItem {
	var items []types.CapacityProviderStrategyItem
	for _, strategy := range strategies {
		items = append(items, types.CapacityProviderStrategyItem{
			CapacityProvider: &strategy.Provider, Weight: deref(strategy.Weight), Base: deref(strategy.Base),
		})
	}
	return items
}
