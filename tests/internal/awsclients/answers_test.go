package awsclients_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mediaserver/tests/internal/awsclients"
)

// closed is a body whose WriteTo ends as that of the SDK's does that has been closed meanwhile.
type closed struct{ *strings.Reader }

func (closed) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (closed) Close() error                     { return nil }

// The connection is closed where the writing of the request ends in an error, and the answer is lost if it comes later.
func TestTheEndOfABodyIsNoErrorThatClosesTheConnection(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
	}))
	defer server.Close()
	for client, want := range map[aws.HTTPClient]error{
		http.DefaultClient:                         io.EOF,
		awsclients.KeepAnswers(http.DefaultClient): nil,
	} {
		written := make(chan error, 1)
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			WroteRequest: func(info httptrace.WroteRequestInfo) { written <- info.Err },
		})
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, closed{strings.NewReader("a body")})
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = int64(len("a body"))
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
		}
		if err := <-written; err != want {
			t.Errorf("%T writes the request with the error %v, want %v", client, err, want)
		}
	}
}
