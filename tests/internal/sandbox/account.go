package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/emulator"
)

// Region is the AWS region of the sandbox, and Account the number of its account.
const (
	Region  = "eu-west-2"
	Account = emulator.Account
)

// AccessKey and SecretKey are the credentials of the sandbox. The emulator accepts any.
const (
	AccessKey = "test"
	SecretKey = "test"
)

// AWSConfig is the configuration of AWS clients for a sandbox whose emulator, or a proxy of it, is at the endpoint.
func AWSConfig(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		HTTPClient:   awsclients.KeepAnswers(awshttp.NewBuildableClient()),
	}
}

// secretsKey names the key that encrypts the secrets in the settings and states of the sandbox's stacks, as a team's
// key does on AWS. From a passphrase the CLI would derive a key in each run, which takes as long as the rest of it.
const secretsKey = "alias/pulumi"

// secretsProvider is the key as the CLI takes it.
const secretsProvider = "awskms://" + secretsKey + "?region=" + Region

// createSecretsKey makes the key in an emulated account.
func createSecretsKey(ctx context.Context, endpoint string) error {
	client := kms.NewFromConfig(AWSConfig(endpoint))
	key, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("Secrets of the sandbox's stacks")})
	if err != nil {
		return fmt.Errorf("create the key of the sandbox's secrets: %w", err)
	}
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{
		AliasName: aws.String(secretsKey), TargetKeyId: key.KeyMetadata.KeyId,
	})
	if err != nil {
		return fmt.Errorf("name the key of the sandbox's secrets: %w", err)
	}
	return nil
}

// exampleStack is the settings file whose default tags the sandbox's stacks carry too.
const exampleStack = "Pulumi.dev.yaml"

// services are the AWS services that the program uses, as the aws provider's endpoints setting names them.
var services = []string{
	"acm", "applicationautoscaling", "cloudwatch", "cloudwatchlogs", "ec2", "ecr", "ecs", "elbv2", "iam", "route53", "s3",
	"sns", "ssm", "sts",
}

// settings is a stack's settings file, as far as the sandbox writes it. The CLI adds the provider of the stack's
// secrets.
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
