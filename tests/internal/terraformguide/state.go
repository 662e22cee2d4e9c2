package terraformguide

import (
	"encoding/json"
	"strconv"
	"testing"
)

const registry = "registry.terraform.io/hashicorp/"

// provider is the provider of a type of resources.
func (i Instance) provider() string {
	if i.Type[:4] == "aws_" {
		return registry + "aws"
	}
	return registry + "random"
}

// StateFile is the deployment as a state file of version 4.
func (d *Deployed) StateFile(tb testing.TB) []byte {
	tb.Helper()
	type object = map[string]any
	var resources []object
	for _, each := range d.Instances {
		instance := object{"schema_version": each.SchemaVersion, "attributes": each.Attributes, "sensitive_attributes": []any{}}
		var sensitive []any
		for _, name := range each.Sensitive {
			sensitive = append(sensitive, []any{object{"type": "get_attr", "value": name}})
		}
		if sensitive != nil {
			instance["sensitive_attributes"] = sensitive
		}
		if each.Index != nil {
			instance["index_key"] = each.Index
		}
		if each.Status != "" {
			instance["status"] = each.Status
		}
		resource := object{
			"mode": each.Mode, "type": each.Type, "name": each.Name,
			"provider": `provider["` + each.provider() + `"]`, "instances": []any{instance},
		}
		if each.Module != "" {
			resource["module"] = each.Module
		}
		if each.Index != nil {
			resource["each"] = map[bool]string{true: "map", false: "list"}[isText(each.Index)]
		}
		resources = append(resources, resource)
	}
	return encode(tb, object{
		"version": 4, "terraform_version": "1.11.4", "serial": 42, "lineage": "5d5cbd4c-7d5c-4f3f-9d7c-0d2f5d6d7a11",
		"outputs": object{}, "resources": resources, "check_results": nil,
	})
}

// Shown is the deployment as `terraform show -json` prints it.
func (d *Deployed) Shown(tb testing.TB) []byte {
	tb.Helper()
	type object = map[string]any
	modules := map[string][]object{}
	for _, each := range d.Instances {
		sensitive := object{}
		for _, name := range each.Sensitive {
			sensitive[name] = true
		}
		resource := object{
			"address": each.Address(), "mode": each.Mode, "type": each.Type, "name": each.Name, "provider_name": each.provider(),
			"schema_version": each.SchemaVersion, "values": each.Attributes, "sensitive_values": sensitive,
		}
		if each.Index != nil {
			resource["index"] = each.Index
		}
		if each.Status == "tainted" {
			resource["tainted"] = true
		}
		modules[each.Module] = append(modules[each.Module], resource)
	}
	root := object{"resources": modules[""]}
	var children []object
	for module, resources := range modules {
		if module != "" {
			children = append(children, object{"address": module, "resources": resources})
		}
	}
	if children != nil {
		root["child_modules"] = children
	}
	return encode(tb, object{"format_version": "1.0", "terraform_version": "1.11.4", "values": object{"root_module": root}})
}

// Address is the address of the instance.
func (i Instance) Address() string {
	address := i.Type + "." + i.Name
	if i.Module != "" {
		address = i.Module + "." + address
	}
	switch index := i.Index.(type) {
	case int:
		address += "[" + strconv.Itoa(index) + "]"
	case string:
		address += "[" + strconv.Quote(index) + "]"
	}
	return address
}

func isText(index any) bool {
	_, text := index.(string)
	return text
}

func encode(tb testing.TB, value any) []byte {
	tb.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
