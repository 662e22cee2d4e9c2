// Package tfstate reads what Terraform keeps of a deployment: a state file of version 4, or what
// `terraform show -json` prints of it.
package tfstate

import (
	"encoding/json"
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
	// Tainted tells that Terraform is about to replace it.
	Tainted bool
	// Deposed tells that a replacement left it over.
	Deposed bool
	// Attributes are its properties under Terraform's names, with secrets in plain text.
	Attributes map[string]any
}

// At is the value at a path of names and list positions. Nil if there is none.
func (r Resource) At(path ...any) any {
	var value any = r.Attributes
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := value.(map[string]any)
			value = fields[step]
		case int:
			members, _ := value.([]any)
			if step >= len(members) {
				return nil
			}
			value = members[step]
		}
	}
	return value
}

// Text is the text at a path, or a number or truth value as text. Empty if there is none.
func (r Resource) Text(path ...any) string { return text(r.At(path...)) }

func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// Flag is the truth value at a path. False if there is none.
func (r Resource) Flag(path ...any) bool { return r.Text(path...) == "true" }

// Number is the whole number at a path, and whether there is one. A state may write 70 as 70.0.
func (r Resource) Number(path ...any) (int, bool) {
	value, err := strconv.ParseFloat(r.Text(path...), 64)
	if err != nil || value != float64(int(value)) {
		return 0, false
	}
	return int(value), true
}

// Length is the number of members of the list at a path.
func (r Resource) Length(path ...any) int {
	members, _ := r.At(path...).([]any)
	return len(members)
}

// Texts are the texts in the list at a path.
func (r Resource) Texts(path ...any) []string {
	members, _ := r.At(path...).([]any)
	var texts []string
	for _, member := range members {
		texts = append(texts, text(member))
	}
	return texts
}

// Map are the texts by name at a path, such as tags.
func (r Resource) Map(path ...any) map[string]string {
	fields, _ := r.At(path...).(map[string]any)
	texts := map[string]string{}
	for name, value := range fields {
		texts[name] = text(value)
	}
	return texts
}

// address makes an address from its parts. An index is a number, or a text in quotes.
func address(module, kind, name string, index any) string {
	parts := []string{kind, name}
	if module != "" {
		parts = append([]string{module}, parts...)
	}
	full := strings.Join(parts, ".")
	switch index := index.(type) {
	case string:
		return full + "[" + strconv.Quote(index) + "]"
	case json.Number:
		return full + "[" + index.String() + "]"
	}
	return full
}
