package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tools/shellword"
)

// start starts the deployment, unless somebody else deploys by now.
func (r *run) start(ctx context.Context) error {
	// Read again: the push may have taken minutes.
	if err := r.mustReadService(ctx); err != nil {
		return err
	}
	if err := r.checkNobodyDeploys(ctx); err != nil {
		return err
	}
	r.rememberDeployments()
	input := &ecs.UpdateServiceInput{Cluster: &r.outputs.cluster, Service: &r.outputs.service, TaskDefinition: &r.definition, ForceNewDeployment: true}
	if r.wantedCount > 0 {
		input.DesiredCount = &r.wantedCount
	}
	if r.dryRun {
		r.show("would run:", r.command(input)...)
		return r.showFollowing()
	}
	r.goesOn, r.unanswered = r.mayHaveStarted(), false
	answer, err := call(ctx, r, r.clients.ecs.UpdateService, input)
	if err != nil {
		if !r.unanswered {
			r.goesOn = ""
		}
		return cannot(err, "start a deployment of service %s", r.outputs.service)
	}
	if answer.Service != nil {
		r.service = *answer.Service
	}
	started := r.primary()
	if id := aws.ToString(started.Id); answer.Service == nil || id == "" || slices.Contains(r.known, id) {
		return fail(exitAPI, "AWS answered without a new deployment of service %s", r.outputs.service)
	}
	r.deployment, r.created = *started.Id, aws.ToTime(started.CreatedAt)
	r.goesOn = "deployment " + r.deployment + " goes on in ECS"
	r.warnOfOthers(answer.Service.Deployments)
	r.say("Started deployment %s of %s", r.deployment, r.definition)
	return nil
}

// rememberDeployments notes which deployments there are before the run changes anything.
func (r *run) rememberDeployments() {
	for _, each := range r.service.Deployments {
		r.known = append(r.known, aws.ToString(each.Id))
	}
}

// warnOfOthers warns of deployments that began between the look and the start, and that this one has replaced, because
// ECS has no conditional update. A run that started one of them will notice.
func (r *run) warnOfOthers(deployments []types.Deployment) {
	by := ""
	if r.unanswered {
		by = ", or by this run's attempt whose answer was lost"
	}
	for _, each := range deployments {
		if id := aws.ToString(each.Id); id != r.deployment && !slices.Contains(r.known, id) {
			r.warn("deployment %s was started at the same moment%s; this one replaces it", id, by)
		}
	}
}

// mayHaveStarted is what to say if AWS gave no clear answer to the start.
func (r *run) mayHaveStarted() string {
	return fmt.Sprintf("a deployment of %s may have started; to find out:\n"+
		"  aws ecs describe-services --cluster %s --services %s --region %s --query \"services[0].deployments\"\n"+
		"deploy-app: it is none of these, which were there before: %s",
		r.definition, shellword.Quote(r.outputs.cluster), shellword.Quote(r.outputs.service), r.outputs.region, cmp.Or(strings.Join(r.known, " "), "none"))
}

// showFollowing shows, in a dry run, what comes after the start.
func (r *run) showFollowing() error {
	r.show("would run:", r.command(r.serviceInput())...)
	r.show("would run:", r.command(r.stoppedTasksInput())...)
	ask := []string{"curl", "--globoff", "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10"}
	if host := r.domain(); host != "" {
		ask = append(ask, "--connect-to", host+":443:"+r.outputs.loadBalancer+":443")
	}
	r.show("would run:", append(ask, r.healthURL)...)
	r.say("Nothing was changed.")
	return errDryRun
}
