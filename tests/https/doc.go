// Package https proves HTTPS on a domain in the sandbox: each combination of its settings, the way there and back on a
// running stack, and what goes wrong with a zone, a record or a certificate.
package https
