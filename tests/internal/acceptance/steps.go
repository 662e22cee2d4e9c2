package acceptance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mediaserver/tests/internal/readback"
)

// Names of the steps that others need.
const (
	upStep        = "up: deploy everything"
	imagesStep    = "build and push three small images"
	deployStep    = "deploy the first image with scripts/deploy-app"
	oneTaskStep   = "up: autoscaling keeps at least one task"
	secondStep    = "deploy a second version"
	brokenStep    = "deploy a broken version: ECS rolls it back"
	rollbackStep  = "go back with scripts/deploy-app --rollback"
	destroyStep   = "destroy"
	leftoversStep = "nothing is left"
)

// steps are what a run tries, in this order. How long each takes on AWS is put together from what AWS and the provider
// document: minutes for a load balancer, a minute or two for a task, half a minute for a target to leave.
var steps = append([]step{
	{name: upStep, about: 4 * time.Minute, limit: 20 * time.Minute, do: (*run).deploy},
	{name: "preview: no change", about: 20 * time.Second, limit: 5 * time.Minute, needs: []string{upStep}, do: (*run).preview},
	{name: "refresh, then preview: no change", about: time.Minute, limit: 10 * time.Minute, needs: []string{upStep}, do: (*run).refresh},
	{name: "outputs: complete", about: 5 * time.Second, limit: time.Minute, needs: []string{upStep}, do: (*run).checkOutputs},
	{name: "read every resource back", about: 30 * time.Second, limit: 5 * time.Minute, needs: []string{upStep}, do: (*run).readBack},
	{name: imagesStep, about: 30 * time.Second, limit: 10 * time.Minute, needs: []string{upStep}, containers: true, do: (*run).pushImages},
	{name: deployStep, about: 3 * time.Minute, limit: 25 * time.Minute, needs: []string{imagesStep}, containers: true, do: (*run).deployFirst},
	{name: oneTaskStep, about: 30 * time.Second, limit: 10 * time.Minute, needs: []string{deployStep}, do: (*run).keepOneTask},
	{name: secondStep, about: 4 * time.Minute, limit: 25 * time.Minute, needs: []string{deployStep}, containers: true, do: (*run).deploySecond},
	{name: brokenStep, about: 6 * time.Minute, limit: 30 * time.Minute, needs: []string{secondStep}, containers: true, do: (*run).deployBroken},
	{name: rollbackStep, about: 4 * time.Minute, limit: 25 * time.Minute, needs: []string{brokenStep}, containers: true, do: (*run).rollBack},
}, settingSteps()...)

// lastSteps take everything away. They are run whatever happened before.
var lastSteps = []step{
	{name: destroyStep, about: 6 * time.Minute, limit: 45 * time.Minute, do: (*run).destroy},
	{name: leftoversStep, about: time.Minute, limit: 15 * time.Minute, do: (*run).clearLeftovers},
}

// deploy is the first up.
func (r *run) deploy(ctx context.Context) (string, error) {
	if err := r.stack.up(ctx); err != nil {
		return "", err
	}
	if err := r.findPlugins(ctx); err != nil {
		return "", err
	}
	resources, err := r.stack.resources(ctx)
	return fmt.Sprintf("%d resources", len(resources)), err
}

func (r *run) preview(ctx context.Context) (string, error) {
	return "", r.stack.unchanged(ctx)
}

// refresh reads everything anew. The first refresh after the first up may correct the state: a bucket, a role, a policy
// or a target group is read when it is created, before what belongs to it exists (pulumi-aws#2128). That is no drift,
// so what counts is that every resource is still found, that the program wants no change afterwards, and that the next
// refresh corrects nothing.
func (r *run) refresh(ctx context.Context) (string, error) {
	before, err := r.stack.resources(ctx)
	if err != nil {
		return "", err
	}
	if _, err := r.stack.must(ctx, "refresh", "--yes", "--skip-preview"); err != nil {
		return "", err
	}
	after, err := r.stack.resources(ctx)
	if err != nil {
		return "", err
	}
	var lost, corrected []string
	for _, urn := range slices.Sorted(maps.Keys(before)) {
		outputs, found := after[urn]
		switch {
		case !found:
			lost = append(lost, keyOf(urn))
		case outputs != before[urn]:
			corrected = append(corrected, keyOf(urn))
		}
	}
	if len(lost) > 0 {
		return "", fmt.Errorf("the refresh does not find %s", strings.Join(lost, ", "))
	}
	if err := r.stack.unchanged(ctx); err != nil {
		return "", err
	}
	if _, err := r.stack.must(ctx, "refresh", "--yes", "--skip-preview", "--expect-no-changes"); err != nil {
		return "", fmt.Errorf("a second refresh still corrects something: %w", err)
	}
	if len(corrected) > 0 {
		return "the first refresh adds what was not there yet when these were made: " + strings.Join(corrected, ", "), nil
	}
	return "", nil
}

func (r *run) checkOutputs(ctx context.Context) (string, error) {
	deployed, err := r.deployment(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d outputs", len(deployed.Outputs)), differing(readback.Outputs(deployed))
}

// readBack reads every resource back through the AWS APIs, or those with the given keys.
func (r *run) readBack(ctx context.Context) (string, error) { return r.readBackOnly(ctx) }

func (r *run) readBackOnly(ctx context.Context, keys ...string) (string, error) {
	deployed, err := r.deployment(ctx)
	if err != nil {
		return "", err
	}
	results := readback.Read(ctx, r.clients, deployed, keys...)
	compared := 0
	for _, result := range results {
		compared += result.Compared
	}
	return fmt.Sprintf("%d resources, %d comparisons", len(results), compared), differing(readback.Differences(results))
}

// deployment is the stack as it should be at this moment.
func (r *run) deployment(ctx context.Context) (readback.Deployment, error) {
	deployed := readback.Deployment{
		Account: r.target.Account, Region: r.target.Region, Partition: r.target.Partition,
		Settings: r.settings, Tags: r.tags(),
	}
	var err error
	if deployed.Outputs, err = r.stack.outputs(ctx); err != nil {
		return deployed, err
	}
	if r.target.CreatedService != nil {
		deployed.CreatedService, err = r.target.CreatedService()
	}
	return deployed, err
}

// differing is an error that names all differences. Nil if there are none.
func differing(differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%d differences:\n%s", len(differences), strings.Join(differences, "\n"))
}
