package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheReportTellsOfTheSecretWithoutGivingItAway(t *testing.T) {
	t.Setenv("JWT_SECRET", "abc")
	t.Setenv("NODE_ENV", "production")
	t.Setenv("OWN_VARIABLE", "own")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hidden")
	response := httptest.NewRecorder()
	routes("v2").ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/report", nil))
	body := response.Body.String()
	var got report
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	// The digest of "abc" that FIPS 180-4 gives as its example.
	const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got.Version != "v2" || got.JWTSecret.SHA256 != digest ||
		got.Environment["NODE_ENV"] != "production" || got.Environment["OWN_VARIABLE"] != "own" {
		t.Errorf("the report is %s", body)
	}
	if strings.Contains(body, `"abc"`) || strings.Contains(body, "hidden") {
		t.Errorf("the report gives a secret away: %s", body)
	}
}

func TestTheApplicationEndsWithAReason(t *testing.T) {
	t.Setenv("PORT", "")
	for arguments, want := range map[string]struct {
		code int
		says string
	}{
		"-exit-message stopped -exit-code 3": {3, "application unversioned starts\nstopped\n"},
		"":                                   {1, "PORT is not set"},
		"serve":                              {2, `unexpected argument "serve"`},
		"-unknown":                           {2, "-unknown"},
	} {
		var log strings.Builder
		if code := run(strings.Fields(arguments), &log); code != want.code || !strings.Contains(log.String(), want.says) {
			t.Errorf("%q: exit code %d and the log %q, want %d and %q", arguments, code, log.String(), want.code, want.says)
		}
	}
}

func TestTheHealthCheckKnowsItsOwnOptionsAlone(t *testing.T) {
	server := httptest.NewServer(routes("v2"))
	defer server.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	for command, want := range map[string]int{
		"curl --fail --silent --globoff " + server.URL + "/health": 0,
		"wget -q -O /dev/null " + server.URL + "/health":           0,
		"curl --fail --silent --globoff " + server.URL + "/none":   22,
		"curl --fail --silent --globoff " + closed.URL + "/health": 7,
		"curl --silent --globoff " + server.URL + "/health":        2,
		"wget --version": 2,
		"curl":           2,
	} {
		words := strings.Fields(command)
		var messages strings.Builder
		if code := check(words[0], words[1:], &messages); code != want {
			t.Errorf("%s: exit code %d, want %d (%s)", command, code, want, messages.String())
		}
	}
}
