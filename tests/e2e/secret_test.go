package e2e

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/sandbox"
)

func TestTheJWTSecretIsInPlainTextInNoStateOutputOrLog(t *testing.T) {
	t.Parallel()
	var folder string
	d := newDeployment(t, func(options *sandbox.Options) { folder = options.Dir })
	d.Up("--diff", "--debug", "--logtostderr")
	d.Must("preview", "--diff", "--json")
	d.Must("preview", "--diff", "-c", "mediaserver:name=other", "--show-sames")
	d.Must("refresh", "--yes", "--diff", "--debug", "--logtostderr")
	d.Must("stack", "output", "--json")
	d.Must("stack")
	export := d.Must("stack", "export").Stdout

	parameter, err := d.Clients().SSM.GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/mediaserver/jwt-secret"), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := *parameter.Parameter.Value
	if len(secret) != 32 {
		t.Fatalf("the secret has %d characters, want 32", len(secret))
	}
	if revealed := d.Must("stack", "export", "--show-secrets").Stdout; !contains(revealed, secret) {
		t.Fatal("the search does not find the secret where it is on purpose, in an export with --show-secrets")
	}

	for name, text := range map[string]string{"the export": export, "what the CLI printed": d.Output()} {
		if name != "the export" {
			// The last export, which shows the secret on purpose, is not a part of the run.
			text = text[:strings.LastIndex(text, export)+len(export)]
		}
		if contains(text, secret) {
			t.Errorf("the secret is in %s", name)
		}
	}
	files := 0
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err == nil && contains(string(text), secret) {
			t.Errorf("the secret is in the file %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Errorf("the sandbox's folder has %d files, which cannot be all", files)
	}
}

// contains tells whether a text has a secret in it, as it is or in an encoding that hides nothing.
func contains(text, secret string) bool {
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)}
	// A text in JSON may be a part of a text in JSON.
	for _, form := range []string{inJSON(secret, true), inJSON(secret, false)} {
		forms = append(forms, form, inJSON(form, true), inJSON(form, false))
	}
	// In base64 of a longer text, the secret's characters depend on where it begins in a group of three.
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for offset := range 3 {
			encoded := encoding.EncodeToString(append(make([]byte, offset), secret...))
			forms = append(forms, encoded[4*((offset+2)/3):len(encoded)-4])
		}
	}
	return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) })
}

// inJSON is a text as it is between the quotes of a JSON string.
func inJSON(text string, escapeHTML bool) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	quoted := strings.TrimSpace(encoded.String())
	return quoted[1 : len(quoted)-1]
}

func TestTheSearchForASecretFindsEachOfItsEncodings(t *testing.T) {
	const secret = `aB3<&"\\x%+/zQ9-correct-horse-32c`
	for name, text := range map[string]string{
		"plain":               "value=" + secret + ";",
		"in JSON":             `{"value":"` + inJSON(secret, true) + `"}`,
		"in JSON in JSON":     inJSON(`{"value":"`+inJSON(secret, true)+`"}`, true),
		"in JSON without <":   `{"value":"` + inJSON(secret, false) + `"}`,
		"in base64":           base64.StdEncoding.EncodeToString([]byte(secret + "tail")),
		"in base64, shifted":  base64.StdEncoding.EncodeToString([]byte("ab" + secret + "tail")),
		"in base64 for URLs":  base64.URLEncoding.EncodeToString([]byte("a" + secret)),
		"in a query of a URL": url.QueryEscape(secret),
	} {
		if !contains(text, secret) {
			t.Errorf("the secret is not found %s: %s", name, text)
		}
	}
	if contains("nothing of it here", secret) {
		t.Error("a secret is found where none is")
	}
}
