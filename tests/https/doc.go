// Package https tests HTTPS on a domain in the sandbox: every combination of its settings, turning it on and off on a
// running stack, and trouble with a zone, a record or a certificate.
package https
