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
	create := func(logicalName, physicalName string) (*cloudwatch.LogGroup, error) {
		created, err := cloudwatch.NewLogGroup(ctx, logicalName, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(settings.physicalName(physicalName)),
			RetentionInDays: pulumi.Int(settings.logRetentionDays),
		},
			settings.keep("name"),
			// A key that somebody encrypted the group with stays.
			pulumi.IgnoreChanges([]string{"kmsKeyId"}))
		if err != nil {
			return nil, fmt.Errorf("create log group %s: %w", logicalName, err)
		}
		return created, nil
	}
	ecs, err := create("ecs-logs", "/ecs/{name}")
	if err != nil {
		return logGroupsOutputs{}, err
	}
	app, err := create("app-logs", "/aws/ecs/{name}/app")
	if err != nil {
		return logGroupsOutputs{}, err
	}
	return logGroupsOutputs{ecs, app}, nil
}
