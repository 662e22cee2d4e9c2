package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recipe is the inputs that say how to draw a random value. Drawing it again would
// give the bucket another name, or replace the secret and so invalidate every token
// that it has signed. So a drawn value stays, even one that Terraform drew in
// another way.
var recipe = []string{
	"keepers", "length", "lower", "minLower", "minNumeric", "minSpecial", "minUpper",
	"number", "numeric", "overrideSpecial", "special", "upper",
}

const (
	bucketSuffixLength = 8
	jwtSecretLength    = 32
	// jwtSecretSpecialCharacters are the ones that random draws by default, except
	// the braces: Parameter Store refuses a value with {{ and }} in it (AWS Systems
	// Manager API reference, PutParameter).
	jwtSecretSpecialCharacters = "!@#$%&*()-_=+[]<>:?"
)

// randomValuesOutputs are the values that are drawn once and kept in the state.
type randomValuesOutputs struct {
	// bucketSuffix makes the name of the bucket unique among all AWS accounts:
	// eight lower-case letters and digits.
	bucketSuffix pulumi.StringOutput
	// jwtSecret signs the application's tokens: 32 characters. Always a secret.
	jwtSecret pulumi.StringOutput
}

// createRandomValues is phase 1: the suffix of the bucket's name
// and the JWT secret.
func createRandomValues(ctx *pulumi.Context, settings settings) (randomValuesOutputs, error) {
	suffix, err := random.NewRandomString(ctx, "bucket-suffix", &random.RandomStringArgs{
		Length:  pulumi.Int(bucketSuffixLength),
		Special: pulumi.Bool(false),
		// Bucket names have no capitals.
		Upper: pulumi.Bool(false),
	}, pulumi.Protect(settings.protectData), pulumi.IgnoreChanges(recipe))
	if err != nil {
		return randomValuesOutputs{}, fmt.Errorf("create random string bucket-suffix: %w", err)
	}
	secret, err := random.NewRandomPassword(ctx, "jwt-secret", &random.RandomPasswordArgs{
		Length:          pulumi.Int(jwtSecretLength),
		Special:         pulumi.Bool(true),
		OverrideSpecial: pulumi.String(jwtSecretSpecialCharacters),
	}, pulumi.Protect(settings.protectData), pulumi.IgnoreChanges(recipe))
	if err != nil {
		return randomValuesOutputs{}, fmt.Errorf("create random password jwt-secret: %w", err)
	}
	return randomValuesOutputs{
		bucketSuffix: suffix.Result,
		// The provider marks the result as secret; saying so here keeps it one
		// whatever the provider does.
		jwtSecret: pulumi.ToSecret(secret.Result).(pulumi.StringOutput),
	}, nil
}

// parametersOutputs are the entries of Parameter Store.
type parametersOutputs struct {
	jwtSecret, bucketName, appConfig *ssm.Parameter
	// containerSecrets are what the container receives as environment variables that
	// ECS reads elsewhere, sorted by name. The task definition names them and the
	// execution role may read them: one list for both, so that neither has more.
	containerSecrets []containerSecret
}

type containerSecret struct {
	Name string `json:"name"`
	// ValueFrom is the ARN of the parameter. It is an output, declared as any
	// so that pulumi.JSONMarshal resolves it.
	ValueFrom any `json:"valueFrom"`
	// Service is the AWS service that holds it, as an ARN names it.
	Service string `json:"-"`
	// Arn is the ARN that a policy names: that of the whole parameter or secret. It
	// may be an output.
	Arn any `json:"-"`
}

// appConfiguration is the content of the app-config parameter (step 21).
type appConfiguration struct {
	NodeEnv string `json:"NODE_ENV"`
	Region  string `json:"AWS_REGION"`
	Bucket  any    `json:"S3_BUCKET"`
	Port    int    `json:"APP_PORT"`
}

// createParameters is phase 7: the JWT secret, the bucket's name
// and the application's configuration in Parameter Store.
func createParameters(
	ctx *pulumi.Context, settings settings,
	environment environmentOutputs, randomValues randomValuesOutputs, storage storageOutputs,
) (parametersOutputs, error) {
	create := func(name, kind, description string, value pulumi.StringOutput, options ...pulumi.ResourceOption) (*ssm.Parameter, error) {
		created, err := ssm.NewParameter(ctx, name, &ssm.ParameterArgs{
			Name:        pulumi.String(settings.physicalName("/{name}/" + name)),
			Description: pulumi.String(description),
			Type:        pulumi.String(kind),
			Value:       value,
		}, append(options, settings.keep("name"))...)
		if err != nil {
			return nil, fmt.Errorf("create parameter %s: %w", name, err)
		}
		return created, nil
	}
	jwtSecret, err := create("jwt-secret", "SecureString", "Signs and verifies the JSON Web Tokens of the media server",
		randomValues.jwtSecret, pulumi.Protect(settings.protectData))
	if err != nil {
		return parametersOutputs{}, err
	}
	bucketName, err := create("s3-bucket-name", "String", "Name of the bucket that holds the media", storage.bucketName)
	if err != nil {
		return parametersOutputs{}, err
	}
	appConfig, err := create("app-config", "String", "Configuration of the media server, as JSON",
		pulumi.JSONMarshal(appConfiguration{
			NodeEnv: settings.nodeEnv,
			Region:  environment.region,
			Bucket:  storage.bucketName,
			Port:    settings.appPort,
		}))
	if err != nil {
		return parametersOutputs{}, err
	}

	secrets := []containerSecret{{Name: jwtSecretVariable, ValueFrom: jwtSecret.Arn, Service: "ssm", Arn: jwtSecret.Arn}}
	for name, valueFrom := range settings.secrets {
		service, arn := secretSource(valueFrom)
		secrets = append(secrets, containerSecret{Name: name, ValueFrom: valueFrom, Service: service, Arn: arn})
	}
	slices.SortFunc(secrets, func(a, b containerSecret) int { return strings.Compare(a.Name, b.Name) })
	return parametersOutputs{jwtSecret, bucketName, appConfig, secrets}, nil
}
