package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are all Markdown files of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.md", "docs/*.md", "tests/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, files...)
	}
	if len(found) < 9 {
		t.Fatalf("only %v", found)
	}
	return found
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnAnchor  = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the names by which GitHub links to the headings of a document.
func anchors(text string) []string {
	var names []string
	for _, heading := range headingPattern.FindAllStringSubmatch(text, -1) {
		name := notInAnAnchor.ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func TestEveryLinkInTheDocumentsLeadsSomewhere(t *testing.T) {
	checked := 0
	for _, document := range documents(t) {
		for _, link := range linkPattern.FindAllStringSubmatch(read(t, document), -1) {
			target, anchor, hasAnchor := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			checked++
			path := filepath.Join(filepath.Dir(document), target)
			if target == "" {
				path = document
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which is not there", document, link[1])
			} else if hasAnchor && !slices.Contains(anchors(read(t, path)), anchor) {
				t.Errorf("%s links to %s, where no heading is called so", document, link[1])
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d links", checked)
	}
}

func TestTheREADMELinksToEveryDocument(t *testing.T) {
	readme := read(t, "README.md")
	for _, document := range documents(t) {
		if document != "README.md" && !strings.Contains(readme, "]("+document+")") {
			t.Errorf("README.md does not link to %s", document)
		}
	}
}
