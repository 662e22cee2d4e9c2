package deploy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// failure is an error with the exit code that it ends in.
type failure struct {
	code  int
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

func fail(code int, format string, values ...any) error {
	return &failure{code: code, text: fmt.Sprintf(format, values...)}
}

// cannot is the failure to do something because a call failed.
func cannot(err error, format string, values ...any) error {
	return &failure{exitAPI, fmt.Sprintf("cannot "+format+": %s", append(values, told(err))...), err}
}

// told is an error's cause without the layers that only say where it came from: the API's code and message, or why a
// request reached nobody.
func told(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return page(strings.TrimSuffix(refusal.ErrorCode()+": "+refusal.ErrorMessage(), ": "))
	}
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		status := ""
		var response *smithyhttp.ResponseError
		if errors.As(err, &response) {
			status = fmt.Sprintf(" (status %d)", response.HTTPStatusCode())
		}
		return page(fmt.Sprintf("AWS's answer%s cannot be read: %s", status, unreadable.Snapshot))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %d s", int(callTimeout.Seconds()))
	}
	var unsent *url.Error
	if errors.As(err, &unsent) {
		return reached(unsent.URL) + ": " + unsent.Err.Error()
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		err = operation.Err
	}
	return page(err.Error())
}

// reached names the host that a request went to, and the proxy that it went through.
func reached(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: parsed}); err == nil && proxy != nil {
		return fmt.Sprintf("%s, through the proxy %s", parsed.Host, proxy.Host)
	}
	return parsed.Host
}

var (
	html  = regexp.MustCompile(`(?is)<(!doctype\s+)?html\b.*`)
	title = regexp.MustCompile(`(?is)<title\b[^>]*>([^<]*)`)
)

// page keeps only the title of an HTML page. Proxies and endpoints that are not AWS's answer with such pages.
func page(text string) string {
	return html.ReplaceAllStringFunc(text, func(page string) string {
		name := ""
		if found := title.FindStringSubmatch(page); found != nil {
			name = strings.Join(strings.Fields(found[1]), " ")
		}
		if name == "" {
			return "(an HTML page)"
		}
		return fmt.Sprintf("(an HTML page: %.100s)", name)
	})
}

// isTransient tells whether trying again may help.
func isTransient(err error) bool {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return false
	}
	var refusal smithy.APIError
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &refusal) && refusal.ErrorFault() == smithy.FaultServer {
		return true
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// isRefusal tells whether AWS itself said that it did not do what was asked. Silence, a lost connection or a fault inside
// AWS leave that open.
func isRefusal(err error) bool {
	var refusal smithy.APIError
	var response *smithyhttp.ResponseError
	return errors.As(err, &refusal) && refusal.ErrorFault() != smithy.FaultServer &&
		errors.As(err, &response) && response.HTTPStatusCode() < 500
}
