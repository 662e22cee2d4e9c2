package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tables returns the rows of all tables of a document that have a header, each
// cell without its quotes.
func tables(t *testing.T, document, header string) [][]string {
	t.Helper()
	parts := strings.Split(read(t, document), header+"\n")
	if len(parts) < 2 {
		t.Fatalf("%s has no table with the header %s", document, header)
	}
	var rows [][]string
	for _, table := range parts[1:] {
		for line := range strings.Lines(table) {
			if !strings.HasPrefix(line, "|") {
				break
			}
			if strings.HasPrefix(line, "|---") {
				continue
			}
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for i := range cells {
				cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// update is the flag of make docs.
var update = flag.Bool("update", false, "bring the lists of the documents and the pictures of the dashboard up to date")

func TestTheListsOfTheDocumentsAreUpToDate(t *testing.T) {
	readme := withList(t, read(t, "README.md"), "Settings", settingList())
	readme = withList(t, readme, "Outputs", outputList(t))
	for document, made := range map[string]string{"README.md": readme, "docs/resources.md": withResources(t, read(t, "docs/resources.md"))} {
		switch {
		case made == read(t, document):
		case *update:
			if err := os.WriteFile(document, []byte(made), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("the lists of %s are not up to date: run make docs", document)
		}
	}
}

// settingList are the settings: in the order of the program, with what
// Pulumi.yaml says of each.
func settingList() string {
	var list strings.Builder
	for _, setting := range new(settings).rows() {
		declared := project().Config[setting.key]
		usual := ""
		if text := settingText(declared.Default); text != "" {
			usual = " (`" + text + "`)"
		}
		fmt.Fprintf(&list, "- `%s`%s: %s\n", setting.key, usual, declared.Description)
	}
	return list.String()
}

// outputList are the outputs: in the order of the program, with what the comment
// beside each says.
func outputList(t *testing.T) string {
	t.Helper()
	var list strings.Builder
	outputs := regexp.MustCompile(`(?m)^\t\t"(\w+)":.*,\s+// (.+)$`).FindAllStringSubmatch(read(t, "main.go"), -1)
	for _, output := range outputs {
		fmt.Fprintf(&list, "- `%s`: %s\n", output[1], output[2])
	}
	if exported := run(t, nil).outputs; len(exported) != len(outputs) {
		t.Errorf("main.go says of %d outputs what they are, and exports %d", len(outputs), len(exported))
	}
	return list.String()
}

// withResources is docs/resources.md with the resources of the inventory.
func withResources(t *testing.T, document string) string {
	t.Helper()
	lists := map[string]string{}
	for _, each := range inventory(t) {
		step := ""
		if each.Step > 0 {
			step = fmt.Sprintf("Step %d: ", each.Step)
		}
		lists[each.Section] += fmt.Sprintf("- %s`%s` (`%s`). %s\n", step, each.Name, each.Type, each.Why)
	}
	for section, list := range lists {
		document = withList(t, document, section, list)
	}
	return document
}

// withList is a document with another list at the end of the section under a
// heading.
func withList(t *testing.T, document, heading, list string) string {
	t.Helper()
	before, section, found := strings.Cut(document, "\n## "+heading+"\n")
	section, after, isNotLast := strings.Cut(section, "\n\n## ")
	introduction, _, hasList := strings.Cut(section, "\n- ")
	if !found || !hasList {
		t.Fatalf("there is no list under the heading %q", heading)
	}
	document = before + "\n## " + heading + "\n" + introduction + "\n" + list
	if isNotLast {
		document += "\n## " + after
	}
	return document
}

func TestTheOperatorsTableListsEachAlarmForPeople(t *testing.T) {
	var listed []string
	for _, row := range tables(t, "docs/operating.md", "| Alarm | Means | Look first |") {
		listed = append(listed, strings.TrimPrefix(row[0], "{name}-"))
	}
	if !slices.Equal(listed, peopleAlarms) {
		t.Errorf("docs/operating.md lists %q, the code %q", listed, peopleAlarms)
	}
}

func TestTheProgramReadsTheSettingsOfThePulumiProject(t *testing.T) {
	var read []string
	for _, setting := range new(settings).rows() {
		read = append(read, setting.key)
	}
	if declared := slices.Sorted(maps.Keys(project().Config)); !slices.Equal(slices.Sorted(slices.Values(read)), declared) {
		t.Errorf("the program reads %q, Pulumi.yaml declares %q", read, declared)
	}
}

func TestCommandsNameSettingsWithTheirNamespace(t *testing.T) {
	// The value of --path and of --stack stands before the key, and a quote may too.
	command := regexp.MustCompile(`pulumi config (?:set|rm) (?:--\S+ )*(?:prod )?'?([A-Za-z:]+)`)
	checked := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "scripts/*", "examples/*", "*.go", ".github/workflows/*", "tests/cmd/*/*.go", "tests/internal/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range command.FindAllStringSubmatch(string(text), -1) {
				checked++
				if namespace, _, _ := strings.Cut(found[1], ":"); namespace != settingsNamespace && namespace != "aws" {
					t.Errorf("%s: %q does not name the setting as %s:KEY", file, found[0], settingsNamespace)
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("only %d commands were found", checked)
	}
}

func TestEachSettingIsTypedAsTheCodeReadsIt(t *testing.T) {
	kinds := object{"boolean": true, "integer": 1, "array": list{"*"}, "object": object{"A": "b"}}
	wrong := map[string]string{
		"boolean": "must be true or false", "integer": "must be a whole number",
		"array": "must be a list of texts", "object": "must be an object that maps names to texts",
	}
	for key, declared := range project().Config {
		// Each value fits one type and no other.
		for kind, value := range kinds {
			err := load(object{key: value})
			isWrong := err != nil && strings.Contains(err.Error(), wrong[*declared.Type])
			if *declared.Type != "string" && (*declared.Type == kind) == isWrong {
				t.Errorf("%s is declared as %s, and %v: %v", key, *declared.Type, value, err)
			}
		}
	}
}

func TestTheTemplateOffersTheDefaults(t *testing.T) {
	asked := 0
	for key, question := range project().Template.Config {
		if key == "aws:region" {
			continue
		}
		asked++
		if declared, found := project().Config[key]; !found || settingText(declared.Default) != question.Default {
			t.Errorf("the template asks for %s with the default %q, Pulumi.yaml has %v", key, question.Default, declared.Default)
		}
	}
	if asked == 0 {
		t.Error("the template asks for no setting")
	}
}
