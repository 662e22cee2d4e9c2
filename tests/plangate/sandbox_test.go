package plangate

import (
	"fmt"
	"slices"
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
	refuses := func(t *testing.T, plan string, allowances int, want ...row) verdict {
		t.Helper()
		result := judge(t, plan)
		result.expect(t, 1, "refused")
		for _, each := range want {
			if !each.in(result) {
				t.Errorf("no row %q in\n%s", each, result.stdout)
			}
		}
		if len(result.allowances()) != allowances {
			t.Errorf("offers %q, want %d allowances", result.allowances(), allowances)
		}
		judge(t, plan, result.allowing()...).expect(t, 0, "(allowed)")
		return result
	}
	// with previews the stack with further settings.
	with := func(settings ...string) string {
		deployed.Set(settings...)
		changed := plan()
		for _, setting := range settings {
			key, _, _ := strings.Cut(setting, "=")
			// An element goes with its whole list or object, of which an empty one would be left.
			if own, isOwn := strings.CutPrefix(key, "mediaserver:"); isOwn {
				key = "mediaserver:" + strings.FieldsFunc(own, func(r rune) bool { return r == '[' || r == '.' })[0]
			}
			deployed.Unset(key)
		}
		return changed
	}

	first := plan()
	t.Run("the first plan passes", func(t *testing.T) {
		// The stack itself is a step too.
		judge(t, first, "--stack", "mediaserver/"+deployed.Name).
			expect(t, 0, fmt.Sprintf("Passed: creates the whole stack mediaserver/%s (%d to create).", deployed.Name, len(inventory.Default())+1))
	})
	t.Run("the inventory has every type of the stack, and no other", func(t *testing.T) {
		var want []string
		for _, each := range inventory.Default() {
			want = append(want, each.Type)
		}
		slices.Sort(want)
		if got := registeredTypes(t, first); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("the stack registers\n%q\nthe inventory has\n%q", got, want)
		}
	})
	deployed.Up()
	t.Run("no change passes", func(t *testing.T) {
		judge(t, plan()).expect(t, 0, "Passed: nothing changes but free properties (no changes).")
	})
	t.Run("alarms ask for what is new, for the service and for the dashboard", func(t *testing.T) {
		deployed.Set("mediaserver:alarmEmails[0]=oncall@example.com")
		refuses(t, plan(), 3,
			row{"alarms", "aws:sns/topic:Topic", "is new"},
			row{"mediaserver", "aws:ecs/service:Service", "alarms.rollback is not free: not set → true"},
			row{"mediaserver", "aws:cloudwatch/dashboard:Dashboard", "dashboardBody is not free"})
		deployed.Up()
	})
	t.Run("more of everything passes", func(t *testing.T) {
		more := with("mediaserver:imageTag=v2", "mediaserver:cpu=512", "mediaserver:memory=1024", "mediaserver:cpuArchitecture=ARM64",
			"mediaserver:containerInsights=enhanced", "mediaserver:maxCapacity=20", "mediaserver:minCapacity=2", "mediaserver:desiredCount=3",
			"mediaserver:scaleUpCpu=75", "mediaserver:scaleDownCpu=25", "mediaserver:alarmErrorPercent=1", "mediaserver:alarmResponseSeconds=1",
			"mediaserver:logRetentionDays=60", "mediaserver:healthCheckPath=/alive", "mediaserver:startSeconds=400")
		if changes := sandboxtest.Changes(sandboxtest.ReadPlan(t, more)); len(changes) < 8 {
			t.Errorf("it changes only %q", changes)
		}
		judge(t, more).expect(t, 0, "Passed: nothing changes but free properties")
	})
	t.Run("settings that take something away, or hide it, are refused", func(t *testing.T) {
		refuses(t, with("mediaserver:alarmErrorPercent=6", "mediaserver:alarmResponseSeconds=6", "mediaserver:logRetentionDays=7",
			"mediaserver:oldVersionDays=30", "mediaserver:nodeEnv=staging"), 6,
			row{"server-errors", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6"},
			row{"slow-responses", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6"},
			row{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays is not free: 30 → 7"},
			row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].noncurrentVersionExpiration.noncurrentDays is not free: not set → 30"},
			row{"app-config", "aws:ssm/parameter:Parameter", "value is not free: a secret → a secret"})
	})
	t.Run("settings of the network, the application and the media are refused", func(t *testing.T) {
		refuses(t, with("mediaserver:allowedCidrBlocks[0]=10.0.0.0/8", "mediaserver:environment.LOG_LEVEL=debug",
			"mediaserver:containerHealthCheck=wget", "mediaserver:assignPublicIp=false", "mediaserver:archiveStorageClass=NONE",
			"mediaserver:accessLogsBucket=logs", "mediaserver:secretsKeyArns[0]=arn:aws:kms:eu-west-2:123456789012:key/a"), 6,
			row{"alb", "aws:ec2/securityGroup:SecurityGroup", "ingress[0].cidrBlocks[0] is not free: 0.0.0.0/0 → 10.0.0.0/8"},
			row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "environment[LOG_LEVEL].value is not free: not set → not shown"},
			row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "healthCheck.command"},
			row{"mediaserver", "aws:ecs/service:Service", "networkConfiguration.assignPublicIp is not free: true → false"},
			row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].transitions is not free"},
			row{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "accessLogs.bucket is not free: not set → logs"},
			row{"ecs-task-execution-role", "aws:iam/role:Role", "inlinePolicies[mediaserver-ecs-task-secrets].policy.Statement is not free"})
	})
	t.Run("another name is refused", func(t *testing.T) {
		result := judge(t, with("mediaserver:name=renamed"))
		result.expect(t, 1, "refused")
		for _, want := range []row{
			{"media-storage", "aws:s3/bucketV2:BucketV2", "is replaced; only a task definition may be"},
			{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "family is not free: mediaserver → renamed"},
		} {
			if !want.in(result) {
				t.Errorf("no row %q in\n%s", want, result.stdout)
			}
		}
	})
	t.Run("default tags are free but for those of the policies", func(t *testing.T) {
		refuses(t, with("aws:defaultTags.tags.Team=media"), 3, row{"app-config", "aws:ssm/parameter:Parameter", "value is not free"})
		deployed.Set("aws:defaultTags.tags.Environment=prod")
		result := judge(t, plan())
		if want := (row{"ecs-tasks", "aws:ec2/securityGroup:SecurityGroup", "tagsAll.Environment is not free: dev → prod"}); result.code != 1 || !want.in(result) {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
	})
}

// registeredTypes are the types of the managed resources in a plan, sorted, each once.
func registeredTypes(t *testing.T, plan string) []string {
	t.Helper()
	var types []string
	for _, step := range sandboxtest.ReadPlan(t, plan).Steps {
		if step.URN.Type() != "pulumi:pulumi:Stack" {
			types = append(types, string(step.URN.Type()))
		}
	}
	slices.Sort(types)
	if types = slices.Compact(types); len(types) < 20 {
		t.Fatalf("the plan registers %q only", types)
	}
	return types
}
