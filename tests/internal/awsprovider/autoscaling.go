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

var autoscalingKinds = kinds{
	// It changes no tags: the emulator knows none of scalable targets, so they are in the state alone.
	&kind[scalableTarget]{
		Token:   "aws:appautoscaling/target:Target",
		Name:    "resourceId",
		ID:      "resourceId",
		Replace: []string{"serviceNamespace", "scalableDimension", "resourceId"},
		Rules:   rules{rule("minCapacity", provider.Between(0, 5000), scalableTargetDocs)},
		Check:   checkScalableTarget,
		// An import is given NAMESPACE/RESOURCE/DIMENSION (pulumi-aws, appautoscaling.Target, "Import").
		Import: func(_ context.Context, _ *api, id string, in *scalableTarget) (string, error) {
			in.ServiceNamespace, in.ScalableDimension = ecsNamespace, ecsDimension
			return strings.TrimSuffix(strings.TrimPrefix(id, ecsNamespace+"/"), "/"+ecsDimension), nil
		},
		Create: func(ctx context.Context, client *api, in *scalableTarget) (string, error) {
			return "", registerScalableTarget(ctx, client, in)
		},
		Read: readScalableTarget,
		Update: func(ctx context.Context, client *api, _ string, _, in *scalableTarget) error {
			untagged := *in
			untagged.Tags = nil
			return registerScalableTarget(ctx, client, &untagged)
		},
		Delete: func(ctx context.Context, client *api, _ string, in *scalableTarget) error {
			_, err := client.Autoscaling.DeregisterScalableTarget(ctx, expanded[applicationautoscaling.DeregisterScalableTargetInput](in))
			return err
		},
	},
	&kind[scalingPolicy]{
		Token:    "aws:appautoscaling/policy:Policy",
		Name:     "name",
		ID:       "name",
		Replace:  []string{"name", "serviceNamespace", "scalableDimension", "resourceId"},
		Defaults: map[string]any{"policyType": "StepScaling"},
		Rules:    scalingPolicyRules,
		Check:    checkScalingPolicy,
		Import:   importScalingPolicy,
		Put: func(ctx context.Context, client *api, in *scalingPolicy) error {
			request := expanded[applicationautoscaling.PutScalingPolicyInput](in)
			request.PolicyType = types.PolicyTypeStepScaling
			_, err := client.Autoscaling.PutScalingPolicy(ctx, request)
			return err
		},
		Read: readScalingPolicy,
		Delete: func(ctx context.Context, client *api, _ string, in *scalingPolicy) error {
			_, err := client.Autoscaling.DeleteScalingPolicy(ctx, expanded[applicationautoscaling.DeleteScalingPolicyInput](in))
			return err
		},
	},
}

const (
	ecsNamespace = "ecs"
	ecsDimension = "ecs:service:DesiredCount"
)

type scalableTarget struct {
	ServiceNamespace  string            `pulumi:"serviceNamespace"`
	ScalableDimension string            `pulumi:"scalableDimension"`
	ResourceID        string            `pulumi:"resourceId"`
	MinCapacity       int32             `pulumi:"minCapacity"`
	MaxCapacity       int32             `pulumi:"maxCapacity"`
	Tags              map[string]string `pulumi:"tags,optional"`
	ScalableTargetARN string            `pulumi:"arn,output"`
	RoleARN           string            `pulumi:"roleArn,output"`
}

const scalableTargetDocs = "Application Auto Scaling API reference, RegisterScalableTarget"

func checkScalableTarget(in *scalableTarget, problems *provider.Problems) {
	if problems.Known("minCapacity", "maxCapacity") && in.MaxCapacity < in.MinCapacity {
		problems.Refuse("maxCapacity", in.MaxCapacity, "must not be less than minCapacity ("+scalableTargetDocs+")")
	}
}

func readScalableTarget(ctx context.Context, client *api, id string, in *scalableTarget) error {
	request := expanded[applicationautoscaling.DescribeScalableTargetsInput](in)
	request.ResourceIds = []string{id}
	found, err := client.Autoscaling.DescribeScalableTargets(ctx, request)
	if err != nil {
		return err
	}
	observed, err := only(found.ScalableTargets)
	if err == nil {
		copyFields(observed, in)
	}
	return err
}

