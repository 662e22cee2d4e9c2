package awsprovider

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

type targetGroupInputs struct {
	Name                string            `pulumi:"name"`
	Port                int32             `pulumi:"port"`
	Protocol            string            `pulumi:"protocol"`
	TargetType          *string           `pulumi:"targetType,optional"`
	VpcID               string            `pulumi:"vpcId"`
	DeregistrationDelay *int32            `pulumi:"deregistrationDelay,optional"`
	HealthCheck         *healthCheck      `pulumi:"healthCheck,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
}

type targetGroupOutputs struct {
	Arn              string   `pulumi:"arn"`
	ArnSuffix        string   `pulumi:"arnSuffix"`
	LoadBalancerArns []string `pulumi:"loadBalancerArns"`
}

// Rules: Elastic Load Balancing API reference, CreateTargetGroup.
var lbTargetGroup = &kind[targetGroupInputs, targetGroupOutputs]{
	Token:    "aws:lb/targetGroup:TargetGroup",
	Name:     "name",
	Replace:  []string{"name", "port", "protocol", "targetType", "vpcId"},
	Defaults: map[string]any{"deregistrationDelay": 300},
	Computed: []string{"healthCheck"},
	Check:    checkTargetGroup,
	Create:   createTargetGroup,
	Complete: setTargetGroupAttributes,
	Read:     readTargetGroup,
	Update:   updateTargetGroup,
	Delete: func(ctx context.Context, client *api, id string, _ *targetGroupInputs, _ *targetGroupOutputs) error {
		_, err := client.LoadBalancing.DeleteTargetGroup(ctx, &elasticloadbalancingv2.DeleteTargetGroupInput{TargetGroupArn: &id})
		return err
	},
	SetTags:    setLoadBalancingTags[targetGroupOutputs],
	RemoveTags: removeLoadBalancingTags[targetGroupOutputs],
}

func checkTargetGroup(in *targetGroupInputs, problems *provider.Problems) {
	loadBalancingName.check(problems, "name", in.Name)
	checkRange(problems, "port", in.Port, 1, 65535)
	checkOneOf(problems, "protocol", in.Protocol, []string{"HTTP", "HTTPS"})
	if in.TargetType != nil {
		checkOneOf(problems, "targetType", *in.TargetType, []string{"instance", "ip", "alb"})
	}
	if in.DeregistrationDelay != nil {
		checkRange(problems, "deregistrationDelay", *in.DeregistrationDelay, 0, 3600)
	}
	if in.HealthCheck != nil {
		in.HealthCheck.check(problems)
	}
}

func createTargetGroup(ctx context.Context, client *api, in *targetGroupInputs) (string, error) {
	request := &elasticloadbalancingv2.CreateTargetGroupInput{
		Name:       &in.Name,
		Port:       &in.Port,
		Protocol:   types.ProtocolEnum(in.Protocol),
		TargetType: types.TargetTypeEnum(deref(in.TargetType)),
		VpcId:      &in.VpcID,
		Tags:       tagList(in.Tags, loadBalancingTag),
	}
	if check := in.HealthCheck; check != nil {
		request.HealthCheckEnabled = check.Enabled
		request.HealthCheckPath = check.Path
		request.HealthCheckPort = check.Port
		request.HealthCheckProtocol = types.ProtocolEnum(deref(check.Protocol))
		request.HealthCheckIntervalSeconds = check.Interval
		request.HealthCheckTimeoutSeconds = check.Timeout
		request.HealthyThresholdCount = check.HealthyThreshold
		request.UnhealthyThresholdCount = check.UnhealthyThreshold
		request.Matcher = check.matcher()
	}
	created, err := client.LoadBalancing.CreateTargetGroup(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.TargetGroups[0].TargetGroupArn, nil
}

func readTargetGroup(ctx context.Context, client *api, id string, in *targetGroupInputs, out *targetGroupOutputs) error {
	found, err := client.LoadBalancing.DescribeTargetGroups(ctx,
		&elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{id}})
	if err != nil {
		return err
	}
	if len(found.TargetGroups) == 0 {
		return provider.ErrNotFound
	}
	observed := found.TargetGroups[0]
	targetType := string(observed.TargetType)
	if importing := in.Name == ""; importing {
		in.TargetType = &targetType
	}
	observeRequired(&in.Name, observed.TargetGroupName)
	observeRequired(&in.Port, observed.Port)
	observeRequired(&in.VpcID, observed.VpcId)
	in.Protocol = string(observed.Protocol)
	provider.Observe(&in.TargetType, &targetType)
	if in.HealthCheck != nil {
		in.HealthCheck = in.HealthCheck.observe(observed)
	}
	out.Arn, out.ArnSuffix = id, lastPart(id, ":")
	out.LoadBalancerArns = append([]string{}, observed.LoadBalancerArns...)

	attributes, err := client.LoadBalancing.DescribeTargetGroupAttributes(ctx,
		&elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &id})
	if err != nil {
		return err
	}
	for _, attribute := range attributes.Attributes {
		if deref(attribute.Key) == deregistrationKey {
			observeInt(&in.DeregistrationDelay, attribute.Value)
		}
	}
	return observeLoadBalancingTags(ctx, client, id, &in.Tags)
}

func updateTargetGroup(ctx context.Context, client *api, id string, _, in *targetGroupInputs, _ *targetGroupOutputs) error {
	if check := in.HealthCheck; check != nil {
		if _, err := client.LoadBalancing.ModifyTargetGroup(ctx, &elasticloadbalancingv2.ModifyTargetGroupInput{
			TargetGroupArn:             &id,
			HealthCheckEnabled:         check.Enabled,
			HealthCheckPath:            check.Path,
			HealthCheckPort:            check.Port,
			HealthCheckProtocol:        types.ProtocolEnum(deref(check.Protocol)),
			HealthCheckIntervalSeconds: check.Interval,
			HealthCheckTimeoutSeconds:  check.Timeout,
			HealthyThresholdCount:      check.HealthyThreshold,
			UnhealthyThresholdCount:    check.UnhealthyThreshold,
			Matcher:                    check.matcher(),
		}); err != nil {
			return err
		}
	}
	return nil
}

const deregistrationKey = "deregistration_delay.timeout_seconds"

func setTargetGroupAttributes(ctx context.Context, client *api, arn string, in *targetGroupInputs) error {
	if in.DeregistrationDelay == nil {
		return nil
	}
	_, err := client.LoadBalancing.ModifyTargetGroupAttributes(ctx, &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{
		TargetGroupArn: &arn,
		Attributes: []types.TargetGroupAttribute{{
			Key: aws.String(deregistrationKey), Value: aws.String(strconv.Itoa(int(*in.DeregistrationDelay))),
		}},
	})
	return err
}
