package main

import (
	"context"
	"fmt"

	"mediaserver/tests/internal/readback"
)

// Names of the steps that others need.
const (
	upStep      = "up: deploy everything"
	imagesStep  = "build and push three small images"
	deployStep  = "deploy the first image with scripts/deploy-app"
	oneTaskStep = "up: autoscaling keeps at least one task"
	secondStep  = "deploy a second version"
	brokenStep  = "deploy a broken version: ECS rolls it back"
	destroyStep = "destroy"
)

// steps are what a run tries, in this order.
var steps = append([]step{
	{name: upStep, about: 4, do: (*run).deploy},
	{name: "preview: no change", about: 0.3, needs: []string{upStep}, do: (*run).preview},
	{name: "refresh, then preview: no change", about: 1, needs: []string{upStep}, do: (*run).refresh},
	{name: "read every resource and the outputs back", about: 0.5, needs: []string{upStep}, do: (*run).readBack},
	{name: imagesStep, about: 0.5, needs: []string{upStep}, containers: true, do: (*run).pushImages},
	{name: deployStep, about: 3, needs: []string{imagesStep}, containers: true, do: (*run).deployFirst},
	{name: oneTaskStep, about: 0.5, needs: []string{deployStep}, do: (*run).keepOneTask},
	{name: secondStep, about: 4, needs: []string{deployStep}, containers: true, do: (*run).deploySecond},
	{name: brokenStep, about: 6, needs: []string{secondStep}, containers: true, do: (*run).deployBroken},
	{name: "go back with scripts/deploy-app --rollback", about: 4, needs: []string{brokenStep}, containers: true, do: (*run).rollBack},
}, settingSteps()...)

// lastSteps destroy everything. They run whatever happened before.
var lastSteps = []step{
	{name: destroyStep, about: 6, do: (*run).destroy},
	{name: "nothing is left", about: 1, do: (*run).clearLeftovers},
}

// deploy is the first up.
func (r *run) deploy(ctx context.Context) (string, error) { return "", r.up(ctx) }

// up deploys the stack, and reads its outputs.
func (r *run) up(ctx context.Context) error {
	if _, err := r.stack.must(ctx, "up", "--yes", "--skip-preview"); err != nil {
		return err
	}
	result, err := r.stack.must(ctx, "stack", "output", "--json")
	if err != nil {
		return err
	}
	r.outputs, err = decode[map[string]any]("the stack's outputs", result.stdout)
	return err
}

func (r *run) preview(ctx context.Context) (string, error) { return "", r.stack.unchanged(ctx) }

// refresh reads every resource again. The first refresh may correct the state: a bucket, a role, a policy or a target group
// is read when it is created, before what belongs to it exists (pulumi-aws#2128). That is no drift. What counts is that the
// program then wants no change and that another refresh corrects nothing.
func (r *run) refresh(ctx context.Context) (string, error) {
	if _, err := r.stack.must(ctx, "refresh", "--yes", "--skip-preview"); err != nil {
		return "", err
	}
	if err := r.stack.unchanged(ctx); err != nil {
		return "", err
	}
	if _, err := r.stack.must(ctx, "refresh", "--yes", "--skip-preview", "--expect-no-changes"); err != nil {
		return "", fmt.Errorf("a second refresh still corrects something: %w", err)
	}
	return "", nil
}

// readBack reads every resource back through the AWS APIs.
func (r *run) readBack(ctx context.Context) (string, error) {
	return fmt.Sprintf("%d resources, %d outputs", len(readback.Resources(r.deployed())), len(r.outputs)), r.check(ctx)
}

// check reads resources back, or all and the outputs.
func (r *run) check(ctx context.Context, keys ...string) error {
	return readback.Check(ctx, r.clients, r.deployed(), keys...)
}
