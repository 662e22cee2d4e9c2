package fit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// observation is what one look at the running container shows.
type observation struct {
	own     ownResult
	outside outsideResult
	// listeners are the addresses that the container listens on; unknown tells that they cannot be found out. They are
	// looked up only while a check fails.
	listeners []netip.AddrPort
	unknown   bool
}

// ownResult is what the container's own health check has said.
type ownResult struct {
	healthy bool
	// missing is the program that is not in the image; empty if it is there.
	missing string
	// helpful are programs in such an image that solve this: another one to check with, or package managers.
	helpful []string
	// problem tells how the check failed.
	problem string
}

// outsideResult is what the health path has answered from outside.
type outsideResult struct {
	// status is the HTTP status; 0 if there was no answer.
	status int
	// tls tells that the application speaks TLS on its port.
	tls bool
	// problem tells why there was no answer.
	problem string
}

// fits tells whether both health checks succeed.
func (p Plan) fits(seen observation) bool {
	return seen.own.healthy && p.LoadBalancer.accepts(seen.outside.status)
}

// final tells whether waiting would change nothing.
func (o observation) final() bool { return o.own.missing != "" || o.outside.tls }

// notInImage is how the container runtime says that the program it should start is not in the image. Docker's exit code
// for that differs between its versions.
var notInImage = regexp.MustCompile(`exec: "([^"]+)": (executable file not found|stat [^:]*: no such file)`)

// look looks once at a running container.
func (t *trial) look(ctx context.Context) observation {
	seen := observation{own: t.askInside(ctx), outside: t.askOutside(ctx)}
	if t.plan.fits(seen) || seen.final() {
		return seen
	}
	state, err := t.docker.state(ctx, t.name)
	if err == nil {
		seen.listeners, err = t.docker.listeners(ctx, t.name, state)
	}
	seen.unknown = err != nil
	return seen
}

// askInside runs the container's own health check, as ECS's agent has docker run it: in the container, as its user,
// without a shell. `docker run --health-cmd` would always use a shell.
func (t *trial) askInside(ctx context.Context) ownResult {
	check := t.plan.Own
	if len(check.Command) == 0 {
		return ownResult{healthy: true}
	}
	limited, cancel := context.WithTimeout(ctx, check.Timeout)
	defer cancel()
	_, err := t.docker.run(limited, nil, append([]string{"exec", t.name}, check.Command...)...)
	if err == nil {
		return ownResult{healthy: true}
	}
	failed := new(failure)
	if !errors.As(err, &failed) {
		return ownResult{problem: fmt.Sprintf("no end after %s", round(check.Timeout))}
	}
	if match := notInImage.FindStringSubmatch(failed.message); match != nil {
		return ownResult{missing: match[1], helpful: t.helpful(ctx)}
	}
	problem := fmt.Sprintf("exit code %d", failed.exit)
	if failed.message != "" {
		problem += ": " + failed.message
	}
	return ownResult{problem: problem}
}

// helpful are the programs in the image that solve the problem of a missing one: another one to check with, or package
// managers. These are looked for with a shell, because an image without a shell has none.
func (t *trial) helpful(ctx context.Context) []string {
	var found []string
	for _, each := range []string{"curl", "wget"} {
		_, err := t.docker.run(ctx, nil, "exec", t.name, each, "--version")
		if failed := new(failure); err == nil || errors.As(err, &failed) && !notInImage.MatchString(failed.message) {
			found = append(found, each)
		}
	}
	const find = `for each in apk apt-get microdnf dnf yum; do command -v $each >/dev/null && echo $each; done; true`
	managers, err := t.docker.run(ctx, nil, "exec", t.name, "sh", "-c", find)
	if err != nil {
		return found
	}
	return append(found, strings.Fields(managers)...)
}

// askOutside asks the health path as the load balancer does, which follows no redirection.
func (t *trial) askOutside(ctx context.Context) outsideResult {
	limited, cancel := context.WithTimeout(ctx, t.plan.LoadBalancer.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, "http://"+t.address+t.plan.LoadBalancer.Path, nil)
	if err != nil {
		return outsideResult{problem: err.Error()}
	}
	client := http.Client{
		// There is no proxy between the load balancer and a task either.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	switch {
	case err == nil:
		_ = response.Body.Close()
		accepted := t.plan.LoadBalancer.accepts(response.StatusCode)
		return outsideResult{status: response.StatusCode, tls: !accepted && t.speaksTLS(ctx)}
	case limited.Err() != nil:
		return outsideResult{problem: fmt.Sprintf("it takes longer than %s", round(t.plan.LoadBalancer.Timeout))}
	default:
		return outsideResult{problem: "the connection was refused or closed", tls: t.speaksTLS(ctx)}
	}
}

// speaksTLS tells whether the application answers a TLS handshake on its port, whoever its certificate names.
func (t *trial) speaksTLS(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, t.plan.LoadBalancer.Timeout)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(limited, "tcp", t.address)
	if err != nil {
		return false
	}
	defer connection.Close()
	return tls.Client(connection, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(limited) == nil
}
