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

func TestTheProductionExampleProtectsDataInTheSandbox(t *testing.T) {
	deployed := sandboxtest.New(t, "../..")
	var file string
	for _, variable := range deployed.Variables() {
		if variable.Name == "PULUMI_OPTION_CONFIG_FILE" {
			file = variable.Value
		}
	}
	// The stack keeps its own encryption salt beside the example's settings.
	merged := load[settings](t, file)
	maps.Copy(merged.Config, load[settings](t, "../../examples/Pulumi.prod.yaml").Config)
	use := func() {
		content, err := yaml.Marshal(merged)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The example's zone is nobody's: the settings are fine, the account lacks it.
	use()
	const zone = "mediaserver:hostedZoneId"
	if lacking := deployed.Run("preview"); !strings.Contains(lacking.Stdout+lacking.Stderr, fmt.Sprintf("find the hosted zone %v: ", merged.Config[zone])) {
		t.Errorf("the settings are refused, or the zone is not looked up:\n%s%s", lacking.Stdout, lacking.Stderr)
	}
	created, err := deployed.Clients().Route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	merged.Config[zone] = strings.TrimPrefix(*created.HostedZone.Id, "/hostedzone/")
	use()
	var protected, told []string
	for _, step := range deployed.Plan().Steps {
		state, inputs := step.NewState, step.NewState.Inputs
		resourceType := string(step.URN.Type())
		if state.Protect {
			protected = append(protected, resourceType+" "+step.URN.Name())
		}
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
			if resourceType == each.resourceType && !reflect.DeepEqual(inputs[each.property], each.want) {
				t.Errorf("%s of %s is %v, want %v", each.property, step.URN.Name(), inputs[each.property], each.want)
			}
		}
		if resourceType == "aws:sns/topicSubscription:TopicSubscription" {
			told = append(told, inputs["endpoint"].(string))
		}
		if resourceType == "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2" {
			rules, err := json.Marshal(inputs["rules"])
			if err != nil || !strings.Contains(string(rules), `"noncurrentVersionExpiration":{"noncurrentDays":90}`) {
				t.Errorf("lifecycle rules %s (%v)", rules, err)
			}
		}
		if resourceType == "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2" {
			rules, err := json.Marshal(inputs["corsRules"])
			if err != nil || !strings.Contains(string(rules), `"allowedOrigins":["https://media.example.com"]`) {
				t.Errorf("CORS rules %s (%v)", rules, err)
			}
		}
	}
	if want := []string{"oncall@example.com"}; !slices.Equal(told, want) {
		t.Errorf("told of alarms are %q, want %q", told, want)
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

	deployed.Up()
	deployed.Must("preview", "--expect-no-changes")
	destroyed := deployed.Run("destroy", "--yes", "--skip-preview")
	if destroyed.ExitCode == 0 || !strings.Contains(destroyed.Stdout+destroyed.Stderr, "cannot be deleted") {
		t.Errorf("destroy ends with %d, want a refusal because of the protection:\n%s%s", destroyed.ExitCode, destroyed.Stdout, destroyed.Stderr)
	}
}
