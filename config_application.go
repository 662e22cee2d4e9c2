package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The names of the variables that the stack itself gives the container.
const (
	regionVariable    = "AWS_REGION"
	nodeEnvVariable   = "NODE_ENV"
	portVariable      = "PORT"
	bucketVariable    = "S3_BUCKET_NAME"
	jwtSecretVariable = "JWT_SECRET"
)

var ownVariables = []string{regionVariable, nodeEnvVariable, portVariable, bucketVariable, jwtSecretVariable}

// credentialVariables hold credentials (Security Hub, ECS.8). The application
// has those of its task role.
var credentialVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"}

var (
	// variablePattern is a name that every shell can read (POSIX, "Environment
	// Variable Definition", and the lower-case letters that applications use too).
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// parameterPattern and secretPattern capture the ARN that a policy names. The ARN of a Secrets Manager secret ends in a hyphen and
	// six random characters: ECS does not need them, but the policy does. A key in the
	// secret's JSON and the stage or the id of a version may follow it (Amazon ECS
	// developer guide, "Pass Secrets Manager secrets through Amazon ECS environment
	// variables").
	parameterPattern = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):ssm:([a-z0-9-]+):[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$`)
	secretPattern    = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6})(:[^:]*:([^:]*:|:[^:]*))?$`)
	keyArnPattern    = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// variables parses an object of environment variables. A number, true or false
// becomes its text: YAML and the command line turn what looks like one into one.
// An empty text stays empty: ECS drops only a variable that has no value at all
// (aws-actions/amazon-ecs-deploy-task-definition#216).
func variables(text string) (value map[string]string, broken string) {
	var elements map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	// A number keeps the digits that it was written with.
	decoder.UseNumber()
	if err := decoder.Decode(&elements); err != nil || elements == nil || decoder.More() {
		return nil, `must be an object that maps names to texts, such as {"LOG_LEVEL": "info"}`
	}
	value = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		switch element := elements[name].(type) {
		case string, bool, json.Number:
			value[name] = fmt.Sprint(element)
		default:
			return nil, fmt.Sprintf("must be an object that maps names to texts, and the value of %s is none", name)
		}
	}
	return value, ""
}

// areNotSecret refuses variables that were configured as a Pulumi secret.
func areNotSecret(r *settingsReader, key string, values map[string]string) {
	r.check(key, values, !r.isSecret(key), "must not be a Pulumi secret, because the task definition shows it in plain text: "+
		"store the value in Parameter Store or Secrets Manager, and put its ARN into secrets")
}

// areVariables refuses names that are invalid or taken.
func areVariables(r *settingsReader, key string, values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		element := key + "." + name
		r.check(element, values[name], variablePattern.MatchString(name),
			"must have a valid name: letters, digits and underscores, not beginning with a digit")
		r.check(element, values[name], !slices.Contains(ownVariables, name),
			"must have another name: the stack sets this variable itself")
		r.check(element, values[name], !slices.Contains(credentialVariables, name),
			"must not be set: the application gets its credentials from its task role")
	}
}

// areNotPlainToo refuses secrets with the name of a plain variable.
func (s *settings) areNotPlainToo(r *settingsReader, key string, secrets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		_, isPlain := s.environment[name]
		r.check(key+"."+name, secrets[name], !isPlain, "must not also be in environment")
	}
}

// areSecretArns refuses values from which ECS cannot read a secret.
func areSecretArns(r *settingsReader, key string, secrets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		_, arn := secretSource(secrets[name])
		r.check(key+"."+name, secrets[name], arn != "", "must be the ARN of a parameter in Parameter Store, "+
			"arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME, or of a secret in Secrets Manager with its six random characters, "+
			"arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-RANDOM, optionally followed by :JSON-KEY:VERSION-STAGE: or "+
			":JSON-KEY::VERSION-ID for a part or a version of it")
	}
}

// areInRegion refuses secrets of another partition or region.
func areInRegion(r *settingsReader, key string, secrets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		isInRegion(r, key+"."+name, secrets[name])
	}
}

// isInRegion refuses an ARN of another partition or region, which nothing in the
// stack could reach.
func isInRegion(r *settingsReader, key, arn string) {
	parts := strings.Split(arn, ":")
	partition, region := parts[1], parts[3]
	r.check(key, arn, partition == r.environment.partition && region == r.environment.region,
		fmt.Sprintf("must be in the stack's own region, %s in the partition %s", r.environment.region, r.environment.partition))
}

// secretSource is the service from which ECS reads a secret, and the ARN that a
// policy names: empty if the text is not the ARN of a secret.
func secretSource(valueFrom string) (service, arn string) {
	if found := parameterPattern.FindStringSubmatch(valueFrom); found != nil {
		return "ssm", found[1]
	}
	if found := secretPattern.FindStringSubmatch(valueFrom); found != nil {
		return "secretsmanager", found[1]
	}
	return "", ""
}
