package fit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// readSecrets reads the secrets of the container, as the execution role does when a task starts.
func (s stack) readSecrets(ctx context.Context, read *plan) error {
	for _, secret := range read.container.Secrets {
		name, source := aws.ToString(secret.Name), aws.ToString(secret.ValueFrom)
		value, err := s.readSecret(ctx, source)
		if err != nil {
			return fmt.Errorf("read secret %s from %s: %w", name, source, err)
		}
		read.variables[name] = value
	}
	return nil
}

// readSecret reads a parameter of Parameter Store, or a secret of Secrets Manager, by its ARN.
func (s stack) readSecret(ctx context.Context, source string) (string, error) {
	if !strings.Contains(source, ":secretsmanager:") {
		answer, err := ssm.NewFromConfig(s.account).GetParameter(ctx, &ssm.GetParameterInput{Name: &source, WithDecryption: aws.Bool(true)})
		if err != nil {
			return "", err
		}
		return aws.ToString(answer.Parameter.Value), nil
	}
	// The name may be followed by a key in the secret's JSON, and the stage or the id of a version.
	parts := append(strings.Split(source, ":"), "", "", "")
	input := &secretsmanager.GetSecretValueInput{SecretId: aws.String(strings.Join(parts[:7], ":"))}
	key, stage, version := parts[7], parts[8], parts[9]
	if stage != "" {
		input.VersionStage = &stage
	}
	if version != "" {
		input.VersionId = &version
	}
	answer, err := secretsmanager.NewFromConfig(s.account).GetSecretValue(ctx, input)
	switch {
	case err != nil:
		return "", err
	case answer.SecretString == nil:
		return "", errors.New("it is binary, and ECS takes texts only")
	case key == "":
		return *answer.SecretString, nil
	}
	// A string is taken as it is, anything else as JSON writes it. The decoder's error would repeat part of the secret.
	var values map[string]json.RawMessage
	if json.Unmarshal([]byte(*answer.SecretString), &values) != nil {
		return "", errors.New("it is no JSON object")
	}
	value, found := values[key]
	if !found {
		return "", fmt.Errorf("its JSON has no key %s", key)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value), nil
	}
	return text, nil
}
