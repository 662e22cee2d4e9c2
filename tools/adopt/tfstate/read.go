package tfstate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// version is the supported version of state files, which Terraform writes since 0.12 and OpenTofu always.
const version = "4"

// formats are the supported versions of what `terraform show -json` prints. What is read here is the same in all.
var formats = regexp.MustCompile(`^"[01]\.`)

// Read reads a state. The error says what is wrong with the text, and what to do.
func Read(reader io.Reader) (State, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return State{}, err
	}
	if text, err = plain(text); err != nil {
		return State{}, err
	}
	var top map[string]json.RawMessage
	if err := Decode(text, &top); err != nil {
		return State{}, errors.New("it is not a JSON object, or is cut short; write it with `terraform state pull` or " +
			"`terraform show -json`")
	}
	switch found, format := string(top["version"]), string(top["format_version"]); {
	case top["encrypted_data"] != nil:
		return State{}, errors.New("OpenTofu has encrypted it; `tofu state pull` writes it in plain")
	case top["resource_changes"] != nil || top["planned_values"] != nil:
		return State{}, errors.New("it is a plan, not a state; run `terraform show -json` without the name of a plan")
	case format != "" && !formats.MatchString(format):
		return State{}, fmt.Errorf("its format_version is %s, and only 0 and 1 are read", format)
	case format == "" && found == "":
		return State{}, errors.New("it is neither a Terraform state nor what `terraform show -json` prints")
	case format == "" && found != version:
		return State{}, fmt.Errorf(
			"its version is %s, and only %s is read; let a newer Terraform write it (`terraform apply -refresh-only`)", found, version)
	}
	var read struct {
		module
		Values struct {
			Root module `json:"root_module"`
		}
	}
	if err := Decode(text, &read); err != nil {
		return State{}, fmt.Errorf("it is not a state file of version %s, or not what `terraform show -json` prints: %w",
			version, err)
	}
	var state State
	err = errors.Join(state.add(read.module), state.add(read.Values.Root))
	return state, err
}

// plain is the text without a byte order mark. It reports what else editors, shells and scripts do to a file.
func plain(text []byte) ([]byte, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.Contains(text, []byte{0}) {
		return nil, errors.New("it is in UTF-16, as PowerShell 5 writes files, and must be in UTF-8; write it with " +
			"`terraform state pull | Out-File -Encoding utf8 FILE`, or convert it with `iconv -f UTF-16 -t UTF-8`")
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if len(text) == 0 {
		return nil, errors.New("it is empty")
	}
	// A wrapper script or a message puts lines before the JSON. They may hold secrets, so none is shown.
	if before, _, found := bytes.Cut(text, []byte("\n{")); found && text[0] != '{' {
		return nil, fmt.Errorf("its JSON begins only on line %d; remove what comes before it, such as a message from Terraform "+
			"or from a wrapper script", bytes.Count(before, []byte("\n"))+2)
	}
	return text, nil
}

// Decode reads the only JSON value of a text, with numbers as they are written.
func Decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after it")
	}
	return nil
}

// module is a state file (terraform, internal/states/statefile, stateV4), or a module in what `terraform show -json`
// prints (Terraform documentation, "JSON Output Format", "State Representation"). The latter has a resource for each
// instance, with an address.
type module struct {
	Resources []struct {
		Address, Module, Mode, Type, Name string
		instance
		Instances []instance
	}
	Children []module `json:"child_modules"`
}

type instance struct {
	Index      any `json:"index_key"`
	Status     string
	Deposed    string
	Attributes map[string]any
	Flat       map[string]string `json:"attributes_flat"`

	// The same in what `terraform show -json` prints.
	Tainted    bool
	DeposedKey string `json:"deposed_key"`
	Values     map[string]any
}

func (s *State) add(m module) error {
	for _, each := range m.Resources {
		if each.Address != "" {
			each.Instances = []instance{each.instance}
		}
		for _, instance := range each.Instances {
			resource := Resource{
				Address:    cmp.Or(each.Address, address(each.Module, each.Mode, each.Type, each.Name, instance.Index)),
				Type:       each.Type,
				Name:       each.Name,
				Replacing:  instance.Status == "tainted" || instance.Tainted || instance.Deposed+instance.DeposedKey != "",
				Attributes: instance.Attributes,
			}
			if instance.Values != nil {
				resource.Attributes = instance.Values
			}
			switch {
			case instance.Flat != nil:
				return fmt.Errorf("%s is as Terraform 0.11 wrote it; let a newer one write it (`terraform apply -refresh-only`)",
					resource.Address)
			case each.Mode == "managed":
				s.Managed = append(s.Managed, resource)
			case each.Mode == "data":
				s.Data = append(s.Data, resource)
			}
		}
	}
	for _, child := range m.Children {
		if err := s.add(child); err != nil {
			return err
		}
	}
	return nil
}

// address makes an address from its parts. An index is a number, or a text in quotes.
func address(module, mode, kind, name string, index any) string {
	if mode == "data" {
		kind = "data." + kind
	}
	full := strings.TrimPrefix(module+"."+kind+"."+name, ".")
	switch index := index.(type) {
	case string:
		return full + "[" + strconv.Quote(index) + "]"
	case json.Number:
		return full + "[" + index.String() + "]"
	}
	return full
}
