package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// projectFile is the file that describes a Pulumi project.
const projectFile = "Pulumi.yaml"

// project is what is read here of a Pulumi project.
type project struct {
	Name    string
	Runtime runtime
}

// runtime is the language of a project. In the file it is a name, or a name with options.
type runtime struct {
	Options struct {
		// BuildTarget is the file that the program's binary goes to, seen from the project file.
		BuildTarget string `yaml:"buildTarget"`
	}
}

// UnmarshalYAML reads both forms.
func (r *runtime) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return nil
	}
	// A type without this method, or it would call itself.
	type options runtime
	return node.Decode((*options)(r))
}

// readProject reads the project file of a program.
func readProject(root string) (project, error) {
	var read project
	path := filepath.Join(root, projectFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return read, fmt.Errorf("read the Pulumi project: %w", err)
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return read, fmt.Errorf("read the Pulumi project %s: %w", path, err)
	}
	if read.Name == "" {
		return read, fmt.Errorf("read the Pulumi project %s: it has no name", path)
	}
	return read, nil
}
