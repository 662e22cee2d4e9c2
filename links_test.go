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

// TestTheIndexesListEveryDocument holds that both indexes name each document,
// and say the same of it.
func TestTheIndexesListEveryDocument(t *testing.T) {
	inReadme := map[string]string{}
	for _, row := range tables(t, "README.md", "| Document | Open it when |") {
		inReadme[row[0]] = row[1]
	}
	inIndex := map[string]string{}
	for _, row := range tables(t, "docs/README.md", "| Document | Open it when |") {
		inIndex[row[0]] = row[1]
	}
	for _, document := range documents(t) {
		name, isInDocs := strings.CutPrefix(document, "docs/")
		if !isInDocs || name == "README.md" {
			continue
		}
		when := inIndex["["+name+"]("+name+")"]
		if when == "" {
			t.Errorf("docs/README.md does not list %s", name)
		}
		if inReadme["["+document+"]("+document+")"] != when {
			t.Errorf("README.md does not list %s as docs/README.md does", document)
		}
	}
}
