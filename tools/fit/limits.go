package fit

import (
	"fmt"
	"time"
)

// Judge is one of the two health checks for which ECS stops a task.
type Judge struct {
	// Limit is the time after the start within which the application must satisfy the check.
	Limit time.Duration
	// Reason is a sentence that names the settings behind the limit. Empty if there is no such check.
	Reason string
}

// ownJudge is the judge of the container's own health check. Failures count after the start period, and the service
// ignores an unhealthy container for its grace period (Amazon ECS API reference, HealthCheck and CreateService).
func ownJudge(startPeriod, interval, grace time.Duration, retries int) Judge {
	limit := max(startPeriod+time.Duration(retries)*interval, grace)
	return Judge{Limit: limit, Reason: fmt.Sprintf(
		"The container's own health check allows %s: startPeriod (%s) and %d retries, %s apart, "+
			"or the service's healthCheckGracePeriodSeconds (%s) if that is longer.",
		round(limit), seconds(startPeriod), retries, seconds(interval), seconds(grace))}
}

// loadBalancerJudge is the judge of the load balancer's health check. A new target is healthy after one success. One
// that has failed long enough to be unhealthy needs several in a row (Application Load Balancers guide, Health checks),
// and ECS stops its task unless they come before the grace period is over.
func loadBalancerJudge(grace, interval time.Duration, healthy, unhealthy int) Judge {
	limit := max(time.Duration(unhealthy)*interval, grace-time.Duration(healthy-1)*interval)
	return Judge{Limit: limit, Reason: fmt.Sprintf(
		"The load balancer's health check allows %s: %d failures, %s apart, make the task unhealthy, %d successes make it healthy again, "+
			"and ECS stops an unhealthy task once the service's healthCheckGracePeriodSeconds (%s) is over.",
		round(limit), unhealthy, seconds(interval), healthy, seconds(grace))}
}

// pending is the judge that decides first among those that are not satisfied.
func (p Plan) pending(seen observation) Judge {
	switch {
	case seen.own.healthy:
		return p.LoadBalancer.Judge
	case p.LoadBalancer.accepts(seen.outside.status) || p.Own.Judge.Limit < p.LoadBalancer.Judge.Limit:
		return p.Own.Judge
	default:
		return p.LoadBalancer.Judge
	}
}

// within is the plan with the user's limit for both judges. 0 leaves the plan as it is.
func (p Plan) within(limit time.Duration) Plan {
	if limit > 0 {
		first := p.pending(observation{own: ownResult{healthy: len(p.Own.Command) == 0}})
		judge := Judge{Limit: limit, Reason: fmt.Sprintf("--timeout allows %s; the stack allows %s.", round(limit), round(first.Limit))}
		p.Own.Judge, p.LoadBalancer.Judge = judge, judge
	}
	return p
}

// seconds writes the time of a setting.
func seconds(duration time.Duration) string { return fmt.Sprintf("%d s", duration/time.Second) }

// round writes a time that has passed, to the second.
func round(duration time.Duration) string {
	return seconds(max(duration.Round(time.Second), time.Second))
}
