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

// newRevision is what a new revision of the task definition changes.
var newRevision = []string{
	"replace mediaserver (aws:ecs/taskDefinition:TaskDefinition)",
	"update mediaserver (aws:ecs/service:Service)",
}

func TestSettingsOfARunningStackAreJudgedInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	// The CLI keeps the settings of a preview, so every run names all that another one changes.
	with := func(architecture, days, insights string, arguments ...string) []string {
		return append(arguments, "-c", "mediaserver:cpuArchitecture="+architecture,
			"-c", "mediaserver:oldVersionDays="+days, "-c", "mediaserver:containerInsights="+insights)
	}
	plan := func(architecture, days, insights string) string {
		return deployed.Must(with(architecture, days, insights, "preview", "--json", "--show-sames")...).Stdout
	}
	lifecycle := func(because string) row {
		return row{"media-storage", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", because}
	}
	onlyLifecycle := []string{"update media-storage (aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2)"}

	deployed.UpOn(deployed.Changed(withoutPlatform))
	t.Run("a stack from before the platform was stated gets one new revision, and nothing else changes", func(t *testing.T) {
		today := deployed.Must("preview", "--json", "--show-sames").Stdout
		if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, today)); !slices.Equal(got, newRevision) {
			t.Errorf("the plan is %q, want %q", got, newRevision)
		}
		judge(t, today).expect(t, 0, harmless)
		deployed.Up()
		deployed.Must("preview", "--expect-no-changes")
	})
	t.Run("another processor is one new revision", func(t *testing.T) {
		moved := plan("ARM64", "0", "enabled")
		if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, moved)); !slices.Equal(got, newRevision) {
			t.Errorf("the plan is %q, want %q", got, newRevision)
		}
		judge(t, moved).expect(t, 0, harmless)
	})
	t.Run("Container Insights change the cluster, and with none the dashboard", func(t *testing.T) {
		for insights, want := range map[string][]string{
			"enhanced": {"update main (aws:ecs/cluster:Cluster)"},
			"disabled": {"update main (aws:ecs/cluster:Cluster)", "update mediaserver (aws:cloudwatch/dashboard:Dashboard)"},
		} {
			observed := plan("X86_64", "0", insights)
			if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, observed)); !slices.Equal(got, want) {
				t.Errorf("%s: the plan is %q, want %q", insights, got, want)
			}
			judge(t, observed).expect(t, 0, harmless)
		}
	})
	t.Run("old versions that go for good are refused until somebody allows it", func(t *testing.T) {
		expiring := plan("X86_64", "30", "enabled")
		if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, expiring)); !slices.Equal(got, onlyLifecycle) {
			t.Errorf("the plan is %q, want %q", got, onlyLifecycle)
		}
		result := judge(t, expiring)
		result.expect(t, 1, "refused")
		if want := lifecycle("rules: old versions never expire → old versions expire after 30 days"); !want.in(result, "gets weaker") {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
		judge(t, expiring, result.allowing()...).expect(t, 0, "gets weaker (allowed)")
		deployed.Up(with("X86_64", "30", "enabled")...)
		deployed.Must("preview", "--expect-no-changes")
	})
	t.Run("they may stay for longer, not for a shorter time", func(t *testing.T) {
		judge(t, plan("X86_64", "31", "enabled")).expect(t, 0, harmless)
		judge(t, plan("X86_64", "0", "enabled")).expect(t, 0, harmless)
		result := judge(t, plan("X86_64", "29", "enabled"))
		result.expect(t, 1, "refused")
		if want := lifecycle("rules: old versions expire after 30 days → old versions expire after 29 days"); !want.in(result, "gets weaker") {
			t.Errorf("no row %q in\n%s", want, result.stdout)
		}
	})
}

