package e2e

import (
	"strings"
	"testing"

	"mediaserver/tests/internal/faultproxy"
)

// ridingOut injects faults and returns a check that each has happened as often as its rule says.
func ridingOut(t *testing.T, proxy *faultproxy.Proxy, rules []faultproxy.Rule) (check func()) {
	t.Helper()
	hits := make([]func() int, len(rules))
	for i, rule := range rules {
		hits[i] = proxy.Inject(rule)
	}
	return func() {
		t.Helper()
		for i, rule := range rules {
			if got := hits[i](); got != rule.Times {
				t.Errorf("%s on %s after %d calls happened %d times, want %d", rule.Fault, rule.Action, rule.Skip, got, rule.Times)
			}
		}
	}
}

func TestFaultsThatPassAreRiddenOut(t *testing.T) {
	t.Parallel()
	d, proxy := newFaultyDeployment(t)

	checkUp := ridingOut(t, proxy, []faultproxy.Rule{
		{Action: "DescribeVpcs", Fault: faultproxy.Throttle, Times: 1},
		{Action: "GetCallerIdentity", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "CreateSecurityGroup", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "AuthorizeSecurityGroupIngress", Fault: faultproxy.InternalError, Skip: 1, Times: 1},
		{Action: "PUT bucket", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "PUT bucket?versioning", Fault: faultproxy.Throttle, Times: 2},
		{Action: "CreateRepository", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "CreateRole", Fault: faultproxy.DropRequest, Skip: 1, Times: 1},
		{Action: "PutRolePolicy", Fault: faultproxy.InternalError, Skip: 2, Times: 1},
		{Action: "PutParameter", Fault: faultproxy.DropRequest, Skip: 2, Times: 1},
		{Action: "CreateLoadBalancer", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "ModifyLoadBalancerAttributes", Fault: faultproxy.InternalError, Times: 1},
		{Action: "CreateTargetGroup", Fault: faultproxy.Throttle, Times: 2},
		{Action: "CreateListener", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "CreateCluster", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "RegisterTaskDefinition", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "CreateService", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "RegisterScalableTarget", Fault: faultproxy.DropRequest, Times: 1},
		{Action: "PutScalingPolicy", Fault: faultproxy.DropResponse, Skip: 1, Times: 1},
		{Action: "PutMetricAlarm", Fault: faultproxy.InternalError, Times: 1},
		{Action: "CreateLogGroup", Fault: faultproxy.DropRequest, Skip: 1, Times: 1},
		{Action: "PutDashboard", Fault: faultproxy.DropRequest, Times: 1},
	})
	d.Up()
	checkUp()
	d.checkInventory(deployed("mediaserver"))
	d.checkManaged(0)

	proxy.Heal()
	checkRefresh := ridingOut(t, proxy, []faultproxy.Rule{
		{Action: "GetRole", Fault: faultproxy.Throttle, Skip: 1, Times: 1},
		{Action: "DescribeSecurityGroups", Fault: faultproxy.InternalError, Times: 1},
		{Action: "DescribeTaskDefinition", Fault: faultproxy.DropResponse, Times: 1},
	})
	d.Must("refresh", "--yes", "--expect-no-changes")
	checkRefresh()

	proxy.Heal()
	checkDestroy := ridingOut(t, proxy, []faultproxy.Rule{
		{Action: "DeleteRole", Fault: faultproxy.DropResponse, Times: 1},
		{Action: "DeleteService", Fault: faultproxy.DropResponse, Times: 1},
		{Action: "DeleteLoadBalancer", Fault: faultproxy.Throttle, Times: 1},
		{Action: "DELETE bucket", Fault: faultproxy.DropResponse, Times: 1},
		{Action: "DeleteSecurityGroup", Fault: faultproxy.InternalError, Skip: 1, Times: 1},
	})
	d.Must("destroy", "--yes", "--skip-preview")
	checkDestroy()
	d.checkInventory(kept("mediaserver", 1))
}

func TestALastingFaultNamesTheResourceAndTheNextRunConverges(t *testing.T) {
	t.Parallel()
	const (
		throttled = "Rate exceeded"
		internal  = "The fault proxy answers instead of the emulator"
		dropped   = "EOF"
	)
	d, proxy := newFaultyDeployment(t)
	type fault struct {
		rule                    faultproxy.Rule
		kind, resource, message string
	}
	// The faults of a run do not depend on each other, and each run gets further than the one before.
	for _, run := range [][]fault{
		{
			{faultproxy.Rule{Action: "AuthorizeSecurityGroupIngress", Fault: faultproxy.InternalError}, "aws:ec2:SecurityGroup", "alb", internal},
			{faultproxy.Rule{Action: "PUT bucket?tagging", Fault: faultproxy.DropRequest}, "aws:s3:BucketV2", "media-storage", dropped},
			{faultproxy.Rule{Action: "PutRetentionPolicy", Fault: faultproxy.Throttle, Skip: 1}, "aws:cloudwatch:LogGroup", "-logs", throttled},
			{faultproxy.Rule{Action: "CreateCluster", Fault: faultproxy.DropRequest}, "aws:ecs:Cluster", "main", dropped},
		},
		{
			{faultproxy.Rule{Action: "CreateLoadBalancer", Fault: faultproxy.DropRequest}, "aws:lb:LoadBalancer", "mediaserver", dropped},
			{faultproxy.Rule{Action: "PUT bucket?lifecycle", Fault: faultproxy.InternalError}, "aws:s3:BucketLifecycleConfigurationV2", "media-storage", internal},
			{faultproxy.Rule{Action: "RegisterTaskDefinition", Fault: faultproxy.DropRequest}, "aws:ecs:TaskDefinition", "mediaserver", dropped},
		},
		{
			{faultproxy.Rule{Action: "CreateService", Fault: faultproxy.Throttle}, "aws:ecs:Service", "mediaserver", throttled},
		},
	} {
		hits := make([]func() int, len(run))
		for i, fault := range run {
			hits[i] = proxy.Inject(fault.rule)
		}
		result := d.Run("up", "--yes", "--skip-preview", "--continue-on-error")
		if result.ExitCode == 0 {
			t.Error("the run succeeds in spite of lasting faults")
		}
		for i, fault := range run {
			if hits[i]() == 0 {
				t.Errorf("%s on %s never happened", fault.rule.Fault, fault.rule.Action)
			}
			if !reports(result.Stdout+result.Stderr, fault.kind, fault.resource, fault.message) {
				t.Errorf("after %s on %s, nothing names %s, %s and %q:\n%s%s", fault.rule.Fault, fault.rule.Action,
					fault.kind, fault.resource, fault.message, result.Stdout, result.Stderr)
			}
		}
		proxy.Heal()
	}
	d.Up()
	d.checkInventory(deployed("mediaserver"))
	d.checkManaged(0)
	if pending := d.State().PendingOperations; len(pending) != 0 {
		t.Errorf("the state has pending operations: %v", pending)
	}
}

// reports tells whether a paragraph that begins with a resource has the text in it, as in
//
//	aws:iam:Role (ecs-task-role):
//	  error: create ecs-task-role: ...
func reports(output, kind, name, text string) bool {
	inside := false
	for line := range strings.Lines(output) {
		trimmed := strings.TrimSpace(line)
		if strings.HasSuffix(trimmed, "):") {
			inside = strings.HasPrefix(trimmed, kind+" (") && strings.Contains(trimmed, name)
			continue
		}
		if inside && strings.Contains(trimmed, "create ") && strings.Contains(trimmed, name) && strings.Contains(trimmed, text) {
			return true
		}
	}
	return false
}
