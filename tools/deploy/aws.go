package deploy

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
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
	options := []func(*config.LoadOptions) error{
		config.WithRegion(r.outputs.region),
		// The run retries by itself: it reports each retry, and remembers whether every attempt was answered.
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cannot(err, "read the AWS configuration")
	}
	// Without credentials, a call only reports that the last place they could be, a server's metadata, does not answer.
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := loaded.Credentials.Retrieve(limited); err != nil {
		return fail(exitAPI, "cannot get AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %s", page(err.Error()))
	}
	if r.transport != nil {
		loaded.HTTPClient = &http.Client{Transport: r.transport}
	}
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
		address := cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name)))
		if address == "" {
			continue
		}
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

// call calls AWS. It retries after faults that pass by themselves.
func call[Input, Output, Options any](
	ctx context.Context, r *run, send func(context.Context, *Input, ...func(*Options)) (*Output, error),
	input *Input, options ...func(*Options),
) (output *Output, err error) {
	command := r.command(input)
	if r.dryRun {
		r.show("look:     ", command...)
	}
	err = r.persist(ctx, strings.Join(command[:3], " "), told, func() error {
		limited, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		output, err = send(limited, input, options...)
		r.unanswered = r.unanswered || err != nil && !isRefusal(err)
		return err
	})
	return output, err
}

// persist retries until try succeeds or fails for good. A warning names what is tried, and words the error with telling.
func (r *run) persist(ctx context.Context, what string, telling func(error) string, try func() error) error {
	for attempt := 1; ; attempt++ {
		err := try()
		if err == nil || attempt == callAttempts || ctx.Err() != nil || !isTransient(err) {
			return err
		}
		r.warn("%s: %s; trying again", what, telling(err))
		if err := pause(ctx, time.Duration(attempt)*r.poll); err != nil {
			return err
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
