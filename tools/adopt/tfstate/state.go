// Package tfstate reads what Terraform keeps of a deployment: a state file of version 4, or what
// `terraform show -json` prints of it.
package tfstate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// State is a deployment as Terraform has recorded it.
type State struct {
	// Managed are the resources that Terraform owns, in the order of the file.
	Managed []Resource
	// Data are what it only looks up.
	Data []Resource
}

// Resource is one instance of a resource.
type Resource struct {
	// Address names it in its state, such as module.media.aws_lb.mediaserver[0].
	Address string
	// Type is its Terraform type, such as aws_lb, and Name the name behind it.
	Type, Name string
	// Replacing tells that Terraform is about to replace it, or that a replacement left it over.
	Replacing bool
	// Attributes are its properties under Terraform's names, with secrets in plain text.
	Attributes map[string]any
}

// At is the value at a path of names with periods between them. Nil if there is none. A block that occurs once is a list
// with one member, and the path leads through it.
func (r Resource) At(path string) any {
	var value any = r.Attributes
	for name := range strings.SplitSeq(path, ".") {
		if members, isList := value.([]any); isList && len(members) == 1 {
			value = members[0]
		}
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return value
}

// Text is the value at a path as a text. Empty if there is none.
func (r Resource) Text(path string) string { return Text(r.At(path)) }

// Number is the whole number at a path, and whether there is one. A state may write 70 as 70.0.
func (r Resource) Number(path string) (int, bool) {
	value, err := strconv.ParseFloat(r.Text(path), 64)
	if err != nil || value != float64(int(value)) {
		return 0, false
	}
	return int(value), true
}

// Texts are the texts in the list at a path, or the only one.
func (r Resource) Texts(path string) []string { return Texts(r.At(path)) }

// Blocks are the blocks at a path, each with the address of the resource.
func (r Resource) Blocks(path string) []Resource {
	members, _ := r.At(path).([]any)
	blocks := make([]Resource, len(members))
	for i, member := range members {
		attributes, _ := member.(map[string]any)
		blocks[i] = Resource{Address: r.Address, Attributes: attributes}
	}
	return blocks
}

// Text is a plain value as a text. A list is in brackets, a block is JSON, and no value is empty.
func Text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []any:
		return "[" + strings.Join(Texts(value), " ") + "]"
	case map[string]any:
		encoded, _ := json.Marshal(value)
		return string(encoded)
	}
	return fmt.Sprint(value)
}

// Texts are the members of a list as texts, or one plain value. None for no value.
func Texts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, member := range value {
			all = append(all, Text(member))
		}
		return all
	}
	return []string{Text(value)}
}
