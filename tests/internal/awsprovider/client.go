package awsprovider

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tests/internal/awsclients"
)

const (
	// attempts is how often an API call is made before its fault counts as lasting, and longestPause the longest wait
	// between two: about a second in all, since the emulator is on this machine.
	attempts     = 6
	longestPause = 400 * time.Millisecond
	// answerLimit ends an API call that is never answered.
	answerLimit = 20 * time.Second
	// connections is how many idle connections are kept, so that parallel operations need not dial.
	connections = 64
)

// config holds the settings of the provider: what the stand-in needs, and what a configuration of the official plugin
// for an emulator holds besides.
type config struct {
	Region      *string      `json:"region"`
	DefaultTags *defaultTags `json:"defaultTags"`
	// Endpoints are where the official plugin finds each service. Requests go to the endpoint that the stand-in serves,
	// so another one is refused.
	Endpoints []map[string]string `json:"endpoints"`
	// These are ignored: the stand-in signs with dummies.
	AccessKey                 *string `json:"accessKey"`
	SecretKey                 *string `json:"secretKey"`
	S3UsePathStyle            *bool   `json:"s3UsePathStyle"`
	SkipCredentialsValidation *bool   `json:"skipCredentialsValidation"`
	SkipMetadataAPICheck      *bool   `json:"skipMetadataApiCheck"`
	SkipRegionValidation      *bool   `json:"skipRegionValidation"`
	SkipRequestingAccountID   *bool   `json:"skipRequestingAccountId"`

	endpoint string
}

type defaultTags struct {
	Tags map[string]string `json:"tags"`
}

var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

func (c config) check() error {
	if region := deref(c.Region); !regionPattern.MatchString(region) {
		return fmt.Errorf("region %q: it must be the name of an AWS region; set it with `pulumi config set aws:region`", region)
	}
	for _, services := range c.Endpoints {
		for service, endpoint := range services {
			if strings.TrimSuffix(endpoint, "/") != strings.TrimSuffix(c.endpoint, "/") {
				return fmt.Errorf("the endpoint %s of %s: it must be %s, which the stand-in for the aws plugin serves", endpoint, service, c.endpoint)
			}
		}
	}
	return nil
}

// api is the AWS APIs in one region.
type api struct {
	*awsclients.Clients
	region string
}

// newClient is a client that reaches this machine alone.
func newClient() *http.Client {
	dialer := &net.Dialer{Control: refuseRemote}
	return &http.Client{
		// No proxy, whatever the environment says: it could lead elsewhere.
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConns: connections, MaxIdleConnsPerHost: connections},
		Timeout:   answerLimit,
	}
}

// connect makes the APIs of a region. Nothing comes from the environment or from files, neither credentials nor an
// endpoint.
func connect(client *http.Client, endpoint, region string) *api {
	return &api{region: region, Clients: awsclients.New(aws.Config{
		Region:       region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   awsclients.KeepAnswers(client),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(options *retry.StandardOptions) {
				options.MaxAttempts = attempts
				options.Backoff = retry.BackoffDelayerFunc(backoff)
				options.RateLimiter = ratelimit.None
			})
		},
	})}
}

// backoff doubles from 25 ms up to the longest pause.
func backoff(attempt int, _ error) (time.Duration, error) {
	return min(25*time.Millisecond<<min(attempt, 10), longestPause), nil
}

// errNotLoopback is why an address is refused.
var errNotLoopback = errors.New("it is not an address of this machine, and the sandbox must never touch a real account")

// checkLoopback refuses an endpoint that is not an http URL of this machine.
func checkLoopback(endpoint string) error {
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("endpoint %q: it must be an http URL, such as http://127.0.0.1:5000", endpoint)
	}
	if address, err := netip.ParseAddr(parsed.Hostname()); parsed.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return fmt.Errorf("endpoint %q: %w", endpoint, errNotLoopback)
	}
	return nil
}

// refuseRemote sees the address that is really dialled, after names are resolved and redirections followed.
func refuseRemote(_, address string, _ syscall.RawConn) error {
	resolved, err := netip.ParseAddrPort(address)
	if err != nil || !resolved.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("refuse to connect to %s: %w", address, errNotLoopback)
	}
	return nil
}
