package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"mediaserver/tests/internal/provider"
)

type topicPolicyInputs struct {
	Arn    string `pulumi:"arn"`
	Policy string `pulumi:"policy"`
}

// snsTopicPolicy is the policy of a topic, which always has one.
//
// Rules: Amazon SNS developer guide, "Amazon SNS API permissions: Actions and
// resources reference", on the resource and the Sid of a statement.
var snsTopicPolicy = &kind[topicPolicyInputs, none]{
	Token:   "aws:sns/topicPolicy:TopicPolicy",
	Replace: []string{"arn"},
	Check: func(in *topicPolicyInputs, problems *provider.Problems) {
		// terraform-provider-aws, internal/service/sns/topic_policy.go.
		checkARN(problems, "arn", in.Arn)
		if !problems.Known("policy") {
			return
		}
		checkPolicy(problems, "policy", in.Policy, "Principal", "Resource")
		if problems.Known("arn") {
			checkTopicStatements(problems, in)
		}
	},
	Create: func(ctx context.Context, client *api, in *topicPolicyInputs) (string, error) {
		return in.Arn, setTopicPolicy(ctx, client, in.Arn, in.Policy)
	},
	Read: func(ctx context.Context, client *api, id string, in *topicPolicyInputs, _ *none) error {
		found, err := client.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id})
		if err != nil {
			return err
		}
		in.Arn = id
		observeJSON(&in.Policy, found.Attributes["Policy"])
		return nil
	},
	Update: func(ctx context.Context, client *api, _ string, _, in *topicPolicyInputs, _ *none) error {
		return setTopicPolicy(ctx, client, in.Arn, in.Policy)
	},
	// The official provider sets what it takes for the policy of a new topic
	// (terraform-provider-aws, internal/service/sns/topic_policy.go, defaultTopicPolicy).
	Delete: func(ctx context.Context, client *api, id string, _ *topicPolicyInputs, _ *none) error {
		return setTopicPolicy(ctx, client, id, defaultTopicPolicy(id))
	},
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

// checkTopicStatements refuses statements that are not about the topic alone, and
// a Sid that is there twice.
func checkTopicStatements(problems *provider.Problems, in *topicPolicyInputs) {
	var policy struct {
		Statement []struct {
			Sid      string
			Resource any
		}
	}
	if json.Unmarshal([]byte(in.Policy), &policy) != nil {
		return
	}
	seen := map[string]bool{}
	for i, statement := range policy.Statement {
		resource := statement.Resource
		if list, isList := resource.([]any); isList && len(list) == 1 {
			resource = list[0]
		}
		if resource != in.Arn {
			problems.Refuse("policy", in.Policy, fmt.Sprintf("Statement %d must have the topic itself, and nothing else, as its Resource", i))
		}
		if seen[statement.Sid] {
			problems.Refuse("policy", in.Policy, fmt.Sprintf("Statement %d must have a Sid of its own", i))
		}
		seen[statement.Sid] = true
	}
}
