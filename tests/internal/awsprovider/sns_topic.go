package awsprovider

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"mediaserver/tests/internal/provider"
)

type topicInputs struct {
	Name string            `pulumi:"name"`
	Tags map[string]string `pulumi:"tags,optional"`
}

type topicOutputs struct {
	Arn string `pulumi:"arn"`
}

// Source: Amazon SNS API reference, CreateTopic, of a standard topic.
var topicName = textRule{
	1, 256, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "only letters, digits, underscores and hyphens",
}

var snsTopic = &kind[topicInputs, topicOutputs]{
	Token:   "aws:sns/topic:Topic",
	Name:    "name",
	Replace: []string{"name"},
	Check: func(in *topicInputs, problems *provider.Problems) {
		topicName.check(problems, "name", in.Name)
	},
	Create: func(ctx context.Context, client *api, in *topicInputs) (string, error) {
		created, err := client.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: &in.Name, Tags: tagList(in.Tags, snsTag)})
		if err != nil {
			return "", err
		}
		return *created.TopicArn, nil
	},
	Read: func(ctx context.Context, client *api, id string, in *topicInputs, out *topicOutputs) error {
		if _, err := client.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id}); err != nil {
			return err
		}
		in.Name, out.Arn = lastPart(id, ":"), id
		tags, err := client.SNS.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &id})
		if err != nil {
			return err
		}
		in.Tags = tagMap(tags.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
		return nil
	},
	Delete: func(ctx context.Context, client *api, id string, _ *topicInputs, _ *topicOutputs) error {
		_, err := client.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &id})
		return err
	},
	SetTags: func(ctx context.Context, client *api, id string, _ *topicOutputs, tags map[string]string) error {
		_, err := client.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &id, Tags: tagList(tags, snsTag)})
		return err
	},
	RemoveTags: func(ctx context.Context, client *api, id string, _ *topicOutputs, keys []string) error {
		_, err := client.SNS.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &id, TagKeys: keys})
		return err
	},
}

func snsTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }
