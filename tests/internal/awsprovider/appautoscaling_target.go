package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"mediaserver/tests/internal/provider"
)

type scalableTargetInputs struct {
	Namespace   string            `pulumi:"serviceNamespace"`
	Dimension   string            `pulumi:"scalableDimension"`
	ResourceID  string            `pulumi:"resourceId"`
	MinCapacity int32             `pulumi:"minCapacity"`
	MaxCapacity int32             `pulumi:"maxCapacity"`
	Tags        map[string]string `pulumi:"tags,optional"`
}

type scalableTargetOutputs struct {
	Arn     string `pulumi:"arn"`
	RoleArn string `pulumi:"roleArn"`
}

const (
	ecsNamespace = "ecs"
	ecsDimension = "ecs:service:DesiredCount"
)

// appautoscalingTarget changes no tags: the emulator knows none of scalable
// targets, so they are in the state alone.
var appautoscalingTarget = &kind[scalableTargetInputs, scalableTargetOutputs]{
	Token:   "aws:appautoscaling/target:Target",
	Name:    "resourceId",
	Replace: []string{"serviceNamespace", "scalableDimension", "resourceId"},
	// An import is given NAMESPACE/RESOURCE/DIMENSION (pulumi-aws, appautoscaling.Target, "Import").
	ImportID: func(_ context.Context, _ *api, id string) (string, error) {
		return strings.TrimSuffix(strings.TrimPrefix(id, ecsNamespace+"/"), "/"+ecsDimension), nil
	},
	Check: checkScalableTarget,
	Create: func(ctx context.Context, client *api, in *scalableTargetInputs) (string, error) {
		return in.ResourceID, registerScalableTarget(ctx, client, in, in.Tags)
	},
	Read: readScalableTarget,
	Update: func(ctx context.Context, client *api, _ string, _, in *scalableTargetInputs, _ *scalableTargetOutputs) error {
		return registerScalableTarget(ctx, client, in, nil)
	},
	Delete: deleteScalableTarget,
}

func checkScalableTarget(in *scalableTargetInputs, problems *provider.Problems) {
	if !problems.Known("minCapacity", "maxCapacity") {
		return
	}
	if in.MinCapacity < 0 {
		problems.Refuse("minCapacity", in.MinCapacity, "must not be negative")
	}
	if in.MaxCapacity < in.MinCapacity {
		problems.Refuse("maxCapacity", in.MaxCapacity, "must not be less than minCapacity")
	}
}

func readScalableTarget(ctx context.Context, client *api, id string, in *scalableTargetInputs, out *scalableTargetOutputs) error {
	if in.Namespace == "" {
		in.ResourceID, in.Namespace, in.Dimension = id, ecsNamespace, ecsDimension
	}
	found, err := client.Autoscaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace:  types.ServiceNamespace(in.Namespace),
		ScalableDimension: types.ScalableDimension(in.Dimension),
		ResourceIds:       []string{id},
	})
	if err != nil {
		return err
	}
	if len(found.ScalableTargets) == 0 {
		return provider.ErrNotFound
	}
	observed := found.ScalableTargets[0]
	observeRequired(&in.MinCapacity, observed.MinCapacity)
	observeRequired(&in.MaxCapacity, observed.MaxCapacity)
	out.Arn, out.RoleArn = deref(observed.ScalableTargetARN), deref(observed.RoleARN)
	return nil
}

func deleteScalableTarget(ctx context.Context, client *api, id string, in *scalableTargetInputs, _ *scalableTargetOutputs) error {
	_, err := client.Autoscaling.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace:  types.ServiceNamespace(in.Namespace),
		ScalableDimension: types.ScalableDimension(in.Dimension),
		ResourceId:        &id,
	})
	return err
}

// registerScalableTarget creates or updates a scalable target, and does what AWS does then and the emulator does
// not: it moves the number of tasks between the two limits (Application Auto Scaling API reference,
// RegisterScalableTarget).
func registerScalableTarget(ctx context.Context, client *api, in *scalableTargetInputs, tags map[string]string) error {
	_, err := client.Autoscaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace:  types.ServiceNamespace(in.Namespace),
		ScalableDimension: types.ScalableDimension(in.Dimension),
		ResourceId:        &in.ResourceID,
		MinCapacity:       &in.MinCapacity,
		MaxCapacity:       &in.MaxCapacity,
		Tags:              tags,
	})
	if err != nil {
		return err
	}
	parts := strings.Split(in.ResourceID, "/")
	if in.Dimension != ecsDimension || len(parts) != 3 {
		return nil
	}
	cluster, service := parts[1], parts[2]
	found, err := client.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return err
	}
	for _, each := range found.Services {
		within := min(max(each.DesiredCount, in.MinCapacity), in.MaxCapacity)
		if within == each.DesiredCount {
			continue
		}
		if _, err := client.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: &cluster, Service: &service, DesiredCount: &within}); err != nil {
			return err
		}
	}
	return nil
}
