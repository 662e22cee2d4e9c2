package deploy

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// callAttempts is how often a call is tried before its error counts.
	callAttempts = 5
	// callTimeout is how long one attempt may take.
	callTimeout = time.Minute
)

type clients struct {
	ecs          *ecs.Client
	ecr          *ecr.Client
	loadBalancer *elasticloadbalancingv2.Client
	scaling      *applicationautoscaling.Client
}

// connect makes the clients for the stack's region.
func (r *run) connect(ctx context.Context) error {
	if err := checkProxies(); err != nil {
		return err
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(r.outputs.region),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} })) // attend does it
	if err != nil {
		return fail(exitAPI, "cannot read the AWS configuration: %v", err)
	}
	// Without credentials, a call only reports that the last place they could be, a server's metadata, does not answer.
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return fail(exitAPI, "cannot get AWS credentials; "+
			"set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %v", err)
	}
	if r.Transport != nil {
		loaded.HTTPClient = &http.Client{Transport: r.Transport}
	}
	loaded.APIOptions = append(loaded.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Attend", r.attend), middleware.Before)
	})
	r.clients = clients{
		ecs.NewFromConfig(loaded), ecr.NewFromConfig(loaded),
		elasticloadbalancingv2.NewFromConfig(loaded), applicationautoscaling.NewFromConfig(loaded),
	}
	return nil
}

// checkProxies refuses a malformed proxy address. Go would take part of the password for the host and name it in errors,
// or go without a proxy.
func checkProxies() error {
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
		address := cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name)), "none")
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		parsed, err := url.Parse(address)
		if err != nil || parsed.Host == "" || strings.TrimSuffix(parsed.Path, "/")+parsed.RawQuery+parsed.Fragment != "" {
			return fail(exitAPI, "%s is not the address of a proxy: it must be http://[USER:PASSWORD@]HOST[:PORT]; "+
				"percent-encode special characters in the password, such as / as %%2F", name)
		}
	}
	return nil
}

// attend surrounds every call of AWS. It tries again after faults that pass by themselves, and remembers whether AWS
// answered every attempt.
func (r *run) attend(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, metadata middleware.Metadata, err error,
) {
	for attempt := 1; ; attempt++ {
		limited, cancel := context.WithTimeout(ctx, callTimeout)
		out, metadata, err = next.HandleInitialize(limited, in)
		cancel()
		r.unanswered = r.unanswered || err != nil && !isRefusal(err)
		if err == nil || attempt == callAttempts || ctx.Err() != nil || !isTransient(err) {
			return out, metadata, err
		}
		service, operation := middleware.GetServiceID(ctx), middleware.GetOperationName(ctx)
		r.warn("%s; trying again", told(&smithy.OperationError{ServiceID: service, OperationName: operation, Err: err}))
		if err := pause(ctx, time.Duration(attempt)*r.poll); err != nil {
			return out, metadata, err
		}
	}
}

// capturing keeps the raw answer of ECS beside what the SDK makes of it.
func capturing(raw *[]byte) func(*ecs.Options) {
	capture := middleware.DeserializeMiddlewareFunc("CaptureAnswer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
		out, metadata, err = next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
			*raw, err = io.ReadAll(response.Body)
			response.Body = io.NopCloser(bytes.NewReader(*raw))
		}
		return out, metadata, err
	})
	return ecs.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(capture, middleware.After)
	})
}

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
