package awsclients

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// KeepAnswers is an HTTP client for the SDK that loses no answer. The SDK closes the body of a request as soon as the
// answer begins. net/http may still look for more of the body then, and takes the end that the SDK's WriteTo tells for a
// failure: it closes the connection in the middle of the answer. The SDK then repeats the call, and a creation fails
// because the first one has made the thing. Read, which net/http uses where there is no WriteTo, tells the end as agreed.
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
