package adopt

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"mediaserver/tools/adopt/tfstate"
)

// deployment is the exported state of a stack, with its secrets in plain text.
type deployment struct {
	// fields are all fields, so that unknown ones are kept.
	fields map[string]any
	// resources are those that it has.
	resources []object
}

type object = map[string]any

// readDeployment reads what `pulumi stack export` printed.
func readDeployment(exported []byte) (*deployment, error) {
	read := &deployment{}
	if err := tfstate.Decode(exported, &read.fields); err != nil {
		return nil, fmt.Errorf("read the stack's state: %w", err)
	}
	content, _ := read.fields["deployment"].(object)
	members, _ := content["resources"].([]any)
	for _, member := range members {
		resource, _ := member.(object)
		read.resources = append(read.resources, resource)
	}
	return read, nil
}

// find is a resource by its Pulumi type and its logical name, or the first one of the type. Nil if there is none.
func (d *deployment) find(token, name string) object {
	for _, each := range d.resources {
		if each["type"] == token && (name == "" || strings.HasSuffix(tfstate.Text(each["urn"]), "::"+name)) {
			return each
		}
	}
	return nil
}

// output is a property of a resource as a text, also if it is a secret. Empty if there is none.
func output(resource object, name string) string {
	outputs, _ := resource["outputs"].(object)
	secret, isSecret := outputs[name].(object)
	if !isSecret {
		return tfstate.Text(outputs[name])
	}
	var text string
	// A secret that was not revealed stays empty.
	_ = json.Unmarshal([]byte(tfstate.Text(secret["plaintext"])), &text)
	return text
}

// randomValue is a value that was drawn once, as Pulumi keeps it.
type randomValue struct {
	// token and name are its Pulumi type and its logical name.
	token, name string
	// id is its id in the stack, which is not secret.
	id string
	// result is the value. Empty if there is none to keep.
	result string
	// schema is the version of the type's schema in version 3.9 of Terraform's random provider (internal/provider,
	// resource_string.go and resource_password.go).
	schema int
}

const passwordToken = "random:index/randomPassword:RandomPassword"

// randomValues are the two random values of the guide, which are not in AWS.
func (a *Adoption) randomValues() (suffix, secret randomValue) {
	drawn, _ := a.find("random_string.bucket_suffix")
	// A bucket may keep a name of another form, without the suffix.
	result := cmp.Or(a.bucketSuffix(), drawn.Text("result"))
	return randomValue{"random:index/randomString:RandomString", "bucket-suffix", result, result, 2},
		randomValue{passwordToken, "jwt-secret", "none", a.jwtSecret(), 3}
}

// AddRandomValues puts the random values into a stack's state, after the import. exported is what
// `pulumi stack export --show-secrets` printed, and the answer is for `pulumi stack import`, which encrypts what is
// secret: neither may be in a file. It is nil if the stack has the values. imageTag is the setting in the stack; empty
// for its default.
func (a *Adoption) AddRandomValues(exported []byte, imageTag string) ([]byte, error) {
	stack, err := readDeployment(exported)
	if err != nil {
		return nil, err
	}
	suffix, secret := a.randomValues()
	if err := cmp.Or(a.checkImported(stack), a.checkRevision(stack, imageTag), checkSecret(stack, secret)); err != nil {
		return nil, err
	}
	before := len(stack.resources)
	for _, value := range []randomValue{suffix, secret} {
		existing := stack.find(value.token, value.name)
		switch {
		case value.result == "":
		case existing == nil:
			if err := stack.insert(value, a.project.Random); err != nil {
				return nil, err
			}
		case output(existing, "result") != value.result:
			return nil, fmt.Errorf("the stack has drawn a %s of its own, and the deployment has another; take it out of the "+
				"stack's state, and begin again: pulumi state delete '%s'", value.name, existing["urn"])
		}
	}
	if len(stack.resources) == before {
		return nil, nil
	}
	stack.fields["deployment"].(object)["resources"] = stack.resources
	return json.Marshal(stack.fields)
}

// checkImported reports resources of the import file that are not in the stack yet.
func (a *Adoption) checkImported(stack *deployment) error {
	var absent []string
	for _, match := range a.absentFrom(stack) {
		absent = append(absent, match.Ours.Key())
	}
	if len(absent) == 0 {
		return nil
	}
	return fmt.Errorf("the stack does not have %s yet; run the `pulumi import` first, and if it has stopped half-way, again "+
		"with what --rest writes", strings.Join(absent, ", "))
}

