package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// refusals are testdata/settings.yaml.
type refusals struct {
	EverySetting object
	Accepted     []object
	Refused      []refusal
	Together     []struct {
		Settings, Account object
		Problems          []string
	}
}

// refusal is a rule of a setting, and values that break it.
type refusal struct {
	Setting string
	// With are further settings.
	With object
	Rule string
	// Values are those of the whole setting. Elements are those of a list, or of an object with their names: each is
	// tried alone.
	Values, Elements list
}

func TestSettingsAreAccepted(t *testing.T) {
	for _, settings := range readYAML[refusals](t, "testdata/settings.yaml").Accepted {
		if err := load(settings); err != nil {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestEachInvalidSettingIsRefusedWithItsKeyValueAndRule(t *testing.T) {
	for _, each := range readYAML[refusals](t, "testdata/settings.yaml").Refused {
		refuse := func(value any, key, shown string) {
			t.Helper()
			settings := object{each.Setting: value}
			maps.Copy(settings, each.With)
			if each.Setting == "environment" || each.Setting == "secrets" {
				shown = "[not shown]"
			}
			recorder := newRecorder()
			want := fmt.Sprintf("mediaserver:%s: %s %s", key, shown, each.Rule)
			if got := recorder.try(t, "mediaserver", settings); !slices.Equal(got, []string{want}) {
				t.Errorf("%v: the problems are\n%s\nwant\n%s", settings, strings.Join(got, "\n"), want)
			}
			if len(recorder.lookups) > 0 {
				t.Errorf("%v: the account was looked at before the error", settings)
			}
		}
		for _, value := range each.Values {
			shown := fmt.Sprint(value)
			if text, isText := value.(string); isText {
				shown = strconv.Quote(text)
			}
			refuse(value, each.Setting, shown)
		}
		for _, element := range each.Elements {
			if variables, isObject := element.(object); isObject {
				for name := range variables {
					refuse(element, each.Setting+"."+name, "")
				}
				continue
			}
			refuse(list{element}, each.Setting+"[0]", strconv.Quote(element.(string)))
		}
	}
}

func TestAllProblemsAreReportedAtOnceBeforeAnythingIsRegistered(t *testing.T) {
	for _, each := range readYAML[refusals](t, "testdata/settings.yaml").Together {
		recorder := newRecorder()
		recorder.account = merged(t, recorder.account, each.Account)
		if got := recorder.try(t, "mediaserver", each.Settings); !slices.Equal(got, each.Problems) {
			t.Errorf("%v: the problems are\n%s\nwant\n%s", each.Settings, strings.Join(got, "\n"), strings.Join(each.Problems, "\n"))
		}
		if len(recorder.records) > 0 {
			t.Errorf("%v: %d resources were registered before the error", each.Settings, len(recorder.records))
		}
	}
}

// load reads the settings of a stack, and does not compare them with its account.
func load(settings object) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := loadSettings(ctx)
		return err
	}, newRecorder().options("mediaserver", namespaced("mediaserver", settings))...)
}

// try deploys a stack in a project with the configuration of a test, and returns the lines of the error.
func (r *recorder) try(t *testing.T, project string, settings object) []string {
	t.Helper()
	err := r.tryAs(t, project, settings)
	if err == nil {
		return nil
	}
	_, message, _ := strings.Cut(err.Error(), "* ")
	return strings.Split(strings.TrimSpace(strings.TrimPrefix(message, "invalid settings:\n")), "\n")
}

// tryAs deploys a stack whose configuration also stands where the SDK gets it. Some keys are secrets.
func (r *recorder) tryAs(t *testing.T, project string, settings object, secretKeys ...string) error {
	t.Helper()
	options := append(r.options(project, namespaced(project, settings)), func(info *pulumi.RunInfo) { info.ConfigSecretKeys = secretKeys })
	text, err := json.Marshal(r.configuration)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumi.EnvConfig, string(text))
	return pulumi.RunErr(deploy, options...)
}

