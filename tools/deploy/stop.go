package deploy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stoppable is the deployment under way, if stopping it makes ECS go back to the very image that the rollback aims for.
// Otherwise nil: a service's first deployment has nothing to go back to, and a new deployment of the current image would
// go back to that image.
func (r *run) stoppable(ctx context.Context, c course) (*past, error) {
	if c.newest == nil || c.target == nil || c.newest.definition != aws.ToString(r.primary().TaskDefinition) ||
		c.newest.status != types.ServiceDeploymentStatusInProgress && c.newest.status != types.ServiceDeploymentStatusPending {
		return nil, nil
	}
	whole, err := r.describeRecord(ctx, c.newest.arn)
	if err != nil {
		return nil, err
	}
	var sources []string
	for _, each := range whole.SourceServiceRevisions {
		sources = append(sources, aws.ToString(each.Arn))
	}
	ran, err := r.readRevisions(ctx, sources)
	if err != nil {
		return nil, err
	}
	for _, each := range ran {
		if _, digest := r.applicationImage(each); digest == c.target.digest {
			return c.newest, nil
		}
	}
	return nil, nil
}

// stop has ECS stop the deployment under way and go back to what ran before it, and follows that.
func (r *run) stop(ctx context.Context, busy, target *past) error {
	r.rememberDeployments()
	r.deployment = aws.ToString(r.primary().Id)
	input := &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: &busy.arn, StopType: types.StopServiceDeploymentStopTypeRollback}
	if r.dryRun {
		r.show("would run:", r.command(input)...)
		return r.showFollowing()
	}
	r.goesOn = "deployment " + r.deployment + ", or ECS's way back from it, goes on in ECS"
	if _, err := call(ctx, r, r.clients.ecs.StopServiceDeployment, input); err != nil {
		return cannot(err, "stop deployment %s", r.deployment)
	}
	r.say("Stopped deployment %s of %s, which was under way; ECS goes back", r.deployment, busy.definition)
	return r.followStop(ctx, busy, target)
}

// followStop waits until ECS has gone back. From then on the run follows the deployment that did so.
func (r *run) followStop(ctx context.Context, busy, target *past) error {
	return r.await(ctx, "ECS has not gone back from deployment "+r.deployment, func(ctx context.Context) (bool, error) {
		whole, err := r.describeRecord(ctx, busy.arn)
		if err != nil {
			return false, err
		}
		if err := r.readService(ctx); err != nil {
			return false, err
		}
		primary := r.primary()
		switch whole.Status {
		case types.ServiceDeploymentStatusRollbackSuccessful:
			replaced, err := r.isReplaced(ctx, busy, target)
			if err != nil {
				return false, err
			}
			if replaced {
				r.report(ctx)
				return false, fail(exitReplaced, "deployment %s was replaced by %s of %s, which this run did not ask for", r.deployment, cmp.Or(aws.ToString(primary.Id), "-"), aws.ToString(primary.TaskDefinition))
			}
			if r.isComplete(primary) {
				r.deployment = aws.ToString(primary.Id)
				r.say("ECS went back: %d of %d tasks run %s", r.service.RunningCount, r.service.DesiredCount, target.definition)
				return true, nil
			}
		case types.ServiceDeploymentStatusRollbackFailed, types.ServiceDeploymentStatusStopped, types.ServiceDeploymentStatusSuccessful:
			r.report(ctx)
			return false, fail(exitRollback, "ECS did not go back from deployment %s: its record says %s%s", r.deployment, whole.Status, behind(aws.ToString(whole.StatusReason)))
		}
		r.progress("going back: %s, %d of %d running", strings.ToLower(string(whole.Status)), primary.RunningCount, r.service.DesiredCount)
		return false, nil
	})
}

// isReplaced tells whether somebody started another deployment after the one that was stopped, perhaps of the very task
// definition that ECS went back to.
func (r *run) isReplaced(ctx context.Context, busy, target *past) (bool, error) {
	record, err := r.listRecord(ctx)
	return aws.ToString(r.primary().TaskDefinition) != target.definition ||
		slices.ContainsFunc(record, func(each types.ServiceDeploymentBrief) bool { return aws.ToTime(each.CreatedAt).After(busy.created) }), err
}

// behind puts a reason after what it explains.
func behind(reason string) string {
	if reason == "" {
		return ""
	}
	return ", " + reason
}
