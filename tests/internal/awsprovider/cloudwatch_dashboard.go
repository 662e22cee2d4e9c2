package awsprovider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"mediaserver/tests/internal/provider"
)

type dashboardInputs struct {
	Name string `pulumi:"dashboardName"`
	Body string `pulumi:"dashboardBody"`
}

type dashboardOutputs struct {
	Arn string `pulumi:"dashboardArn"`
}

var dashboardName = textRule{
	1, 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "only letters, digits, underscores and hyphens",
}

var cloudwatchDashboard = &kind[dashboardInputs, dashboardOutputs]{
	Token:   "aws:cloudwatch/dashboard:Dashboard",
	Name:    "dashboardName",
	Replace: []string{"dashboardName"},
	Check: func(in *dashboardInputs, problems *provider.Problems) {
		dashboardName.check(problems, "dashboardName", in.Name)
		checkDashboard(problems, in.Body)
	},
	Create: func(ctx context.Context, client *api, in *dashboardInputs) (string, error) {
		return in.Name, putDashboard(ctx, client, in)
	},
	Read: readDashboard,
	Update: func(ctx context.Context, client *api, _ string, _, in *dashboardInputs, _ *dashboardOutputs) error {
		return putDashboard(ctx, client, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *dashboardInputs, _ *dashboardOutputs) error {
		_, err := client.CloudWatch.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{id}})
		return err
	},
}

func readDashboard(ctx context.Context, client *api, id string, in *dashboardInputs, out *dashboardOutputs) error {
	found, err := client.CloudWatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &id})
	if err != nil {
		return err
	}
	in.Name = id
	observeJSON(&in.Body, deref(found.DashboardBody))
	out.Arn = deref(found.DashboardArn)
	return nil
}

func putDashboard(ctx context.Context, client *api, in *dashboardInputs) error {
	put, err := client.CloudWatch.PutDashboard(ctx, &cloudwatch.PutDashboardInput{
		DashboardName: &in.Name, DashboardBody: &in.Body,
	})
	if err != nil {
		return err
	}
	for _, message := range put.DashboardValidationMessages {
		return fmt.Errorf("dashboard %s: %s: %s", in.Name, deref(message.DataPath), deref(message.Message))
	}
	return nil
}
