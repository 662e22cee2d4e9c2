package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
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

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func loadProject(t *testing.T) *workspace.Project {
	t.Helper()
	project, err := workspace.LoadProject("Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestTheDocumentsListTheResourcesOfTheInventory(t *testing.T) {
	const document = "docs/resources.md"
	missing := defaultResources(t)
	for _, row := range tables(t, document, "| Step | Terraform | Pulumi type | Name | File | Decisive values, and why |") {
		listed := strings.Join(row[:4], " ")
		key, file, why := resourceKey(row[2], row[3]), row[4], row[5]
		want := missing[key]
		if inventoried := fmt.Sprintf("%d %s %s %s", want.Step, want.Terraform, want.Type, want.Name); listed != inventoried {
			t.Errorf("%s lists %q, the inventory %q", document, listed, inventoried)
		}
		delete(missing, key)
		constructor := ".New" + row[2][strings.LastIndex(row[2], ":")+1:] + "(ctx,"
		if !strings.Contains(read(t, file), constructor) {
			t.Errorf("%s says that %s is in %s, where no %s is", document, key, file, constructor)
		}
		if why == "" {
			t.Errorf("%s says nothing of %s", document, key)
		}
	}
	for key := range missing {
		t.Errorf("%s does not list %s", document, key)
	}
}

func TestTheDocumentsListWhatSettingsBring(t *testing.T) {
	const document = "docs/resources.md"
	missing := map[string]bool{}
	for _, each := range inventory(t) {
		if each.Setting != "" {
			missing[each.Setting+" "+resourceKey(each.Type, each.Name)] = true
		}
	}
	for _, row := range tables(t, document, "| Setting | Pulumi type | Name | File | Decisive values, and why |") {
		key := row[0] + " " + resourceKey(row[1], row[2])
		if !missing[key] {
			t.Errorf("%s lists %s, the inventory does not", document, key)
		}
		delete(missing, key)
		if text := read(t, row[3]); !strings.Contains(text, `"`+row[2]+`"`) && !strings.Contains(text, ".New"+row[1][strings.LastIndex(row[1], ":")+1:]+"(ctx,") {
			t.Errorf("%s says that %s is in %s, where it is not", document, key, row[3])
		}
		if row[4] == "" {
			t.Errorf("%s says nothing of %s", document, key)
		}
	}
	for key := range missing {
		t.Errorf("%s does not list %s", document, key)
	}
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

func TestTheReadmeThePulumiProjectAndTheCodeAgreeOnTheSettings(t *testing.T) {
	schema := loadProject(t).Config
	if len(schema) != len(everySetting()) {
		t.Errorf("Pulumi.yaml has %d settings, the code %d", len(schema), len(everySetting()))
	}
	rows := tables(t, "README.md", "| Setting | Default | Meaning |")
	if len(rows) != len(schema) {
		t.Errorf("README.md has %d settings, Pulumi.yaml %d", len(rows), len(schema))
	}
	defaults := map[string]string{}
	var keys []string
	for _, row := range rows {
		key, defaultValue, meaning := row[0], row[1], row[2]
		declared, found := schema[key]
		if !found {
			t.Errorf("README.md lists the setting %s, which is not in Pulumi.yaml", key)
			continue
		}
		if declared.Description != meaning {
			t.Errorf("README.md says %q of %s, Pulumi.yaml %q", meaning, key, declared.Description)
		}
		if declaredDefault := settingText(declared.Default); declaredDefault != defaultValue {
			t.Errorf("README.md gives %s the default %s, Pulumi.yaml %s", key, defaultValue, declaredDefault)
		}
		if _, read := everySetting()[key]; !read {
			t.Errorf("Pulumi.yaml has the setting %s, which the code does not read", key)
		}
		defaults[key] = defaultValue
		keys = append(keys, key)
	}
	_, err := load(t, "mediaserver", map[string]string{"mediaserver:vpcId": "1"})
	if want := `mediaserver:vpcId: "1" is not a setting of this program; the settings are ` + strings.Join(keys, ", ") + "\n"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("to an unknown setting the code says\n%v\nwant the settings in README.md's order:\n%s", err, want)
	}
	fromDocuments, err := load(t, "mediaserver", namespaced("mediaserver", defaults))
	if err != nil {
		t.Fatalf("the code refuses the documented defaults: %v", err)
	}
	fromCode, err := load(t, "mediaserver", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(fromDocuments, fromCode) {
		t.Errorf("the documented defaults give %+v, the code's own %+v", fromDocuments, fromCode)
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

// settingText is a default of Pulumi.yaml as configuration text.
func settingText(value any) string {
	elements, isList := value.([]any)
	if !isList {
		return fmt.Sprint(value)
	}
	quoted := make([]string, len(elements))
	for i, element := range elements {
		quoted[i] = fmt.Sprintf("%q", element)
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

func TestEachSettingIsTypedAsTheCodeReadsIt(t *testing.T) {
	checked := 0
	for key, declared := range loadProject(t).Config {
		// Each value fits one type and no other.
		for kind, value := range map[string]string{"boolean": "true", "integer": "1", "array": `["*"]`} {
			_, err := load(t, "mediaserver", map[string]string{"mediaserver:" + key: value})
			wrongKind := err != nil && strings.Contains(err.Error(), map[string]string{
				"boolean": "must be true or false", "integer": "must be a whole number", "array": "must be a list of texts",
			}[*declared.Type])
			if (*declared.Type == kind) == wrongKind && *declared.Type != "string" {
				t.Errorf("%s is declared as %s, and %s: %v", key, *declared.Type, value, err)
			}
			checked++
		}
	}
	if checked == 0 {
		t.Error("Pulumi.yaml declares no setting")
	}
}

func TestTheReadmeListsTheOutputs(t *testing.T) {
	exported := stackOutputsOf(t, newRecorder(), nil)
	rows := tables(t, "README.md", "| Output | Meaning |")
	if len(rows) != len(exported) {
		t.Errorf("README.md lists %d outputs, the program exports %d", len(rows), len(exported))
	}
	for _, row := range rows {
		if _, found := exported[row[0]]; !found {
			t.Errorf("README.md lists the output %s, which is not exported", row[0])
		}
	}
}

func TestThePulumiProjectBuildsOnceAndAsksTheRightQuestions(t *testing.T) {
	project := loadProject(t)
	if project.Runtime.Name() != "go" || project.Runtime.Options()["buildTarget"] != "bin/mediaserver" {
		t.Errorf("the runtime is %s with %v", project.Runtime.Name(), project.Runtime.Options())
	}
	if !strings.Contains(read(t, ".gitignore"), "/bin/\n") {
		t.Error("git does not ignore the build target")
	}
	if project.RequiredPulumiVersion == "" || project.Description == nil || project.Name != "mediaserver" {
		t.Errorf("the project lacks its name, description or required Pulumi version: %+v", project)
	}
	if project.Template == nil || project.Template.Config["aws:region"].Default != "eu-west-2" {
		t.Fatalf("the template does not ask for the region: %+v", project.Template)
	}
	for key, question := range project.Template.Config {
		if key == "aws:region" {
			continue
		}
		if declared, found := project.Config[key]; !found || settingText(declared.Default) != question.Default {
			t.Errorf("the template asks for %s with the default %q, Pulumi.yaml has %v", key, question.Default, declared.Default)
		}
	}
}

func TestTheDevelopmentStackRepeatsNoDefault(t *testing.T) {
	stack, err := workspace.LoadProjectStack(nil, loadProject(t), "Pulumi.dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range stack.Config {
		text, err := value.Value(nil)
		if err != nil {
			t.Fatal(err)
		}
		values[key.String()] = text
	}
	want := map[string]string{
		"aws:region":      "eu-west-2",
		"aws:defaultTags": `{"tags":{"Environment":"dev","ManagedBy":"Pulumi","Project":"mediaserver"}}`,
	}
	if !maps.Equal(values, want) {
		t.Errorf("Pulumi.dev.yaml has %v, want %v", values, want)
	}
}
