package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// exampleStack is the settings file whose default tags the sandbox's stacks carry too.
const exampleStack = "Pulumi.dev.yaml"

// services are the AWS services that the program uses, as the aws provider's endpoints setting names them.
var services = []string{
	"acm", "applicationautoscaling", "cloudwatch", "cloudwatchlogs", "ec2", "ecr", "ecs", "elbv2", "iam", "route53", "s3", "sns", "ssm", "sts",
}

// settings is a stack's settings file, as far as the sandbox writes it. The CLI adds the provider of the stack's secrets.
type settings struct {
	Config map[string]any `yaml:"config"`
}

// encodeSettings is the text of the stack's settings file: the region, the tags of the example stack, and what makes
// the aws provider, the stand-in and the official one alike, talk to the emulator and to nothing else. Settings of the
// program come beside these.
func (s *Stack) encodeSettings(ofProgram map[string]string) ([]byte, error) {
	endpoints := map[string]string{}
	for _, service := range services {
		endpoints[service] = s.ProviderEndpoint
	}
	config := map[string]any{
		"aws:region":                    Region,
		"aws:accessKey":                 AccessKey,
		"aws:secretKey":                 SecretKey,
		"aws:skipCredentialsValidation": "true",
		"aws:skipMetadataApiCheck":      "true",
		"aws:s3UsePathStyle":            "true",
		"aws:endpoints":                 []any{endpoints},
	}
	var example settings
	text, err := os.ReadFile(filepath.Join(s.Root, exampleStack))
	if err == nil {
		err = yaml.Unmarshal(text, &example)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the default tags in %s: %w", exampleStack, err)
	}
	if tags, set := example.Config["aws:defaultTags"]; set {
		config["aws:defaultTags"] = tags
	}
	for key, value := range ofProgram {
		config[key] = value
	}
	return yaml.Marshal(settings{Config: config})
}
