package awsprovider

import (
	"context"
	"strconv"
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

// What an import, which knows no more than an id, takes for granted.
const (
	ecsNamespace = "ecs"
	ecsDimension = "ecs:service:DesiredCount"
)

var scalableTarget = &kind[scalableTargetInputs, scalableTargetOutputs]{
	Token:   "aws:appautoscaling/target:Target",
	Name:    "resourceId",
	Replace: []string{"serviceNamespace", "scalableDimension", "resourceId"},
	Check: func(in *scalableTargetInputs, problems *provider.Problems) {
		if !problems.Known("minCapacity", "maxCapacity") {
			return
		}
		if in.MinCapacity < 0 {
			problems.Refuse("minCapacity", in.MinCapacity, "must not be negative")
		}
		if in.MaxCapacity < in.MinCapacity {
			problems.Refuse("maxCapacity", in.MaxCapacity, "must not be less than minCapacity")
		}
	},
	ID: func(in *scalableTargetInputs) string { return in.ResourceID },
	Create: func(ctx context.Context, client *api, in *scalableTargetInputs) (string, error) {
		return in.ResourceID, registerScalableTarget(ctx, client, in, in.Tags)
	},
	Read: func(ctx context.Context, client *api, id string, in *scalableTargetInputs, out *scalableTargetOutputs) error {
		if in.Namespace == "" {
			in.ResourceID, in.Namespace, in.Dimension = id, ecsNamespace, ecsDimension
		}
		found, err := client.autoscaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
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
		set(&in.MinCapacity, observed.MinCapacity)
		set(&in.MaxCapacity, observed.MaxCapacity)
		out.Arn, out.RoleArn = deref(observed.ScalableTargetARN), deref(observed.RoleARN)
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *scalableTargetInputs, _ *scalableTargetOutputs) error {
		return registerScalableTarget(ctx, client, in, nil)
	},
	Delete: func(ctx context.Context, client *api, id string, in *scalableTargetInputs, _ *scalableTargetOutputs) error {
		_, err := client.autoscaling.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
			ServiceNamespace:  types.ServiceNamespace(in.Namespace),
			ScalableDimension: types.ScalableDimension(in.Dimension),
			ResourceId:        &id,
		})
		return err
	},
	// The emulator knows no tags of scalable targets, so they are in the state
	// only once the target exists.
	Tag: func(context.Context, *api, string, *scalableTargetOutputs, map[string]string, []string) error {
		return nil
	},
}

// registerScalableTarget creates or updates a scalable target, and does what AWS does then and the emulator does
// not: it moves the number of tasks between the two limits (Application Auto Scaling API reference,
// RegisterScalableTarget).
func registerScalableTarget(ctx context.Context, client *api, in *scalableTargetInputs, tags map[string]string) error {
	_, err := client.autoscaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
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
	found, err := client.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if err != nil {
		return err
	}
	for _, each := range found.Services {
		within := min(max(each.DesiredCount, in.MinCapacity), in.MaxCapacity)
		if within == each.DesiredCount {
			continue
		}
		if _, err := client.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: &cluster, Service: &service, DesiredCount: &within}); err != nil {
			return err
		}
	}
	return nil
}

type scalingPolicyInputs struct {
	Name       string       `pulumi:"name"`
	PolicyType *string      `pulumi:"policyType,optional"`
	Namespace  string       `pulumi:"serviceNamespace"`
	Dimension  string       `pulumi:"scalableDimension"`
	ResourceID string       `pulumi:"resourceId"`
	Steps      *stepScaling `pulumi:"stepScalingPolicyConfiguration,optional"`
}

type stepScaling struct {
	AdjustmentType  *string          `pulumi:"adjustmentType,optional"`
	Cooldown        *int32           `pulumi:"cooldown,optional"`
	AggregationType *string          `pulumi:"metricAggregationType,optional"`
	Adjustments     []stepAdjustment `pulumi:"stepAdjustments,optional"`
}

type stepAdjustment struct {
	LowerBound *string `pulumi:"metricIntervalLowerBound,optional"`
	UpperBound *string `pulumi:"metricIntervalUpperBound,optional"`
	Adjustment int32   `pulumi:"scalingAdjustment"`
}

type scalingPolicyOutputs struct {
	Arn       string   `pulumi:"arn"`
	AlarmArns []string `pulumi:"alarmArns"`
}

var scalingPolicyName = text{1, 255, nil, ""}