func TestSettingsOfScalingAlarmsAndADomainAreJudgedInTheSandbox(t *testing.T) {
	t.Parallel()
	deployed := sandboxtest.New(t, repository)
	deployed.Up()
	ofOwnProvider := func(region string) []sandboxtest.Edit {
		return []sandboxtest.Edit{
			{File: elsewhere[1].File, New: strings.Replace(elsewhere[1].New, "us-east-1", region, 1)},
			{File: "storage.go", Old: "	versioning, err := ", New: "	elsewhere(ctx)\n	versioning, err := "},
		}
	}
	programs := deployed.ChangedEach(map[string][]sandboxtest.Edit{
		"another number in the program": {{File: "task_alarms.go", Old: "cpu, 0)\", settings.maxCapacity)", New: "cpu, 0)\", settings.maxCapacity+1000)"}},
		"a target that stays":           {{File: "scaling.go", Old: "pulumi.Int(settings.maxCapacity)", New: "pulumi.Int(10)"}},
		"a provider in eu-west-2":       ofOwnProvider("eu-west-2"),
		"a provider in us-east-1":       ofOwnProvider("us-east-1"),
	})
	passes := func(what string) {
		t.Helper()
		result := judge(t, deployed.Must("preview", "--json", "--show-sames").Stdout)
		if result.code != 0 {
			t.Errorf("%s is refused:\n%s%s", what, result.stdout, result.stderr)
		}
	}
	deployed.Set("mediaserver:alarmEmails[0]=oncall@example.com")
	passes("a first address for alarms")
	deployed.Up()

	for _, each := range []struct {
		key, value string
		refused    []row
	}{
		{"alarmEmails[1]", "ops@example.com", nil},
		{"alarmTopicArn", "arn:aws:sns:eu-west-2:123456789012:elsewhere", nil},
		{"maxCapacity", "20", nil},
		{"maxCapacity", "5", nil},
		{"scaleUpCpu", "75", nil},
		{"scaleUpCpu", "65", nil},
		{"alarmErrorPercent", "1", nil},
		{"alarmErrorPercent", "6", []row{{"server-errors", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold: 5 → 6"}}},
		{"alarmResponseSeconds", "1", nil},
		{"alarmResponseSeconds", "6", []row{{"slow-responses", "aws:cloudwatch/metricAlarm:MetricAlarm", "threshold: 5 → 6"}}},
	} {
		t.Run(each.key+" "+each.value, func(t *testing.T) {
			deployed.Set("mediaserver:" + each.key + "=" + each.value)
			defer deployed.Unset("mediaserver:" + each.key)
			planned := deployed.Must("preview", "--json", "--show-sames").Stdout
			if got := sandboxtest.Changes(sandboxtest.ReadPlan(t, planned)); len(got) == 0 {
				t.Fatal("the plan changes nothing")
			}
			result := judge(t, planned)
			if len(each.refused) == 0 {
				result.expect(t, 0, harmless)
				return
			}
			result.expect(t, 1, "refused")
			for _, want := range each.refused {
				if !want.in(result, "gets weaker") {
					t.Errorf("no row %q in\n%s", want, result.stdout)
				}
			}
		})
	}
	t.Run("an update that was interrupted can go on, and go back", func(t *testing.T) {
		deployed.Set("mediaserver:maxCapacity=20")
		defer deployed.Unset("mediaserver:maxCapacity")
		deployed.Must("up", "--yes", "--skip-preview", "--target", "urn:pulumi:"+deployed.Name+"::mediaserver::aws:appautoscaling/target:Target::ecs-target")
		onlyAlarm := []string{"update at-max-capacity (aws:cloudwatch/metricAlarm:MetricAlarm)"}
		if got := sandboxtest.Changes(deployed.Plan()); !slices.Equal(got, onlyAlarm) {
			t.Fatalf("the plan is %q, want %q", got, onlyAlarm)
		}
		passes("the rest of an interrupted update")
		deployed.Set("mediaserver:maxCapacity=10")
		passes("the way back from an interrupted update")
		deployed.Up()
	})
	t.Run("the alarm at the highest number of tasks keeps to what the settings and the target say", func(t *testing.T) {
		const never = "metricQueries: "
		for what, settings := range map[string][]string{
			"another number in the program": nil,
			"a target that stays":           {"-c", "mediaserver:maxCapacity=1000"},
		} {
			result := judge(t, deployed.MustOn(programs[what], append([]string{"preview", "--json", "--show-sames"}, settings...)...).Stdout)
			deployed.Unset("mediaserver:maxCapacity")
			if want := (row{"at-max-capacity", "aws:cloudwatch/metricAlarm:MetricAlarm", never}); result.code != 1 || !want.in(result, "gets weaker") {
				t.Errorf("%s: no row %q in\n%s%s", what, want, result.stdout, result.stderr)
			}
		}
	})
	t.Run("a provider of the program's own stays in its region", func(t *testing.T) {
		deployed.UpOn(programs["a provider in eu-west-2"])
		result := judge(t, deployed.MustOn(programs["a provider in us-east-1"], "preview", "--json", "--show-sames").Stdout)
		if want := (row{"elsewhere", "pulumi:providers:aws", "region: eu-west-2 → us-east-1"}); result.code != 1 || !want.in(result, "gets weaker") {
			t.Errorf("no row %q in\n%s%s", want, result.stdout, result.stderr)
		}
	})
	deployed.Up()
	deployed.Set("mediaserver:domainName=media.example.com",
		"mediaserver:certificateArn="+sandboxtest.ImportCertificate(t, deployed.Clients(), "media.example.com"))
	passes("a domain")
}
