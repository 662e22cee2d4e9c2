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

// script fills in the placeholders, seen from this package.
const script = "../../scripts/fill-policies"

// guide is the document that tells how the policies are used, seen from this package.
const guide = "../../docs/permissions.md"

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

// explained are the placeholders that the document explains, sorted.
func explained(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if names, _, isItem := strings.Cut(line, ": "); isItem && strings.HasPrefix(line, "- `") {
			for _, match := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(names, -1) {
				found = append(found, match[1])
			}
		}
	}
	return sorted(found)
}

// openPlaceholders are those of all documents that the caller of the script fills in, sorted.
func openPlaceholders(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, name := range names(t) {
		for _, match := range placeholder.FindAllStringSubmatch(template(t, name), -1) {
			found = append(found, match[1])
		}
	}
	return slices.DeleteFunc(sorted(found), func(name string) bool { return name == partition })
}

func TestTheDocumentListsThePlaceholdersThatThereAre(t *testing.T) {
	found := openPlaceholders(t)
	if listed := explained(t); !slices.Equal(listed, found) {
		t.Errorf("the document explains %q, the policies have %q", listed, found)
	}
	if given := slices.Sorted(maps.Keys(examples(t))); !slices.Equal(given, found) {
		t.Errorf("the document's command fills in %q, the policies have %q", given, found)
	}
	// Two stacks of the tests must differ in what tells stacks of one account apart, and have all the rest.
	for who, values := range map[string]stack{"dev": dev, "prod": prod} {
		if got := slices.Sorted(maps.Keys(values)); !slices.Equal(got, found) {
			t.Errorf("%s has values for %q, the policies have %q", who, got, found)
		}
	}
}

func TestTheDocumentsCommandFillsInEveryPlaceholder(t *testing.T) {
	filled := filepath.Join(t.TempDir(), "policies")
	command := documents.Commands(t, guide, "scripts/fill-policies /tmp/policies")
	run := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(command, "/tmp/policies", filled))
	run.Dir = "../.."
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	values := examples(t)
	for _, name := range names(t) {
		text, err := os.ReadFile(filepath.Join(filled, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(text), "<>") {
			t.Errorf("%s is not filled in:\n%s", name, text)
		}
		if want := values.fill(template(t, name)); string(text) != want {
			t.Errorf("%s is\n%s\nwant, with the document's examples,\n%s", name, text, want)
		}
		parse(t, name, string(text))
	}
}

func TestTheDocumentGivesEachRoleItsDocuments(t *testing.T) {
	rows := documents.Table(t, guide, "| Role | Policies | Trust |")
	var before []string
	for i, want := range [][]string{previewer, deployer, applicationDeployer, boundary} {
		var listed []string
		for _, match := range regexp.MustCompile(`([a-z-]+)\.json`).FindAllStringSubmatch(rows[i][1], -1) {
			listed = append(listed, match[1])
		}
		if strings.HasPrefix(rows[i][1], "the same") {
			listed = append(listed, before...)
		}
		if got, want := sorted(listed), sorted(want); !slices.Equal(got, want) {
			t.Errorf("the document: who %s has %q, want %q", rows[i][0], got, want)
		}
		before = listed
	}
	var policies []string
	for _, name := range names(t) {
		if !strings.HasPrefix(name, "trust-") {
			policies = append(policies, name)
		}
	}
	if all := sorted(previewer, deployer, applicationDeployer, boundary); !slices.Equal(all, sorted(policies)) {
		t.Errorf("the roles have %q, the folder holds %q", all, policies)
	}
}

