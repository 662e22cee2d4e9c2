package sandboxtest

import (
	"encoding/base64"
	"net/url"
	"testing"
)

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
		if !Reveals(text, secret) {
			t.Errorf("the secret is not found %s: %s", name, text)
		}
	}
	if Reveals("nothing of it here", secret) {
		t.Error("a secret is found where none is")
	}
}
