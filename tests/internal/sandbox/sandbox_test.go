package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoSettingOfTheUsersLeadsTheCLIOrAWSClientsElsewhere looks at the environment of a command and at that of a
// shell that evaluates the exports.
func TestNoSettingOfTheUsersLeadsTheCLIOrAWSClientsElsewhere(t *testing.T) {
	for _, name := range []string{
		"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_HOME",
		"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_OPTION_TARGET", "PULUMI_DEBUG_GRPC",
	} {
		t.Setenv(name, "the user's")
	}
	t.Setenv("HOME", "/home/user")
	for plugins, wanted := range map[Plugins]map[string]string{
		StandIn: {
			"PULUMI_DEBUG_LANGUAGES": "go:4",
			"PULUMI_DEBUG_PROVIDERS": "aws:2,random:3",
			"PULUMI_HOME":            "/it's a folder/home",
		},
		Official: {"PULUMI_DEBUG_LANGUAGES": "", "PULUMI_DEBUG_PROVIDERS": "", "PULUMI_HOME": "the user's"},
	} {
		stack := &Stack{
			Dir: "/it's a folder", CLI: "/some tools/pulumi", Name: "sandbox", Plugins: plugins,
			Emulator: "http://127.0.0.1:1", Providers: map[string]int{"random": 3, "aws": 2}, LanguagePort: 4,
		}
		evaluated, err := exec.Command("sh", "-c", stack.Exports()+"env").Output()
		if err != nil {
			t.Fatal(err)
		}
		for from, variables := range map[string][]string{
			"a command": stack.Env(), "a shell": strings.Split(strings.TrimSpace(string(evaluated)), "\n"),
		} {
			checkEnvironment(t, from, variables, wanted)
		}
	}
}

func checkEnvironment(t *testing.T, of string, variables []string, wanted map[string]string) {
	t.Helper()
	environment := map[string]string{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if _, twice := environment[name]; twice {
			t.Errorf("%s has %s twice", of, name)
		}
		environment[name] = value
		if value == "the user's" && wanted[name] != value {
			t.Errorf("%s of %s is still the user's", name, of)
		}
	}
	for _, each := range []map[string]string{wanted, {
		"AWS_ACCESS_KEY_ID":                           "test",
		"AWS_ENDPOINT_URL":                            "http://127.0.0.1:1",
		"AWS_REGION":                                  "eu-west-2",
		"PULUMI_BACKEND_URL":                          "file:///it%27s%20a%20folder/state?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE":                    "sandbox",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_OPTION_CONFIG_FILE":                   "/it's a folder/settings/Pulumi.sandbox.yaml",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_STACK":                                "sandbox",
		"HOME":                                        "/home/user",
		"PATH":                                        "/some tools:" + os.Getenv("PATH"),
	}} {
		for name, want := range each {
			if environment[name] != want {
				t.Errorf("%s of %s is %q, want %q", name, of, environment[name], want)
			}
		}
	}
}

func TestTheSettingsLeadTheProviderToTheEmulator(t *testing.T) {
	stack := &Stack{Root: t.TempDir(), ProviderEndpoint: "http://127.0.0.1:9"}
	example := "config:\n  aws:region: us-east-1\n  project:secret:\n    secure: not-readable-here\n" +
		"  aws:defaultTags:\n    tags:\n      Project: media\n"
	if err := os.WriteFile(filepath.Join(stack.Root, exampleStack), []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := stack.encodeSettings(map[string]string{"mediaserver:name": "media"})
	if err != nil {
		t.Fatal(err)
	}
	want := `config:
    aws:accessKey: test
    aws:defaultTags:
        tags:
            Project: media
    aws:endpoints:
        - acm: http://127.0.0.1:9
          applicationautoscaling: http://127.0.0.1:9
          cloudwatch: http://127.0.0.1:9
          cloudwatchlogs: http://127.0.0.1:9
          ec2: http://127.0.0.1:9
          ecr: http://127.0.0.1:9
          ecs: http://127.0.0.1:9
          elbv2: http://127.0.0.1:9
          iam: http://127.0.0.1:9
          route53: http://127.0.0.1:9
          s3: http://127.0.0.1:9
          sns: http://127.0.0.1:9
          ssm: http://127.0.0.1:9
          sts: http://127.0.0.1:9
    aws:region: eu-west-2
    aws:s3UsePathStyle: "true"
    aws:secretKey: test
    aws:skipCredentialsValidation: "true"
    aws:skipMetadataApiCheck: "true"
    mediaserver:name: media
`
	if string(text) != want {
		t.Errorf("the settings are\n%s\nwant\n%s", text, want)
	}
}
