package adopt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"mediaserver/tools/adopt/tfstate"
)

// Project is what an adoption must know about the program.
type Project struct {
	// Name is the project's name.
	Name string
	// Settings are its settings by their keys.
	Settings map[string]ProjectSetting
	// AWS and Random are the versions of its two plugins, without a v.
	AWS, Random string
}

// ProjectSetting is a setting as the project declares it.
type ProjectSetting struct {
	// Type is string, integer, boolean, array or object.
	Type string
	// Default is its default, as YAML has it.
	Default any
}

// sdk is a requirement of an SDK, whose version is that of the plugin.
var sdk = regexp.MustCompile(`github\.com/pulumi/pulumi-(aws|random)/sdk/\S+ v(\S+)`)

// ReadProject reads the project in a folder.
func ReadProject(folder string) (Project, error) {
	text, err := os.ReadFile(filepath.Join(folder, "Pulumi.yaml"))
	requirements, err2 := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err := errors.Join(err, err2); err != nil {
		return Project{}, err
	}
	var file struct {
		Name   string
		Config map[string]ProjectSetting
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return Project{}, fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	versions := map[string]string{}
	for _, each := range sdk.FindAllSubmatch(requirements, -1) {
		versions[string(each[1])] = string(each[2])
	}
	if len(versions) < 2 {
		return Project{}, errors.New("go.mod requires no SDK of pulumi-aws or pulumi-random")
	}
	return Project{file.Name, file.Config, versions["aws"], versions["random"]}, nil
}

// StackFile is the text of the stack's settings file. existing is the present text, empty for none; all of it but the
// settings is kept, because it holds what Pulumi needs to decrypt secrets.
func (a *Adoption) StackFile(existing []byte) ([]byte, error) {
	var others yaml.Node
	if err := yaml.Unmarshal(existing, &others); err != nil {
		return nil, err
	}
	config := []*yaml.Node{}
	add := func(key string, value any, source string) {
		var entry yaml.Node
		if err := entry.Encode(map[string]any{key: value}); err != nil {
			panic(err) // Texts, numbers, truth values, and lists and mappings of texts always have a form.
		}
		entry.Content[0].HeadComment = source
		config = append(config, entry.Content...)
	}
	add("aws:region", a.Region, "where the resources are")
	if len(a.Tags) > 0 {
		add("aws:defaultTags", map[string]any{"tags": a.Tags}, "the tags that all resources carry")
	}
	for _, setting := range a.Settings {
		add(a.project.Name+":"+setting.Key, setting.Value, setting.Source)
	}
	const origin = "Read from the state of Terraform, from the addresses in the comments. Review it."
	top := yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "config", HeadComment: origin},
		{Kind: yaml.MappingNode, Content: config},
	}}
	if others.Kind != 0 {
		kept := others.Content[0]
		if kept.Kind != yaml.MappingNode {
			return nil, errors.New("it is not a mapping")
		}
		if at := slices.IndexFunc(kept.Content, func(each *yaml.Node) bool { return each.Value == "config" }); at >= 0 {
			kept.Content = slices.Delete(kept.Content, at, at+2)
		}
		top.Content = slices.Concat(kept.Content, top.Content)
	}
	var file bytes.Buffer
	// This is the form of Pulumi's own stack files.
	encoder := yaml.NewEncoder(&file)
	encoder.SetIndent(2)
	err := encoder.Encode(&top)
	return file.Bytes(), err
}

// importFile is what `pulumi import --file` takes (pulumi/pkg, cmd/pulumi/operations, importFile).
type importFile struct {
	Resources []importSpec `json:"resources"`
}

type importSpec struct {
	Type string `json:"type"`
	Name string `json:"name"`
	ID   string `json:"id"`
	// Version is the version of the plugin. It must be the program's, or Pulumi uses a second provider.
	Version string `json:"version"`
}

// ImportFile is what `pulumi import --file` takes, and how many resources it has: all, or those that an exported stack does
// not have yet. It holds no secret.
func (a *Adoption) ImportFile(exported []byte) (text []byte, count int, err error) {
	stack := &deployment{}
	if exported != nil {
		if stack, err = readDeployment(exported); err != nil {
			return nil, 0, err
		}
	}
	file := importFile{Resources: []importSpec{}}
	for _, match := range a.absentFrom(stack) {
		spec := importSpec{match.Ours.Type, match.Ours.Name, match.importID(), a.project.AWS}
		file.Resources = append(file.Resources, spec)
	}
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(file)
	return written.Bytes(), len(file.Resources), err
}

// absentFrom are the resources that Pulumi still has to import. Pulumi refuses those that the stack has already, unless
// their id is the one that they are imported by.
func (a *Adoption) absentFrom(stack *deployment) []Match {
	var absent []Match
	for _, match := range a.Matches {
		if match.Ours.Import != "" && stack.find(match.Ours.Type, match.Ours.Name) == nil {
			absent = append(absent, match)
		}
	}
	return absent
}

// importID is the id for `pulumi import`, which is that of `terraform import`. Empty if the state lacks a part of it.
func (m Match) importID() string {
	return strings.Join(fill(m.Ours.Import, func(key string) []string {
		if text := m.Theirs.Text(key); text != "" {
			return tfstate.Texts(text)
		}
		return nil
	}), "")
}
