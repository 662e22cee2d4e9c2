package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func ecsTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func ecsTags(tags []types.Tag) map[string]string {
	return tagMap(tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
}

func setECSTags(ctx context.Context, client *api, arn string, tags map[string]string) error {
	_, err := client.ECS.TagResource(ctx, &ecs.TagResourceInput{
		ResourceArn: &arn, Tags: tagList(tags, ecsTag),
	})
	return err
}

func removeECSTags(ctx context.Context, client *api, arn string, keys []string) error {
	_, err := client.ECS.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
	return err
}
