package adopt

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"

	"mediaserver/tools/adopt/tfstate"
)

// The signatures with which a deployment marks a secret value (pulumi/sdk, resource.SigKey and SecretSig).
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// ErrDone says that the random values are in the stack already.
var ErrDone = errors.New("the random values are in the stack already")

// Deployment is the exported state of a stack.
type Deployment struct {
	// fields are all fields, so that unknown ones are kept.
	fields map[string]any
	// deployment is the part with the resources.
	deployment map[string]any
	stack      string
}

// ReadDeployment reads what `pulumi stack export` printed for a stack.
func ReadDeployment(exported []byte, stack string) (*Deployment, error) {
	read := &Deployment{stack: stack}
	if err := tfstate.Decode(exported, &read.fields); err != nil {
		return nil, fmt.Errorf("read the stack's state: %w", err)
	}
	read.deployment, _ = read.fields["deployment"].(map[string]any)
	return read, nil
}

// resources are the resources in the deployment.
func (d Deployment) resources() []map[string]any {
	var resources []map[string]any
	members, _ := d.deployment["resources"].([]any)
	for _, member := range members {
		if resource, isResource := member.(map[string]any); isResource {
			resources = append(resources, resource)
		}
	}
	return resources
}

// find is a resource by its Pulumi type and its logical name. Nil if there is none.
func (d Deployment) find(token, name string) map[string]any {
	for _, resource := range d.resources() {
		urn, _ := resource["urn"].(string)
		if resource["type"] == token && strings.HasSuffix(urn, "::"+name) {
			return resource
		}
	}
	return nil
}

// parameterToken is the Pulumi type of the parameter that holds the JWT secret.
const parameterToken = "aws:ssm/parameter:Parameter"

// CheckImported reports resources of the import file that are not in the stack yet.
func (a *Adoption) CheckImported(deployment *Deployment) error {
	var absent []string
	for _, match := range a.Imports(deployment) {
		absent = append(absent, match.Ours.Key())
	}
	if len(absent) > 0 {
		return fmt.Errorf("the stack %s does not have %s yet; run the `pulumi import` first, and if it has stopped half-way, again with what --rest writes",
			deployment.stack, strings.Join(absent, ", "))
	}
	return nil
}

// CheckSecret compares the JWT secret of the state with the one in AWS, which `pulumi import` has read. revealed is
// the deployment with its secrets in plain text. The error holds none of them.
func (a *Adoption) CheckSecret(revealed *Deployment) error {
	parameter := revealed.find(parameterToken, a.random.secret.name)
	if parameter == nil {
		return nil
	}
	outputs, _ := parameter["outputs"].(map[string]any)
	if inAWS := plain(outputs["value"]); inAWS != a.random.secret.result {
		return errors.New("the JWT secret in Parameter Store is not the one in the state of Terraform, and the first update would put " +
			"the old one back; run `terraform apply -refresh-only`, and begin again with the new state")
	}
	return nil
}

// plain is the plaintext of a revealed secret in a deployment. Empty for anything else.
func plain(value any) string {
	secret, _ := value.(map[string]any)
	encoded, _ := secret["plaintext"].(string)
	var text string
	if json.Unmarshal([]byte(encoded), &text) != nil {
		return ""
	}
	return text
}

// CheckRevision compares the revision that the imported service runs with the one that the settings come from. imageTag
// is the setting in the stack; empty for its default.
func (a *Adoption) CheckRevision(deployment *Deployment, imageTag string) error {
	ours, _ := resourceAt(ecsService)
	service := deployment.find(ours.Type, ours.Name)
	outputs, _ := service["outputs"].(map[string]any)
	running, isText := outputs["taskDefinition"].(string)
	if service == nil || !isText || a.revision == "" {
		return nil
	}
	if lastPart(running) != a.revision {
		return fmt.Errorf("the service runs the revision %s, and the settings are those of %s: the first update would bring the older one back; "+
			"write the settings again (--overwrite), with credentials that may read Amazon ECS", lastPart(running), a.revision)
	}
	imageTag = cmp.Or(imageTag, text(a.project.Settings["imageTag"].Default))
	if derived := text(a.setting("imageTag")); derived != imageTag {
		return fmt.Errorf("the service runs the image with the tag %s, and imageTag in the stack is %q: the first update would deploy that one; "+
			"set imageTag to %[1]s, and deploy another image when all is done", derived, imageTag)
	}
	return nil
}

