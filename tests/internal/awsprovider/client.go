package awsprovider

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tests/internal/awsclients"
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
	*awsclients.Clients
	region string
}

// clientPool makes the APIs of each region once.
type clientPool struct {
	endpoint string
	http     *http.Client

	mu      sync.Mutex
	regions map[string]*api
}

// newClientPool prepares clients of the endpoint. It fails if the endpoint is not
// on this machine.
func newClientPool(endpoint string) (*clientPool, error) {
	if err := checkLoopback(endpoint); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Control: refuseRemote}
	return &clientPool{
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

// in returns the APIs of a region.
func (c *clientPool) in(region string) *api {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.regions[region]; ok {
		return made
	}
	made := c.connect(region)
	c.regions[region] = made
	return made
}

func (c *clientPool) connect(region string) *api {
	// Built by hand: nothing comes from the environment or from files, neither
	// credentials nor an endpoint.
	shared := aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(c.endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:   awsclients.KeepAnswers(c.http),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(options *retry.StandardOptions) {
				options.MaxAttempts = attempts
				options.MaxBackoff = longestPause
				options.Backoff = retry.BackoffDelayerFunc(backoff)
				options.RateLimiter = ratelimit.None
			})
		},
	}
	return &api{Clients: awsclients.New(shared), region: region}
}

// backoff doubles from 25 ms up to the longest pause.
func backoff(attempt int, _ error) (time.Duration, error) {
	return min(25*time.Millisecond<<min(attempt, 10), longestPause), nil
}
