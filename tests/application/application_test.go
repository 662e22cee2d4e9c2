package main

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends a request to the application and returns the status and the body of its answer.
func ask(t *testing.T, arguments []string, method, path string) (status int, body string) {
	t.Helper()
	behaviour, err := parse(arguments, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	routes(behaviour).ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return response.Code, response.Body.String()
}

func TestTheHealthPathAnswersAsTheFlagsSay(t *testing.T) {
	for name, each := range map[string]struct {
		arguments []string
		path      string
		want      int
	}{
		"default":         {nil, "/health", 200},
		"another path":    {[]string{"-health-path", "/up/{x}?deep=1"}, "/up/{x}?deep=1", 200},
		"encoded":         {[]string{"-health-path", "/up/{x}"}, "/up/%7Bx%7D", 200},
		"another query":   {[]string{"-health-path", "/up?deep=1"}, "/up", 404},
		"not the default": {[]string{"-health-path", "/up"}, "/health", 404},
		"another status":  {[]string{"-health-status", "503"}, "/health", 503},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := ask(t, each.arguments, "GET", each.path); got != each.want {
				t.Errorf("GET %s answers %d, want %d", each.path, got, each.want)
			}
		})
	}
}

func TestAnAnswerTellsTheVersion(t *testing.T) {
	for _, path := range []string{"/health", "/report"} {
		_, body := ask(t, []string{"-version", "v2"}, "GET", path)
		var got struct{ Version string }
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Version != "v2" {
			t.Errorf("GET %s answers %s (%v), want version v2", path, body, err)
		}
	}
}

func TestTheReportTellsOfTheSecretWithoutGivingItAway(t *testing.T) {
	t.Setenv("JWT_SECRET", "abc")
	t.Setenv("S3_BUCKET_NAME", "media")
	t.Setenv("NODE_ENV", "production")
	_, body := ask(t, nil, "GET", "/report")
	var got report
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	// The digest of "abc" that FIPS 180-4 gives as its example.
	want := secretReport{Length: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	if got.JWTSecret == nil || *got.JWTSecret != want {
		t.Errorf("the secret is reported as %+v, want %+v", got.JWTSecret, want)
	}
	if strings.Contains(body, "abc") {
		t.Errorf("the report gives the secret away: %s", body)
	}
	if got.Environment["S3_BUCKET_NAME"] != "media" || got.Environment["NODE_ENV"] != "production" {
		t.Errorf("the environment is reported as %v", got.Environment)
	}
	if value, set := got.Environment["PORT"]; set {
		t.Errorf("PORT is not set and reported as %q", value)
	}
}

func TestAVariantEndsWithItsMessageAndCode(t *testing.T) {
	var log strings.Builder
	if code := run(t.Context(), []string{"-exit-message", "no DATABASE_URL", "-exit-code", "3"}, &log); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if !strings.Contains(log.String(), "no DATABASE_URL\n") {
		t.Errorf("the log is %q", log.String())
	}
}

func TestWithoutAPortTheApplicationSaysSo(t *testing.T) {
	t.Setenv("PORT", "")
	var log strings.Builder
	if code := run(t.Context(), nil, &log); code != 1 || !strings.Contains(log.String(), "PORT is not set") {
		t.Errorf("exit code %d, log %q", code, log.String())
	}
}

func TestUnknownArgumentsAreRefused(t *testing.T) {
	for _, arguments := range [][]string{{"serve"}, {"-unknown"}, {"-health-path", "/%zz"}} {
		if code := run(t.Context(), arguments, io.Discard); code != 2 {
			t.Errorf("%v: exit code %d, want 2", arguments, code)
		}
	}
}
