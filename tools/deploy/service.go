package deploy

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// service is the service at one look.
type service struct {
	types.Service
	// primary is the deployment that ECS aims for, own the one that the run started. All their fields are empty if there is
	// none.
	primary, own types.Deployment
}

// see takes a look at the service as AWS describes it.
func (r *run) see(described types.Service) {
	r.service = service{Service: described}
	for _, each := range described.Deployments {
		if aws.ToString(each.Status) == "PRIMARY" {
			r.service.primary = each
		}
		if aws.ToString(each.Id) == r.deployment {
			r.service.own = each
		}
	}
}

// readService reads the service, which must be one that this run can deploy.
func (r *run) readService(ctx context.Context) error {
	answer, err := r.clients.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &r.outputs.cluster, Services: []string{r.outputs.service},
	})
	if err != nil {
		return err
	}
	status := "MISSING"
	if len(answer.Services) > 0 {
		r.see(answer.Services[0])
		status = aws.ToString(r.service.Status)
	}
	if status != "ACTIVE" {
		return fail(exitAPI, "service %s in cluster %s is %s, not ACTIVE; run 'pulumi up' first",
			r.outputs.service, r.outputs.cluster, status)
	}
	by := ""
	if controller := r.service.DeploymentController; controller != nil && controller.Type != types.DeploymentControllerTypeEcs {
		by = "the deployment controller " + string(controller.Type)
	} else if settings := r.service.DeploymentConfiguration; settings != nil &&
		cmp.Or(settings.Strategy, types.DeploymentStrategyRolling) != types.DeploymentStrategyRolling {
		by = "the strategy " + string(settings.Strategy)
	}
	if by != "" {
		return fail(exitAPI, "service %s is deployed by %s; deploy-app follows only ECS's own rolling deployments", r.outputs.service, by)
	}
	return nil
}

// isUnderWay tells whether a deployment still tries to start tasks. One that has only just begun does not ask for any yet;
// an old one that asks for none is done.
func isUnderWay(each types.Deployment) bool {
	return each.RolloutState == types.DeploymentRolloutStateInProgress &&
		(each.DesiredCount > 0 || aws.ToString(each.Status) == "PRIMARY")
}

// checkNobodyDeploys fails if somebody else's deployment is under way, unless a rollback can stop that. The next
// check, after the push, passes over those that this one may replace; a known one may be under way again, because ECS has
// gone back to it.
func (r *run) checkNobodyDeploys(ctx context.Context) error {
	for _, each := range r.service.Deployments {
		id, definition := aws.ToString(each.Id), aws.ToString(each.TaskDefinition)
		if !isUnderWay(each) || slices.Contains(r.replaced, id) || r.stops {
			continue
		}
		r.replaced = append(r.replaced, id)
		if r.replace {
			r.warn("replacing deployment %s, which is under way", id)
			continue
		}
		waits, err := r.waitsForImage(ctx, definition)
		if err != nil {
			return err
		}
		if !waits {
			return fail(exitBusy, "another deployment is under way: %s (%s); wait for it, or replace it with --replace", id, definition)
		}
		r.say("Deployment %s waits for an image that is not in the registry yet; this one takes its place.", id)
	}
	for _, each := range r.service.Deployments {
		r.known = append(r.known, aws.ToString(each.Id))
	}
	return nil
}

// waitsForImage tells whether a deployment cannot succeed because its image is not in the registry. A new stack starts
// like this, and the first real deployment may replace it.
func (r *run) waitsForImage(ctx context.Context, arn string) (bool, error) {
	definition, err := r.describe(ctx, arn)
	if err != nil {
		return false, err
	}
	repository, id := split(definition.image(r.outputs.container))
	if repository != r.outputs.repository {
		return false, nil
	}
	found, _, err := r.findImage(ctx, id)
	return err == nil && found == "", err
}

// readHealthPath reads the path that the load balancer asks, from the service's own target group, so that a changed
// healthCheckPath is honoured.
func (r *run) readHealthPath(ctx context.Context) error {
	at := slices.IndexFunc(r.service.LoadBalancers, func(each types.LoadBalancer) bool { return each.TargetGroupArn != nil })
	if at < 0 {
		return fail(exitAPI, "service %s has no target group; run 'pulumi up'", r.outputs.service)
	}
	r.targets = *r.service.LoadBalancers[at].TargetGroupArn
	answer, err := r.clients.loadBalancer.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{
		TargetGroupArns: []string{r.targets},
	})
	if err != nil {
		return err
	}
	if len(answer.TargetGroups) == 0 || aws.ToString(answer.TargetGroups[0].HealthCheckPath) == "" {
		return fail(exitAPI, "target group %s names no health check path", r.targets)
	}
	r.healthURL = strings.TrimSuffix(r.outputs.appURL, "/") + *answer.TargetGroups[0].HealthCheckPath
	return nil
}

// chooseCount decides how many tasks to ask for. With none, the deployment would be complete at once and run nothing.
func (r *run) chooseCount(ctx context.Context) error {
	if r.service.DesiredCount != 0 {
		if r.count > 0 {
			r.warn("--count %d is not used: the service asks for tasks already", r.count)
		}
		return nil
	}
	r.wantedCount = int32(max(r.count, 1))
	if r.count == 0 {
		resource := "service/" + r.outputs.cluster + "/" + r.outputs.service
		answer, err := r.clients.scaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceIds: []string{resource},
		})
		if err != nil {
			return err
		}
		for _, target := range answer.ScalableTargets {
			r.wantedCount = max(r.wantedCount, aws.ToInt32(target.MinCapacity))
		}
	}
	r.say("The service asks for no task; it will ask for %d.", r.wantedCount)
	return nil
}

const (
	defaultTimeout = 20 * time.Minute
	// watchedTimeout is for a deployment that alarms watch. ECS calls it complete only some time after its last task has
	// changed. ECS derives that time from the alarms' periods and does not publish it.
	watchedTimeout = 45 * time.Minute
)

// alarmsWatch tells whether ECS gives up a deployment of the service that raises an alarm.
func (s service) alarmsWatch() bool {
	settings := s.DeploymentConfiguration
	return settings != nil && settings.Alarms != nil && settings.Alarms.Enable
}

// timeLimit is how long a deployment may take.
func (r *run) timeLimit() time.Duration {
	switch {
	case r.timeoutGiven:
		return r.timeout
	case r.service.alarmsWatch():
		r.say("Alarms watch the deployment, also for a while after its last task: it has %d s", int(watchedTimeout.Seconds()))
		return watchedTimeout
	}
	return defaultTimeout
}
