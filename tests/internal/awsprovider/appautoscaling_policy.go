package awsprovider

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"mediaserver/tests/internal/provider"
)

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

var scalingPolicyName = textRule{1, 255, nil, ""}

// Rules: Application Auto Scaling API reference, PutScalingPolicy and
// StepAdjustment.
var appautoscalingPolicy = &kind[scalingPolicyInputs, scalingPolicyOutputs]{
	Token:    "aws:appautoscaling/policy:Policy",
	Name:     "name",
	Replace:  []string{"name", "serviceNamespace", "scalableDimension", "resourceId"},
	Defaults: map[string]any{"policyType": "StepScaling"},
	// An import is given NAMESPACE/RESOURCE/DIMENSION/NAME (pulumi-aws, appautoscaling.Policy, "Import").
	ImportID: func(_ context.Context, _ *api, id string) (string, error) { return lastPart(id, "/"), nil },
	Check:    checkScalingPolicy,
	Create: func(ctx context.Context, client *api, in *scalingPolicyInputs) (string, error) {
		return in.Name, putScalingPolicy(ctx, client, in)
	},
	Read: readScalingPolicy,
	Update: func(ctx context.Context, client *api, _ string, _, in *scalingPolicyInputs, _ *scalingPolicyOutputs) error {
		return putScalingPolicy(ctx, client, in)
	},
	Delete: deleteScalingPolicy,
}

func checkScalingPolicy(in *scalingPolicyInputs, problems *provider.Problems) {
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
}

func readScalingPolicy(ctx context.Context, client *api, id string, in *scalingPolicyInputs, out *scalingPolicyOutputs) error {
	request := &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: ecsNamespace, PolicyNames: []string{id},
	}
	importing := in.Namespace == ""
	if !importing {
		request.ServiceNamespace = types.ServiceNamespace(in.Namespace)
		request.ScalableDimension = types.ScalableDimension(in.Dimension)
		request.ResourceId = &in.ResourceID
	}
	found, err := client.Autoscaling.DescribeScalingPolicies(ctx, request)
	if err != nil {
		return err
	}
	for _, observed := range found.ScalingPolicies {
		if deref(observed.PolicyName) != id || !importing && deref(observed.ResourceId) != in.ResourceID {
			continue
		}
		in.Name, in.Namespace, in.Dimension = id, string(observed.ServiceNamespace), string(observed.ScalableDimension)
		observeRequired(&in.ResourceID, observed.ResourceId)
		policyType := string(observed.PolicyType)
		provider.Observe(&in.PolicyType, &policyType)
		if importing {
			in.Steps = observedSteps(observed.StepScalingPolicyConfiguration)
		}
		out.Arn, out.AlarmArns = deref(observed.PolicyARN), []string{}
		for _, alarm := range observed.Alarms {
			out.AlarmArns = append(out.AlarmArns, deref(alarm.AlarmARN))
		}
		return nil
	}
	return provider.ErrNotFound
}

func deleteScalingPolicy(ctx context.Context, client *api, id string, in *scalingPolicyInputs, _ *scalingPolicyOutputs) error {
	_, err := client.Autoscaling.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{
		PolicyName:        &id,
		ServiceNamespace:  types.ServiceNamespace(in.Namespace),
		ScalableDimension: types.ScalableDimension(in.Dimension),
		ResourceId:        &in.ResourceID,
	})
	return err
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
	_, err := client.Autoscaling.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{
		PolicyName:                     &in.Name,
		PolicyType:                     types.PolicyTypeStepScaling,
		ServiceNamespace:               types.ServiceNamespace(in.Namespace),
		ScalableDimension:              types.ScalableDimension(in.Dimension),
		ResourceId:                     &in.ResourceID,
		StepScalingPolicyConfiguration: configuration,
	})
	return err
}

// observedSteps are the steps as inputs. Nil where a policy has none.
func observedSteps(observed *types.StepScalingPolicyConfiguration) *stepScaling {
	if observed == nil {
		return nil
	}
	adjustmentType, aggregationType := string(observed.AdjustmentType), string(observed.MetricAggregationType)
	steps := &stepScaling{AdjustmentType: &adjustmentType, Cooldown: observed.Cooldown, AggregationType: &aggregationType}
	bound := func(value *float64) *string {
		if value == nil {
			return nil
		}
		text := strconv.FormatFloat(*value, 'g', -1, 64)
		return &text
	}
	for _, step := range observed.StepAdjustments {
		steps.Adjustments = append(steps.Adjustments, stepAdjustment{
			LowerBound: bound(step.MetricIntervalLowerBound), UpperBound: bound(step.MetricIntervalUpperBound),
			Adjustment: deref(step.ScalingAdjustment),
		})
	}
	return steps
}

// boundOf reads a bound, nil for none.
func boundOf(bound *string) (*float64, error) {
	if bound == nil {
		return nil, nil
	}
	value, err := strconv.ParseFloat(*bound, 64)
	return &value, err
}
