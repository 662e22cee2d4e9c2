package tryimage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// notInImage is how the container runtime says that a program which it has to start is not in the image. Docker's own
// exit code for that has changed between its versions.
var notInImage = regexp.MustCompile(`exec: "([^"]+)": (executable file not found|stat [^:]*: no such file)`)

// look looks once at a running container.
func (t *trial) look(ctx context.Context) observation {
	seen := observation{own: t.askInside(ctx), outside: t.askOutside(ctx)}
	if t.plan.fits(seen) || seen.own.missing != "" {
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
// without a shell unless the check has one. `docker run --health-cmd` would always use a shell.
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
	var failed *failure
	if !errors.As(err, &failed) {
		return ownResult{problem: fmt.Sprintf("no end after %s", round(check.Timeout))}
	}
	if match := notInImage.FindStringSubmatch(failed.message); match != nil {
		return ownResult{missing: match[1]}
	}
	problem := fmt.Sprintf("exit code %d", failed.exit)
	if failed.message != "" {
		problem += ": " + failed.message
	}
	// A shell's exit code for a program that it cannot find.
	if failed.exit == 127 && strings.Contains(failed.message, "curl") {
		return ownResult{missing: "curl"}
	}
	return ownResult{problem: problem}
}

// askOutside asks the health path as the load balancer does, which follows no redirection.
func (t *trial) askOutside(ctx context.Context) outsideResult {
	limited, cancel := context.WithTimeout(ctx, t.plan.LoadBalancer.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, t.address+t.plan.LoadBalancer.Path, nil)
	if err != nil {
		return outsideResult{problem: err.Error()}
	}
	client := http.Client{
		// No proxy of the environment stands between the load balancer and a task either.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	switch {
	case err == nil:
		_ = response.Body.Close()
		return outsideResult{status: response.StatusCode}
	case limited.Err() != nil:
		return outsideResult{problem: fmt.Sprintf("it takes longer than %s", round(t.plan.LoadBalancer.Timeout))}
	default:
		return outsideResult{problem: "the connection was refused or closed"}
	}
}
