package adopt

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

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

// importID is the id for `pulumi import`, which is that of `terraform import`. Empty if the state lacks a part of it.
func (m Match) importID() string {
	return strings.Join(fill(m.Ours.Import, func(key string) []string { return known(m.Theirs.Text(key)) }), "")
}

// how says how the resource gets into the stack.
func (m Match) how() string {
	switch {
	case m.Ours.Import != "":
		return "imported"
	case m.Ours.Address == taskDefinition:
		return "stays registered; a new revision follows"
	}
	return "put into the stack's state; a secret is encrypted"
}

// Imports are the resources that Pulumi still has to import. Pulumi refuses those that the stack has already, unless
// their id is the one that they are imported by. deployment may be nil for an empty stack.
func (a *Adoption) Imports(deployment *Deployment) []Match {
	var imports []Match
	for _, match := range a.Matches {
		isThere := deployment != nil && deployment.find(match.Ours.Type, match.Ours.Name) != nil
		if match.Ours.Import != "" && !isThere {
			imports = append(imports, match)
		}
	}
	return imports
}

// WriteImportFile writes what `pulumi import --file` takes. It holds no secret.
func (a *Adoption) WriteImportFile(writer io.Writer, imports []Match) error {
	file := importFile{Resources: []importSpec{}}
	for _, match := range imports {
		file.Resources = append(file.Resources, importSpec{match.Ours.Type, match.Ours.Name, match.importID(), a.project.Versions.AWS})
	}
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(file)
}

// checkIDs reports resources that cannot be imported without an id.
func (a *Adoption) checkIDs() []string {
	var problems []string
	for _, match := range a.Matches {
		if match.Ours.Import != "" && match.importID() == "" {
			problems = append(problems, fmt.Sprintf("%s: its name is not in the state; run `terraform apply -refresh-only` first", match.Theirs.Address))
		}
	}
	return problems
}
