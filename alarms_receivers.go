package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// peopleAlarms are the names of all alarms for people. The policy of the topic
// names them before they exist.
var peopleAlarms = []string{
	serverErrors, "slow-responses", "no-healthy-target", unhealthyTargets, "at-max-capacity", "high-memory",
}

func (s settings) alarmTopicName() string { return s.physicalName("{name}-alarms") }

// createReceivers returns the ARNs of the topics that alarms send to: one of the
// stack's own for alarmEmails, and alarmTopicArn. Empty for none. It is not a step
// of the guide.
func createReceivers(ctx *pulumi.Context, settings settings, environment environmentOutputs) (pulumi.Array, error) {
	var topics pulumi.Array
	if len(settings.alarmEmails) > 0 {
		own, err := createAlarmTopic(ctx, settings, environment)
		if err != nil {
			return nil, err
		}
		topics = append(topics, own)
	}
	if settings.alarmTopicArn != "" {
		topics = append(topics, pulumi.String(settings.alarmTopicArn))
	}
	return topics, nil
}

// createAlarmTopic makes the topic and subscribes each address to it. The ARN
// that it returns is known only once the alarms may send to the topic.
func createAlarmTopic(ctx *pulumi.Context, settings settings, environment environmentOutputs) (pulumi.StringOutput, error) {
	// It is not encrypted with a key: CloudWatch may not use the key that AWS manages
	// for SNS (CloudWatch user guide, "Amazon SNS encryption permissions"), and
	// one of our own costs more than all alarms. What alarms say is no secret.
	topic, err := sns.NewTopic(ctx, "alarms", &sns.TopicArgs{
		Name: pulumi.String(settings.alarmTopicName()),
	})
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create topic alarms: %w", err)
	}
	policy, err := sns.NewTopicPolicy(ctx, "alarms", &sns.TopicPolicyArgs{
		Arn:    topic.Arn,
		Policy: policyJSON(alarmsStatement(settings, environment)),
	})
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("create policy of topic alarms: %w", err)
	}
	for _, address := range settings.alarmEmails {
		// Named by the address, because the order of the list means nothing.
		if _, err := sns.NewTopicSubscription(ctx, strings.ToLower(address), &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address),
		}); err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("create subscription %s: %w", strings.ToLower(address), err)
		}
	}
	return policy.Arn, nil
}

// alarmsStatement lets the stack's own alarms for people send messages to the
// topic. The names are known before the topic and the alarms exist, so that a
// plan shows them.
func alarmsStatement(settings settings, environment environmentOutputs) policyStatement {
	var alarms []string
	for _, name := range peopleAlarms {
		alarms = append(alarms, environment.arn("cloudwatch", "alarm:"+settings.alarmName(name)))
	}
	return policyStatement{
		Sid:       "AlarmsOfThisStack",
		Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
		Action:    []string{"sns:Publish"},
		Resource:  []any{environment.arn("sns", settings.alarmTopicName())},
		Condition: map[string]map[string]any{
			"StringEquals": {"aws:SourceAccount": environment.accountID},
			"ArnEquals":    {"aws:SourceArn": alarms},
		},
	}
}
