package deploy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	stackoutputs "mediaserver/tools/outputs"
)

// outputs are the stack's outputs that a run reads; see the README's table of outputs.
type outputs struct {
	loadBalancer, appURL, container, dashboard, repository, cluster, service, logGroup, region, definition string
}

// readOutputs reads the outputs from the file or the stack.
func (r *run) readOutputs(ctx context.Context) error {
	err := stackoutputs.Source{File: r.outputsFile, Program: r.program, Stack: r.stack}.Read(ctx, map[string]*string{
		"albDnsName": &r.outputs.loadBalancer, "appUrl": &r.outputs.appURL, "containerName": &r.outputs.container,
		"dashboardUrl": &r.outputs.dashboard, "ecrRepositoryUrl": &r.outputs.repository,
		"ecsClusterName": &r.outputs.cluster, "ecsServiceName": &r.outputs.service,
		"logGroupName": &r.outputs.logGroup, "region": &r.outputs.region, "taskDefinitionArn": &r.outputs.definition,
	})
	if err != nil {
		return fail(exitOutput, "%v", err)
	}
	return nil
}

// registrySuffixes are the domains of the registries, by partition (AWS General Reference, Amazon ECR endpoints).
var registrySuffixes = map[string]string{
	"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu",
}

// checkAccount compares the outputs with the account and the region of the service, because the registry that they name
// gets a password of this account.
func (r *run) checkAccount() error {
	service, err := arn.Parse(aws.ToString(r.service.ServiceArn))
	if err != nil {
		return fail(exitAPI, "AWS answered with a service whose ARN is '%s'", aws.ToString(r.service.ServiceArn))
	}
	definition, err := arn.Parse(r.outputs.definition)
	if err != nil || definition.AccountID != service.AccountID || definition.Region != service.Region {
		return fail(exitOutput, "the output taskDefinitionArn is %s, but the service is in account %s, region %s: write the outputs again, or use that account's credentials",
			r.outputs.definition, service.AccountID, service.Region)
	}
	want := service.AccountID + ".dkr.ecr." + service.Region + "." + registrySuffixes[service.Partition]
	if host, name, found := strings.Cut(r.outputs.repository, "/"); !found || name == "" || host != want {
		return fail(exitOutput, "the output ecrRepositoryUrl is %s, which is not in %s, the registry of the service's account and region; nothing was sent to it",
			r.outputs.repository, want)
	}
	return nil
}
