package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// writeProject writes a program's folder, with a stack whose tags the sandbox takes over.
func writeProject(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml": "name: project\nruntime: go\n",
		"Pulumi.dev.yaml": "config:\n  aws:region: us-east-1\n  project:secret:\n    secure: not-readable-here\n" +
			"  aws:defaultTags:\n    tags:\n      Project: media\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func values(environment []string) map[string]string {
	values := map[string]string{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return values
}

func TestNoSettingOfTheUsersLeadsTheCLIOrAWSClientsElsewhere(t *testing.T) {
	for _, name := range []string{
		"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_OPTION_TARGET", "PULUMI_DEBUG_GRPC",
	} {
		t.Setenv(name, "the user's")
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_HOME"} {
		t.Setenv(name, "the user's")
	}
	t.Setenv("HOME", "/home/user")
	stack := &Stack{
		Dir: "/a folder", CLI: "/tools/pulumi", Name: "sandbox", Plugins: StandIn,
		Emulator: "http://127.0.0.1:1", Providers: map[string]int{"random": 3, "aws": 2}, LanguagePort: 4,
	}
	environment := values(stack.Env())
	for name, value := range environment {
		if value == "the user's" {
			t.Errorf("%s is still the user's", name)
		}
	}
	for name, want := range map[string]string{
		"AWS_ACCESS_KEY_ID":                           "test",
		"AWS_ENDPOINT_URL":                            "http://127.0.0.1:1",
		"AWS_REGION":                                  "eu-west-2",
		"PULUMI_BACKEND_URL":                          "file:///a%20folder/state?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE":                    "sandbox",
		"PULUMI_DEBUG_LANGUAGES":                      "go:4",
		"PULUMI_DEBUG_PROVIDERS":                      "aws:2,random:3",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_HOME":                                 "/a folder/home",
		"PULUMI_OPTION_CONFIG_FILE":                   "/a folder/settings/Pulumi.sandbox.yaml",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_STACK":                                "sandbox",
		"HOME":                                        "/home/user",
	} {
		if environment[name] != want {
			t.Errorf("%s is %q, want %q", name, environment[name], want)
		}
	}
	if first, _, _ := strings.Cut(environment["PATH"], ":"); first != "/tools" {
		t.Errorf("PATH begins with %s, want the folder of the CLI", first)
	}
	foreign := stack.Environment().foreign()
	if !slices.Contains(foreign, "AWS_PROFILE") || slices.Contains(foreign, "AWS_REGION") || slices.Contains(foreign, "HOME") {
		t.Errorf("the variables to unset are %v", foreign)
	}
}

func TestExportsUnsetWhatLeadsElsewhereAndPutTheCLIFirstOnPath(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	stack := &Stack{
		Dir: "/it's a folder", CLI: "/some tools/pulumi", Name: "sandbox", Plugins: StandIn, Emulator: "http://127.0.0.1:1",
	}
	script := stack.Exports() + `printf '%s|' "${AWS_PROFILE-unset}" "$PULUMI_HOME" "$AWS_ENDPOINT_URL" "${PATH%%:*}"`
	output, err := exec.Command("sh", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "unset|/it's a folder/home|http://127.0.0.1:1|/some tools|"; string(output) != want {
		t.Errorf("the shell has %q, want %q", output, want)
	}
	if !strings.HasSuffix(stack.Exports(), "\n") {
		t.Error("the last command does not end its line")
	}
}

func TestTheOfficialPluginsGetTheSameSettingsAndNoAttachment(t *testing.T) {
	t.Setenv("PULUMI_HOME", "/home/user/.pulumi")
	t.Setenv("AWS_PROFILE", "production")
	stack := &Stack{
		Root: writeProject(t), Dir: t.TempDir(), CLI: "/tools/pulumi", Name: "sandbox", Plugins: Official,
		Emulator: "http://127.0.0.1:1", ProviderEndpoint: "http://127.0.0.1:9",
	}
	hasNoAttachment(t, stack)
	text, err := stack.encodeSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	stack.Plugins = StandIn
	if own, err := stack.encodeSettings(nil); err != nil || string(own) != string(text) {
		t.Errorf("the settings differ (%v):\n%s\nand\n%s", err, own, text)
	}
	var written settings
	if err := yaml.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	leadToTheEmulator(t, written.Config)
}

func hasNoAttachment(t *testing.T, stack *Stack) {
	t.Helper()
	environment := values(stack.Env())
	for _, name := range []string{"PULUMI_DEBUG_PROVIDERS", "PULUMI_DEBUG_LANGUAGES", "AWS_PROFILE"} {
		if value, set := environment[name]; set {
			t.Errorf("%s is set, to %q", name, value)
		}
	}
	for name, want := range map[string]string{
		"PULUMI_HOME":               "/home/user/.pulumi",
		"PULUMI_STACK":              "sandbox",
		"PULUMI_OPTION_CONFIG_FILE": stack.SettingsFile(),
		"AWS_ENDPOINT_URL":          stack.Endpoint(),
	} {
		if environment[name] != want {
			t.Errorf("%s is %q, want %q", name, environment[name], want)
		}
	}
}

func leadToTheEmulator(t *testing.T, config map[string]any) {
	t.Helper()
	for key, want := range map[string]any{
		"aws:region":                    "eu-west-2",
		"aws:accessKey":                 "test",
		"aws:secretKey":                 "test",
		"aws:skipCredentialsValidation": "true",
		"aws:skipMetadataApiCheck":      "true",
		"aws:s3UsePathStyle":            "true",
	} {
		if config[key] != want {
			t.Errorf("%s is %v, want %v", key, config[key], want)
		}
	}
	if tags := config["aws:defaultTags"].(map[string]any)["tags"].(map[string]any); tags["Project"] != "media" {
		t.Errorf("the default tags are %v, want those of the example stack", tags)
	}
	if _, taken := config["project:secret"]; taken {
		t.Error("a setting of the example stack that the sandbox cannot decrypt is taken over")
	}
	endpoints := config["aws:endpoints"].([]any)[0].(map[string]any)
	for _, service := range []string{
		"acm", "applicationautoscaling", "cloudwatch", "cloudwatchlogs", "ec2", "ecr", "ecs", "elbv2", "iam", "route53", "s3", "sns", "ssm", "sts",
	} {
		if endpoints[service] != "http://127.0.0.1:9" {
			t.Errorf("the endpoint of %s is %v, want the provider's", service, endpoints[service])
		}
	}
}
