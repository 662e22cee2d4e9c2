// Package examples checks that the example settings in the folder examples are what the program accepts, that they do
// what they promise, and that the documented commands make a stack of them.
package examples

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/documents"
	"mediaserver/tests/internal/sandboxtest"
)

const repository = "../.."

// production is the example for a production stack, and zone its setting for the hosted zone.
const (
	production = repository + "/examples/Pulumi.prod.yaml"
	zone       = "mediaserver:hostedZoneId"
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

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheProductionExampleNamesOnlySettingsThatExist(t *testing.T) {
	project := load[struct {
		Name   string
		Config map[string]struct{ Default any }
	}](t, repository+"/Pulumi.yaml")
	own := 0
	for key, value := range load[settings](t, production).Config {
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

// promised is what the example promises, as parts of the inputs of each type of resource in JSON.
var promised = map[string][]string{
	"aws:s3/bucketV2:BucketV2": {`"forceDestroy":false`},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {`"noncurrentVersionExpiration":{"noncurrentDays":90}`},
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":           {`"allowedOrigins":["https://media.example.com"]`},
	"aws:ecr/repository:Repository":                                        {`"forceDelete":false`},
	"aws:cloudwatch/logGroup:LogGroup":                                     {`"retentionInDays":365`},
	"aws:ecs/taskDefinition:TaskDefinition":                                {`"cpu":"1024"`, `"memory":"2048"`, `"cpuArchitecture":"ARM64"`},
	"aws:ecs/cluster:Cluster":                                              {`{"name":"containerInsights","value":"enhanced"}`},
	"aws:acm/certificate:Certificate":                                      {`"domainName":"media.example.com"`},
	"aws:ecs/service:Service": {
		`"desiredCount":3`, `"enableExecuteCommand":false`,
		`"alarms":{"alarmNames":["mediaserver-server-errors","mediaserver-unhealthy-targets"],"enable":true,"rollback":true}`,
	},
	"aws:appautoscaling/target:Target":            {`"minCapacity":3`, `"maxCapacity":20`},
	"aws:sns/topicSubscription:TopicSubscription": {`"endpoint":"oncall@example.com"`},
}

// The order matters: the example's zone is nobody's until the account has one in its place.
func TestTheProductionExampleProtectsDataInTheSandbox(t *testing.T) {
	deployed := sandboxtest.New(t, repository)
	file := deployed.SettingsFile()
	// The stack keeps its own encryption salt beside the example's settings.
	merged := load[settings](t, file)
	use := func() {
		t.Helper()
		content, err := yaml.Marshal(merged)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, content)
	}
	maps.Copy(merged.Config, load[settings](t, production).Config)
	use()
	if lacking := deployed.Run("preview"); !strings.Contains(lacking.Stdout+lacking.Stderr, fmt.Sprintf("find the hosted zone %v: ", merged.Config[zone])) {
		t.Errorf("the settings are refused, or the zone is not looked up:\n%s%s", lacking.Stdout, lacking.Stderr)
	}
	merged.Config[zone] = sandboxtest.CreateZone(t, deployed.Clients(), "example.com")
	use()

	seen := map[string]bool{}
	var protected []string
	for _, step := range deployed.Plan().Steps {
		kind := string(step.URN.Type())
		inputs, err := json.Marshal(step.NewState.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range promised[kind] {
			if !strings.Contains(string(inputs), part) {
				t.Errorf("%s %s lacks %s, and has %s", kind, step.URN.Name(), part, inputs)
			}
		}
		seen[kind] = true
		if step.NewState.Protect {
			protected = append(protected, kind+" "+step.URN.Name())
		}
	}
	for kind := range promised {
		if !seen[kind] {
			t.Errorf("the plan has no %s", kind)
		}
	}
	slices.Sort(protected)
	if want := []string{
		"aws:ecr/repository:Repository mediaserver",
		"aws:s3/bucketV2:BucketV2 media-storage",
		"aws:ssm/parameter:Parameter jwt-secret",
		"random:index/randomPassword:RandomPassword jwt-secret",
		// Another suffix would be another bucket.
		"random:index/randomString:RandomString bucket-suffix",
	}; !slices.Equal(protected, want) {
		t.Errorf("protected are %q, want %q", protected, want)
	}

	deployed.Up()
	deployed.Must("preview", "--expect-no-changes")
	destroyed := deployed.Run("destroy", "--yes", "--skip-preview")
	if destroyed.ExitCode == 0 || !strings.Contains(destroyed.Stdout+destroyed.Stderr, "cannot be deleted") {
		t.Errorf("destroy ends with %d, want a refusal because of the protection:\n%s%s", destroyed.ExitCode, destroyed.Stdout, destroyed.Stderr)
	}
}

// The reader copies commands into a shell whose account is the emulated one, and has no stack yet.
func TestTheDocumentedCommandsMakeTheStateAndAProductionStack(t *testing.T) {
	const guide = repository + "/docs/permissions.md"
	deployed := sandboxtest.New(t, repository)
	folder := sandboxtest.ChangedProgram(t, repository)
	run := func(commands string) string {
		t.Helper()
		shell := sandboxtest.Shell(t, &deployed.Stack, commands)
		shell.Dir = folder
		// What the sandbox sets for its own stack is for the commands to say.
		shell.Env = slices.DeleteFunc(shell.Env, func(variable string) bool {
			name, _, _ := strings.Cut(variable, "=")
			return slices.Contains([]string{"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK"}, name)
		})
		output, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, commands, output)
		}
		return string(output)
	}
	example, err := os.ReadFile(production)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "examples", "Pulumi.prod.yaml"), example)

	run(documents.Commands(t, guide, "aws s3api create-bucket"))
	copied, rest, _ := strings.Cut(documents.Commands(t, guide, "cp examples/Pulumi.prod.yaml"), "\n")
	run(copied)
	file := filepath.Join(folder, "Pulumi.prod.yaml")
	write(t, file, []byte(strings.ReplaceAll(string(example), "Z0123456789ABCDEFGHIJ", sandboxtest.CreateZone(t, deployed.Clients(), "example.com"))))
	if shown := run(rest); !strings.Contains(shown, "to create") {
		t.Errorf("the preview shows\n%s", shown)
	}

	versioning, err := deployed.Clients().S3.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String("mediaserver-state")})
	if err != nil || versioning.Status != s3types.BucketVersioningStatusEnabled {
		t.Errorf("the versioning of the state's bucket is %v (%v)", versioning, err)
	}
	written, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(written), "secretsprovider: awskms://alias/mediaserver-prod?region=eu-west-2\nencryptedkey: ") {
		t.Errorf("the settings do not say what decrypts the secrets: %v\n%s", err, written)
	}
}
