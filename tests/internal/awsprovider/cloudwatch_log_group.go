package awsprovider

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mediaserver/tests/internal/provider"
)

type logGroupInputs struct {
	Name      string            `pulumi:"name"`
	Retention *int32            `pulumi:"retentionInDays,optional"`
	Tags      map[string]string `pulumi:"tags,optional"`
}

type logGroupOutputs struct {
	Arn string `pulumi:"arn"`
}

var logGroupName = textRule{
	1, 512, regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`), "only letters, digits and _ - / . #",
}

// retentions are the numbers of days that PutRetentionPolicy takes; 0 keeps
// logs for ever.
//
// Source: Amazon CloudWatch Logs API reference, PutRetentionPolicy.
var retentions = []int32{
	0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

var cloudwatchLogGroup = &kind[logGroupInputs, logGroupOutputs]{
	Token:   "aws:cloudwatch/logGroup:LogGroup",
	Name:    "name",
	Replace: []string{"name"},
	Check: func(in *logGroupInputs, problems *provider.Problems) {
		logGroupName.check(problems, "name", in.Name)
		checkOneOf(problems, "retentionInDays", deref(in.Retention), retentions)
	},
	Create:   createLogGroup,
	Complete: setRetention,
	Read:     readLogGroup,
	Delete: func(ctx context.Context, client *api, id string, _ *logGroupInputs, _ *logGroupOutputs) error {
		_, err := client.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &id})
		return err
	},
	SetTags:    setLogGroupTags,
	RemoveTags: removeLogGroupTags,
}

func createLogGroup(ctx context.Context, client *api, in *logGroupInputs) (string, error) {
	_, err := client.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &in.Name, Tags: in.Tags})
	return in.Name, err
}

func readLogGroup(ctx context.Context, client *api, id string, in *logGroupInputs, out *logGroupOutputs) error {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client.Logs, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: &id,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, group := range page.LogGroups {
			if deref(group.LogGroupName) != id {
				continue
			}
			in.Name = id
			days := deref(group.RetentionInDays)
			provider.Observe(&in.Retention, &days)
			// The API appends :* to the ARN, the official plugin takes it off.
			out.Arn = strings.TrimSuffix(deref(group.Arn), ":*")
			tags, err := client.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &out.Arn})
			if err != nil {
				return err
			}
			in.Tags = tags.Tags
			return nil
		}
	}
	return provider.ErrNotFound
}

func setLogGroupTags(ctx context.Context, client *api, _ string, out *logGroupOutputs, tags map[string]string) error {
	_, err := client.Logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &out.Arn, Tags: tags})
	return err
}

func removeLogGroupTags(ctx context.Context, client *api, _ string, out *logGroupOutputs, keys []string) error {
	_, err := client.Logs.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &out.Arn, TagKeys: keys})
	return err
}

func setRetention(ctx context.Context, client *api, id string, in *logGroupInputs) error {
	if deref(in.Retention) == 0 {
		_, err := client.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &id})
		return err
	}
	_, err := client.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: &id, RetentionInDays: in.Retention,
	})
	return err
}
