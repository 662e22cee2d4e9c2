package deploy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// unseenLooks is how many looks in a row may miss a deployment that was started before it counts as gone.
const unseenLooks = 12

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
		case err == nil:
		case isTransient(err):
			r.warn("cannot read the service for now: %s", told(err))
		default:
			return err
		}
		if !time.Now().Before(deadline) {
			r.report(ctx)
			return fail(exitTimeout, "%s after %d s", late, int(limit.Seconds()))
		}
		if err := pause(ctx, r.poll); err != nil {
			return err
		}
	}
}

// follow waits until the deployment is complete. It fails if the deployment does, or if another one takes its place.
func (r *run) follow(ctx context.Context) error {
	seen, unseen := false, 0
	return r.await(ctx, "deployment "+r.deployment+" is not complete", func(ctx context.Context) (bool, error) {
		if err := r.readService(ctx); err != nil {
			return false, err
		}
		own, primary := r.own(), r.primary()
		seen = seen || own.Id != nil
		switch {
		case own.RolloutState == types.DeploymentRolloutStateFailed:
			return false, r.givenUp(ctx)
		case own.Id != nil && aws.ToString(primary.Id) == r.deployment:
			if r.isComplete(own) {
				r.say("Deployment %s is complete: %d of %d tasks run %s", r.deployment, r.service.RunningCount, r.service.DesiredCount, r.definition)
				return true, nil
			}
		case seen || r.isNewer(primary):
			return false, r.lost(ctx)
		default:
			// ECS is eventually consistent: a look without our deployment may be older than its start.
			if unseen++; unseen >= unseenLooks {
				return false, r.lost(ctx)
			}
		}
		r.progress("%s: %s, %d of %d running, %d pending, %d failed",
			r.deployment, cmp.Or(own.RolloutState, "-"), own.RunningCount, own.DesiredCount, own.PendingCount, own.FailedTasks)
		// This is more than the deployment circuit breaker allows (half the tasks, at least 3) plus the tasks that may be
		// starting meanwhile, so the breaker acts first if it is on.
		if stopped, err := r.stoppedTasks(ctx); err == nil && len(stopped) >= 3+2*int(r.service.DesiredCount) {
			r.report(ctx)
			return false, fail(exitStopping, "tasks keep stopping: %d of deployment %s so far", len(stopped), r.deployment)
		}
		return false, nil
	})
}

// own is the deployment that this run started, as last read. All its fields are empty if there is none.
func (r *run) own() types.Deployment {
	for _, each := range r.service.Deployments {
		if aws.ToString(each.Id) == r.deployment {
			return each
		}
	}
	return types.Deployment{}
}

// isComplete tells whether as many tasks run as the service wants, all of them of this deployment.
func (r *run) isComplete(own types.Deployment) bool {
	return own.RolloutState == types.DeploymentRolloutStateCompleted && r.service.DesiredCount > 0 &&
		own.RunningCount == own.DesiredCount && r.service.RunningCount == r.service.DesiredCount
}

// isNewer tells whether a deployment was created after ours, and not before this run.
func (r *run) isNewer(other types.Deployment) bool {
	return aws.ToTime(other.CreatedAt).After(r.created) && !slices.Contains(r.known, aws.ToString(other.Id))
}

// lost tells why the service no longer runs our deployment: either ECS went back to an earlier one, or somebody started
// another.
func (r *run) lost(ctx context.Context) error {
	primary := r.primary()
	reason, id := aws.ToString(primary.RolloutStateReason), aws.ToString(primary.Id)
	if strings.Contains(reason, "rolling back") || strings.Contains(reason, "rolled back") || slices.Contains(r.known, id) {
		return r.givenUp(ctx)
	}
	r.report(ctx)
	if id == "" {
		return fail(exitReplaced, "deployment %s is gone, and AWS shows no other", r.deployment)
	}
	return fail(exitReplaced, "deployment %s was replaced by %s, which this run did not start", r.deployment, id)
}

// givenUp tells why ECS gave up our deployment.
func (r *run) givenUp(ctx context.Context) error {
	r.report(ctx)
	reason := cmp.Or(aws.ToString(r.own().RolloutStateReason), "ECS put an earlier deployment back")
	if primary := r.primary(); primary.Id != nil && *primary.Id != r.deployment {
		reason += "; the service goes back to " + aws.ToString(primary.TaskDefinition) + " (" + *primary.Id + ")"
	} else {
		reason += "; there was no completed deployment to go back to"
	}
	if alarms := r.triggeredAlarms(ctx); alarms != "" {
		reason += "; raised alarms: " + alarms
	}
	return fail(exitRollback, "ECS gave deployment %s up: %s", r.deployment, reason)
}

// checkStillOurs looks once more: during the health check somebody else may have deployed, or pushed another image under
// our tag, which later tasks would run.
func (r *run) checkStillOurs(ctx context.Context) error {
	if err := r.mustReadService(ctx); err != nil {
		return err
	}
	if aws.ToString(r.primary().Id) != r.deployment {
		return r.lost(ctx)
	}
	// A digest always names the same image.
	if r.rollback {
		return nil
	}
	digest, _, err := r.findImage(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.tag})
	if err != nil {
		return err
	}
	if digest != r.digest {
		return fail(exitReplaced, "the tag %s names another image now (%s) than when this deployment began (%s): somebody else pushed it",
			r.tag, cmp.Or(digest, "none"), r.digest)
	}
	return nil
}
