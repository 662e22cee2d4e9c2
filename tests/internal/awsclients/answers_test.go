package awsclients_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"mediaserver/tests/internal/awsclients"
)

// The writing of the request is held up until the answer has begun, and the answer until the request is written.
func TestAnAnswerThatComesBeforeTheRequestIsWrittenIsKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(response, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	t.Cleanup(server.Close)
	answered, written := make(chan struct{}), make(chan error, 1)
	client := awsclients.KeepAnswers(&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := new(net.Dialer).DialContext(ctx, network, address)
			return heldUp{connection, answered}, err
		},
	}})
	account := sts.New(sts.Options{
		Region: "eu-west-2", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: clientFunc(func(request *http.Request) (*http.Response, error) {
			response, err := client.Do(request)
			if err == nil {
				response.Body = &delayed{ReadCloser: response.Body, before: func() {
					close(answered)
					if err := <-written; err != nil {
						t.Errorf("the request is written with the error %q, want none", err)
					}
				}}
			}
			return response, err
		}),
		Retryer: aws.NopRetryer{},
	})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { written <- info.Err },
	})
	identity, err := account.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *identity.Account != "123456789012" {
		t.Errorf("the account is %s, want 123456789012", *identity.Account)
	}
}

type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(request *http.Request) (*http.Response, error) { return f(request) }

// heldUp is a connection whose Write returns when an answer has begun. The header of a request is written on its own.
type heldUp struct {
	net.Conn
	answered <-chan struct{}
}

func (c heldUp) Write(data []byte) (int, error) {
	written, err := c.Conn.Write(data)
	if string(data[:4]) != "POST" {
		<-c.answered
	}
	return written, err
}

// delayed does something before it is read for the first time.
type delayed struct {
	io.ReadCloser
	before func()
	once   sync.Once
}

func (d *delayed) Read(data []byte) (int, error) {
	d.once.Do(d.before)
	return d.ReadCloser.Read(data)
}
