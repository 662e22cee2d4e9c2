package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tools/shellword"
)

// start starts the deployment, unless somebody else deploys by now: the push may have taken minutes.
func (r *run) start(ctx context.Context) error {
	if err := inOrder(ctx, r.register, r.readService, r.checkNobodyDeploys); err != nil {
		return err
	}
	input := &ecs.UpdateServiceInput{
		Cluster: &r.outputs.cluster, Service: &r.outputs.service, TaskDefinition: &r.definition, ForceNewDeployment: true,
	}
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
		r.definition, shellword.Quote(r.outputs.cluster), shellword.Quote(r.outputs.service), r.outputs.region,
		cmp.Or(strings.Join(r.known, " "), "none"))
}

// showStart shows, in a dry run, the command that would start something, and what would come after it.
func (r *run) showStart(command ...string) error {
	r.show("would run:", append(command, "--region", r.outputs.region)...)
	r.show("would run:", "aws", "ecs", "describe-services", "--cluster", r.outputs.cluster,
		"--services", r.outputs.service, "--region", r.outputs.region)
	ask := strings.Fields("curl --globoff --silent --show-error --output /dev/null --write-out %{http_code} --max-time 10")
	if host := r.domain(); host != "" {
		ask = append(ask, "--connect-to", host+":443:"+r.outputs.loadBalancer+":443")
	}
	r.show("would run:", append(ask, r.healthURL)...)
	r.say("Nothing was changed.")
	return errDryRun
}

// staleLooks is how many looks after the start may miss the deployment before it counts as gone: ECS is eventually
// consistent, so a look without it may be older than its start.
const staleLooks = 12

// await looks again and again until the end is reached, a look fails, or the time is up, for which late has the words.
// It rides out faults that pass by themselves.
func (r *run) await(ctx context.Context, late string, look func(context.Context) (reached bool, err error)) error {
	limit := r.timeLimit()
	deadline := time.Now().Add(limit)
	for {
		reached, err := look(ctx)
		switch {
		case reached:
			return nil
		case err != nil && isTransient(err):
			r.warn("cannot look for now: %s", told(err))
		case err != nil:
			return err
		}
		if !time.Now().Before(deadline) {
			return r.explain(ctx, exitTimeout, "%s after %d s", late, int(limit.Seconds()))
		}
		if err := pause(ctx, r.poll); err != nil {
			return err
		}
	}
}

// follow waits until the deployment is complete. It fails if the deployment does, or if another one takes its place.
func (r *run) follow(ctx context.Context) error {
	looks := 0
	return r.await(ctx, "deployment "+r.deployment+" is not complete", func(ctx context.Context) (bool, error) {
		if err := r.readService(ctx); err != nil {
			return false, err
		}
		own := r.service.own
		switch looks++; {
		case own.RolloutState == types.DeploymentRolloutStateFailed:
			return false, r.givenUp(ctx)
		case own.Id != nil && *own.Id == aws.ToString(r.service.primary.Id):
			if r.service.isComplete(own) {
				r.say("Deployment %s is complete: %d of %d tasks run %s", r.deployment,
					r.service.RunningCount, r.service.DesiredCount, r.definition)
				return true, nil
			}
		case own.Id != nil || looks >= staleLooks:
			return false, r.lost(ctx)
		}
		r.progress("%s: %s, %d of %d running, %d pending, %d failed",
			r.deployment, cmp.Or(own.RolloutState, "-"), own.RunningCount, own.DesiredCount, own.PendingCount, own.FailedTasks)
		// This is more than the deployment circuit breaker allows (half the tasks, at least 3) plus the tasks that may be
		// starting meanwhile, so the breaker acts first if it is on.
		if stopped, err := r.stoppedTasks(ctx); err == nil && len(stopped) >= 3+2*int(r.service.DesiredCount) {
			return false, r.explain(ctx, exitStopping, "tasks keep stopping: %d of deployment %s so far", len(stopped), r.deployment)
		}
		return false, nil
	})
}

// isComplete tells whether as many tasks run as the service wants, all of them of this deployment.
func (s service) isComplete(own types.Deployment) bool {
	return own.RolloutState == types.DeploymentRolloutStateCompleted && s.DesiredCount > 0 &&
		own.RunningCount == own.DesiredCount && s.RunningCount == s.DesiredCount
}

// lost tells why the service no longer runs our deployment: either ECS went back to an earlier one, or somebody started
// another.
func (r *run) lost(ctx context.Context) error {
	reason, id := aws.ToString(r.service.primary.RolloutStateReason), aws.ToString(r.service.primary.Id)
	if strings.Contains(reason, "rolling back") || strings.Contains(reason, "rolled back") || slices.Contains(r.known, id) {
		return r.givenUp(ctx)
	}
	return r.explain(ctx, exitReplaced, "deployment %s was replaced by %s, which this run did not start",
		r.deployment, cmp.Or(id, "another"))
}

// givenUp tells why ECS gave up our deployment.
func (r *run) givenUp(ctx context.Context) error {
	reason := cmp.Or(aws.ToString(r.service.own.RolloutStateReason), "ECS put an earlier deployment back")
	if primary := r.service.primary; primary.Id != nil && *primary.Id != r.deployment {
		reason += "; the service goes back to " + aws.ToString(primary.TaskDefinition) + " (" + *primary.Id + ")"
	} else {
		reason += "; there was no completed deployment to go back to"
	}
	if alarms := r.triggeredAlarms(ctx); alarms != "" {
		reason += "; raised alarms: " + alarms
	}
	return r.explain(ctx, exitRollback, "ECS gave deployment %s up: %s", r.deployment, reason)
}

// checkStillOurs looks once more: during the health check somebody else may have deployed, or pushed another image under
// our tag.
func (r *run) checkStillOurs(ctx context.Context) error {
	if err := r.readService(ctx); err != nil {
		return err
	}
	if aws.ToString(r.service.primary.Id) != r.deployment {
		return r.lost(ctx)
	}
	// A rollback deploys a digest, which always names the same image.
	if r.rollback {
		return nil
	}
	return r.checkTag(ctx)
}
