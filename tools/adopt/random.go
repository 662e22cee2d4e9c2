package adopt

import (
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

// The guide's addresses of the random values, which are not in AWS, and of the parameter with the JWT secret.
const (
	suffixAddress = "random_string.bucket_suffix"
	secretAddress = "random_password.jwt_secret"
	jwtParameter  = "aws_ssm_parameter.jwt_secret"
)

// randomValue is a value that was drawn once, as Pulumi keeps it.
type randomValue struct {
	// token and name are its Pulumi type and its logical name.
	token, name string
	// id is its id in the stack, which is not secret.
	id string
	// result is the value. Empty if there is none to keep.
	result string
	// isSecret tells that the value must be encrypted.
	isSecret bool
	// schemaVersion is the version of the provider's schema that its properties follow.
	schemaVersion int
}

// randomValues are the two random values of the guide.
type randomValues struct{ suffix, secret randomValue }

// The versions of the schemas of the two types in version 3.9 of Terraform's random provider (internal/provider,
// resource_string.go and resource_password.go).
const (
	stringSchema   = 2
	passwordSchema = 3
)

// jwtSecret is the secret that tasks read today: the value of the parameter or, if the state lacks it, the password.
func (a *Adoption) jwtSecret() string {
	parameter, _ := a.find(jwtParameter)
	if value := parameter.Text("value"); value != "" {
		return value
	}
	password, _ := a.find(secretAddress)
	return password.Text("result")
}

// deriveRandomValues are the two values for the stack's state.
func (a *Adoption) deriveRandomValues() randomValues {
	drawnSuffix, _ := a.find(suffixAddress)
	suffix := a.bucketSuffix()
	if suffix == "" {
		// The bucket keeps a name of another form, without the suffix.
		suffix = drawnSuffix.Text("result")
	}
	return randomValues{
		suffix: randomValue{token: "random:index/randomString:RandomString", name: "bucket-suffix", id: suffix, result: suffix, schemaVersion: stringSchema},
		secret: randomValue{token: "random:index/randomPassword:RandomPassword", name: "jwt-secret", id: "none", result: a.jwtSecret(), isSecret: true,
			schemaVersion: passwordSchema},
	}
}

// recipe says how such a value could be drawn. The program ignores it, so Terraform's own need not be kept.
func (r randomValue) recipe() map[string]any {
	recipe := map[string]any{"length": utf8.RuneCountInString(r.result)}
	for _, kind := range []string{"Lower", "Upper", "Numeric", "Special"} {
		recipe[strings.ToLower(kind)], recipe["min"+kind] = true, 0
	}
	return recipe
}

// bcryptLimit is the number of bytes of a password that bcrypt takes.
const bcryptLimit = 72

// outputs are the properties as the random provider reports them, with the result and its hash wrapped as the
// state wants secrets.
func (r randomValue) outputs(secret func(text string) any) (map[string]any, error) {
	outputs := map[string]any{
		"id": r.id,
		// Without it the provider would take the properties for those of its first version.
		"__meta": `{"schema_version":"` + strconv.Itoa(r.schemaVersion) + `"}`,
	}
	maps.Copy(outputs, r.recipe())
	// The former name of the same property.
	outputs["number"] = outputs["numeric"]
	if !r.isSecret {
		outputs["result"] = r.result
		return outputs, nil
	}
	outputs["result"] = secret(r.result)
	hash, err := bcrypt.GenerateFromPassword([]byte(r.result[:min(len(r.result), bcryptLimit)]), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	outputs["bcryptHash"] = secret(string(hash))
	return outputs, nil
}
