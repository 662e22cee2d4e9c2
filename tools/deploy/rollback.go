package deploy

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// goBack goes back to the image before.
func (r *run) goBack(ctx context.Context) error {
	if err := inOrder(ctx, r.readCourse, r.checkNobodyDeploys, r.chooseCount, r.checkTarget, r.findTarget,
		r.goToTarget, r.checkHealth, r.checkStillOurs); err != nil {
		return err
	}
	r.say("Rolled back to %s@%s", r.outputs.repository, r.digest)
	if len(r.tags) == 0 {
		r.say("No tag names this image now, and the registry keeps few such images: give it one with docker pull, docker tag and docker push.")
		return nil
	}
	tag := r.tags[0]
	// The tag that it ran under is best, if it still names this image.
	if _, id := split(r.course.target.image); slices.Contains(r.tags, aws.ToString(id.ImageTag)) {
		tag = *id.ImageTag
	}
	r.show("The stack's next change of the task definition deploys the image that its settings name; to make them agree:", r.setTag(tag)...)
	return nil
}

// checkTarget says where the rollback goes, or why it cannot.
func (r *run) checkTarget(ctx context.Context) error {
	c := r.course
	switch c.newest.Status {
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
		return fail(exitBusy, "ECS itself is rolling back a failed deployment; wait for it, or deploy a tag with --replace")
	}
	recorded, runs := "-", aws.ToString(r.service.primary.TaskDefinition)
	if c.current != nil {
		recorded = c.current.definition
	}
	if recorded != runs {
		return fail(exitNothing, "not certain what to go back to: the service should run %s, but AWS's record of it ends with %s; "+
			"if it was deployed just now, try again in a minute", runs, recorded)
	}
	if err := r.checkDigests(ctx); err != nil {
		return err
	}
	r.say("The current image is %s of %s", c.current, c.current.definition)
	if c.newest.failed() {
		r.say("ECS itself went back to it, because the last deployment failed or was stopped; this goes further back.")
	}
	leftOut := c.leftOut()
	if c.target == nil {
		if leftOut != "" {
			leftOut = "; it came back from " + leftOut + ", and --rollback never goes forward: deploy that by its tag if it is wanted"
		}
		return fail(exitNothing, "nothing to go back to: in AWS's record of the last 90 days the service ran no other image before it%s", leftOut)
	}
	r.say("Going back to %s of %s, deployed on %s", c.target, c.target.definition, moment(aws.ToTime(c.target.CreatedAt)))
	if leftOut != "" {
		r.say("Left out, because the service has come back from it: %s", leftOut)
	}
	return nil
}

// checkDigests fails if AWS has no digest of an image that ran since the target: then it is unknown what came before.
func (r *run) checkDigests(ctx context.Context) error {
	c := r.course
	for _, each := range c.since(c.history) {
		if each.digest != "" || each.Status != types.ServiceDeploymentStatusSuccessful && each != c.newest {
			continue
		}
		described, err := r.describe(ctx, each.definition)
		if err != nil {
			return err
		}
		for _, container := range described.ContainerDefinitions {
			if aws.ToString(container.Name) == r.outputs.container &&
				container.VersionConsistency == types.VersionConsistencyDisabled {
				return fail(exitNothing, "not certain what to go back to: AWS has no digest of what %s ran, because its container '%s' "+
					"has versionConsistency disabled; deploy an image by its tag, with --skip-push", each.definition, r.outputs.container)
			}
		}
	}
	return nil
}

// findTarget fails unless the image to go back to is in the stack's registry.
func (r *run) findTarget(ctx context.Context) (err error) {
	target := r.course.target
	if repository, _ := split(target.image); repository != r.outputs.repository {
		return fail(exitNothing, "cannot go back: %s is not in the stack's registry %s", target.image, r.outputs.repository)
	}
	r.digest, r.tags, err = r.findImage(ctx, ecrtypes.ImageIdentifier{ImageDigest: &target.digest})
	if err == nil && r.digest == "" {
		return fail(exitNothing, "cannot go back: %s no longer has the image %s (its lifecycle policy removes old images)", r.outputs.repository, target.digest)
	}
	return err
}