func TestASettingWithoutItsDefaultAsksForAnotherPulumi(t *testing.T) {
	configuration := namespaced("mediaserver", defaults())
	delete(configuration, "mediaserver:appPort")
	delete(configuration, "mediaserver:alarmEmails")
	err := pulumi.RunErr(deploy, pulumi.WithMocks("mediaserver", "dev", newRecorder()), func(info *pulumi.RunInfo) { info.Config = configuration })
	const want = "invalid settings:\nno value arrived for appPort, alarmEmails, not even the default in Pulumi.yaml: " +
		"run the program through Pulumi 3.200 or later, which passes it on\n\n"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestASecretIsNotShownInAnError(t *testing.T) {
	settings := object{"imageTag": "hush hush", "corsAllowedOrigins": list{"hush hush"}, "environment": object{"A": "hush"}, "secrets": object{"B": "hush"}}
	err := newRecorder().tryAs(t, "mediaserver", settings,
		"mediaserver:imageTag", "mediaserver:corsAllowedOrigins", "mediaserver:environment", "mediaserver:secrets")
	const plain = "mediaserver:environment: [secret] must not be a Pulumi secret, because the task definition shows it in plain text: " +
		"store the value in Parameter Store or Secrets Manager, and put its ARN into secrets\n"
	if err == nil || strings.Contains(err.Error(), "hush") || strings.Count(err.Error(), ": [secret] ") != 4 || !strings.Contains(err.Error(), plain) {
		t.Errorf("the error is %v, want four problems without their values", err)
	}
}

func TestAProjectOfAnotherNameMayUseItsOwnNamespace(t *testing.T) {
	settings := readYAML[refusals](t, "testdata/settings.yaml").EverySetting
	if len(settings) != len(defaults()) {
		t.Errorf("everySetting has %d of %d settings", len(settings), len(defaults()))
	}
	own := newRecorder()
	if problems := own.try(t, "cinema", settings); problems != nil {
		t.Fatal(problems)
	}
	for _, difference := range differences("", own.stack(t), run(t, settings).stack(t)) {
		if !strings.HasPrefix(difference, "/outputs/") {
			t.Error(difference)
		}
	}
	both := newRecorder()
	problems := both.try(t, "cinema", object{"cinema:appPort": 1111, "mediaserver:appPort": 2222, "other:appPort": "x"})
	if problems != nil || both.find(t, "TargetGroup mediaserver").inputs["port"] != 2222.0 {
		t.Errorf("of two ports the program takes not that of the namespace mediaserver: %v", problems)
	}
}

// nameLimits are the longest names that AWS accepts, in characters, from the
// documentation of each service.
var nameLimits = map[string]int{
	"SecurityGroup": 255, "BucketV2": 63, "Repository": 256, "Role": 64, "RolePolicy": 128, "Parameter": 1011,
	"LoadBalancer": 32, "TargetGroup": 32, "Cluster": 255, "TaskDefinition": 255, "Service": 255, "Policy": 256,
	"MetricAlarm": 255, "LogGroup": 512, "Dashboard": 255, "Topic": 256,
}

func TestTheLongestNameFits(t *testing.T) {
	fitting := map[string]bool{}
	settings := object{"name": strings.Repeat("n", 28), "maxCapacity": 5000, "alarmEmails": list{"oncall@example.com"}}
	for _, r := range run(t, settings).records {
		kind := resourceKind(r.token)
		for _, property := range []string{"name", "bucket", "family", "dashboardName"} {
			name, isText := r.inputs[property].(string)
			if limit, limited := nameLimits[kind]; isText && limited {
				fitting[kind] = len(name) <= limit
			}
		}
		// CloudWatch API reference, PutMetricAlarm.
		if description, _ := r.inputs["alarmDescription"].(string); !fitting[kind] && nameLimits[kind] > 0 || len(description) > 1024 {
			t.Errorf("%s: a name or a description is too long: %v", r.key(), r.inputs)
		}
	}
	if len(fitting) != len(nameLimits) {
		t.Errorf("only %v have names", fitting)
	}
}
