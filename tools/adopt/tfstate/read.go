package tfstate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The modes: Terraform owns managed resources, and only looks up data.
const (
	managed = "managed"
	data    = "data"
)

// version is the supported version of state files, which Terraform writes since 0.12 and OpenTofu always.
const version = "4"

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
		return State{}, errors.New("it is not a JSON object, or is cut short; write it with `terraform state pull` or `terraform show -json`")
	}
	has := func(key string) bool { return len(top[key]) > 0 }
	switch {
	case has("encrypted_data"):
		return State{}, errors.New("OpenTofu has encrypted it; `tofu state pull` writes it in plain")
	case has("resource_changes") || has("planned_values"):
		return State{}, errors.New("it is a plan, not a state; run `terraform show -json` without the name of a plan")
	case has("format_version"):
		return readShown(text, string(top["format_version"]))
	case has("version") && (has("resources") || has("modules") || has("lineage")):
		return readFile(text, string(top["version"]))
	}
	return State{}, errors.New("it is neither a Terraform state nor what `terraform show -json` prints")
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
		return nil, fmt.Errorf("its JSON begins only on line %d; remove what comes before it, such as a message from Terraform or from a wrapper script",
			bytes.Count(before, []byte("\n"))+2)
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

// file is a state file of version 4 (terraform, internal/states/statefile, stateV4).
type file struct {
	Resources []struct {
		Module    string
		Mode      string
		Type      string
		Name      string
		Instances []struct {
			IndexKey   any `json:"index_key"`
			Status     string
			Deposed    string
			Attributes map[string]any
			Flat       map[string]string `json:"attributes_flat"`
		}
	}
}

func readFile(text []byte, found string) (State, error) {
	if found != version {
		return State{}, fmt.Errorf(
			"its version is %s, and only %s is read; let a newer Terraform write it (`terraform apply -refresh-only`)", found, version)
	}
	var read file
	if err := Decode(text, &read); err != nil {
		return State{}, fmt.Errorf("it is not a state file of version %s: %w", version, err)
	}
	var state State
	for _, resource := range read.Resources {
		for _, instance := range resource.Instances {
			at := address(resource.Module, resource.Type, resource.Name, instance.IndexKey)
			if instance.Flat != nil {
				return State{}, fmt.Errorf(
					"%s is as Terraform 0.11 wrote it; let a newer one write it (`terraform apply -refresh-only`)", at)
			}
			state.add(resource.Mode, Resource{
				Address:    at,
				Type:       resource.Type,
				Name:       resource.Name,
				Tainted:    instance.Status == "tainted",
				Deposed:    instance.Deposed != "",
				Attributes: instance.Attributes,
			})
		}
	}
	return state, nil
}

// shown is what `terraform show -json` prints (Terraform documentation, "JSON Output Format", "State
// Representation").
type shown struct {
	Values struct {
		Root module `json:"root_module"`
	}
}

type module struct {
	Resources []struct {
		Address    string
		Mode       string
		Type       string
		Name       string
		Values     map[string]any
		Tainted    bool
		DeposedKey string `json:"deposed_key"`
	}
	Children []module `json:"child_modules"`
}

func readShown(text []byte, found string) (State, error) {
	// What is read here is the same in 0.1 and 0.2.
	if major := strings.Trim(strings.SplitN(found, ".", 2)[0], `"`); major != "0" && major != "1" {
		return State{}, fmt.Errorf("its format_version is %s, and only 0 and 1 are read", found)
	}
	var read shown
	if err := Decode(text, &read); err != nil {
		return State{}, fmt.Errorf("it is not what `terraform show -json` prints: %w", err)
	}
	var state State
	state.addModule(read.Values.Root)
	return state, nil
}

func (s *State) addModule(m module) {
	for _, resource := range m.Resources {
		s.add(resource.Mode, Resource{
			Address:    resource.Address,
			Type:       resource.Type,
			Name:       resource.Name,
			Tainted:    resource.Tainted,
			Deposed:    resource.DeposedKey != "",
			Attributes: resource.Values,
		})
	}
	for _, child := range m.Children {
		s.addModule(child)
	}
}

func (s *State) add(mode string, resource Resource) {
	switch mode {
	case managed:
		s.Managed = append(s.Managed, resource)
	case data:
		s.Data = append(s.Data, resource)
	}
}
