package adopt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Project is what an adoption must know about the program.
type Project struct {
	// Name is the project's name.
	Name string
	// Settings are its settings by their keys.
	Settings map[string]ProjectSetting
	// Versions are those of its providers.
	Versions Versions
}

// ProjectSetting is a setting as the project declares it.
type ProjectSetting struct {
	// Type is string, integer, boolean, array or object.
	Type string
	// Default is its default, as YAML has it.
	Default any
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
		Config map[string]struct {
			Type    string
			Default any
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return Project{}, fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	project := Project{Name: file.Name, Settings: map[string]ProjectSetting{}}
	for key, setting := range file.Config {
		project.Settings[key] = ProjectSetting(setting)
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
	var versions Versions
	for line := range strings.Lines(string(text)) {
		// MODULE vVERSION, with `require` before it where it stands alone.
		fields := strings.Fields(strings.TrimPrefix(line, "require"))
		if len(fields) < 2 {
			continue
		}
		version := strings.TrimPrefix(fields[1], "v")
		switch {
		case strings.HasPrefix(fields[0], "github.com/pulumi/pulumi-aws/sdk/"):
			versions.AWS = version
		case strings.HasPrefix(fields[0], "github.com/pulumi/pulumi-random/sdk/"):
			versions.Random = version
		}
	}
	if versions.AWS == "" || versions.Random == "" {
		return Versions{}, fmt.Errorf("%s requires no SDK of pulumi-aws or pulumi-random", path)
	}
	return versions, nil
}
