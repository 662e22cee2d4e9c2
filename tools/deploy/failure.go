package deploy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// failure is an error with the exit code that it ends in. Any other error ends in exitAPI.
type failure struct {
	code int
	text string
}

func (f *failure) Error() string { return f.text }

func fail(code int, format string, values ...any) error {
	return &failure{code, fmt.Sprintf(format, values...)}
}

// shownAnswer is how much of an answer is shown: a proxy may answer with a whole page of HTML.
const shownAnswer = 1000

// told is an error in words, without the layers that only say where it came from. A failed call of AWS is named as a
// command of the AWS CLI, with AWS's code and message, or why the request reached nobody.
func told(err error) string {
	text := err.Error()
	if known, is := errors.AsType[*failure](err); is {
		return known.text
	} else if refusal, is := errors.AsType[smithy.APIError](err); is {
		text = strings.TrimSuffix(refusal.ErrorCode()+": "+refusal.ErrorMessage(), ": ")
	} else if unreadable, is := errors.AsType[*smithy.DeserializationError](err); is {
		text = "the answer cannot be read: " + string(unreadable.Snapshot)
		if response, is := errors.AsType[*smithyhttp.ResponseError](err); is {
			text = fmt.Sprintf("the answer, of status %d, cannot be read: %s", response.HTTPStatusCode(), unreadable.Snapshot)
		}
	} else if errors.Is(err, context.DeadlineExceeded) {
		text = fmt.Sprintf("no answer within %d s", int(callTimeout.Seconds()))
	} else if unsent, is := errors.AsType[*url.Error](err); is {
		text = unsent.Error()
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > shownAnswer {
		text = text[:shownAnswer] + "..."
	}
	if call, is := errors.AsType[*smithy.OperationError](err); is {
		text = cliCommand(call) + ": " + text
	}
	return text
}

// cliServices are the AWS CLI's names of the services that the SDK names otherwise.
var cliServices = map[string]string{"Elastic Load Balancing v2": "elbv2", "Application Auto Scaling": "application-autoscaling"}

var wordInName = regexp.MustCompile(`[A-Z][a-z0-9]*`)

// cliCommand names a call as the AWS CLI does.
func cliCommand(call *smithy.OperationError) string {
	words := wordInName.FindAllString(call.OperationName, -1)
	return strings.ToLower("aws " + cmp.Or(cliServices[call.ServiceID], call.ServiceID) + " " + strings.Join(words, "-"))
}

// isTransient tells whether trying again may help.
func isTransient(err error) bool {
	if _, is := errors.AsType[*tls.CertificateVerificationError](err); is {
		return false
	}
	return errors.Is(err, context.DeadlineExceeded) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// isRefusal tells whether AWS itself said that it did not do what was asked. Silence, a lost connection or a fault inside
// AWS leave that open.
func isRefusal(err error) bool {
	_, is := errors.AsType[smithy.APIError](err)
	response, answered := errors.AsType[*smithyhttp.ResponseError](err)
	return is && answered && response.HTTPStatusCode() < 500
}