// checkRevision compares the revision that the imported service runs with the one that the settings come from.
func (a *Adoption) checkRevision(stack *deployment, imageTag string) error {
	ours, _ := resourceAt(ecsService)
	running := lastPart(output(stack.find(ours.Type, ours.Name), "taskDefinition"))
	if running == "" || a.revision == "" {
		return nil
	}
	if running != a.revision {
		return fmt.Errorf("the service runs the revision %s, and the settings are those of %s: the first update would bring the "+
			"older one back; write the settings again (--overwrite), with credentials that may read Amazon ECS", running, a.revision)
	}
	imageTag = cmp.Or(imageTag, tfstate.Text(a.project.Settings["imageTag"].Default))
	if runs := tfstate.Text(a.setting("imageTag")); runs != imageTag {
		return fmt.Errorf("the service runs the image with the tag %s, and imageTag in the stack is %q: the first update would "+
			"deploy that one; set imageTag to %[1]s, and deploy another image when all is done", runs, imageTag)
	}
	return nil
}

// checkSecret compares the JWT secret of the state with the one in AWS, which `pulumi import` has read.
func checkSecret(stack *deployment, secret randomValue) error {
	parameter := stack.find("aws:ssm/parameter:Parameter", secret.name)
	if parameter == nil || output(parameter, "value") == secret.result {
		return nil
	}
	return errors.New("the JWT secret in Parameter Store is not the one in the state of Terraform, and the first update would " +
		"put the old one back; run `terraform apply -refresh-only`, and begin again with the new state")
}

// The signatures with which a deployment marks a secret value (pulumi/sdk, resource.SigKey and SecretSig).
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// bcryptLimit is the number of bytes of a password that bcrypt takes.
const bcryptLimit = 72

// insert adds a random value with the properties that its provider reports, after the provider.
func (d *deployment) insert(value randomValue, version string) error {
	root := d.find("pulumi:pulumi:Stack", "")
	// How the value could be drawn, the program ignores, so Terraform's own recipe need not be kept.
	recipe := object{"length": utf8.RuneCountInString(value.result)}
	for _, kind := range []string{"Lower", "Upper", "Numeric", "Special"} {
		recipe[strings.ToLower(kind)], recipe["min"+kind] = true, 0
	}
	outputs := maps.Clone(recipe)
	// The former name of the same property.
	outputs["number"] = true
	outputs["id"], outputs["result"] = value.id, value.result
	// Without it the provider would take the properties for those of its first version.
	outputs["__meta"] = fmt.Sprintf(`{"schema_version":"%d"}`, value.schema)
	if value.token == passwordToken {
		hashed := value.result[:min(len(value.result), bcryptLimit)]
		hash, err := bcrypt.GenerateFromPassword([]byte(hashed), bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		outputs["result"], outputs["bcryptHash"] = asSecret(value.result), asSecret(string(hash))
	}
	provider := d.provider(root, version)
	d.resources = append(d.resources, object{
		"urn": urn(root, value.token, value.name), "custom": true, "id": value.id, "type": value.token,
		"inputs": recipe, "outputs": outputs, "parent": root["urn"], "provider": provider,
	})
	return nil
}

func asSecret(text string) object {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err) // A text always has a JSON form.
	}
	return object{signatureKey: secretSignature, "plaintext": string(encoded)}
}

// urn is the URN of a resource of the stack: urn:pulumi:STACK::PROJECT::TYPE::NAME.
func urn(root object, token, name string) string {
	parts := strings.SplitN(tfstate.Text(root["urn"]), "::", 3)
	return strings.Join(slices.Concat(parts[:2], []string{token, name}), "::")
}

// provider is the reference to the provider of the random values, URN::ID, which is added where it is missing. The
// engine looks for the default provider of a version under this name (pulumi/sdk, providers.ProviderRequest).
func (d *deployment) provider(root object, version string) string {
	const token = "pulumi:providers:random"
	name := "default_" + strings.NewReplacer(".", "_", "-", "_", "+", "_").Replace(version)
	existing := d.find(token, name)
	if existing == nil {
		configuration := object{"version": version}
		existing = object{
			"urn": urn(root, token, name), "custom": true, "id": uuid.NewString(), "type": token,
			"inputs": configuration, "outputs": configuration,
		}
		d.resources = append(d.resources, existing)
	}
	return fmt.Sprintf("%s::%s", existing["urn"], existing["id"])
}
