// Package examples checks that the example settings in the folder examples are what the
// program accepts, and that they do what they promise.
package examples

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/pulumi/pulumi/pkg/v3/display"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/sandboxtest"
)

// settings is what a stack's settings file holds.
type settings struct {
	EncryptionSalt string         `yaml:"encryptionsalt,omitempty"`
	Config         map[string]any `yaml:"config"`
}

func load[T any](t *testing.T, path string) T {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var loaded T
	if err := yaml.Unmarshal(content, &loaded); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return loaded
}

func TestTheProductionExampleNamesOnlySettingsThatExist(t *testing.T) {
	project := load[struct {
		Name   string
		Config map[string]struct{ Default any }
	}](t, "../../Pulumi.yaml")
	example := load[settings](t, "../../examples/Pulumi.prod.yaml")
	var own int
	for key, value := range example.Config {
		name, isOwn := strings.CutPrefix(key, project.Name+":")
		if !isOwn {
			continue
		}
		own++
		setting, exists := project.Config[name]
		if !exists {
			t.Errorf("%s is no setting of the program", key)
		} else if reflect.DeepEqual(setting.Default, value) {
			t.Errorf("%s repeats the default %v", key, value)
		}
	}
	if own < 5 {
		t.Errorf("the example has %d settings of the program", own)
	}
}

// example is a sandbox whose stack has the settings of the example for production.
type example struct {
	*sandboxtest.Deployment
	// file is the stack's settings file, and merged what it is to hold.
	file   string
	merged settings
}

func newExample(t *testing.T) *example {
	t.Helper()
	e := &example{Deployment: sandboxtest.New(t, "../..")}
	e.file = e.SettingsFile()
	// The stack keeps its own encryption salt beside the example's settings.
	e.merged = load[settings](t, e.file)
	maps.Copy(e.merged.Config, load[settings](t, "../../examples/Pulumi.prod.yaml").Config)
	e.use(t)
	return e
}

// use writes the settings to the stack's file.
func (e *example) use(t *testing.T) {
	t.Helper()
	content, err := yaml.Marshal(e.merged)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The order matters: the example's zone is nobody's until the account has one in its place.
func TestTheProductionExampleProtectsDataInTheSandbox(t *testing.T) {
	e := newExample(t)
	t.Run("the settings are fine, and the account lacks the zone", e.looksUpTheZone)
	e.makeZone(t)
	plan := e.Plan()
	t.Run("the resources have what the example promises", func(t *testing.T) { hasWhatIsPromised(t, plan) })
	t.Run("rules and alarms are those of the example", func(t *testing.T) { hasRulesAndAlarms(t, plan) })
	t.Run("what holds data or a secret is protected", func(t *testing.T) { protectsData(t, plan) })
	t.Run("the stack comes up, and a destroy is refused", e.comesUpAndStays)
}

// zone is the setting for the hosted zone.
const zone = "mediaserver:hostedZoneId"

func (e *example) looksUpTheZone(t *testing.T) {
	if lacking := e.Run("preview"); !strings.Contains(lacking.Stdout+lacking.Stderr, fmt.Sprintf("find the hosted zone %v: ", e.merged.Config[zone])) {
		t.Errorf("the settings are refused, or the zone is not looked up:\n%s%s", lacking.Stdout, lacking.Stderr)
	}
}

// makeZone makes the zone that the example needs, and sets it.
func (e *example) makeZone(t *testing.T) {
	t.Helper()
	created, err := e.Clients().Route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.merged.Config[zone] = strings.TrimPrefix(*created.HostedZone.Id, "/hostedzone/")
	e.use(t)
}

func hasWhatIsPromised(t *testing.T, plan display.PreviewDigest) {
	for _, step := range plan.Steps {
		for _, each := range []struct {
			resourceType, property string
			want                   any
		}{
			{"aws:s3/bucketV2:BucketV2", "forceDestroy", false},
			{"aws:ecr/repository:Repository", "forceDelete", false},
			{"aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 365.0},
			{"aws:ecs/taskDefinition:TaskDefinition", "cpu", "1024"},
			{"aws:ecs/taskDefinition:TaskDefinition", "memory", "2048"},
			{"aws:ecs/taskDefinition:TaskDefinition", "runtimePlatform", map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}},
			{"aws:ecs/cluster:Cluster", "settings", []any{map[string]any{"name": "containerInsights", "value": "enhanced"}}},
			{"aws:acm/certificate:Certificate", "domainName", "media.example.com"},
			{"aws:ecs/service:Service", "desiredCount", 3.0},
			{"aws:ecs/service:Service", "enableExecuteCommand", false},
			{"aws:ecs/service:Service", "alarms", map[string]any{
				"alarmNames": []any{"mediaserver-server-errors", "mediaserver-unhealthy-targets"}, "enable": true, "rollback": true,
			}},
			{"aws:appautoscaling/target:Target", "minCapacity", 3.0},
			{"aws:appautoscaling/target:Target", "maxCapacity", 20.0},
		} {
			if got := step.NewState.Inputs[each.property]; string(step.URN.Type()) == each.resourceType && !reflect.DeepEqual(got, each.want) {
				t.Errorf("%s of %s is %v, want %v", each.property, step.URN.Name(), got, each.want)
			}
		}
	}
}

func hasRulesAndAlarms(t *testing.T, plan display.PreviewDigest) {
	var told []string
	for _, step := range plan.Steps {
		inputs := step.NewState.Inputs
		switch step.URN.Type() {
		case "aws:sns/topicSubscription:TopicSubscription":
			told = append(told, inputs["endpoint"].(string))
		case "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":
			rules, err := json.Marshal(inputs["rules"])
			if err != nil || !strings.Contains(string(rules), `"noncurrentVersionExpiration":{"noncurrentDays":90}`) {
				t.Errorf("lifecycle rules %s (%v)", rules, err)
			}
		case "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":
			rules, err := json.Marshal(inputs["corsRules"])
			if err != nil || !strings.Contains(string(rules), `"allowedOrigins":["https://media.example.com"]`) {
				t.Errorf("CORS rules %s (%v)", rules, err)
			}
		}
	}
	if want := []string{"oncall@example.com"}; !slices.Equal(told, want) {
		t.Errorf("told of alarms are %q, want %q", told, want)
	}
}

func protectsData(t *testing.T, plan display.PreviewDigest) {
	var protected []string
	for _, step := range plan.Steps {
		if step.NewState.Protect {
			protected = append(protected, string(step.URN.Type())+" "+step.URN.Name())
		}
	}
	slices.Sort(protected)
	want := []string{
		"aws:ecr/repository:Repository mediaserver",
		"aws:s3/bucketV2:BucketV2 media-storage",
		"aws:ssm/parameter:Parameter jwt-secret",
		"random:index/randomPassword:RandomPassword jwt-secret",
		// Another suffix would be another bucket.
		"random:index/randomString:RandomString bucket-suffix",
	}
	if !slices.Equal(protected, want) {
		t.Errorf("protected are %q, want %q", protected, want)
	}
}

func (e *example) comesUpAndStays(t *testing.T) {
	e.Up()
	e.Must("preview", "--expect-no-changes")
	destroyed := e.Run("destroy", "--yes", "--skip-preview")
	if destroyed.ExitCode == 0 || !strings.Contains(destroyed.Stdout+destroyed.Stderr, "cannot be deleted") {
		t.Errorf("destroy ends with %d, want a refusal because of the protection:\n%s%s", destroyed.ExitCode, destroyed.Stdout, destroyed.Stderr)
	}
}
