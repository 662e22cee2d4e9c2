// Package inventory tells what the stack consists of: every resource with its step, its name and what it waits
// for, and every type with what the plan gate thinks of it and which IAM actions it takes. Tests, the plan gate and
// the documents are made from it or checked against it. It stands in inventory.json, which the program's own tests
// read too.
package inventory

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed inventory.json
var text []byte

// Resource is a resource that the program may register.
type Resource struct {
	// Step is its step in docs/resources.md. Zero for what comes only with a setting.
	Step int `json:"step"`
	// Terraform is its address in the Terraform guide. Empty for what comes only with a setting.
	Terraform string `json:"terraform"`
	// Type is its Pulumi type, and Name its logical name.
	Type string `json:"type"`
	Name string `json:"name"`
	// Setting says which settings bring it. Empty for what is always there.
	Setting string `json:"setting"`
	// Section is the heading in docs/resources.md under which it is listed, and Why says which of its values are
	// decisive, and why.
	Section string `json:"section"`
	Why     string `json:"why"`
	// DependsOn are the keys of the resources that its registration waits for.
	DependsOn []string `json:"dependsOn"`
}

// Type is a type of resources.
type Type struct {
	// Type is the Pulumi type.
	Type string `json:"type"`
	// Needs are the IAM actions that managing it takes: what the AWS provider calls, which for Amazon S3 is not
	// always what the action is called. Types that live in Pulumi's state alone need nothing.
	Needs Needs `json:"needs"`
	// Note explains what is not plain about the rest.
	Note string `json:"note"`
}

// Needs are IAM actions by what is done with a resource.
type Needs struct {
	Read   []string `json:"read"`
	Create []string `json:"create"`
	Update []string `json:"update"`
	Delete []string `json:"delete"`
}

// Key names a resource in a stack: the last part of its type, and its name.
func (r Resource) Key() string { return r.Type[strings.LastIndex(r.Type, ":")+1:] + " " + r.Name }

// inventory is the content of the file.
var inventory = read()

type content struct {
	Types     []Type          `json:"types"`
	Resources []Resource      `json:"resources"`
	Readback  json.RawMessage `json:"readback"`
}

func read() content {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var read content
	if err := decoder.Decode(&read); err != nil {
		panic(fmt.Sprintf("read inventory.json: %v", err))
	}
	return read
}

// Default are the resources of a stack with default settings, in the order of their steps.
func Default() []Resource {
	return slices.DeleteFunc(slices.Clone(inventory.Resources), func(each Resource) bool { return each.Setting != "" })
}

// All are all resources that some settings bring.
func All() []Resource { return slices.Clone(inventory.Resources) }

// Types are all types of resources.
func Types() []Type { return slices.Clone(inventory.Types) }

// Find returns a type by its name, and whether there is one.
func Find(name string) (Type, bool) {
	at := slices.IndexFunc(inventory.Types, func(each Type) bool { return each.Type == name })
	if at < 0 {
		return Type{}, false
	}
	return inventory.Types[at], true
}

// Readback is what AWS should tell of each resource, and how to ask for it, as JSON. Package readback explains it.
func Readback() []byte { return slices.Clone(inventory.Readback) }
