package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// healthCheck are the options of the container's own health check, by the program that it runs.
var healthCheck = map[string]string{"curl": "--fail --silent --globoff", "wget": "-q -O /dev/null"}

// Exit codes of curl (its manual page, EXIT CODES).
const (
	exitUsage     = 2
	exitNoConnect = 7
	exitHTTPError = 22
)

// check asks for one address, as the program does with the options of the container's own health check, and returns its
// exit code. Anything else is an error: it knows nothing else.
func check(program string, arguments []string, messages io.Writer) int {
	last := len(arguments) - 1
	if last < 0 || strings.Join(arguments[:last], " ") != healthCheck[program] {
		fmt.Fprintf(messages, "%s: this %[1]s takes %s ADDRESS alone, not %q\n", program, healthCheck[program], arguments)
		return exitUsage
	}
	response, err := http.Get(arguments[last])
	if err != nil {
		fmt.Fprintf(messages, "%s: %v\n", program, err)
		return exitNoConnect
	}
	_ = response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return exitHTTPError
	}
	return 0
}
