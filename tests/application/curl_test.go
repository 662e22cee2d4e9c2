package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCurlAnswersWithTheExitCodesOfCurl(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		switch request.URL.Path {
		case "/health":
			_, _ = response.Write([]byte("fine"))
		case "/moved":
			http.Redirect(response, request, "/broken", http.StatusFound)
		default:
			response.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, each := range map[string]struct {
		arguments      []string
		want           int
		output, errors string
	}{
		"success":            {[]string{"--fail", "--silent", "--globoff", server.URL + "/health"}, 0, "fine", ""},
		"failure":            {[]string{"--fail", "--silent", "--globoff", server.URL + "/broken"}, 22, "", ""},
		"failure, told":      {[]string{"--fail", server.URL + "/broken"}, 22, "", "returned error: 503"},
		"failure, overheard": {[]string{"--silent", server.URL + "/broken"}, 0, "", ""},
		"redirection":        {[]string{"--fail", "--silent", server.URL + "/moved"}, 0, "", ""},
		"nobody listens":     {[]string{"--silent", closed.URL}, 7, "", ""},
		"unknown option":     {[]string{"--location", server.URL}, 2, "", "--location"},
		"no address":         {[]string{"--fail"}, 2, "", "one address, got 0"},
		"two addresses":      {[]string{server.URL, server.URL}, 2, "", "one address, got 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var output, messages strings.Builder
			if code := curl(each.arguments, &output, &messages); code != each.want {
				t.Errorf("exit code %d, want %d (%s)", code, each.want, messages.String())
			}
			if each.output != "" && output.String() != each.output {
				t.Errorf("output %q, want %q", output.String(), each.output)
			}
			if each.errors == "" && messages.String() != "" || !strings.Contains(messages.String(), each.errors) {
				t.Errorf("messages %q, want %q in them", messages.String(), each.errors)
			}
		})
	}
}

func TestWgetTakesTheOptionsOfTheHealthCheckAlone(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	healthy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer healthy.Close()
	for arguments, want := range map[string]int{
		"-q -O /dev/null " + healthy.URL: 0, "-q -O /dev/null " + server.URL: 1, "-q " + healthy.URL: 1, "-q -O /tmp/a " + healthy.URL: 1,
	} {
		var messages strings.Builder
		if code := wget(strings.Fields(arguments), &messages); code != want {
			t.Errorf("wget %s: exit code %d, want %d (%s)", arguments, code, want, messages.String())
		}
	}
}
