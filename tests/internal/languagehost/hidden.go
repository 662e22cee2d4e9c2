package languagehost

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
)

// embedsHidden finds an embedding whose pattern has a hidden name, or may match one: by all:, or by a character that
// path.Match takes for others (https://pkg.go.dev/embed#hdr-Directives).
var embedsHidden = regexp.MustCompile("//go:embed.*(all:|[*?\\[\\\\]|[ \t/\"`]\\.)")

// mayReachHidden tells whether a Go file may take something from a folder whose name begins with a dot: by an
// embedding or an import. So may one that cannot be read.
func mayReachHidden(path string) bool {
	text, err := os.ReadFile(path)
	if err != nil || embedsHidden.Match(text) {
		return true
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
	if err != nil {
		return true
	}
	for _, each := range file.Imports {
		if strings.Contains(each.Path.Value, "/.") {
			return true
		}
	}
	return false
}
