package sandbox

import (
	"fmt"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// projectFile is the file that describes a Pulumi project.
const projectFile = "Pulumi.yaml"

// readProject reads the project file of a program.
func readProject(root string) (*workspace.Project, error) {
	project, err := workspace.LoadProject(filepath.Join(root, projectFile))
	if err != nil {
		return nil, fmt.Errorf("read the Pulumi project: %w", err)
	}
	return project, nil
}
