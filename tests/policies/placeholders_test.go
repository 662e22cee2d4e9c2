package policies

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/documents"
)

// guide is the document that tells how the policies are used, seen from this package.
const guide = "../../docs/permissions.md"

// fillPolicies runs the script that fills in the placeholders of a repository's policies.
func fillPolicies(t *testing.T, repository string, arguments ...string) (output string, err error) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), filepath.Join(repository, "scripts/fill-policies"), arguments...).CombinedOutput()
	return string(text), err
}

// examples are the placeholders with their values in the document's command.
func examples(t *testing.T) stack {
	t.Helper()
	given := stack{}
	for word := range strings.FieldsSeq(documents.Commands(t, guide, "scripts/fill-policies /tmp/policies")) {
		if name, value, found := strings.Cut(word, "="); found {
			given[name] = value
		}
	}
	return given
}

// arguments are the placeholders with their values, as the script takes them.
func (s stack) arguments() (all []string) {
	for key, value := range s {
		all = append(all, key+"="+value)
	}
	return all
}

func TestEveryPlaceholderIsExplainedAndHasAnExample(t *testing.T) {
	var open, explained []string
	for _, name := range names(t) {
		for _, match := range placeholder.FindAllStringSubmatch(template(t, name), -1) {
			open = append(open, match[1])
		}
	}
	open = slices.DeleteFunc(sorted(open), func(name string) bool { return name == partition })
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if names, _, isItem := strings.Cut(line, ": "); isItem && strings.HasPrefix(line, "- `") {
			for _, match := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(names, -1) {
				explained = append(explained, match[1])
			}
		}
	}
	help, err := fillPolicies(t, "../..", "--help")
	if err != nil {
		t.Fatalf("%v\n%s", err, help)
	}
	var helped []string
	for _, match := range regexp.MustCompile(`\n  ([A-Z_]+)\n`).FindAllStringSubmatch(strings.ReplaceAll(help, "\n", "\n\n"), -1) {
		helped = append(helped, match[1])
	}
	for where, found := range map[string][]string{
		"the document": sorted(explained), "the document's command": slices.Sorted(maps.Keys(examples(t))), "--help": helped,
		// Two stacks of the tests must differ in what tells stacks of one account apart, and have all the rest.
		"dev": slices.Sorted(maps.Keys(dev)), "prod": slices.Sorted(maps.Keys(prod)),
	} {
		if !slices.Equal(found, open) {
			t.Errorf("%s has the placeholders %q, the policies have %q", where, found, open)
		}
	}
}