// InsertRandomValues puts the random values into the deployment. ErrDone says that they are there. revealed is the
// deployment with its secrets in plain text.
func (a *Adoption) InsertRandomValues(deployment, revealed *Deployment) error {
	absent := 0
	for _, value := range []randomValue{a.random.suffix, a.random.secret} {
		if value.result == "" {
			continue
		}
		existing := revealed.find(value.token, value.name)
		if existing == nil {
			absent++
			if err := deployment.insert(value, a.project.Versions.Random); err != nil {
				return err
			}
			continue
		}
		outputs, _ := existing["outputs"].(map[string]any)
		if result, isText := outputs["result"].(string); result != value.result && (isText || plain(outputs["result"]) != value.result) {
			return fmt.Errorf("the stack %s has drawn a %s of its own, and the deployment has another; take it out of the stack's state, and begin again: "+
				"pulumi state delete '%s'", deployment.stack, value.name, existing["urn"])
		}
	}
	if absent == 0 {
		return ErrDone
	}
	return nil
}

// Write writes the deployment as `pulumi stack import` takes it. The random values in it are plain text until Pulumi
// encrypts them, so never write it to a file.
func (d Deployment) Write(writer io.Writer) error { return json.NewEncoder(writer).Encode(d.fields) }

// insert adds a random value, after its provider.
func (d *Deployment) insert(value randomValue, version string) error {
	root := d.root()
	if root == nil {
		return fmt.Errorf("the stack %s is empty; run the `pulumi import` first", d.stack)
	}
	outputs, err := value.outputs(func(text string) any {
		encoded, err := json.Marshal(text)
		if err != nil {
			panic(err) // A text always has a JSON form.
		}
		return map[string]any{signatureKey: secretSignature, "plaintext": string(encoded)}
	})
	if err != nil {
		return err
	}
	d.add(map[string]any{
		"urn":      d.urn(value.token, value.name),
		"custom":   true,
		"id":       value.id,
		"type":     value.token,
		"inputs":   value.recipe(),
		"outputs":  outputs,
		"parent":   root["urn"],
		"provider": d.provider(version),
	})
	return nil
}

func (d *Deployment) add(resource map[string]any) {
	members, _ := d.deployment["resources"].([]any)
	d.deployment["resources"] = append(members, resource)
}

// root is the resource that stands for the stack. Nil for a new stack.
func (d Deployment) root() map[string]any {
	resources := d.resources()
	at := slices.IndexFunc(resources, func(each map[string]any) bool { return each["type"] == "pulumi:pulumi:Stack" })
	if at < 0 {
		return nil
	}
	return resources[at]
}

// urn is the URN of a resource of the stack.
func (d Deployment) urn(token, name string) string {
	root, _ := d.root()["urn"].(string)
	// urn:pulumi:STACK::PROJECT::TYPE::NAME
	parts := strings.SplitN(root, "::", 4)
	return strings.Join([]string{parts[0], parts[1], token, name}, "::")
}

// provider is the reference to the provider of the random values, URN::ID, which is added where it is missing. The
// engine looks for the default provider of a version under this name (pulumi/sdk, providers.ProviderRequest).
func (d *Deployment) provider(version string) string {
	const token = "pulumi:providers:random"
	name := "default_" + strings.NewReplacer(".", "_", "-", "_", "+", "_").Replace(version)
	existing := d.find(token, name)
	if existing == nil {
		configuration := map[string]any{"version": version}
		existing = map[string]any{
			"urn":     d.urn(token, name),
			"custom":  true,
			"id":      uuid.NewString(),
			"type":    token,
			"inputs":  configuration,
			"outputs": configuration,
		}
		d.add(existing)
	}
	return fmt.Sprintf("%s::%s", existing["urn"], existing["id"])
}
