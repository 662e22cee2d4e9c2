package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/emulator"
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

// inEmulator points this process's AWS clients at an emulator of its own with the bucket media.
func inEmulator(t *testing.T) *s3.Client {
	t.Helper()
	running, err := emulator.Start(t.Context(), emulator.Options{BinDir: "../../bin"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": running.URL(), "AWS_REGION": "eu-west-2",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	configuration, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(configuration)
	bucket := "media"
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    &bucket,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"},
	}); err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTheBucketIsWrittenReadAndLeftAsItWas(t *testing.T) {
	client := inEmulator(t)
	t.Setenv("S3_BUCKET_NAME", "media")
	status, body := ask(t, nil, "POST", "/bucket")
	var got bucketRound
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if status != 200 || got.Bucket != "media" || !strings.HasPrefix(got.Key, "application/") {
		t.Errorf("POST /bucket answers %d %s", status, body)
	}
	bucket := "media"
	left, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil || len(left.Contents) > 0 {
		t.Errorf("objects are left in the bucket: %v (%v)", left.Contents, err)
	}

	t.Setenv("S3_BUCKET_NAME", "another")
	if status, body = ask(t, nil, "POST", "/bucket"); status != 502 || !strings.Contains(body, "NoSuchBucket") {
		t.Errorf("POST /bucket for a bucket that is not there answers %d %s", status, body)
	}
	t.Setenv("S3_BUCKET_NAME", "")
	if status, body = ask(t, nil, "POST", "/bucket"); status != 502 || !strings.Contains(body, "S3_BUCKET_NAME") {
		t.Errorf("POST /bucket without a bucket's name answers %d %s", status, body)
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

// listening is a log that hands over the address that the application listens on.
type listening chan string

func (l listening) Write(line []byte) (int, error) {
	if _, address, found := strings.Cut(string(line), " listens on "); found {
		l <- strings.TrimSpace(address)
	}
	return len(line), nil
}

func TestTheApplicationServesUntilItIsToldToEnd(t *testing.T) {
	t.Setenv("PORT", "0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log, ended := make(listening, 1), make(chan int)
	go func() { ended <- run(ctx, []string{"-host", "127.0.0.1"}, log) }()
	response, err := http.Get("http://" + <-log + "/health")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("/health answers %d", response.StatusCode)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