func TestTheDocumentsCommandFillsInEveryPlaceholder(t *testing.T) {
	filled := filepath.Join(t.TempDir(), "policies")
	command := documents.Commands(t, guide, "scripts/fill-policies /tmp/policies")
	script := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(command, "/tmp/policies", filled))
	script.Dir = "../.."
	run(t, script)
	values := examples(t)
	for _, name := range names(t) {
		text, err := os.ReadFile(filepath.Join(filled, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if want := values.fill(template(t, name)); string(text) != want || strings.ContainsAny(want, "<>") {
			t.Errorf("%s is\n%s\nwant, with the document's examples,\n%s", name, text, want)
		}
	}
}

func TestTheDocumentGivesEachRoleItsDocuments(t *testing.T) {
	rows := documents.Table(t, guide, "| Role | Policies | Trust |")
	var before, all []string
	for i, role := range []string{"preview", "up", "app", "task"} {
		var listed []string
		for _, match := range regexp.MustCompile(`([a-z-]+)\.json`).FindAllStringSubmatch(rows[i][1], -1) {
			listed = append(listed, match[1])
		}
		if strings.HasPrefix(rows[i][1], "the same") {
			listed = append(listed, before...)
		}
		if got, want := sorted(listed), sorted(roles[role]); !slices.Equal(got, want) {
			t.Errorf("the document: who %s has %q, want %q", rows[i][0], got, want)
		}
		before, all = listed, append(all, listed...)
	}
	policies := slices.DeleteFunc(names(t), func(name string) bool { return strings.HasPrefix(name, "trust-") })
	if missing := lacking(all, policies); len(missing) > 0 {
		t.Errorf("no role has %q", missing)
	}
}

func TestAWrongValueIsRefusedAndNothingIsWritten(t *testing.T) {
	valid := examples(t)
	without := maps.Clone(valid)
	delete(without, "NAME")
	delete(without, "REGION")
	for _, each := range []struct {
		arguments []string
		message   string
	}{
		{without.arguments(), "no value for NAME REGION"},
		{append(valid.arguments(), "ID=a"), "ID is not a placeholder of the policies; they are ACCOUNT_ID APPLICATION"},
		{append(valid.arguments(), "PARTITION=aws"), "PARTITION is not a placeholder"},
		{append(valid.arguments(), "NAME=films"), "NAME is given twice"},
		{append(valid.arguments(), "NAME"), "NAME must be PLACEHOLDER=VALUE"},
		{valid.but(stack{"NAME": ""}).arguments(), "NAME='': a value must be"},
		{valid.but(stack{"NAME": "*"}).arguments(), "NAME='*': a value must be"},
		{valid.but(stack{"NAME": "mediaserver?"}).arguments(), "NAME='mediaserver?': a value must be"},
		{valid.but(stack{"STACK": "${aws:username}"}).arguments(), "a value must be"},
		{valid.but(stack{"PROJECT": `a","b`}).arguments(), "a value must be"},
		{valid.but(stack{"PROJECT": "<STACK>"}).arguments(), "a value must be"},
		{valid.but(stack{"PROJECT": "a|e id"}).arguments(), "a value must be"},
		{valid.but(stack{"REGION": "eu-west"}).arguments(), "REGION='eu-west': this is no region of AWS, such as eu-west-2"},
		{valid.but(stack{"REGION": "eu-west-2a"}).arguments(), "this is no region"},
	} {
		filled := filepath.Join(t.TempDir(), "policies")
		output, err := fillPolicies(t, "../..", append([]string{filled}, each.arguments...)...)
		if err == nil || !strings.Contains(output, each.message) {
			t.Errorf("%q: %v, want %q\n%s", each.arguments, err, each.message, output)
		}
		if _, err := os.Stat(filled); err == nil {
			t.Errorf("%q: the folder was made", each.arguments)
		}
	}
	if output, err := fillPolicies(t, "../..", "NAME=a"); err == nil || !strings.Contains(output, "see --help") {
		t.Errorf("without a folder: %v\n%s", err, output)
	}
	// A script that does not refuse this would ruin the documents, so it works on a copy.
	copied := t.TempDir()
	for _, part := range []string{"scripts", "policies"} {
		if err := os.CopyFS(filepath.Join(copied, part), os.DirFS(filepath.Join("../..", part))); err != nil {
			t.Fatal(err)
		}
	}
	output, err := fillPolicies(t, copied, append([]string{copied + "/scripts/../policies"}, valid.arguments()...)...)
	if err == nil || !strings.Contains(output, "name another folder") {
		t.Errorf("into the folder of the policies: %v\n%s", err, output)
	}
}

func TestThePartitionFollowsFromTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-2": "aws", "ap-southeast-7": "aws", "mx-central-1": "aws", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
		"eusc-de-east-1": "aws-eusc",
	} {
		filled := t.TempDir()
		values := examples(t).but(stack{"REGION": region, partition: want})
		given := maps.Clone(values)
		delete(given, partition)
		if output, err := fillPolicies(t, "../..", append([]string{filled}, given.arguments()...)...); err != nil {
			t.Errorf("%s: %v\n%s", region, err, output)
			continue
		}
		if text, err := os.ReadFile(filepath.Join(filled, "up.json")); err != nil || string(text) != values.fill(template(t, "up")) {
			t.Errorf("%s: up.json is %s (%v)", region, text, err)
		}
	}
}
