package deploy

import (
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

// readService reads the service. A missing service is an error too.
func (r *run) readService(ctx context.Context) error {
	answer, err := call(ctx, r, r.clients.ecs.DescribeServices, r.serviceInput())
	if err != nil {
		return cannot(err, "read service %s", r.outputs.service)
	}
	if len(answer.Services) > 0 {
		r.service = answer.Services[0]
		return nil
	}
	reason := "MISSING"
	if len(answer.Failures) > 0 && aws.ToString(answer.Failures[0].Reason) != "" {
		reason = *answer.Failures[0].Reason
	}
	return r.notActive(reason)
}

func (r *run) serviceInput() *ecs.DescribeServicesInput {
	return &ecs.DescribeServicesInput{Cluster: &r.outputs.cluster, Services: []string{r.outputs.service}}
}

func (r *run) notActive(status string) error {
	return fail(exitAPI, "service %s in cluster %s is %s, not ACTIVE; run 'pulumi up' first", r.outputs.service, r.outputs.cluster, status)
}

// mustReadService reads the service, which must be one that this run can deploy.
func (r *run) mustReadService(ctx context.Context) error {
	if err := r.readService(ctx); err != nil {
		return err
	}
	if status := aws.ToString(r.service.Status); status != "ACTIVE" {
		return r.notActive(status)
	}
	by := ""
	if controller := r.service.DeploymentController; controller != nil && controller.Type != types.DeploymentControllerTypeEcs {
		by = "the deployment controller " + string(controller.Type)
	} else if settings := r.service.DeploymentConfiguration; settings != nil && settings.Strategy != "" && settings.Strategy != types.DeploymentStrategyRolling {
		by = "the strategy " + string(settings.Strategy)
	}
	if by != "" {
		return fail(exitAPI, "service %s is deployed by %s; deploy-app follows only ECS's own rolling deployments", r.outputs.service, by)
	}
	return nil
}

// primary is the service's PRIMARY deployment, as last read. All its fields are empty if there is none.
func (r *run) primary() types.Deployment {
	for _, each := range r.service.Deployments {
		if aws.ToString(each.Status) == "PRIMARY" {
			return each
		}
	}
	return types.Deployment{}
}

// underWay are the deployments that still try to start tasks, as last read. One that has only just begun does not ask for
// any yet; an old one that asks for none is done.
func (r *run) underWay() []types.Deployment {
	return slices.DeleteFunc(slices.Clone(r.service.Deployments), func(each types.Deployment) bool {
		return each.RolloutState != types.DeploymentRolloutStateInProgress ||
			each.DesiredCount == 0 && aws.ToString(each.Status) != "PRIMARY"
	})
}

// checkNobodyDeploys fails if somebody else's deployment is under way. A deployment found replaceable at the first look
// stays so at the second, after the push.
func (r *run) checkNobodyDeploys(ctx context.Context) error {
	for _, each := range r.underWay() {
		id, definition := aws.ToString(each.Id), aws.ToString(each.TaskDefinition)
		if r.replaceable[id] {
			continue
		}
		waits := false
		if !r.replace {
			var err error
			if waits, err = r.waitsForImage(ctx, definition); err != nil {
				return err
			}
		}
		switch {
		case r.replace:
			r.warn("replacing deployment %s, which is under way", id)
		case waits:
			r.say("Deployment %s waits for an image that is not in the registry yet; this one takes its place.", id)
		default:
			return fail(exitBusy, "another deployment is under way: %s (%s); wait for it, or replace it with --replace", id, definition)
		}
		r.replaceable[id] = true
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
	image := definition.image(r.outputs.container)
	id := imageID(image)
	if repositoryOf(image) != r.outputs.repository || id == nil {
		return false, nil
	}
	found, _, err := r.findImage(ctx, *id)
	return err == nil && found == "", err
}

// readHealthPath reads the path that the load balancer asks, from the service's own target group, so that a changed
// healthCheckPath is honoured.
func (r *run) readHealthPath(ctx context.Context) error {
	for _, each := range r.service.LoadBalancers {
		if r.targets == "" {
			r.targets = aws.ToString(each.TargetGroupArn)
		}
	}
	if r.targets == "" {
		return fail(exitAPI, "service %s has no target group; run 'pulumi up'", r.outputs.service)
	}
	answer, err := call(ctx, r, r.clients.loadBalancer.DescribeTargetGroups, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{r.targets}})
	if err != nil {
		return cannot(err, "read target group %s", r.targets)
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
		answer, err := call(ctx, r, r.clients.scaling.DescribeScalableTargets, &applicationautoscaling.DescribeScalableTargetsInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceIds: []string{resource},
		})
		if err != nil {
			return cannot(err, "read the autoscaling limits of service %s", r.outputs.service)
		}
		for _, target := range answer.ScalableTargets {
			r.wantedCount = max(r.wantedCount, aws.ToInt32(target.MinCapacity))
		}
	}
	r.say("The service asks for no task; it will ask for %d.", r.wantedCount)
	return nil
}

// alarmsWatch tells whether ECS gives up a deployment of the service, as last read, that raises an alarm.
func (r *run) alarmsWatch() bool {
	settings := r.service.DeploymentConfiguration
	return settings != nil && settings.Alarms != nil && settings.Alarms.Enable
}

// timeLimit is how long a deployment may take. If alarms watch it, ECS calls it complete only some time after the last
// task has changed. ECS derives that time from the alarms' periods and does not publish it.
func (r *run) timeLimit() time.Duration {
	switch {
	case r.timeoutGiven:
		return r.timeout
	case r.alarmsWatch():
		r.say("Alarms watch the deployment, also for a while after its last task: it has %d s", int(watchedTimeout.Seconds()))
		return watchedTimeout
	}
	return defaultTimeout
}

const (
	defaultTimeout = 20 * time.Minute
	watchedTimeout = 45 * time.Minute
)