// Rules: Application Auto Scaling API reference, PutScalingPolicy and
// StepAdjustment.
var scalingPolicy = &kind[scalingPolicyInputs, scalingPolicyOutputs]{
	Token:   "aws:appautoscaling/policy:Policy",
	Name:    "name",
	Replace: []string{"name", "serviceNamespace", "scalableDimension", "resourceId"},
	Check: func(in *scalingPolicyInputs, problems *provider.Problems) {
		scalingPolicyName.check(problems, "name", in.Name)
		if in.PolicyType != nil {
			checkOneOf(problems, "policyType", *in.PolicyType, []string{"StepScaling"})
		}
		if in.Steps == nil {
			problems.Refuse("stepScalingPolicyConfiguration", "", "must be stated for StepScaling")
			return
		}
		const path = "stepScalingPolicyConfiguration"
		if in.Steps.AdjustmentType != nil {
			checkOneOf(problems, path+".adjustmentType", *in.Steps.AdjustmentType,
				[]string{"ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"})
		}
		if in.Steps.AggregationType != nil {
			checkOneOf(problems, path+".metricAggregationType", *in.Steps.AggregationType, []string{"Average", "Minimum", "Maximum"})
		}
		if len(in.Steps.Adjustments) == 0 {
			problems.Refuse(path+".stepAdjustments", "", "must have at least one step")
		}
		for i, step := range in.Steps.Adjustments {
			at := path + ".stepAdjustments[" + strconv.Itoa(i) + "]"
			if step.LowerBound == nil && step.UpperBound == nil {
				problems.Refuse(at, step.Adjustment, "must have a lower or an upper bound")
			}
			for property, bound := range map[string]*string{
				"metricIntervalLowerBound": step.LowerBound, "metricIntervalUpperBound": step.UpperBound,
			} {
				if _, err := boundOf(bound); err != nil {
					problems.Refuse(at+"."+property, deref(bound), "must be a number")
				}
			}
		}
	},
	ID: func(in *scalingPolicyInputs) string { return in.Name },
	Create: func(ctx context.Context, client *api, in *scalingPolicyInputs) (string, error) {
		return in.Name, putScalingPolicy(ctx, client, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *scalingPolicyInputs, out *scalingPolicyOutputs) error {
		request := &applicationautoscaling.DescribeScalingPoliciesInput{
			ServiceNamespace: ecsNamespace, PolicyNames: []string{id},
		}
		importing := in.Namespace == ""
		if !importing {
			request.ServiceNamespace = types.ServiceNamespace(in.Namespace)
			request.ScalableDimension = types.ScalableDimension(in.Dimension)
			request.ResourceId = &in.ResourceID
		}
		found, err := client.autoscaling.DescribeScalingPolicies(ctx, request)
		if err != nil {
			return err
		}
		for _, observed := range found.ScalingPolicies {
			if deref(observed.PolicyName) != id || !importing && deref(observed.ResourceId) != in.ResourceID {
				continue
			}
			in.Name, in.Namespace, in.Dimension = id, string(observed.ServiceNamespace), string(observed.ScalableDimension)
			set(&in.ResourceID, observed.ResourceId)
			policyType := string(observed.PolicyType)
			provider.Observe(&in.PolicyType, &policyType)
			out.Arn, out.AlarmArns = deref(observed.PolicyARN), []string{}
			for _, alarm := range observed.Alarms {
				out.AlarmArns = append(out.AlarmArns, deref(alarm.AlarmARN))
			}
			return nil
		}
		return provider.ErrNotFound
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *scalingPolicyInputs, _ *scalingPolicyOutputs) error {
		return putScalingPolicy(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, in *scalingPolicyInputs, _ *scalingPolicyOutputs) error {
		_, err := client.autoscaling.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{
			PolicyName:        &id,
			ServiceNamespace:  types.ServiceNamespace(in.Namespace),
			ScalableDimension: types.ScalableDimension(in.Dimension),
			ResourceId:        &in.ResourceID,
		})
		return err
	},
}

func putScalingPolicy(ctx context.Context, client *api, in *scalingPolicyInputs) error {
	configuration := &types.StepScalingPolicyConfiguration{
		AdjustmentType:        types.AdjustmentType(deref(in.Steps.AdjustmentType)),
		Cooldown:              in.Steps.Cooldown,
		MetricAggregationType: types.MetricAggregationType(deref(in.Steps.AggregationType)),
	}
	for _, step := range in.Steps.Adjustments {
		lower, err := boundOf(step.LowerBound)
		if err != nil {
			return err
		}
		upper, err := boundOf(step.UpperBound)
		if err != nil {
			return err
		}
		configuration.StepAdjustments = append(configuration.StepAdjustments, types.StepAdjustment{
			MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment: &step.Adjustment,
		})
	}
	_, err := client.autoscaling.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{
		PolicyName:                     &in.Name,
		PolicyType:                     types.PolicyTypeStepScaling,
		ServiceNamespace:               types.ServiceNamespace(in.Namespace),
		ScalableDimension:              types.ScalableDimension(in.Dimension),
		ResourceId:                     &in.ResourceID,
		StepScalingPolicyConfiguration: configuration,
	})
	return err
}

// boundOf reads a bound, nil for none.
func boundOf(bound *string) (*float64, error) {
	if bound == nil {
		return nil, nil
	}
	value, err := strconv.ParseFloat(*bound, 64)
	return &value, err
}
