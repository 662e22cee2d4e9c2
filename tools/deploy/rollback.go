package deploy

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// goBack goes back to the image before.
func (r *run) goBack(ctx context.Context) error {
	if err := r.readHealthPath(ctx); err != nil {
		return err
	}
	history, err := r.readHistory(ctx)
	if err != nil {
		return err
	}
	var busy *past
	// A service that asks for no tasks needs a count, and only a new deployment can set one.
	if len(r.underWay()) > 0 && r.service.DesiredCount > 0 {
		if busy, err = r.stoppable(ctx, courseOf(history)); err != nil {
			return err
		}
	}
	if busy == nil {
		if err := r.checkNobodyDeploys(ctx); err != nil {
			return err
		}
	}
	if err := r.chooseCount(ctx); err != nil {
		return err
	}
	target, err := r.chooseTarget(ctx, history)
	if err != nil {
		return err
	}
	if err := r.checkTargetImage(ctx, target); err != nil {
		return err
	}
	if busy != nil {
		err = r.stop(ctx, busy, target)
	} else if err = r.chooseOldDefinition(ctx, target); err == nil {
		err = inOrder(ctx, r.start, r.follow)
	}
	if err != nil {
		return err
	}
	if err := inOrder(ctx, r.checkHealth, r.checkStillOurs); err != nil {
		return err
	}
	r.adviseAfterRollback(target)
	return nil
}

// chooseTarget says where the rollback goes, or why it cannot.
func (r *run) chooseTarget(ctx context.Context, history []*past) (*past, error) {
	c := courseOf(history)
	if c.newest == nil {
		return nil, fail(exitNothing, "nothing to go back to: AWS has no record of a deployment of service %s; it keeps 90 days", r.outputs.service)
	}
	switch c.newest.status {
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
		return nil, fail(exitBusy, "ECS itself is rolling back a failed deployment; wait for it, or deploy a tag with --replace")
	}
	recorded, runs := "-", aws.ToString(r.primary().TaskDefinition)
	if c.current != nil {
		recorded = c.current.definition
	}
	if recorded != runs {
		return nil, fail(exitNothing, "not certain what to go back to: the service should run %s, but AWS's record of it ends with %s; if it was deployed just now, try again in a minute", runs, recorded)
	}
	if err := r.checkDigests(ctx, c, history); err != nil {
		return nil, err
	}
	r.say("The current image is %s of %s", c.current, c.current.definition)
	if strings.HasPrefix(string(c.newest.status), "ROLLBACK_") {
		r.say("ECS itself went back to it, because the last deployment failed or was stopped; this goes further back.")
	}
	leftOut := c.leftOut()
	if c.target == nil {
		if leftOut != "" {
			leftOut = "; it came back from " + leftOut + ", and --rollback never goes forward: deploy that by its tag if it is wanted"
		}
		return nil, fail(exitNothing, "nothing to go back to: in AWS's record of the last 90 days the service ran no other image before it%s", leftOut)
	}
	later := c.since(c.runs)
	if len(later) == 0 {
		return nil, fail(exitNothing, "not certain what to go back to: in AWS's record %s and %s began at the same moment", c.target, c.current)
	}
	r.say("Going back to %s of %s, which ran from %s to %s", c.target, c.target.definition, moment(c.target.started), moment(later[0].created))
	if leftOut != "" {
		r.say("Left out, because the service has come back from it: %s", leftOut)
	}
	return c.target, nil
}

// checkDigests fails if AWS has no digest of an image that ran since the target: then it is unknown what came before.
func (r *run) checkDigests(ctx context.Context, c course, history []*past) error {
	var asked []string
	for _, each := range slices.Backward(c.since(history)) {
		if each.digest != "" || each.status != types.ServiceDeploymentStatusSuccessful && each != c.newest || slices.Contains(asked, each.definition) {
			continue
		}
		asked = append(asked, each.definition)
		described, err := r.describe(ctx, each.definition)
		if err != nil && !isDeleted(err) {
			return err
		}
		if err == nil && !described.keepsDigest(r.outputs.container) {
			return fail(exitNothing, "not certain what to go back to: AWS has no digest of what %s ran, because its container '%s' has versionConsistency disabled; deploy an image by its tag, with --skip-push",
				each.definition, r.outputs.container)
		}
	}
	return nil
}

