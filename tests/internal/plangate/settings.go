package plangate

import "strings"

// programNamespace is the configuration namespace in which the program looks for its settings first. That of the
// project follows.
const programNamespace = "mediaserver"

// setting is a setting as the program reads it, and whether there is one. The command line fills in the defaults of
// Pulumi.yaml, so that a plan holds every setting of the program.
func (p Plan) setting(name string) (string, bool) {
	namespaces := []string{programNamespace}
	if len(p.Steps) > 0 {
		namespaces = append(namespaces, projectName(p.Steps[0].URN))
	}
	for _, namespace := range namespaces {
		if text, found := p.Config[namespace+":"+name]; found {
			return text, true
		}
	}
	return "", false
}

// projectName is the project in a URN.
func projectName(urn string) string { return strings.SplitN(urn, "::", 3)[1] }
