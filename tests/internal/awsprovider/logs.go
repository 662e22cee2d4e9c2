package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mediaserver/tests/internal/provider"
)

var logsKinds = kinds{
	&kind[logGroup]{
		Token:    "aws:cloudwatch/logGroup:LogGroup",
		Create:   create[logGroup]((*cloudwatchlogs.Client).CreateLogGroup),
		Complete: setRetention,
		Read:     readLogGroup,
		Delete:   remove[logGroup]((*cloudwatchlogs.Client).DeleteLogGroup, "LogGroupName"),
		Tags: tagging("arn", "ResourceArn", (*cloudwatchlogs.Client).TagResource, (*cloudwatchlogs.Client).UntagResource,
			(*cloudwatchlogs.Client).ListTagsForResource),
	},
}

type logGroup struct {
	LogGroupName    string            `json:"name" pulumi:"id"`
	RetentionInDays *int32            `json:"retentionInDays"`
	Tags            map[string]string `json:"tags"`
	Arn             string            `json:"arn" pulumi:"output"`
}

func setRetention(ctx context.Context, client *api, id string, in *logGroup) error {
	if deref(in.RetentionInDays) == 0 {
		_, err := client.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &id})
		return err
	}
	return put[logGroup]((*cloudwatchlogs.Client).PutRetentionPolicy)(ctx, client, in)
}

func readLogGroup(ctx context.Context, client *api, id string, in *logGroup) error {
	found, err := client.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &id})
	if err != nil {
		return err
	}
	for _, group := range found.LogGroups {
		if deref(group.LogGroupName) == id {
			in.RetentionInDays = new(deref(group.RetentionInDays))
			// The API appends :* to the ARN, the official plugin takes it off.
			in.Arn = strings.TrimSuffix(deref(group.Arn), ":*")
			return nil
		}
	}
	return provider.ErrNotFound
}