func TestAWrongValueIsRefusedAndNothingIsWritten(t *testing.T) {
	valid := func(changes stack) []string {
		var arguments []string
		for key, value := range examples(t).but(changes) {
			arguments = append(arguments, key+"="+value)
		}
		slices.Sort(arguments)
		return arguments
	}
	without := slices.DeleteFunc(valid(nil), func(argument string) bool {
		return strings.HasPrefix(argument, "NAME=") || strings.HasPrefix(argument, "REGION=")
	})
	for _, each := range []struct {
		what      string
		arguments []string
		message   string
	}{
		{"missing values", without, "no value for NAME REGION"},
		{"no values", nil, "no value for ACCOUNT_ID APPLICATION_REPOSITORY_SUBJECT"},
		{"an unknown placeholder", append(valid(nil), "NAMES=a"), "NAMES is not a placeholder of the policies; they are ACCOUNT_ID APPLICATION"},
		{"a placeholder that is a part of another", append(valid(nil), "ID=a"), "ID is not a placeholder"},
		{"a value twice", append(valid(nil), "NAME=films"), "NAME is given twice"},
		{"an argument without a value", append(valid(nil), "NAME"), "NAME must be PLACEHOLDER=VALUE"},
		{"an empty value", valid(stack{"NAME": ""}), "NAME='': a value must be"},
		{"a wildcard", valid(stack{"NAME": "*"}), "NAME='*': a value must be"},
		{"one character left open", valid(stack{"NAME": "mediaserver?"}), "NAME='mediaserver?': a value must be"},
		{"a policy variable", valid(stack{"STACK": "${aws:username}"}), "a value must be"},
		{"a quote", valid(stack{"PROJECT": `a","b`}), "a value must be"},
		{"a placeholder as the value", valid(stack{"PROJECT": "<STACK>"}), "a value must be"},
		{"a separator of sed", valid(stack{"PROJECT": "a|e id"}), "a value must be"},
		{"the partition, which follows from the region", append(valid(nil), "PARTITION=aws"), "PARTITION is not a placeholder"},
		{"a region that is none", valid(stack{"REGION": "eu-west"}), "REGION='eu-west': this is no region of AWS, such as eu-west-2"},
		{"a zone for a region", valid(stack{"REGION": "eu-west-2a"}), "REGION='eu-west-2a': this is no region"},
		{"a region of a partition that is none", valid(stack{"REGION": "us-iso-west-1"}), "REGION='us-iso-west-1': this is no region"},
	} {
		filled := filepath.Join(t.TempDir(), "policies")
		output, err := exec.CommandContext(t.Context(), script, append([]string{filled}, each.arguments...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), each.message) {
			t.Errorf("%s: %v, want %q\n%s", each.what, err, each.message, output)
		}
		if _, err := os.Stat(filled); err == nil {
			t.Errorf("%s: the folder was made", each.what)
		}
	}
	// A script that does not refuse this would ruin the documents, so it works on a copy.
	copied := t.TempDir()
	for _, part := range []string{"scripts", "policies"} {
		if err := os.CopyFS(filepath.Join(copied, part), os.DirFS(filepath.Join("../..", part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, templates := range []string{filepath.Join(copied, "policies"), filepath.Join(copied, "scripts", "..", "policies")} {
		output, err := exec.CommandContext(t.Context(), filepath.Join(copied, "scripts/fill-policies"), append([]string{templates}, valid(nil)...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "name another folder") {
			t.Errorf("into %s: %v\n%s", templates, err, output)
		}
	}
	if kept, err := os.ReadFile(filepath.Join(copied, "policies/up.json")); err != nil || string(kept) != template(t, "up") {
		t.Errorf("a template is now %s (%v)", kept, err)
	}
	for _, argument := range []string{"", "NAME=a", "-h"} {
		if output, err := exec.CommandContext(t.Context(), script, argument).CombinedOutput(); err == nil || !strings.Contains(string(output), "see --help") {
			t.Errorf("%q: %v\n%s", argument, err, output)
		}
	}
}

func TestThePartitionFollowsFromTheRegion(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-2": "aws", "us-east-1": "aws", "ap-southeast-7": "aws", "mx-central-1": "aws", "il-central-1": "aws",
		"cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-gov-east-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
	} {
		filled := filepath.Join(t.TempDir(), "policies")
		arguments := []string{filled}
		for key, value := range examples(t).but(stack{"REGION": region, "BOUNDARY_ARN": "arn:" + want + ":iam::123456789012:policy/boundary"}) {
			arguments = append(arguments, key+"="+value)
		}
		if output, err := exec.CommandContext(t.Context(), script, arguments...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", region, err, output)
			continue
		}
		for _, name := range names(t) {
			text, err := os.ReadFile(filepath.Join(filled, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			arns := regexp.MustCompile(`arn:[^:]*:`).FindAllString(string(text), -1)
			other := slices.DeleteFunc(slices.Clone(arns), func(arn string) bool { return arn == "arn:"+want+":" })
			if len(arns) == 0 || len(other) > 0 {
				t.Errorf("%s: of %d ARNs in %s these are not of %s: %q", region, len(arns), name, want, other)
			}
		}
	}
}

func TestHelpNamesEveryPlaceholder(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), script, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, each := range openPlaceholders(t) {
		if !strings.Contains(string(output), "\n  "+each+"\n") {
			t.Errorf("--help does not name %s:\n%s", each, output)
		}
	}
}
