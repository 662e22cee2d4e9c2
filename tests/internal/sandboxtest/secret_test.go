package sandboxtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

const secret = `aB3<&"\\x%+/zQ9-correct-horse-32c`

func TestTheSearchForASecretFindsEachOfItsEncodings(t *testing.T) {
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

// witness notes the last failure instead of failing.
type witness struct {
	testing.TB
	failure string
}

func (w *witness) Errorf(format string, arguments ...any) {
	w.failure = fmt.Sprintf(format, arguments...)
}

func TestTheSearchThroughFilesFindsTheSecretInEachButOne(t *testing.T) {
	folder := t.TempDir()
	state := filepath.Join(folder, "state")
	for i, text := range []string{secret, "", "", "", "", `{"value":"` + inJSON(secret, true) + `"}`} {
		path := fmt.Sprint(state, i)
		if i == 0 {
			path = state
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		witness := &witness{TB: t}
		NoFileReveals(witness, secret, state, folder)
		want := fmt.Sprintf("only %d files were searched in %s, which cannot be all", i, folder)
		if i == 5 {
			want = "the secret is in the file " + path
		}
		if witness.failure != want {
			t.Errorf("with %d files more it says %q, want %q", i, witness.failure, want)
		}
	}
}
