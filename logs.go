package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroupsOutputs are where logs go.
type logGroupsOutputs struct {
	// ecs receives the output of the containers.
	ecs *cloudwatch.LogGroup
	// app receives what the application itself sends.
	app *cloudwatch.LogGroup
}

// createLogGroups is the first half of phase 11, steps 34 and 35:
// the log groups, before the tasks that write to them.
func createLogGroups(ctx *pulumi.Context, settings settings) (logGroupsOutputs, error) {
	var groups logGroupsOutputs
	for _, row := range []struct {
		logicalName, physicalName string
		group                     **cloudwatch.LogGroup
	}{
		{"ecs-logs", "/ecs/{name}", &groups.ecs},
		{"app-logs", "/aws/ecs/{name}/app", &groups.app},
	} {
		group, err := cloudwatch.NewLogGroup(ctx, row.logicalName, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(settings.physicalName(row.physicalName)),
			RetentionInDays: pulumi.Int(settings.logRetentionDays),
		},
			settings.keep("name"),
			// A key that somebody encrypted the group with stays.
			pulumi.IgnoreChanges([]string{"kmsKeyId"}))
		if err != nil {
			return logGroupsOutputs{}, fmt.Errorf("create log group %s: %w", row.logicalName, err)
		}
		*row.group = group
	}
	return groups, nil
}
