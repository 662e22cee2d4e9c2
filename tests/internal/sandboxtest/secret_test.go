package sandboxtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
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

// witness notes failures instead of failing.
type witness struct {
	testing.TB
	failures []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, arguments ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, arguments...))
}

func TestTheSearchThroughFilesFindsTheSecretInEachButOne(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(folder, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	state := write("state", "hush hush")
	few := &witness{TB: t}
	NoFileReveals(few, "hush hush", state, folder)
	if len(few.failures) != 1 || !strings.HasPrefix(few.failures[0], "only 0 files were searched") {
		t.Errorf("of a folder with one file it says %q", few.failures)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		write(name, "nothing")
	}
	deep := write("inner/e", `{"value":"hush hush"}`)
	found := &witness{TB: t}
	NoFileReveals(found, "hush hush", state, folder)
	if len(found.failures) != 1 || found.failures[0] != "the secret is in the file "+deep {
		t.Errorf("it says %q, want only %s", found.failures, deep)
	}
}
