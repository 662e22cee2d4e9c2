package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tests/internal/readback"
)

// step is one step of the run.
type step struct {
	name string
	// needs is the name of the step that must have passed before. Empty if none must.
	needs string
	// do does it, and returns notes for the report.
	do func(*run, context.Context) (notes string, err error)
}

// Names of the steps that others need.
const (
	upStep      = "up: deploy everything"
	deployStep  = "deploy a first version with scripts/deploy-app"
	oneTaskStep = "up: autoscaling keeps at least one task"
	secondStep  = "deploy a second version"
	brokenStep  = "deploy a broken version: ECS rolls it back"
)

// steps are what a run tries, in this order.
var steps = []step{
	{upStep, "", func(r *run, ctx context.Context) (string, error) { return "", r.up(ctx) }},
	{"preview: no change", upStep, func(r *run, ctx context.Context) (string, error) { return "", r.unchanged(ctx) }},
	{"refresh, then preview: no change", upStep, (*run).refresh},
	{"read every resource and the outputs back", upStep, (*run).readBack},
	{deployStep, upStep, (*run).deployFirst},
	{oneTaskStep, deployStep, (*run).keepOneTask},
	{secondStep, deployStep, (*run).deploySecond},
	{brokenStep, secondStep, (*run).deployBroken},
	{"go back with scripts/deploy-app --rollback", brokenStep, (*run).rollBack},
	changing("memory", 1024, "replace TaskDefinition mediaserver", "update Service mediaserver"),
	changing("scaleUpCpu", 80, "update MetricAlarm high-cpu"),
	changing("logRetentionDays", 7, "update LogGroup app-logs", "update LogGroup ecs-logs"),
	changing("appPort", 8080, "replace TaskDefinition mediaserver", "update Parameter app-config",
		"update SecurityGroup ecs-tasks", "update Service mediaserver"),
	{"scaling limits: from 1 to 2 tasks", oneTaskStep, (*run).raiseLimits},
}

// lastSteps destroy everything. They run whatever happened before.
var lastSteps = []step{
	{"destroy", "", (*run).destroy},
	{"nothing is left", "", (*run).clearLeftovers},
}

func allSteps() []step { return slices.Concat(steps, lastSteps) }

// refresh reads every resource again. The first refresh may correct the state: a bucket, a role, a policy or a target group
// is read when it is created, before what belongs to it exists (pulumi-aws#2128). That is no drift. What counts is that the
// program then wants no change and that another refresh corrects nothing.
func (r *run) refresh(ctx context.Context) (string, error) {
	if _, err := r.pulumi(ctx, "refresh", "--yes", "--skip-preview"); err != nil {
		return "", err
	}
	if err := r.unchanged(ctx); err != nil {
		return "", err
	}
	if _, err := r.pulumi(ctx, "refresh", "--yes", "--skip-preview", "--expect-no-changes"); err != nil {
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

// keepOneTask ends the recipe for the first deployment (docs/operating.md): the limits are those of the guide, which keep the
// service from being scaled down to nothing.
func (r *run) keepOneTask(ctx context.Context) (string, error) {
	return "", r.scale(ctx, map[string]int{"desiredCount": 1, "minCapacity": 1})
}

// raiseLimits raises the lower scaling limit above the number of tasks, which AWS follows, and the upper one with it.
func (r *run) raiseLimits(ctx context.Context) (string, error) {
	return "2 tasks run", r.scale(ctx, map[string]int{"desiredCount": 2, "minCapacity": 2, "maxCapacity": 3})
}

// scale changes scaling limits, and waits until the service runs the desired number of tasks. After the service was created,
// autoscaling alone moves that number, and takes a moment.
func (r *run) scale(ctx context.Context, limits map[string]int) error {
	for key, value := range limits {
		if err := r.set(ctx, key, value); err != nil {
			return err
		}
	}
	if err := r.up(ctx); err != nil {
		return err
	}
	if err := r.await(ctx, func() error { return r.check(ctx, "Target ecs-target", "Service mediaserver") }); err != nil {
		return err
	}
	if err := r.awaitSteady(ctx); err != nil {
		return err
	}
	return r.unchanged(ctx)
}

// changing is a step that changes a setting, and looks whether the planned changes and nothing else happen. One of each kind is
// among the steps: a change that replaces the task definition, one in an alarm, one in the log groups, one that moves the
// traffic.
func changing(key string, value int, want ...string) step {
	do := func(r *run, ctx context.Context) (string, error) {
		if err := r.set(ctx, key, value); err != nil {
			return "", err
		}
		planned, err := r.planned(ctx)
		if err != nil {
			return "", err
		}
		// Later steps need the change, whatever the plan is.
		if err := r.up(ctx); err != nil {
			return "", err
		}
		if !slices.Equal(planned, want) {
			return "", fmt.Errorf("the plan is %q, want %q", planned, want)
		}
		var changed []string
		for _, each := range want {
			_, resource, _ := strings.Cut(each, " ")
			changed = append(changed, resource)
		}
		if err := r.check(ctx, changed...); err != nil {
			return "", err
		}
		if err := r.unchanged(ctx); err != nil {
			return "", err
		}
		if err := r.awaitSteady(ctx); err != nil {
			return "", err
		}
		return strings.Join(planned, ", "), r.checkApplication(ctx)
	}
	return step{fmt.Sprintf("change %s to %d", key, value), oneTaskStep, do}
}
