package awsprovider

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

const (
	// attempts is how often an API call is made before its fault counts as
	// lasting, and longestPause the longest wait between two: about a second in
	// all, since the emulator is on this machine.
	attempts     = 6
	longestPause = 400 * time.Millisecond
	// answerLimit ends an API call that is never answered.
	answerLimit = 20 * time.Second
	// connections is how many idle connections are kept, so that parallel
	// operations need not dial.
	connections = 64
)

// api is the AWS APIs in one region.
type api struct {
	region string
	// single is the same without retries.
	single *api

	autoscaling   *applicationautoscaling.Client
	cloudwatch    *cloudwatch.Client
	ec2           *ec2.Client
	ecr           *ecr.Client
	ecs           *ecs.Client
	iam           *iam.Client
	loadBalancing *elasticloadbalancingv2.Client
	logs          *cloudwatchlogs.Client
	s3            *s3.Client
	ssm           *ssm.Client
	sts           *sts.Client
}

// clients makes the APIs of each region once.
type clients struct {
	endpoint string
	http     *http.Client

	mu      sync.Mutex
	regions map[string]*api
}

// newClients prepares clients of the endpoint. It fails if the endpoint is not
// on this machine.
func newClients(endpoint string) (*clients, error) {
	if err := checkLoopback(endpoint); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Control: refuseRemote}
	return &clients{
		endpoint: endpoint,
		http: &http.Client{
			// No proxy, whatever the environment says: it could lead elsewhere.
			Transport: &http.Transport{
				DialContext:         dialer.DialContext,
				MaxIdleConns:        connections,
				MaxIdleConnsPerHost: connections,
			},
			CheckRedirect: func(request *http.Request, _ []*http.Request) error {
				return fmt.Errorf("refuse the redirection to %s: the emulator does not redirect", request.URL)
			},
			Timeout: answerLimit,
		},
		regions: map[string]*api{},
	}, nil
}

// errNotLoopback is why an address is refused.
var errNotLoopback = errors.New("it is not an address of this machine, and the sandbox must never touch a real account")

// checkLoopback refuses an endpoint that is not an http URL of this machine.
func checkLoopback(endpoint string) error {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("endpoint %q: %w", endpoint, err)
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("endpoint %q: it must be an http URL, such as http://127.0.0.1:5000", endpoint)
	}
	if address, err := netip.ParseAddr(parsed.Hostname()); parsed.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return fmt.Errorf("endpoint %q: %w", endpoint, errNotLoopback)
	}
	return nil
}

// refuseRemote sees the address that is really dialled, after names are
// resolved.
func refuseRemote(_, address string, _ syscall.RawConn) error {
	resolved, err := netip.ParseAddrPort(address)
	if err != nil || !resolved.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("refuse to connect to %s: %w", address, errNotLoopback)
	}
	return nil
}

// in returns the APIs of a region.
func (c *clients) in(region string) *api {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.regions[region]; ok {
		return made
	}
	made := c.connect(region, func() aws.Retryer {
		return retry.NewStandard(func(options *retry.StandardOptions) {
			options.MaxAttempts = attempts
			options.MaxBackoff = longestPause
			options.Backoff = retry.BackoffDelayerFunc(backoff)
			options.RateLimiter = ratelimit.None
		})
	})
	made.single = c.connect(region, func() aws.Retryer { return aws.NopRetryer{} })
	c.regions[region] = made
	return made
}

func (c *clients) connect(region string, retryer func() aws.Retryer) *api {
	// Built by hand: nothing comes from the environment or from files, neither
	// credentials nor an endpoint.
	config := aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(c.endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   c.http,
		Retryer:      retryer,
	}
	return &api{
		region:      region,
		autoscaling: applicationautoscaling.NewFromConfig(config),
		cloudwatch: cloudwatch.NewFromConfig(config, func(options *cloudwatch.Options) {
			// Of the protocols that CloudWatch speaks, the emulator lacks the client's first choice.
			options.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		}),
		ec2:           ec2.NewFromConfig(config),
		ecr:           ecr.NewFromConfig(config),
		ecs:           ecs.NewFromConfig(config),
		iam:           iam.NewFromConfig(config),
		loadBalancing: elasticloadbalancingv2.NewFromConfig(config),
		logs:          cloudwatchlogs.NewFromConfig(config),
		s3:            s3.NewFromConfig(config, func(options *s3.Options) { options.UsePathStyle = true }),
		ssm:           ssm.NewFromConfig(config),
		sts:           sts.NewFromConfig(config),
	}
}

// backoff doubles from 25 ms up to the longest pause.
func backoff(attempt int, _ error) (time.Duration, error) {
	return min(25*time.Millisecond<<min(attempt, 10), longestPause), nil
}

// missing says whether an API error means that what was asked for does not
// exist.
func missing(err error) bool {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotFound {
		return true
	}
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return false
	}
	code := strings.TrimSuffix(failure.ErrorCode(), "Exception")
	return strings.HasSuffix(strings.TrimSuffix(code, "Error"), "NotFound") || strings.HasPrefix(code, "NoSuch")
}

// deref is the value that a pointer leads to, zero for nil.
func deref[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// set overwrites a required input with what the API reports.
func set[T any](input *T, observed *T) {
	if observed != nil {
		*input = *observed
	}
}
