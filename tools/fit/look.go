package fit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// observation is what one look at the running container shows.
type observation struct {
	own ownResult
	// status is the HTTP status that the health path has answered from outside. 0 means no answer, and problem why.
	status  int
	problem string
	// tls tells that the application speaks TLS on its port.
	tls bool
	// listeners are the addresses that the container listens on, unless unknown tells that they cannot be found out. They
	// are looked up only while a check fails.
	listeners []netip.AddrPort
	unknown   bool
}

// ownResult is what the container's own health check has said. The zero value is success.
type ownResult struct {
	// problem tells how the check failed.
	problem string
	// missing is the program that is not in the image; empty if it is there.
	missing string
	// other is a program in such an image that can check instead; empty if there is none.
	other string
}

// fits tells whether both health checks succeed.
func (p plan) fits(seen observation) bool {
	return seen.own.problem == "" && p.accepts(seen.status)
}

// look looks once at the container.
func (t *trial) look(ctx context.Context) (seen observation, err error) {
	if err := t.inspect(ctx); err != nil {
		return seen, err
	}
	seen.own = t.askInside(ctx)
	t.askOutside(ctx, &seen)
	if !t.plan.fits(seen) {
		seen.listeners, err = listeners(t.processes, t.container)
		seen.unknown = err != nil
	}
	// It may have ended meanwhile.
	return seen, t.inspect(ctx)
}

// notInImage is how the container runtime says that the program it should start is not in the image. Docker's exit code
// for that differs between its versions.
var notInImage = regexp.MustCompile(`exec: "([^"]+)": (executable file not found|stat [^:]*: no such file)`)

// askInside runs the container's own health check, as ECS's agent has docker run it: in the container, as its user,
// without a shell. `docker run --health-cmd` would always use a shell.
func (t *trial) askInside(ctx context.Context) ownResult {
	if len(t.plan.command) == 0 {
		return ownResult{}
	}
	limited, cancel := context.WithTimeout(ctx, t.plan.own.timeout)
	defer cancel()
	_, err := t.docker.run(limited, nil, append([]string{"exec", t.name}, t.plan.command...)...)
	failed := new(failure)
	switch {
	case err == nil:
		return ownResult{}
	case !errors.As(err, &failed):
		return ownResult{problem: "no end after " + seconds(t.plan.own.timeout)}
	}
	result := ownResult{problem: strings.TrimSuffix(fmt.Sprintf("exit code %d: %s", failed.exit, failed.message), ": ")}
	if match := notInImage.FindStringSubmatch(failed.message); match != nil {
		result.missing = match[1]
		other := map[string]string{"curl": "wget", "wget": "curl"}[match[1]]
		if _, err := t.docker.run(ctx, nil, "exec", t.name, other, "--version"); err == nil || !notInImage.MatchString(err.Error()) {
			result.other = other
		}
	}
	return result
}

// askOutside asks the health path as the load balancer does.
func (t *trial) askOutside(ctx context.Context, seen *observation) {
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := t.get(ctx, transport)
	if err == nil {
		seen.status = response.StatusCode
		if t.plan.accepts(seen.status) {
			return
		}
	} else if failed := new(url.Error); errors.As(err, &failed) && failed.Timeout() {
		seen.problem = "it takes longer than " + seconds(t.plan.loadBalancer.timeout)
		return
	} else {
		seen.problem = "the connection was refused or closed"
	}
	limited, cancel := context.WithTimeout(ctx, t.plan.loadBalancer.timeout)
	defer cancel()
	// It speaks TLS if it answers a handshake, whoever its certificate names.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	if connection, err := dialer.DialContext(limited, "tcp", t.container.address(t.plan.port)); err == nil {
		seen.tls = true
		_ = connection.Close()
	}
}

// get asks the health path once. The load balancer follows no redirection, and there is no proxy between it and a task.
func (t *trial) get(ctx context.Context, transport *http.Transport) (*http.Response, error) {
	address := "http://" + t.container.address(t.plan.port) + t.plan.path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{
		Transport: transport, Timeout: t.plan.loadBalancer.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	// Only a connection whose answer was read is kept.
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		response.Close = true
	}
	return response, nil
}

// closesIdle tells whether the application closes an idle connection while it is watched. One whose answer announces the
// close does not count: nobody uses that connection again.
func (t *trial) closesIdle(ctx context.Context) bool {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	first, err := t.get(ctx, transport)
	if err != nil || first.Close {
		return false
	}
	select {
	case <-time.After(t.idleWatch):
	case <-ctx.Done():
	}
	kept := true
	_, _ = t.get(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(connection httptrace.GotConnInfo) { kept = connection.Reused },
	}), transport)
	return !kept
}