// keepsDigest tells whether AWS records the digest of a container's image and sticks to it.
func (d *definition) keepsDigest(container string) bool {
	return !slices.ContainsFunc(d.ContainerDefinitions, func(each types.ContainerDefinition) bool {
		return aws.ToString(each.Name) == container && each.VersionConsistency == types.VersionConsistencyDisabled
	})
}

// isDeleted recognises AWS's answer for a task definition that was deleted.
func isDeleted(err error) bool {
	var refusal *types.ClientException
	return errors.As(err, &refusal)
}

// chooseOldDefinition takes the target's task definition with every image named by the digest that ran, because a tag may
// name another image now. A deregistered one will do as a model.
func (r *run) chooseOldDefinition(ctx context.Context, target *past) error {
	original, err := r.describe(ctx, target.definition)
	if isDeleted(err) {
		return fail(exitNothing, "cannot go back: task definition %s was deleted; to run its image with the stack's present one, deploy it by a tag (it has: %s) with --skip-push",
			target.definition, cmp.Or(strings.Join(r.tags, " "), "none"))
	}
	if err != nil {
		return err
	}
	stackRevision := r.outputs.definition
	if newest, err := r.describe(ctx, aws.ToString(original.Family)); err == nil {
		stackRevision = newest.stackRevision()
	} else {
		r.warn("cannot read the newest task definition of %s, so it goes on without it: %s", aws.ToString(original.Family), told(err))
	}
	revision := original.copied(stackRevision)
	changed := original.Status != types.TaskDefinitionStatusActive
	for i, container := range revision.ContainerDefinitions {
		for _, ran := range target.images {
			if ran.ImageDigest == nil || aws.ToString(ran.ContainerName) != aws.ToString(container.Name) {
				continue
			}
			pinned := repositoryOf(aws.ToString(container.Image)) + "@" + *ran.ImageDigest
			changed = changed || pinned != aws.ToString(container.Image)
			revision.ContainerDefinitions[i].Image = &pinned
		}
	}
	if !changed {
		r.definition = target.definition
		return nil
	}
	if err := original.checkWhole(); err != nil {
		return err
	}
	return r.register(ctx, revision, target.definition+" with each image named by the digest that ran")
}

// checkTargetImage fails unless the image to go back to is in the stack's registry.
func (r *run) checkTargetImage(ctx context.Context, target *past) error {
	if repositoryOf(target.image) != r.outputs.repository {
		return fail(exitNothing, "cannot go back: %s is not in the stack's registry %s", target.image, r.outputs.repository)
	}
	found, tags, err := r.findImage(ctx, ecrtypes.ImageIdentifier{ImageDigest: &target.digest})
	if err != nil {
		return err
	}
	if found == "" {
		return fail(exitNothing, "cannot go back: %s no longer has the image %s (its lifecycle policy removes old images)", r.outputs.repository, target.digest)
	}
	r.digest, r.tags = target.digest, tags
	return nil
}

// adviseAfterRollback says what the service runs now, and how to make the stack's settings agree.
func (r *run) adviseAfterRollback(target *past) {
	r.say("Rolled back to %s@%s", r.outputs.repository, r.digest)
	if len(r.tags) == 0 {
		image := r.outputs.repository + "@" + r.digest
		r.say("No tag names this image now, and the registry keeps few such images; to keep it:")
		r.show(" ", "docker", "pull", image)
		r.show(" ", "docker", "tag", image, r.outputs.repository+":TAG")
		r.show(" ", "docker", "push", r.outputs.repository+":TAG")
		return
	}
	tag := r.tags[0]
	// The tag that it ran under is best, if it still names this image.
	if id := imageID(target.image); id != nil && slices.Contains(r.tags, aws.ToString(id.ImageTag)) {
		tag = *id.ImageTag
	}
	r.show("The stack's next change of the task definition deploys the image that its settings name; to make them agree:", r.setTag(tag)...)
}
