// Package policies checks the IAM policy documents in the folder policies against the
// resources that the program makes, the calls that reach AWS, and the tool that deploys the application.
package policies

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/sandbox"
)

// folder holds the documents, seen from this package.
const folder = "../../policies"

// roles are the documents of each role, with HTTPS on a domain: of whoever previews, deploys the stack and deploys the
// application, and of the tasks' own two roles, which can be given any policy within the boundary.
var roles = map[string][]string{
	"preview": {"preview", "preview-https", "state-read"},
	"up":      {"preview", "preview-https", "state-read", "state-write", "up", "up-https", "up-network", "up-roles"},
	"app":     {"deploy-app"},
	"task":    {"boundary"},
}

// stack is what fills in the placeholders for one stack.
type stack map[string]string

// dev and prod are two stacks in one account and region, with their states in one bucket.
var (
	dev = stack{
		"ACCOUNT_ID": sandbox.Account, "REGION": sandbox.Region, "NAME": "mediaserver", "PROJECT": "mediaserver", "STACK": "dev",
		"STATE_BUCKET": "mediaserver-state", "KMS_KEY_ID": "dddddddd-1111-4111-8111-111111111111",
		"TAG_PROJECT": "mediaserver", "TAG_ENVIRONMENT": "dev", "BOUNDARY_ARN": "arn:aws:iam::123456789012:policy/mediaserver-boundary",
		"REPOSITORY_SUBJECT": "repo:acme@1/mediaserver@2", "APPLICATION_REPOSITORY_SUBJECT": "repo:acme@1/media-app@3", "ENVIRONMENT": "dev",
		"HOSTED_ZONE_ID": "Z0123456789ABCDEFGHIJ", "DOMAIN_NAME": "dev.media.example.com",
	}
	prod = dev.but(stack{
		"NAME": "mediaserver-prod", "STACK": "prod", "KMS_KEY_ID": "eeeeeeee-2222-4222-8222-222222222222",
		"TAG_ENVIRONMENT": "prod", "BOUNDARY_ARN": "arn:aws:iam::123456789012:policy/mediaserver-prod-boundary", "ENVIRONMENT": "prod",
		"DOMAIN_NAME": "media.example.com",
	})
)

// but is the stack with other values for some placeholders.
func (s stack) but(changes stack) stack {
	changed := maps.Clone(s)
	maps.Copy(changed, changes)
	return changed
}

// placeholder is what the documents leave open.
var placeholder = regexp.MustCompile(`<([A-Z_]+)>`)

// partition is the placeholder whose value follows from the region.
const partition = "PARTITION"

// fill puts the stack's values in place of the placeholders. Its partition is aws, unless it names another.
func (s stack) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.Trim(found, "<>")
		if value, known := s[name]; known {
			return value
		}
		if name == partition {
			return "aws"
		}
		return found
	})
}

// names are all documents.
func names(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) < 13 {
		t.Fatalf("found %q (%v)", paths, err)
	}
	var found []string
	for _, path := range paths {
		found = append(found, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return found
}

// template is the text of a document with its placeholders.
func template(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, name, text string) iampolicy.Document {
	t.Helper()
	document, err := iampolicy.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return document
}

// documents are those of a role of the stack.
func (s stack) documents(t *testing.T, role string) []iampolicy.Document {
	t.Helper()
	var all []iampolicy.Document
	for _, name := range roles[role] {
		all = append(all, parse(t, name, s.fill(template(t, name))))
	}
	return all
}

// unfilled are the statements of documents with their placeholders.
func unfilled(t *testing.T, names ...string) []iampolicy.Statement {
	t.Helper()
	var all []iampolicy.Statement
	for _, name := range names {
		all = append(all, parse(t, name, template(t, name)).Statements...)
	}
	return all
}

// granted are the actions that the documents of a role allow, sorted, each once.
func granted(t *testing.T, role string) []string {
	t.Helper()
	var actions []string
	for _, each := range unfilled(t, roles[role]...) {
		actions = append(actions, each.Action...)
	}
	return sorted(actions)
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lacking are the elements of wanted that are not in have.
func lacking(have, wanted []string) []string {
	var missing []string
	for _, each := range wanted {
		if !slices.Contains(have, each) {
			missing = append(missing, each)
		}
	}
	return missing
}
