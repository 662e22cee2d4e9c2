package acceptance

import (
	"io"
	"strings"
	"sync"
)

// hidden stands where a secret was.
const hidden = "[hidden]"

// redactor keeps secrets out of the log, the report and what is printed.
type redactor struct {
	target  io.Writer
	mu      sync.Mutex
	secrets []string
}

// hide makes the redactor keep a text out from now on.
func (r *redactor) hide(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret != "" {
		r.secrets = append(r.secrets, secret)
	}
}

// redact is a text without the secrets.
func (r *redactor) redact(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

func (r *redactor) Write(text []byte) (int, error) {
	redacted := r.redact(string(text))
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := io.WriteString(r.target, redacted)
	return len(text), err
}
