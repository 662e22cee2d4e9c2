package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"mediaserver/tests/internal/provider"
)

var snsKinds = kinds{
	&kind[topic]{
		Token:   "aws:sns/topic:Topic",
		Name:    "name",
		Replace: []string{"name"},
		Rules: rules{rule("name", provider.Matching(`^[A-Za-z0-9_-]{1,256}$`, "have 1 to 256 letters, digits, underscores and hyphens"),
			"Amazon SNS API reference, CreateTopic, of a standard topic")},
		Create:     create[topic]((*sns.Client).CreateTopic, "TopicArn"),
		Read:       readTopic,
		Delete:     remove[topic]((*sns.Client).DeleteTopic, "TopicArn"),
		SetTags:    tag((*sns.Client).TagResource, "ResourceArn"),
		RemoveTags: untag((*sns.Client).UntagResource, "ResourceArn"),
	},
	// The policy of a topic, which always has one.
	&kind[topicPolicy]{
		Token:   "aws:sns/topicPolicy:TopicPolicy",
		ID:      "arn",
		Replace: []string{"arn"},
		Rules: rules{
			rule("arn", arn, "terraform-provider-aws, internal/service/sns/topic_policy.go"),
			rule("policy", policy("Principal", "Resource"), topicPolicyDocs),
		},
		Check: checkTopicStatements,
		Put: func(ctx context.Context, client *api, in *topicPolicy) error {
			return setTopicPolicy(ctx, client, in.Arn, string(in.Policy))
		},
		Read: func(ctx context.Context, client *api, id string, in *topicPolicy) error {
			found, err := client.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id})
			if err == nil {
				in.Policy = provider.Document(found.Attributes["Policy"])
			}
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
		Token:   "aws:sns/topicSubscription:TopicSubscription",
		Replace: []string{"topic", "protocol", "endpoint"},
		Rules: rules{
			rule("topic", arn, "terraform-provider-aws, internal/service/sns/topic_subscription.go"),
			rule("protocol", provider.OneOf("email"), "the program has no other"),
			rule("endpoint", provider.Matching(`^[^@\s]+@[^@\s]+$`, "be an e-mail address"), "Amazon SNS API reference, Subscribe"),
		},
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
			in.Arn, in.PendingConfirmation = id, strings.EqualFold(found.Attributes["PendingConfirmation"], "true")
			return nil
		},
		Delete: remove[subscription]((*sns.Client).Unsubscribe, "SubscriptionArn"),
	},
}

type topic struct {
	Name string            `pulumi:"name"`
	Tags map[string]string `pulumi:"tags,optional"`
	Arn  string            `pulumi:"arn,output"`
}

func readTopic(ctx context.Context, client *api, id string, in *topic) (err error) {
	if _, err := client.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id}); err != nil {
		return err
	}
	in.Name, in.Arn = lastPart(id, ":"), id
	in.Tags, err = tags(ctx, client, (*sns.Client).ListTagsForResource, "ResourceArn", id)
	return err
}

type topicPolicy struct {
	Arn    string            `pulumi:"arn"`
	Policy provider.Document `pulumi:"policy"`
}

const topicPolicyDocs = `Amazon SNS developer guide, "Amazon SNS API permissions: Actions and resources reference"`

// checkTopicStatements refuses statements that are not about the topic alone, and a Sid that is there twice.
func checkTopicStatements(in *topicPolicy, problems *provider.Problems) {
	var policy struct {
		Statement []struct {
			Sid      string
			Resource any
		}
	}
	if !problems.Known("policy", "arn") || json.Unmarshal([]byte(in.Policy), &policy) != nil {
		return
	}
	seen := map[string]bool{}
	for i, statement := range policy.Statement {
		resource := statement.Resource
		if list, isList := resource.([]any); isList && len(list) == 1 {
			resource = list[0]
		}
		if resource != in.Arn || seen[statement.Sid] {
			problems.Refuse("policy", string(in.Policy), fmt.Sprintf(
				"Statement %d must have a Sid of its own, and the topic itself, and nothing else, as its Resource (%s)", i, topicPolicyDocs))
		}
		seen[statement.Sid] = true
	}
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
		"Resource": %q, "Condition": {"StringEquals": {"AWS:SourceOwner": %q}}}]}`, arn, accountOf(arn))
}

type subscription struct {
	Topic    string `pulumi:"topic"`
	Protocol string `pulumi:"protocol"`
	Endpoint string `pulumi:"endpoint"`
	Arn      string `pulumi:"arn,output"`
	// PendingConfirmation tells that the owner of the address has not confirmed yet.
	PendingConfirmation bool `pulumi:"pendingConfirmation,volatile"`
}
