package plangate

import (
	"fmt"
	"strings"
	"testing"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandboxtest"
)

// What the gate refuses, property by property, is tested in tools/gate with recorded plans. This test shows that the plans
// that the Pulumi CLI makes today are such plans: it changes the settings of one stack.
func TestRealPlansAreJudgedInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	plan := func() string { return deployed.Must("preview", "--json", "--show-sames").Stdout }
	// with previews the stack with further settings of the program.
	with := func(settings ...string) string {
		deployed.Set(settings...)
		changed := plan()
		for _, setting := range settings {
			// An element goes with its whole list or object, of which an empty one would be left.
			deployed.Unset(setting[:strings.IndexAny(setting+"=", "[.=")])
		}
		return changed
	}
	// refused checks that a plan is refused, needs count allowances, and passes with them.
	refused := func(plan string, count int) verdict {
		t.Helper()
		result := judge(t, plan)
		result.expect(1, "refused")
		offered := allowances(result.stderr)
		if len(offered) != count {
			t.Errorf("offers %q, want %d allowances", offered, count)
		}
		judge(t, plan, "--allow", strings.Join(offered, ",")).expect(0, "(allowed)")
		return result
	}

	// The first plan passes. The stack itself is a step too.
	judge(t, plan(), "--stack", "mediaserver/"+deployed.Name).
		expect(0, fmt.Sprintf("Passed: creates the whole stack mediaserver/%s (%d to create).", deployed.Name, len(inventory.Default())+1))
	deployed.Up()
	judge(t, plan()).expect(0, "Passed: nothing changes but free properties (no changes).")

	// Alarms ask for what is new, for the service and for the dashboard.
	deployed.Set("mediaserver:alarmEmails[0]=oncall@example.com")
	alarms := refused(plan(), 3)
	alarms.expectRow("alarms", "aws:sns/topic:Topic", "is new")
	alarms.expectRow("mediaserver", "aws:ecs/service:Service", "alarms.rollback is not free: not set → true")
	alarms.expectRow("mediaserver", "aws:cloudwatch/dashboard:Dashboard", "dashboardBody is not free")
	deployed.Up()

	// More of everything passes.
	more := with("mediaserver:imageTag=v2", "mediaserver:cpu=512", "mediaserver:memory=1024", "mediaserver:cpuArchitecture=ARM64",
		"mediaserver:containerInsights=enhanced", "mediaserver:maxCapacity=20", "mediaserver:minCapacity=2", "mediaserver:desiredCount=3",
		"mediaserver:scaleUpCpu=75", "mediaserver:scaleDownCpu=25", "mediaserver:alarmErrorPercent=1", "mediaserver:alarmResponseSeconds=1",
		"mediaserver:logRetentionDays=60", "mediaserver:healthCheckPath=/alive", "mediaserver:startSeconds=400")
	if changes := sandboxtest.Changes(sandboxtest.ReadPlan(t, more)); len(changes) < 8 {
		t.Errorf("it changes only %q", changes)
	}
	judge(t, more).expect(0, "Passed: nothing changes but free properties")

	// Settings that take something away, or hide it, are refused.
	less := refused(with("mediaserver:alarmErrorPercent=6", "mediaserver:alarmResponseSeconds=6", "mediaserver:logRetentionDays=7",
		"mediaserver:oldVersionDays=30", "mediaserver:nodeEnv=staging"), 6)
	less.expectRow("server-errors", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6")
	less.expectRow("slow-responses", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6")
	less.expectRow("ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays is not free: 30 → 7")
	less.expectRow("media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		"rules[0].noncurrentVersionExpiration.noncurrentDays is not free: not set → 30")
	less.expectRow("app-config", "aws:ssm/parameter:Parameter", "value is not free: a secret → a secret")

	// So are those of the network, the application and the media.
	other := refused(with("mediaserver:allowedCidrBlocks[0]=10.0.0.0/8", "mediaserver:environment.LOG_LEVEL=debug",
		"mediaserver:containerHealthCheck=wget", "mediaserver:assignPublicIp=false", "mediaserver:archiveStorageClass=NONE",
		"mediaserver:accessLogsBucket=logs", "mediaserver:secretsKeyArns[0]=arn:aws:kms:eu-west-2:123456789012:key/a"), 6)
	other.expectRow("alb", "aws:ec2/securityGroup:SecurityGroup", "ingress[0].cidrBlocks[0] is not free: 0.0.0.0/0 → 10.0.0.0/8")
	other.expectRow("mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "environment[LOG_LEVEL].value is not free: not set → not shown")
	other.expectRow("mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "healthCheck.command")
	other.expectRow("mediaserver", "aws:ecs/service:Service", "networkConfiguration.assignPublicIp is not free: true → false")
	other.expectRow("media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].transitions is not free")
	other.expectRow("mediaserver", "aws:lb/loadBalancer:LoadBalancer", "accessLogs.bucket is not free: not set → logs")
	other.expectRow("ecs-task-execution-role", "aws:iam/role:Role", "inlinePolicies[mediaserver-ecs-task-secrets].policy.Statement is not free")

	// Another name replaces things.
	renamed := judge(t, with("mediaserver:name=renamed"))
	renamed.expect(1, "refused")
	renamed.expectRow("media-storage", "aws:s3/bucketV2:BucketV2", "is replaced; only a task definition may be")
	renamed.expectRow("mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "family is not free: mediaserver → renamed")

	// Default tags are free, but for those of the policies.
	deployed.Set("aws:defaultTags.tags.Team=media")
	refused(plan(), 3).expectRow("app-config", "aws:ssm/parameter:Parameter", "value is not free")
	deployed.Set("aws:defaultTags.tags.Environment=prod")
	judge(t, plan()).expectRow("ecs-tasks", "aws:ec2/securityGroup:SecurityGroup", "tagsAll.Environment is not free: dev → prod")
}
