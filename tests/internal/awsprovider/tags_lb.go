package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func loadBalancingTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func observeLoadBalancingTags(ctx context.Context, client *api, arn string, tags *map[string]string) error {
	found, err := client.LoadBalancing.DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil {
		return err
	}
	for _, description := range found.TagDescriptions {
		*tags = tagMap(description.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	}
	return nil
}

func setLoadBalancingTags[Out any](ctx context.Context, client *api, arn string, _ *Out, tags map[string]string) error {
	_, err := client.LoadBalancing.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{
		ResourceArns: []string{arn}, Tags: tagList(tags, loadBalancingTag),
	})
	return err
}

func removeLoadBalancingTags[Out any](ctx context.Context, client *api, arn string, _ *Out, keys []string) error {
	_, err := client.LoadBalancing.RemoveTags(ctx, &elasticloadbalancingv2.RemoveTagsInput{
		ResourceArns: []string{arn}, TagKeys: keys,
	})
	return err
}
