package adoption

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"gopkg.in/yaml.v3"
)

// Project is what an adoption must know of the program.
type Project struct {
	// Name is the project's name.
	Name string
	// Settings are the keys of its settings.
	Settings []string
	// Versions are those of its providers.
	Versions Versions
}

// Versions are the versions of the two plugins, without a v.
type Versions struct{ AWS, Random string }

// ReadProject reads the project in a folder.
func ReadProject(folder string) (Project, error) {
	text, err := os.ReadFile(filepath.Join(folder, "Pulumi.yaml"))
	if err != nil {
		return Project{}, err
	}
	var file struct {
		Name   string
		Config yaml.Node
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return Project{}, fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	project := Project{Name: file.Name}
	// The keys of a mapping stand before their values.
	for at := 0; at < len(file.Config.Content); at += 2 {
		project.Settings = append(project.Settings, file.Config.Content[at].Value)
	}
	project.Versions, err = readVersions(filepath.Join(folder, "go.mod"))
	return project, err
}

// readVersions reads the versions of the SDKs, which are those of the plugins.
func readVersions(path string) (Versions, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Versions{}, err
	}
	module, err := modfile.Parse(path, text, nil)
	if err != nil {
		return Versions{}, err
	}
	var versions Versions
	for _, required := range module.Require {
		version := strings.TrimPrefix(required.Mod.Version, "v")
		switch {
		case strings.HasPrefix(required.Mod.Path, "github.com/pulumi/pulumi-aws/sdk/"):
			versions.AWS = version
		case strings.HasPrefix(required.Mod.Path, "github.com/pulumi/pulumi-random/sdk/"):
			versions.Random = version
		}
	}
	if versions.AWS == "" || versions.Random == "" {
		return Versions{}, fmt.Errorf("%s requires no SDK of pulumi-aws or pulumi-random", path)
	}
	return versions, nil
}
