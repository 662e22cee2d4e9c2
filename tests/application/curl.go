package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Exit codes of curl (its manual page, EXIT CODES).
const (
	curlUsage     = 2
	curlNoConnect = 7
	curlHTTPError = 22
)

// wgetError is the exit code of BusyBox's wget for every error.
const wgetError = 1

// curl asks for one address, as curl does with the options of the container's health check, and returns curl's exit
// code. Any other option is an error: this knows no other.
func curl(arguments []string, output, messages io.Writer) int {
	var addresses []string
	var fail, silent bool
	for _, argument := range arguments {
		switch {
		case argument == "--fail":
			fail = true
		case argument == "--silent":
			silent = true
		case argument == "--globoff":
			// Nothing here reads braces as a range.
		case strings.HasPrefix(argument, "-"):
			fmt.Fprintf(messages, "curl: this curl does not know the option %s\n", argument)
			return curlUsage
		default:
			addresses = append(addresses, argument)
		}
	}
	if len(addresses) != 1 {
		fmt.Fprintf(messages, "curl: this curl takes one address, got %d\n", len(addresses))
		return curlUsage
	}
	problem := func(code int, format string, values ...any) int {
		if !silent {
			fmt.Fprintf(messages, "curl: (%d) "+format+"\n", append([]any{code}, values...)...)
		}
		return code
	}
	// Like curl without --location, it follows no redirection.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(addresses[0])
	if err != nil {
		return problem(curlNoConnect, "%v", err)
	}
	defer func() { _ = response.Body.Close() }()
	if fail && response.StatusCode >= http.StatusBadRequest {
		return problem(curlHTTPError, "The requested URL returned error: %d", response.StatusCode)
	}
	if _, err := io.Copy(output, response.Body); err != nil {
		return problem(curlNoConnect, "%v", err)
	}
	return 0
}

// wget asks for one address, as wget does with the options of the container's health check, and returns its exit code.
func wget(arguments []string, messages io.Writer) int {
	if len(arguments) != 4 || strings.Join(arguments[:3], " ") != "-q -O /dev/null" {
		fmt.Fprintf(messages, "wget: this wget takes -q -O /dev/null ADDRESS alone, not %q\n", arguments)
		return wgetError
	}
	if curl([]string{"--fail", "--silent", arguments[3]}, io.Discard, messages) != 0 {
		return wgetError
	}
	return 0
}
