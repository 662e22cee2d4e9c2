package adopt

import (
	"strconv"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"mediaserver/tools/adopt/tfstate"
)

// The guide's addresses of what is in no cloud, and of the parameter that holds the JWT secret.
const (
	suffixAddress = "random_string.bucket_suffix"
	secretAddress = "random_password.jwt_secret"
	jwtParameter  = "aws_ssm_parameter.jwt_secret"
)

// randomValue is a value that was drawn once, as Pulumi keeps it.
type randomValue struct {
	// token and name are its Pulumi type and its logical name.
	token, name string
	// id is its id in the stack, which anybody may see.
	id string
	// result is the value. Empty if there is none to keep.
	result string
	// isSecret tells that nobody may see it.
	isSecret bool
	// recipe says how it was drawn.
	recipe map[string]any
	// schemaVersion is the version of Terraform's schema that the recipe follows.
	schemaVersion int
}

// randomValues are the two of the guide.
type randomValues struct{ suffix, secret randomValue }

// The versions of the schemas of the two types in version 3.9 of Terraform's random provider (internal/provider,
// resource_string.go and resource_password.go), for a value that comes from somewhere else.
const (
	stringSchema   = 2
	passwordSchema = 3
)

// recipeNames are the properties that say how a value is drawn, by their names in Terraform.
var recipeNames = map[string]string{
	"length": "length", "lower": "lower", "upper": "upper", "numeric": "numeric", "special": "special",
	"min_lower": "minLower", "min_upper": "minUpper", "min_numeric": "minNumeric", "min_special": "minSpecial",
	"override_special": "overrideSpecial",
}

// jwtSecret is what tasks read today: the value of the parameter, and where Terraform does not know that, the
// password.
func (a *Adoption) jwtSecret() string {
	parameter, _ := a.find(jwtParameter)
	if value := parameter.Text("value"); value != "" {
		return value
	}
	password, _ := a.find(secretAddress)
	return password.Text("result")
}

// deriveRandomValues are the two values as the stack's state shall hold them.
func (a *Adoption) deriveRandomValues() randomValues {
	drawnSuffix, _ := a.find(suffixAddress)
	suffix := a.bucketSuffix()
	if suffix == "" {
		// The bucket keeps a name of another form, and the suffix is in no name.
		suffix = drawnSuffix.Text("result")
	}
	drawnSecret, _ := a.find(secretAddress)
	values := randomValues{
		suffix: randomValue{token: "random:index/randomString:RandomString", name: "bucket-suffix", id: suffix, result: suffix},
		secret: randomValue{token: "random:index/randomPassword:RandomPassword", name: "jwt-secret", id: "none", result: a.jwtSecret(), isSecret: true},
	}
	values.suffix.drawnAs(drawnSuffix, stringSchema)
	values.secret.drawnAs(drawnSecret, passwordSchema)
	return values
}

// drawnAs takes the recipe over from Terraform. A value that comes from somewhere else gets one that fits it.
func (r *randomValue) drawnAs(drawn tfstate.Resource, schemaVersion int) {
	r.recipe, r.schemaVersion = map[string]any{}, schemaVersion
	if r.result == drawn.Text("result") {
		r.schemaVersion = drawn.SchemaVersion
		for theirs, ours := range recipeNames {
			if value := drawn.At(theirs); value != nil {
				r.recipe[ours] = value
			}
		}
		return
	}
	r.recipe["length"] = utf8.RuneCountInString(r.result)
	for _, name := range []string{"lower", "upper", "numeric", "special"} {
		r.recipe[name] = true
	}
	for _, name := range []string{"minLower", "minUpper", "minNumeric", "minSpecial"} {
		r.recipe[name] = 0
	}
}

// bcryptLimit is how many bytes of a password bcrypt takes.
const bcryptLimit = 72

// outputs are the properties as the random provider reports them, with the result and its hash wrapped as the
// state wants secrets.
func (r randomValue) outputs(secret func(text string) any) (map[string]any, error) {
	outputs := map[string]any{
		"id": r.id,
		// Without it the provider would take the properties for those of its first version.
		"__meta": `{"schema_version":"` + strconv.Itoa(r.schemaVersion) + `"}`,
	}
	for name, value := range r.recipe {
		outputs[name] = value
	}
	if numeric, stated := r.recipe["numeric"]; stated {
		// The former name of the same property.
		outputs["number"] = numeric
	}
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
