package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"mediaserver/tools/shellword"
)

// start starts the deployment, unless somebody else deploys by now: the push may have taken minutes.
func (r *run) start(ctx context.Context) error {
	if err := inOrder(ctx, r.register, r.readService, r.checkNobodyDeploys); err != nil {
		return err
	}
	input := &ecs.UpdateServiceInput{Cluster: &r.outputs.cluster, Service: &r.outputs.service, TaskDefinition: &r.definition, ForceNewDeployment: true}
	if r.wantedCount > 0 {
		input.DesiredCount = &r.wantedCount
	}
	if r.dryRun {
		command := []string{"aws", "ecs", "update-service", "--cluster", *input.Cluster, "--service", *input.Service,
			"--task-definition", *input.TaskDefinition, "--force-new-deployment"}
		if input.DesiredCount != nil {
			command = append(command, "--desired-count", fmt.Sprint(*input.DesiredCount))
		}
		return r.showStart(command...)
	}
	r.goesOn, r.unanswered = r.mayHaveStarted(), false
	answer, err := r.clients.ecs.UpdateService(ctx, input)
	if err != nil {
		if !r.unanswered {
			r.goesOn = ""
		}
		return err
	}
	if answer.Service != nil {
		r.see(*answer.Service)
	}
	started := r.service.primary
	if started.Id == nil || slices.Contains(r.known, *started.Id) {
		return fail(exitAPI, "AWS answered without a new deployment of service %s", r.outputs.service)
	}
	r.deployment, r.created = *started.Id, aws.ToTime(started.CreatedAt)
	r.goesOn = "deployment " + r.deployment + " goes on in ECS"
	// ECS has no conditional update. A run that started one of these will notice.
	for _, each := range r.service.Deployments {
		if id := aws.ToString(each.Id); id != r.deployment && !slices.Contains(r.known, id) {
			r.warn("deployment %s was started at the same moment; this one replaces it", id)
		}
	}
	r.say("Started deployment %s of %s", r.deployment, r.definition)
	return nil
}

// mayHaveStarted is what to say if AWS gave no clear answer to the start.
func (r *run) mayHaveStarted() string {
	return fmt.Sprintf("a deployment of %s may have started; to find out:\n"+
		"  aws ecs describe-services --cluster %s --services %s --region %s --query \"services[0].deployments\"\n"+
		"deploy-app: it is none of these, which were there before: %s",
		r.definition, shellword.Quote(r.outputs.cluster), shellword.Quote(r.outputs.service), r.outputs.region, cmp.Or(strings.Join(r.known, " "), "none"))
}

// showStart shows, in a dry run, the command that would start something, and what would come after it.
func (r *run) showStart(command ...string) error {
	r.show("would run:", append(command, "--region", r.outputs.region)...)
	r.show("would run:", "aws", "ecs", "describe-services", "--cluster", r.outputs.cluster, "--services", r.outputs.service, "--region", r.outputs.region)
	ask := []string{"curl", "--globoff", "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10"}
	if host := r.domain(); host != "" {
		ask = append(ask, "--connect-to", host+":443:"+r.outputs.loadBalancer+":443")
	}
	r.show("would run:", append(ask, r.healthURL)...)
	r.say("Nothing was changed.")
	return errDryRun
}
