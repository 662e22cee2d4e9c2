package sandboxtest

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// Reveals tells whether a text has a secret in it, as it is or in an encoding that hides nothing.
func Reveals(text, secret string) bool {
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
