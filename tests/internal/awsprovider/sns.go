package awsprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

var snsKinds = kinds{
	&kind[topic]{
		Token:  "aws:sns/topic:Topic",
		Create: create[topic]((*sns.Client).CreateTopic, "TopicArn"),
		Read: func(ctx context.Context, client *api, id string, in *topic) error {
			in.Name, in.Arn = lastPart(id, ":"), id
			_, err := topicAttributes(ctx, client, id)
			return err
		},
		Delete: remove[topic]((*sns.Client).DeleteTopic, "TopicArn"),
		Tags:   tagging("", "ResourceArn", (*sns.Client).TagResource, (*sns.Client).UntagResource, (*sns.Client).ListTagsForResource),
	},
	// The policy of a topic, which always has one.
	&kind[topicPolicy]{
		Token: "aws:sns/topicPolicy:TopicPolicy",
		Put: func(ctx context.Context, client *api, in *topicPolicy) error {
			return setTopicPolicy(ctx, client, in.Arn, in.Policy)
		},
		Read: func(ctx context.Context, client *api, id string, in *topicPolicy) error {
			attributes, err := topicAttributes(ctx, client, id)
			in.Policy = attributes["Policy"]
			return err
		},
		// The official provider sets what it takes for the policy of a new topic
		// (terraform-provider-aws, internal/service/sns/topic_policy.go, defaultTopicPolicy).
		Delete: func(ctx context.Context, client *api, id string, _ *topicPolicy) error {
			return setTopicPolicy(ctx, client, id, defaultTopicPolicy(id))
		},
	},
	// A subscription by e-mail. The official provider does not wait for its confirmation (terraform-provider-aws,
	// internal/service/sns/topic_subscription.go).
	&kind[subscription]{
		Token: "aws:sns/topicSubscription:TopicSubscription",
		Create: func(ctx context.Context, client *api, in *subscription) (string, error) {
			subscribed, err := client.SNS.Subscribe(ctx, &sns.SubscribeInput{
				TopicArn: &in.Topic, Protocol: &in.Protocol, Endpoint: &in.Endpoint, ReturnSubscriptionArn: true,
			})
			if err != nil {
				return "", err
			}
			return *subscribed.SubscriptionArn, nil
		},
		Read: func(ctx context.Context, client *api, id string, in *subscription) error {
			found, err := client.SNS.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &id})
			if err != nil {
				return err
			}
			in.Topic, in.Protocol, in.Endpoint = found.Attributes["TopicArn"], found.Attributes["Protocol"], found.Attributes["Endpoint"]
			in.Arn = id
			return nil
		},
		Delete: remove[subscription]((*sns.Client).Unsubscribe, "SubscriptionArn"),
	},
}

type topic struct {
	Name string            `json:"name" pulumi:"name,replace"`
	Tags map[string]string `json:"tags"`
	Arn  string            `json:"arn" pulumi:"output"`
}

type topicPolicy struct {
	Arn    string `json:"arn" pulumi:"id"`
	Policy string `json:"policy"`
}

type subscription struct {
	Topic    string `json:"topic" pulumi:"replace"`
	Protocol string `json:"protocol" pulumi:"replace"`
	Endpoint string `json:"endpoint" pulumi:"replace"`
	Arn      string `json:"arn" pulumi:"output"`
}

func topicAttributes(ctx context.Context, client *api, arn string) (map[string]string, error) {
	found, err := client.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return nil, err
	}
	return found.Attributes, nil
}

func setTopicPolicy(ctx context.Context, client *api, arn, policy string) error {
	_, err := client.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
		TopicArn: &arn, AttributeName: aws.String("Policy"), AttributeValue: &policy,
	})
	return err
}

// defaultTopicPolicy lets the account of a topic do everything with it.
func defaultTopicPolicy(arn string) string {
	return fmt.Sprintf(`{"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
		"Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"},
		"Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
			"SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish", "SNS:Receive"],
		"Resource": %q, "Condition": {"StringEquals": {"AWS:SourceOwner": %q}}}]}`, arn, strings.Split(arn, ":")[4])
}