// registerScalableTarget creates or updates a scalable target, and does what AWS does then and the emulator does not: it
// moves the number of tasks between the two limits (Application Auto Scaling API reference, RegisterScalableTarget).
func registerScalableTarget(ctx context.Context, client *api, in *scalableTarget) error {
	if _, err := client.Autoscaling.RegisterScalableTarget(ctx, expanded[applicationautoscaling.RegisterScalableTargetInput](in)); err != nil {
		return err
	}
	parts := strings.Split(in.ResourceID, "/")
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
		if _, err := client.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: &cluster, Service: &service, DesiredCount: &within}); err != nil {
			return err
		}
	}
	return nil
}

type scalingPolicy struct {
	PolicyName                     string       `pulumi:"name"`
	PolicyType                     *string      `pulumi:"policyType,optional"`
	ServiceNamespace               string       `pulumi:"serviceNamespace"`
	ScalableDimension              string       `pulumi:"scalableDimension"`
	ResourceID                     string       `pulumi:"resourceId"`
	StepScalingPolicyConfiguration *stepScaling `pulumi:"stepScalingPolicyConfiguration,optional"`
	PolicyARN                      string       `pulumi:"arn,output"`
	AlarmArns                      []string     `pulumi:"alarmArns,output"`
}

type stepScaling struct {
	AdjustmentType        *string          `pulumi:"adjustmentType,optional"`
	Cooldown              *int32           `pulumi:"cooldown,optional"`
	MetricAggregationType *string          `pulumi:"metricAggregationType,optional"`
	StepAdjustments       []stepAdjustment `pulumi:"stepAdjustments,optional"`
}

type stepAdjustment struct {
	MetricIntervalLowerBound *string `pulumi:"metricIntervalLowerBound,optional"`
	MetricIntervalUpperBound *string `pulumi:"metricIntervalUpperBound,optional"`
	ScalingAdjustment        int32   `pulumi:"scalingAdjustment"`
}

const (
	scalingPolicyDocs = "Application Auto Scaling API reference, PutScalingPolicy"
	stepDocs          = "Application Auto Scaling API reference, StepAdjustment"
)

var number = provider.Satisfying("be a number", func(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
})

var scalingPolicyRules = rules{
	rule("name", provider.Length(1, 255), scalingPolicyDocs),
	rule("policyType", provider.OneOf("StepScaling"), "the program has no other"),
	rule("stepScalingPolicyConfiguration", provider.Stated(), scalingPolicyDocs),
	rule("stepScalingPolicyConfiguration.adjustmentType",
		provider.OneOf("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"), scalingPolicyDocs),
	rule("stepScalingPolicyConfiguration.metricAggregationType", provider.OneOf("Average", "Minimum", "Maximum"), scalingPolicyDocs),
	rule("stepScalingPolicyConfiguration.stepAdjustments", provider.Stated(), stepDocs),
	rule("stepScalingPolicyConfiguration.stepAdjustments", provider.Length(1, 20), stepDocs),
	rule("stepScalingPolicyConfiguration.stepAdjustments[].metricIntervalLowerBound", number, stepDocs),
	rule("stepScalingPolicyConfiguration.stepAdjustments[].metricIntervalUpperBound", number, stepDocs),
}

func checkScalingPolicy(in *scalingPolicy, problems *provider.Problems) {
	for i, step := range deref(in.StepScalingPolicyConfiguration).StepAdjustments {
		if step.MetricIntervalLowerBound == nil && step.MetricIntervalUpperBound == nil {
			problems.Refuse("stepScalingPolicyConfiguration.stepAdjustments["+strconv.Itoa(i)+"]", step.ScalingAdjustment,
				"must have a lower or an upper bound ("+stepDocs+")")
		}
	}
}

// importScalingPolicy is given NAMESPACE/RESOURCE/DIMENSION/NAME (pulumi-aws, appautoscaling.Policy, "Import"), or the
// name alone, which is the id.
func importScalingPolicy(ctx context.Context, client *api, id string, in *scalingPolicy) (string, error) {
	name := lastPart(id, "/")
	found, err := client.Autoscaling.DescribeScalingPolicies(ctx, &applicationautoscaling.DescribeScalingPoliciesInput{
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
	request := expanded[applicationautoscaling.DescribeScalingPoliciesInput](in)
	request.PolicyNames = []string{id}
	found, err := client.Autoscaling.DescribeScalingPolicies(ctx, request)
	if err != nil {
		return err
	}
	for _, observed := range found.ScalingPolicies {
		if deref(observed.PolicyName) != id || deref(observed.ResourceId) != in.ResourceID {
			continue
		}
		copyFields(observed, in)
		in.AlarmArns = []string{}
		for _, alarm := range observed.Alarms {
			in.AlarmArns = append(in.AlarmArns, deref(alarm.AlarmARN))
		}
		return nil
	}
	return provider.ErrNotFound
}
