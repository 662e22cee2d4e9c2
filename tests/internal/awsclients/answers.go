package awsclients

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// KeepAnswers is an HTTP client for the SDK that loses no answer.
//
// The SDK closes the body of a request as soon as the answer begins. net/http may still be checking that the body has no
// more bytes. The WriteTo of the SDK's body then returns io.EOF, which a WriteTo must not. So net/http takes it for a
// failure and closes the connection in the middle of the answer. The SDK repeats the call, and a creation fails because
// the first call has made the thing. Without a WriteTo net/http calls Read, which may return io.EOF.
//
// It happens where a server answers at once and the processor is busy. See
// https://github.com/aws/aws-sdk-go-v2/issues/2737.
func KeepAnswers(client aws.HTTPClient) aws.HTTPClient { return answerKeeper{client} }

type answerKeeper struct{ client aws.HTTPClient }

func (k answerKeeper) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return k.client.Do(request)
	}
	sent := *request
	sent.Body = struct{ io.ReadCloser }{request.Body}
	return k.client.Do(&sent)
}
