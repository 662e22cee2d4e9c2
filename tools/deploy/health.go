package deploy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// questionTimeout is how long one question to the application may take.
	questionTimeout = 10 * time.Second
	// readLimit is how much of an answer is read.
	readLimit = 1 << 20
)

// domain is the stack's domain. Empty if it has none.
func (r *run) domain() string {
	host, found := strings.CutPrefix(r.outputs.appURL, "https://")
	if !found {
		return ""
	}
	return strings.TrimSuffix(host, "/")
}

// checkHealth asks the application at the load balancer until it answers 200. A stack with a domain is asked under that
// name, and its certificate is checked, but not its DNS record: that is not what was deployed.
func (r *run) checkHealth(ctx context.Context) error {
	deadline := time.Now().Add(r.healthTimeout)
	for {
		problem := r.ask(ctx, r.outputs.loadBalancer)
		if problem == "" {
			r.say("%s answers 200", r.healthURL)
			return r.warnOfDomain(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !time.Now().Before(deadline) {
			r.report(ctx)
			return fail(exitUnhealthy, "%s does not answer 200 after %d s: %s", r.healthURL, int(r.healthTimeout.Seconds()), problem)
		}
		r.progress("%s: %s", r.healthURL, problem)
		if err := pause(ctx, r.poll); err != nil {
			return err
		}
	}
}

// warnOfDomain warns if users cannot reach the healthy application at its domain.
func (r *run) warnOfDomain(ctx context.Context) error {
	host := r.domain()
	if host == "" {
		return nil
	}
	if problem := r.ask(ctx, ""); problem != "" && ctx.Err() == nil {
		r.say("Warning: the load balancer answers for %s, but from here the name does not lead to it: %s; its DNS record must be an alias of %s, or a CNAME",
			host, problem, r.outputs.loadBalancer)
	}
	return ctx.Err()
}

// ask asks the application for its health, and returns what is wrong. If a host is given, it asks for the domain there.
func (r *run) ask(ctx context.Context, host string) string {
	if r.domain() == "" {
		host = ""
	}
	_, status, err := r.get(ctx, r.healthURL, host)
	switch {
	case err != nil:
		return cause(err)
	case status != http.StatusOK:
		return fmt.Sprintf("it answers %d", status)
	}
	return ""
}

// cause is why a request was not answered, without its address, which is known or must not be printed.
func cause(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %d s", int(questionTimeout.Seconds()))
	}
	var unsent *url.Error
	if errors.As(err, &unsent) {
		return unsent.Err.Error()
	}
	return err.Error()
}

// get gets what is at an address, from another host if one is given. Like the load balancer, it sends the path as it is,
// with characters that a URL would have to escape, and follows no redirection.
func (r *run) get(ctx context.Context, address, host string) ([]byte, int, error) {
	limited, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	scheme, rest, _ := strings.Cut(address, "://")
	name, path := rest, "/"
	if slash := strings.Index(rest, "/"); slash >= 0 {
		name, path = rest[:slash], rest[slash:]
	}
	request, err := http.NewRequestWithContext(limited, http.MethodGet, scheme+"://"+name, nil)
	if err != nil {
		return nil, 0, err
	}
	serverName := ""
	if host != "" {
		// The certificate must be for the name.
		serverName, request.Host, request.URL.Host = name, name, host
	}
	request.URL.Opaque = path
	if proxy, err := http.ProxyFromEnvironment(request); err == nil && proxy != nil && scheme == "http" {
		// A proxy needs the full address.
		request.URL.Opaque = "//" + request.URL.Host + path
	}
	transport := r.transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if network, ok := transport.(*http.Transport); ok && serverName != "" {
		network = network.Clone()
		defer network.CloseIdleConnections()
		if network.TLSClientConfig == nil {
			network.TLSClientConfig = &tls.Config{}
		}
		network.TLSClientConfig.ServerName = serverName
		transport = network
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, readLimit))
	return content, response.StatusCode, err
}
