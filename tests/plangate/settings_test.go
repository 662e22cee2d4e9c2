package plangate

import (
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/sandboxtest"
)

// withoutPlatform is the program before it stated the platform of the tasks.
var withoutPlatform = sandboxtest.Edit{File: "ecs.go", Old: `		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			// The only system that runs on both processors.
			OperatingSystemFamily: pulumi.String("LINUX"),
			CpuArchitecture:       pulumi.String(settings.cpuArchitecture),
		},
`}

func TestSettingsOfARunningStackAreJudgedInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	plan := func() string { return deployed.Must("preview", "--json", "--show-sames").Stdout }
	refuses := func(what, plan string, allowances int, want ...row) {
		t.Helper()
		result := judge(t, plan)
		result.expect(t, 1, "refused")
		for _, each := range want {
			if !each.in(result) {
				t.Errorf("%s: no row %q in\n%s", what, each, result.stdout)
			}
		}
		if len(result.allowances()) != allowances {
			t.Errorf("%s: offers %q", what, result.allowances())
		}
		judge(t, plan, result.allowing()...).expect(t, 0, "(allowed)")
	}
	// with has settings for a while.
	with := func(settings []string, test func(plan string)) {
		t.Helper()
		deployed.Set(settings...)
		test(plan())
		for _, setting := range settings {
			// An element is unset with the whole list or object: an empty one would be left.
			deployed.Unset(setting[:strings.IndexAny(setting, "[.=")])
		}
	}

	deployed.UpOn(deployed.Changed(withoutPlatform))
	today := plan()
	if got, want := sandboxtest.Changes(sandboxtest.ReadPlan(t, today)), []string{
		"replace mediaserver (aws:ecs/taskDefinition:TaskDefinition)", "update mediaserver (aws:ecs/service:Service)",
	}; !slices.Equal(got, want) {
		t.Errorf("the plan for a stack from before the platform was stated is %q, want %q", got, want)
	}
	refuses("a first platform", today, 1, row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "runtimePlatform.cpuArchitecture is not free: not set → X86_64"})
	deployed.Up()

	deployed.Set("mediaserver:alarmEmails[0]=oncall@example.com")
	refuses("a first address for alarms", plan(), 3, row{"alarms", "aws:sns/topic:Topic", "is new"},
		row{"mediaserver", "aws:ecs/service:Service", "alarms.rollback is not free: not set → true"}, row{"mediaserver", "aws:cloudwatch/dashboard:Dashboard", "dashboardBody is not free"})
	deployed.Up()

	for what, settings := range map[string][]string{
		"more of everything": {
			"mediaserver:imageTag=v2", "mediaserver:cpu=512", "mediaserver:memory=1024", "mediaserver:cpuArchitecture=ARM64", "mediaserver:containerInsights=enhanced",
			"mediaserver:maxCapacity=20", "mediaserver:minCapacity=2", "mediaserver:desiredCount=3", "mediaserver:scaleUpCpu=75", "mediaserver:scaleDownCpu=25",
			"mediaserver:alarmErrorPercent=1", "mediaserver:alarmResponseSeconds=1", "mediaserver:logRetentionDays=60", "mediaserver:healthCheckPath=/alive",
			"mediaserver:startSeconds=400",
		},
		"less of it": {"mediaserver:containerInsights=disabled", "mediaserver:maxCapacity=5", "mediaserver:scaleUpCpu=65", "mediaserver:scaleDownCpu=15"},
	} {
		with(settings, func(plan string) {
			if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, plan)); len(got) < 4 {
				t.Errorf("%s changes only %q", what, got)
			}
			judge(t, plan).expect(t, 0, "Passed: nothing changes but free properties")
		})
	}
	with([]string{
		"mediaserver:alarmErrorPercent=6", "mediaserver:alarmResponseSeconds=6", "mediaserver:logRetentionDays=7", "mediaserver:oldVersionDays=30", "mediaserver:nodeEnv=staging",
	}, func(plan string) {
		refuses("settings that take something away, or hide it", plan, 6,
			row{"server-errors", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6"},
			row{"slow-responses", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold is not free: 5 → 6"},
			row{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays is not free: 30 → 7"},
			row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].noncurrentVersionExpiration.noncurrentDays is not free: not set → 30"},
			row{"app-config", "aws:ssm/parameter:Parameter", "value is not free: a secret → a secret"})
	})
	with([]string{
		"mediaserver:allowedCidrBlocks[0]=10.0.0.0/8", "mediaserver:environment.LOG_LEVEL=debug", "mediaserver:containerHealthCheck=wget", "mediaserver:assignPublicIp=false",
		"mediaserver:archiveStorageClass=NONE", "mediaserver:accessLogsBucket=logs", "mediaserver:secretsKeyArns[0]=arn:aws:kms:eu-west-2:123456789012:key/a",
	}, func(plan string) {
		refuses("settings of the network, the application and the media", plan, 6,
			row{"alb", "aws:ec2/securityGroup:SecurityGroup", "ingress[0].cidrBlocks[0] is not free: 0.0.0.0/0 → 10.0.0.0/8"},
			row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "environment[LOG_LEVEL].value is not free: not set → not shown"},
			row{"mediaserver", "aws:ecs/taskDefinition:TaskDefinition", "healthCheck.command"},
			row{"mediaserver", "aws:ecs/service:Service", "networkConfiguration.assignPublicIp is not free: true → false"},
			row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules[0].transitions is not free"},
			row{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "accessLogs.bucket is not free: not set → logs"},
			row{"ecs-task-execution-role", "aws:iam/role:Role", "inlinePolicies[mediaserver-ecs-task-secrets].policy.Statement is not free"})
	})

	t.Run("default tags are free but for those of the policies", func(t *testing.T) {
		deployed.Set("aws:defaultTags.tags.Team=media")
		refuses("another tag", plan(), 3, row{"app-config", "aws:ssm/parameter:Parameter", "value is not free"})
		deployed.Set("aws:defaultTags.tags.Environment=prod")
		result := judge(t, plan())
		if want := (row{"ecs-tasks", "aws:ec2/securityGroup:SecurityGroup", "tagsAll.Environment is not free: dev → prod"}); result.code != 1 || !want.in(result) {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
		deployed.Set("aws:defaultTags.tags.Environment=dev")
		deployed.Unset("aws:defaultTags.tags.Team")
	})
	t.Run("an update that was interrupted can go on, and go back", func(t *testing.T) {
		deployed.Set("mediaserver:maxCapacity=20")
		deployed.Must("up", "--yes", "--skip-preview", "--target", "urn:pulumi:"+deployed.Name+"::mediaserver::aws:appautoscaling/target:Target::ecs-target")
		for _, capacity := range []string{"20", "10"} {
			deployed.Set("mediaserver:maxCapacity=" + capacity)
			judge(t, plan()).expect(t, 0, "Passed: nothing changes but free properties")
		}
		deployed.Unset("mediaserver:maxCapacity")
		deployed.Up()
	})
	t.Run("a provider of the program's own stays in its region", func(t *testing.T) {
		ofOwnProvider := func(region string) []sandboxtest.Edit {
			return []sandboxtest.Edit{
				{File: elsewhere[1].File, New: strings.Replace(elsewhere[1].New, "us-east-1", region, 1)},
				{File: "storage.go", Old: "	versioning, err := ", New: "	elsewhere(ctx)\n	versioning, err := "},
			}
		}
		programs := deployed.ChangedEach(map[string][]sandboxtest.Edit{"eu-west-2": ofOwnProvider("eu-west-2"), "us-east-1": ofOwnProvider("us-east-1")})
		deployed.UpOn(programs["eu-west-2"])
		refuses("another region", deployed.MustOn(programs["us-east-1"], "preview", "--json", "--show-sames").Stdout, 1,
			row{"elsewhere", "pulumi:providers:aws", "region is not free: eu-west-2 → us-east-1"})
	})
}
