package sandbox

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// secretsKey names the key that encrypts the secrets in the settings and states of the sandbox's stacks, as a team's
// key does on AWS. From a passphrase the CLI would derive a key in each run, which takes as long as the rest of it.
const secretsKey = "alias/pulumi"

// secretsProvider is the key as the CLI takes it.
const secretsProvider = "awskms://" + secretsKey + "?region=" + Region

// createSecretsKey makes the key in the emulated account.
func (s *Stack) createSecretsKey(ctx context.Context) error {
	client := kms.NewFromConfig(AWSConfig(s.Emulator))
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
