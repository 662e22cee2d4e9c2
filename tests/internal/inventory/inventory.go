// Package inventory tells what the stack consists of: every resource with its step, its name and what it waits for, and
// every type with the IAM actions that it takes. Tests and the documents are made from it or checked against it. It
// stands in inventory.json, which has more than what is here: the program's own tests read it too.
package inventory

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Resource is a resource that the program may register.
type Resource struct {
	// Step is its step in docs/resources.md. Zero for what comes only with a setting.
	Step int
	// Type is its Pulumi type, and Name its logical name.
	Type, Name string
	// Setting says which settings bring it. Empty for what is always there.
	Setting string
	// DependsOn are the keys of the resources that its registration waits for.
	DependsOn []string
}

// Key names a resource in a stack: the last part of its type, and its name.
func (r Resource) Key() string { return r.Type[strings.LastIndex(r.Type, ":")+1:] + " " + r.Name }

// Type is a type of resources.
type Type struct {
	// Type is the Pulumi type.
	Type string
	// Needs are the IAM actions that managing it takes: what the AWS provider calls, which for Amazon S3 is not
	// always what the action is called. Types that live in Pulumi's state alone need nothing.
	Needs Needs
}

// Needs are IAM actions by what is done with a resource.
type Needs struct{ Read, Create, Update, Delete []string }

//go:embed inventory.json
var text []byte

// inventory is the content of the file.
var inventory = func() (read struct {
	Types     []Type
	Resources []Resource
	Readback  json.RawMessage
}) {
	if err := json.Unmarshal(text, &read); err != nil {
		panic(fmt.Sprintf("read inventory.json: %v", err))
	}
	return read
}()

// Default are the resources of a stack with default settings, in the order of their steps.
func Default() []Resource {
	return slices.DeleteFunc(All(), func(each Resource) bool { return each.Setting != "" })
}

// All are all resources that some settings bring.
func All() []Resource { return slices.Clone(inventory.Resources) }

// Types are all types of resources.
func Types() []Type { return slices.Clone(inventory.Types) }

// Find returns a type by its name, and whether there is one.
func Find(name string) (Type, bool) {
	for _, each := range inventory.Types {
		if each.Type == name {
			return each, true
		}
	}
	return Type{}, false
}

// Readback is what AWS should tell of each resource, and how to ask for it, as JSON. Package readback explains it.
func Readback() []byte { return inventory.Readback }