// goToTarget has the service run the target, in the quicker way if there is one.
func (r *run) goToTarget(ctx context.Context) error {
	if r.stops {
		return r.stop(ctx)
	}
	return inOrder(ctx, r.pinTarget, r.start, r.follow)
}

// pinTarget takes the target's task definition with every image named by the digest that ran, because a tag may name another
// image now. A deregistered one will do as a model.
func (r *run) pinTarget(ctx context.Context) error {
	target := r.course.target
	original, err := r.describe(ctx, target.definition)
	if err != nil {
		return err
	}
	r.definition = target.definition
	changed := original.Status != types.TaskDefinitionStatusActive
	pinned := map[string]string{}
	for _, ran := range target.images {
		if name := aws.ToString(ran.ContainerName); ran.ImageDigest != nil {
			repository, _ := split(original.image(name))
			pinned[name] = repository + "@" + *ran.ImageDigest
			changed = changed || pinned[name] != original.image(name)
		}
	}
	if !changed {
		return nil
	}
	newest, err := r.describe(ctx, aws.ToString(original.Family))
	if err != nil {
		return err
	}
	r.revision, err = original.copied(newest.stackRevision(), pinned)
	return err
}

// isStoppable tells whether a deployment is under way, and stopping it makes ECS go back to the very image that the rollback
// aims for: ECS goes back to the last deployment that succeeded. A service that asks for no tasks needs a count, and only a
// new deployment can set one.
func (r *run) isStoppable() bool {
	c := r.course
	if c.target == nil || r.service.DesiredCount == 0 || !slices.ContainsFunc(r.service.Deployments, isUnderWay) ||
		c.newest.definition != aws.ToString(r.service.primary.TaskDefinition) ||
		c.newest.Status != types.ServiceDeploymentStatusInProgress && c.newest.Status != types.ServiceDeploymentStatusPending {
		return false
	}
	for _, each := range slices.Backward(c.history) {
		if each.Status == types.ServiceDeploymentStatusSuccessful {
			return each.digest == c.target.digest
		}
	}
	return false
}

// stop has ECS stop the deployment under way and go back to what ran before it, and follows that.
func (r *run) stop(ctx context.Context) error {
	c := r.course
	stopped := aws.ToString(r.service.primary.Id)
	if r.dryRun {
		return r.showStart("aws", "ecs", "stop-service-deployment",
			"--service-deployment-arn", *c.newest.ServiceDeploymentArn, "--stop-type", "ROLLBACK")
	}
	r.goesOn = "deployment " + stopped + ", or ECS's way back from it, goes on in ECS"
	if _, err := r.clients.ecs.StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: c.newest.ServiceDeploymentArn, StopType: types.StopServiceDeploymentStopTypeRollback,
	}); err != nil {
		return err
	}
	r.say("Stopped deployment %s of %s, which was under way; ECS goes back", stopped, c.newest.definition)
	// ECS's way back takes the place of what it stopped.
	if err := r.await(ctx, "ECS has not gone back from deployment "+stopped, func(ctx context.Context) (bool, error) {
		err := r.readService(ctx)
		r.deployment = aws.ToString(r.service.primary.Id)
		r.progress("going back from %s", stopped)
		return err == nil && r.deployment != stopped, err
	}); err != nil {
		return err
	}
	r.definition = c.target.definition
	if err := r.follow(ctx); err != nil {
		return err
	}
	record, err := r.listRecord(ctx)
	if err != nil {
		return err
	}
	// ECS's own way back is not in the record. Somebody else's deployment is, perhaps of the very same task definition.
	isLater := func(each types.ServiceDeploymentBrief) bool {
		return aws.ToTime(each.CreatedAt).After(aws.ToTime(c.newest.CreatedAt))
	}
	if runs := aws.ToString(r.service.primary.TaskDefinition); runs != r.definition || slices.ContainsFunc(record, isLater) {
		return fail(exitReplaced, "deployment %s was replaced by %s of %s, which this run did not ask for",
			stopped, r.deployment, runs)
	}
	return nil
}
