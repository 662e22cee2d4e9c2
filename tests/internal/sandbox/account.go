package sandbox

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

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
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(secretsKey), TargetKeyId: key.KeyMetadata.KeyId})
	if err != nil {
		return fmt.Errorf("name the key of the sandbox's secrets: %w", err)
	}
	return nil
}
