package adopt

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// StackFile is the text of the stack's settings file. existing is the present text, empty for none; all of it but the
// settings is kept, because it holds what Pulumi needs to decrypt secrets.
func (a *Adoption) StackFile(project string, existing []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(existing, &document); err != nil {
		return nil, err
	}
	top := &yaml.Node{Kind: yaml.MappingNode}
	if len(document.Content) > 0 {
		top = document.Content[0]
	}
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("it is no mapping")
	}
	config := a.config(project)
	for at := 0; at+1 < len(top.Content); at += 2 {
		if top.Content[at].Value == "config" {
			top.Content[at+1] = config
			return encode(top)
		}
	}
	key := scalar("config")
	key.HeadComment = "# Read from the state of Terraform, from the addresses in the comments. Review it."
	top.Content = append(top.Content, key, config)
	return encode(top)
}

// encode writes YAML in the form of Pulumi's own stack files.
func encode(top *yaml.Node) ([]byte, error) {
	var file bytes.Buffer
	encoder := yaml.NewEncoder(&file)
	encoder.SetIndent(2)
	if err := encoder.Encode(top); err != nil {
		return nil, err
	}
	return file.Bytes(), encoder.Close()
}

// config is the mapping of the settings.
func (a *Adoption) config(project string) *yaml.Node {
	config := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node, comment string) {
		name := scalar(key)
		if comment != "" {
			name.HeadComment = "# " + comment
		}
		config.Content = append(config.Content, name, value)
	}
	add("aws:region", scalar(a.Region), "")
	if len(a.Tags) > 0 {
		tags := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range slices.Sorted(maps.Keys(a.Tags)) {
			tags.Content = append(tags.Content, scalar(key), quoted(a.Tags[key]))
		}
		add("aws:defaultTags", &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("tags"), tags}}, "the tags that all resources carry")
	}
	for _, setting := range a.Settings {
		value := new(yaml.Node)
		if err := value.Encode(setting.Value); err != nil {
			panic(err) // Texts, numbers, truth values and lists of texts always have a form.
		}
		add(project+":"+setting.Key, value, setting.Source)
	}
	return config
}

// scalar is a plain text. quoted stays a text even if it looks like a number.
func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func quoted(value string) *yaml.Node {
	node := new(yaml.Node)
	node.SetString(value)
	return node
}
