package sandboxtest

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Reveals tells whether a text has a secret in it, as it is or in an encoding that hides nothing.
func Reveals(text, secret string) bool {
	forms := []string{secret, url.QueryEscape(secret)}
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
	// A text always has a JSON.
	_ = encoder.Encode(text)
	quoted := strings.TrimSpace(encoded.String())
	return quoted[1 : len(quoted)-1]
}

// NoFileReveals fails if a file in the folders has the secret, other than the one named but, or if there are hardly
// any files. Empty for no such file.
func NoFileReveals(tb testing.TB, secret, but string, folders ...string) {
	tb.Helper()
	searched := 0
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || path == but {
				return err
			}
			searched++
			text, err := os.ReadFile(path)
			if err == nil && Reveals(string(text), secret) {
				tb.Errorf("the secret is in the file %s", path)
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if searched < 5 {
		tb.Errorf("only %d files were searched in %s, which cannot be all", searched, strings.Join(folders, ", "))
	}
}
