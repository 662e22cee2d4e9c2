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
	tags, err := s.exampleTags()
	if err != nil {
		return nil, err
	}
	if tags != nil {
		config["aws:defaultTags"] = tags
	}
	for key, value := range ofProgram {
		config[key] = value
	}
	text, err := yaml.Marshal(settings{Config: config})
	if err != nil {
		return nil, fmt.Errorf("encode the stack's settings: %w", err)
	}
	return text, nil
}

// exampleTags are the default tags of the example stack, or nothing if the program has no such stack.
func (s *Stack) exampleTags() (any, error) {
	path := filepath.Join(s.Root, exampleStack)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the default tags: %w", err)
	}
	var example settings
	if err := yaml.Unmarshal(text, &example); err != nil {
		return nil, fmt.Errorf("read the default tags from %s: %w", path, err)
	}
	return example.Config["aws:defaultTags"], nil
}
