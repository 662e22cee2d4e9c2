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
	// Variable Definition", with the small letters that applications use too).
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// parameterPattern and secretPattern have the ARN that a policy names, the
	// partition and the region as their first groups. The ARN of a Secrets Manager
	// secret ends in a hyphen and six random characters: ECS could do without them, the
	// policy could not. Behind it may follow the key in the secret's JSON, and the stage
	// or the id of a version (Amazon ECS developer guide, "Pass Secrets Manager secrets
	// through Amazon ECS environment variables").
	parameterPattern = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):ssm:([a-z0-9-]+):[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$`)
	secretPattern    = regexp.MustCompile(`^(arn:(aws|aws-cn|aws-us-gov|aws-eusc):secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6})(:[^:]*:([^:]*:|:[^:]*))?$`)
	// keyArnPattern has the partition and the region as its groups.
	keyArnPattern = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-eusc):kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// variables is the parser of an object of environment variables. A number, true
// or false becomes its text: YAML, and the command line, make one of what looks
// like it.
func variables(text string) (value map[string]string, broken string) {
	var elements map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	// A number keeps the digits that it was written with.
	decoder.UseNumber()
	if err := decoder.Decode(&elements); err != nil || elements == nil || decoder.More() {
		return nil, `must be an object of names and texts, such as {"LOG_LEVEL": "info"}`
	}
	value = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		switch element := elements[name].(type) {
		case string, bool, json.Number:
			value[name] = fmt.Sprint(element)
		default:
			return nil, fmt.Sprintf("must be an object of names and texts, and %s has no text", name)
		}
	}
	return value, ""
}

// areNotSecret refuses variables that were configured as a secret of Pulumi.
func areNotSecret(r *settingsReader, key string, values map[string]string) {
	r.check(key, values, !r.isSecret(key), "must not be a secret of Pulumi, because the task definition shows it in plain: "+
		"put it into Parameter Store or Secrets Manager, and its ARN into secrets")
}

// areVariables refuses names that are none, or that are taken.
func areVariables(r *settingsReader, key string, values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		element := key + "." + name
		r.check(element, values[name], variablePattern.MatchString(name),
			"must be named as an environment variable is: letters, digits and underscores, not beginning with a digit")
		r.check(element, values[name], !slices.Contains(ownVariables, name),
			"must have another name: the stack sets this variable itself")
		r.check(element, values[name], !slices.Contains(credentialVariables, name),
			"must not be set: the application has the credentials of its task role")
	}
}

// areNotPlainToo refuses secrets with the name of a plain variable.
func (s *settings) areNotPlainToo(r *settingsReader, key string, secrets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		_, isPlain := s.environment[name]
		r.check(key+"."+name, secrets[name], !isPlain, "must not be in environment too")
	}
}

// areSecretArns refuses values from which ECS cannot read a secret.
func areSecretArns(r *settingsReader, key string, secrets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		element := key + "." + name
		_, arn := secretSource(secrets[name])
		r.check(element, secrets[name], arn != nil, "must be the ARN of a parameter of Parameter Store, "+
			"arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME, or of a secret of Secrets Manager with its six random characters, "+
			"arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-RANDOM, with :JSON-KEY:VERSION-STAGE: or "+
			":JSON-KEY::VERSION-ID behind it where only a part or a version is meant")
		if arn != nil {
			isInReach(r, element, secrets[name], arn[2], arn[3])
		}
	}
}

// areInReach refuses keys of another region.
func areInReach(r *settingsReader, key string, keyArns []string) {
	for i, value := range keyArns {
		if arn := keyArnPattern.FindStringSubmatch(value); arn != nil {
			isInReach(r, fmt.Sprintf("%s[%d]", key, i), value, arn[1], arn[2])
		}
	}
}

// isInReach refuses an ARN of another partition or region.
func isInReach(r *settingsReader, key, arn, partition, region string) {
	if r.environment == nil {
		return
	}
	r.check(key, arn, partition == r.environment.partition && region == r.environment.region,
		fmt.Sprintf("must be in the stack's own region, %s in the partition %s", r.environment.region, r.environment.partition))
}

// secretSource is the service from which ECS reads a secret, and the groups of
// the service's pattern. Nil if the text is no ARN of one.
func secretSource(valueFrom string) (service string, arn []string) {
	if arn = parameterPattern.FindStringSubmatch(valueFrom); arn != nil {
		return "ssm", arn
	}
	return "secretsmanager", secretPattern.FindStringSubmatch(valueFrom)
}
