package deploy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// questionTimeout is how long one question to the application may take.
const questionTimeout = 10 * time.Second

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
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if problem == "" {
			r.say("%s answers 200", r.healthURL)
			break
		}
		if !time.Now().Before(deadline) {
			return r.explain(ctx, exitUnhealthy, "%s does not answer 200 after %d s: %s", r.healthURL, int(r.healthTimeout.Seconds()), problem)
		}
		r.progress("%s: %s", r.healthURL, problem)
		if err := pause(ctx, r.poll); err != nil {
			return err
		}
	}
	if host := r.domain(); host != "" {
		if problem := r.ask(ctx, host); problem != "" {
			r.say("Warning: the load balancer answers for %s, but from here the name does not lead to it: %s; its DNS record must be an alias of %s, or a CNAME",
				host, problem, r.outputs.loadBalancer)
		}
	}
	return ctx.Err()
}

// ask asks the application for its health at a host, and returns what is wrong. Like the load balancer, it sends the path
// as it is, with characters that a URL would have to escape, and follows no redirection.
func (r *run) ask(ctx context.Context, host string) string {
	limited, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	scheme, rest, _ := strings.Cut(r.healthURL, "://")
	name, path, _ := strings.Cut(rest, "/")
	request := (&http.Request{
		Method: http.MethodGet, Host: name, URL: &url.URL{Scheme: scheme, Host: host, Opaque: "/" + path}, Header: http.Header{},
	}).WithContext(limited)
	if proxy, err := http.ProxyFromEnvironment(request); err == nil && proxy != nil && scheme == "http" {
		// A proxy needs the full address.
		request.URL.Opaque = "//" + host + "/" + path
	}
	transport := r.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if network, is := transport.(*http.Transport); is {
		network = network.Clone()
		defer network.CloseIdleConnections()
		if network.TLSClientConfig == nil {
			network.TLSClientConfig = &tls.Config{}
		}
		// The certificate must be for the name.
		network.TLSClientConfig.ServerName = name
		transport = network
	}
	response, err := transport.RoundTrip(request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %d s", int(questionTimeout.Seconds()))
	case err != nil:
		return err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("it answers %d", response.StatusCode)
	}
	return ""
}
