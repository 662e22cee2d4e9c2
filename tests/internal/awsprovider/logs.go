package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mediaserver/tests/internal/provider"
)

var logsKinds = kinds{
	&kind[logGroup]{
		Token:      "aws:cloudwatch/logGroup:LogGroup",
		Name:       "name",
		ID:         "name",
		Replace:    []string{"name"},
		Rules:      logGroupRules,
		Create:     create[logGroup]((*cloudwatchlogs.Client).CreateLogGroup),
		Complete:   setRetention,
		Read:       readLogGroup,
		Delete:     remove[logGroup]((*cloudwatchlogs.Client).DeleteLogGroup, "LogGroupName"),
		TagBy:      "arn",
		SetTags:    tag((*cloudwatchlogs.Client).TagResource, "ResourceArn"),
		RemoveTags: untag((*cloudwatchlogs.Client).UntagResource, "ResourceArn"),
	},
}

type logGroup struct {
	LogGroupName    string            `pulumi:"name"`
	RetentionInDays *int32            `pulumi:"retentionInDays,optional"`
	Tags            map[string]string `pulumi:"tags,optional"`
	Arn             string            `pulumi:"arn,output"`
}

const logGroupDocs = "Amazon CloudWatch Logs API reference, CreateLogGroup"

var logGroupRules = rules{
	rule("name", provider.Length(1, 512), logGroupDocs),
	rule("name", provider.Matching(`^[.\-_/#A-Za-z0-9]+$`, "have only letters, digits and _ - / . #"), logGroupDocs),
	// 0 keeps logs for ever.
	rule("retentionInDays", provider.OneOf(
		0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
	), "Amazon CloudWatch Logs API reference, PutRetentionPolicy"),
}

func setRetention(ctx context.Context, client *api, id string, in *logGroup) error {
	if deref(in.RetentionInDays) == 0 {
		_, err := client.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &id})
		return err
	}
	_, err := client.Logs.PutRetentionPolicy(ctx, expanded[cloudwatchlogs.PutRetentionPolicyInput](in))
	return err
}

func readLogGroup(ctx context.Context, client *api, id string, in *logGroup) error {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client.Logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, group := range page.LogGroups {
			if deref(group.LogGroupName) != id {
				continue
			}
			in.RetentionInDays = new(deref(group.RetentionInDays))
			// The API appends :* to the ARN, the official plugin takes it off.
			in.Arn = strings.TrimSuffix(deref(group.Arn), ":*")
			tags, err := client.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &in.Arn})
			if err == nil {
				in.Tags = tags.Tags
			}
			return err
		}
	}
	return provider.ErrNotFound
}
