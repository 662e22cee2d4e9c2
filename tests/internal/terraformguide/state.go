package terraformguide

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Deployed is a deployment that Terraform has made.
type Deployed struct {
	// Bucket is the name of the bucket.
	Bucket string
	// Instances are what the state holds, in the order of creation.
	Instances []Instance
}

// Instance is one instance in the state.
type Instance struct {
	Mode, Module, Type, Name string
	Index                    any
	Attributes               map[string]any
}

// record adds a resource to the state.
func (g *guide) record(address string, attributes map[string]any) {
	kind, name, _ := strings.Cut(address, ".")
	if renamed, isRenamed := g.Renamed[address]; isRenamed {
		name = renamed
	}
	g.Instances = append(g.Instances, Instance{Mode: "managed", Module: g.Module, Type: kind, Name: name, Index: g.Indexed[address], Attributes: attributes})
}

// blocks are the names of blocks that may occur several times, by those of the lists that Pulumi makes of them.
var blocks = map[string]string{
	"aliases": "alias", "capacityProviderStrategies": "capacity_provider_strategy", "corsRules": "cors_rule", "defaultActions": "default_action",
	"defaultCapacityProviderStrategies": "default_capacity_provider_strategy", "inlinePolicies": "inline_policy", "loadBalancers": "load_balancer",
	"rules": "rule", "settings": "setting", "stepAdjustments": "step_adjustment", "transitions": "transition",
}

// InTerraform gives the properties of a resource the names and the form that they have in Terraform: a block is a list.
func InTerraform(kind string, properties map[string]any) map[string]any {
	attributes := inTerraform(properties).(map[string]any)
	if kind == "aws_cloudwatch_metric_alarm" {
		attributes["alarm_name"] = attributes["name"]
		delete(attributes, "name")
	}
	delete(attributes, "__defaults")
	return attributes
}

func inTerraform(value any) any {
	switch value := value.(type) {
	case map[string]any:
		attributes := map[string]any{}
		for name, member := range value {
			// All other objects are blocks; the keys in these three are a person's.
			if !slices.Contains([]string{"tags", "tagsAll", "dimensions"}, name) {
				if _, isBlock := member.(map[string]any); isBlock {
					member = []any{member}
				}
				member = inTerraform(member)
			}
			attributes[inSnakes(name)] = member
		}
		return attributes
	case []any:
		members := make([]any, len(value))
		for i, member := range value {
			members[i] = inTerraform(member)
		}
		return members
	}
	return value
}

func inSnakes(name string) string {
	if block, isBlock := blocks[name]; isBlock {
		return block
	}
	var written strings.Builder
	for _, letter := range name {
		if unicode.IsUpper(letter) {
			written.WriteByte('_')
		}
		written.WriteRune(unicode.ToLower(letter))
	}
	return written.String()
}

// provider is the provider of a type of resources, and version that of the type's schema.
func (i Instance) provider() string {
	name, _, _ := strings.Cut(i.Type, "_")
	return "registry.terraform.io/hashicorp/" + name
}

func (i Instance) version() int {
	return map[string]int{"random_string": 2, "random_password": 3, "aws_security_group": 1, "aws_ecs_task_definition": 1, "aws_cloudwatch_metric_alarm": 1}[i.Type]
}

type object = map[string]any

// StateFile is the deployment as a state file of version 4.
func (d *Deployed) StateFile(tb testing.TB) []byte {
	tb.Helper()
	var resources []object
	for _, each := range d.Instances {
		instance := object{"schema_version": each.version(), "attributes": each.Attributes, "sensitive_attributes": []any{}}
		resource := object{"mode": each.Mode, "type": each.Type, "name": each.Name, "provider": `provider["` + each.provider() + `"]`, "instances": []any{instance}}
		if each.Index != nil {
			instance["index_key"] = each.Index
			_, isText := each.Index.(string)
			resource["each"] = map[bool]string{true: "map", false: "list"}[isText]
		}
		if each.Module != "" {
			resource["module"] = each.Module
		}
		resources = append(resources, resource)
	}
	text, err := json.MarshalIndent(object{"version": 4, "terraform_version": "1.11.4", "serial": 42, "lineage": "5d5cbd4c-7d5c-4f3f-9d7c-0d2f5d6d7a11",
		"outputs": object{}, "resources": resources, "check_results": nil}, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
