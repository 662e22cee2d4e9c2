package awsprovider

import (
	"context"
	"strings"

	autoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"mediaserver/tests/internal/provider"
)

var autoscalingKinds = kinds{
	// It changes no tags: the emulator knows none of scalable targets, so they are in the state alone.
	&kind[scalableTarget]{
		Token: "aws:appautoscaling/target:Target",
		// An import is given NAMESPACE/RESOURCE/DIMENSION (pulumi-aws, appautoscaling.Target, "Import").
		Import: func(_ context.Context, _ *api, id string, in *scalableTarget) (string, error) {
			in.ServiceNamespace, in.ScalableDimension = ecsNamespace, ecsDimension
			return strings.TrimSuffix(strings.TrimPrefix(id, ecsNamespace+"/"), "/"+ecsDimension), nil
		},
		Create: create[scalableTarget]((*autoscaling.Client).RegisterScalableTarget),
		Read: func(ctx context.Context, client *api, id string, in *scalableTarget) error {
			found, err := callWith(ctx, client, (*autoscaling.Client).DescribeScalableTargets, "ResourceIds", id, in)
			if err != nil {
				return err
			}
			observed, err := at[types.ScalableTarget](found, "ScalableTargets")
			copyFields(observed, in)
			return err
		},
		// A registration that changes one names no tags.
		Update: func(ctx context.Context, client *api, _ string, _, in *scalableTarget) error {
			untagged := *in
			untagged.Tags = nil
			return put[scalableTarget]((*autoscaling.Client).RegisterScalableTarget)(ctx, client, &untagged)
		},
		Complete: keepWithinCapacity,
		Delete: func(ctx context.Context, client *api, _ string, in *scalableTarget) error {
			return put[scalableTarget]((*autoscaling.Client).DeregisterScalableTarget)(ctx, client, in)
		},
	},
	&kind[scalingPolicy]{
		Token:  "aws:appautoscaling/policy:Policy",
		Import: importScalingPolicy,
		Put:    put[scalingPolicy]((*autoscaling.Client).PutScalingPolicy),
		Read:   readScalingPolicy,
		Delete: func(ctx context.Context, client *api, _ string, in *scalingPolicy) error {
			return put[scalingPolicy]((*autoscaling.Client).DeleteScalingPolicy)(ctx, client, in)
		},
	},
}

const (
	ecsNamespace = "ecs"
	ecsDimension = "ecs:service:DesiredCount"
)

type scalableTarget struct {
	ServiceNamespace  string            `json:"serviceNamespace" pulumi:"replace"`
	ScalableDimension string            `json:"scalableDimension" pulumi:"replace"`
	ResourceID        string            `json:"resourceId" pulumi:"id"`
	MinCapacity       int32             `json:"minCapacity"`
	MaxCapacity       int32             `json:"maxCapacity"`
	Tags              map[string]string `json:"tags"`
	ScalableTargetARN string            `json:"arn" pulumi:"output"`
}

// keepWithinCapacity does what AWS does and the emulator does not: it moves the number of tasks between the two limits
// (Application Auto Scaling API reference, RegisterScalableTarget).
func keepWithinCapacity(ctx context.Context, client *api, id string, in *scalableTarget) error {
	parts := strings.Split(id, "/")
	if in.ScalableDimension != ecsDimension || len(parts) != 3 {
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
		request := &ecs.UpdateServiceInput{Cluster: &cluster, Service: &service, DesiredCount: &within}
		if _, err := client.ECS.UpdateService(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

type scalingPolicy struct {
	PolicyName                     string       `json:"name" pulumi:"id"`
	PolicyType                     *string      `json:"policyType" default:"StepScaling"`
	ServiceNamespace               string       `json:"serviceNamespace" pulumi:"replace"`
	ScalableDimension              string       `json:"scalableDimension" pulumi:"replace"`
	ResourceID                     string       `json:"resourceId" pulumi:"replace"`
	StepScalingPolicyConfiguration *stepScaling `json:"stepScalingPolicyConfiguration"`
	PolicyARN                      string       `json:"arn" pulumi:"output"`
}

type stepScaling struct {
	AdjustmentType        *string          `json:"adjustmentType"`
	Cooldown              *int32           `json:"cooldown"`
	MetricAggregationType *string          `json:"metricAggregationType"`
	StepAdjustments       []stepAdjustment `json:"stepAdjustments"`
}

type stepAdjustment struct {
	MetricIntervalLowerBound *string `json:"metricIntervalLowerBound"`
	MetricIntervalUpperBound *string `json:"metricIntervalUpperBound"`
	ScalingAdjustment        int32   `json:"scalingAdjustment"`
}

// importScalingPolicy is given NAMESPACE/RESOURCE/DIMENSION/NAME (pulumi-aws, appautoscaling.Policy, "Import"), or the
// name alone, which is the id.
func importScalingPolicy(ctx context.Context, client *api, id string, in *scalingPolicy) (string, error) {
	name := lastPart(id, "/")
	found, err := client.Autoscaling.DescribeScalingPolicies(ctx, &autoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: ecsNamespace, PolicyNames: []string{name},
	})
	if err != nil {
		return "", err
	}
	for _, each := range found.ScalingPolicies {
		if deref(each.PolicyName) == name && (name == id || strings.Contains(id, "/"+deref(each.ResourceId)+"/")) {
			copyFields(each, in)
		}
	}
	return name, nil
}

func readScalingPolicy(ctx context.Context, client *api, id string, in *scalingPolicy) error {
	if in.ResourceID == "" {
		return provider.ErrNotFound
	}
	found, err := callWith(ctx, client, (*autoscaling.Client).DescribeScalingPolicies, "PolicyNames", id, in)
	if err != nil {
		return err
	}
	for _, observed := range found.(*autoscaling.DescribeScalingPoliciesOutput).ScalingPolicies {
		if deref(observed.PolicyName) == id && deref(observed.ResourceId) == in.ResourceID {
			copyFields(observed, in)
			return nil
		}
	}
	return provider.ErrNotFound
}
