package awsprovider

import (
	"context"

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
	// The policy of a topic, which always has one: it goes with the topic alone.
	&kind[topicPolicy]{
		Token: "aws:sns/topicPolicy:TopicPolicy",
		Put: func(ctx context.Context, client *api, in *topicPolicy) error {
			_, err := client.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
				TopicArn: &in.Arn, AttributeName: aws.String("Policy"), AttributeValue: &in.Policy,
			})
			return err
		},
		Read: func(ctx context.Context, client *api, id string, in *topicPolicy) error {
			attributes, err := topicAttributes(ctx, client, id)
			in.Policy = attributes["Policy"]
			return err
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
