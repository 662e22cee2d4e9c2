package fit

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Code is how a trial ends: the exit code of the command.
type Code int

// The codes. Where scripts/deploy-app has the same case, it has the same code.
const (
	Fits         Code = 0
	NoEngine     Code = 3
	NoPlan       Code = 4
	NoImage      Code = 5
	OtherFormat  Code = 6
	NotStarted   Code = 7
	Exited       Code = 8
	OutOfMemory  Code = 9
	NoProgram    Code = 10
	OtherPort    Code = 11
	LoopbackOnly Code = 12
	Unhealthy    Code = 13
	AWSRefused   Code = 14
	NotInTime    Code = 15
	OwnCheckFail Code = 16
	Interrupted  Code = 130
)

// OfImage tells whether a verdict with this code is about the image.
func (c Code) OfImage() bool { return c >= NoImage && c != AWSRefused }

// Verdict says that image and stack do not fit, why, and what to do. It is an error.
type Verdict struct {
	Code Code
	// Problem is what is wrong.
	Problem string
	// Remedy is what to do, in sentences.
	Remedy string
	// final tells that waiting changes nothing.
	final bool
}

func (v *Verdict) Error() string { return strings.TrimSpace(v.Problem + "\n" + v.Remedy) }

// ofTime tells whether more time might have helped.
func (v *Verdict) ofTime() bool {
	return v.Code == NotInTime || v.Code == Unhealthy || v.Code == OwnCheckFail
}

// find finds out why the container does not fit, by what was seen of it. Nil means that it fits.
func (t *trial) find(seen observation) *Verdict {
	path, port, state := t.plan.path, t.plan.port, t.container.State
	onPort := only(seen.listeners, func(each netip.AddrPort) bool { return int(each.Port()) == port })
	switch {
	case !state.Running && state.OOMKilled:
		return &Verdict{Code: OutOfMemory, final: true,
			Problem: fmt.Sprintf("it was killed because it took more than its %d MiB of memory%s", t.plan.memory, t.lastWords()),
			Remedy: fmt.Sprintf("Let the application take less, or give the tasks more: pulumi config set mediaserver:memory %d "+
				"(with a cpu that goes with it)", 2*t.plan.memory)}
	case !state.Running && cannotRun.MatchString(strings.Join(t.lines, "\n")):
		return t.plan.notStarted(strings.Join(t.lines, "\n"))
	case !state.Running:
		return &Verdict{Code: Exited, final: true, Problem: fmt.Sprintf("it exited with code %d%s", state.ExitCode, t.lastWords()),
			Remedy: "A task must run until it is stopped. Read what the application misses; its variables are those of the " +
				"task definition." + t.hintAtPort()}
	case t.plan.fits(seen):
		return nil
	case seen.tls:
		return &Verdict{Code: Unhealthy, final: true,
			Problem: fmt.Sprintf("it speaks TLS on port %d, and the load balancer asks in plain HTTP", port),
			Remedy: "Let the application serve plain HTTP on that port. The load balancer ends TLS for it where the stack has a " +
				"domain (mediaserver:domainName), and only the load balancer reaches the port."}
	case seen.own.missing != "":
		return &Verdict{Code: NoProgram, final: true,
			Problem: fmt.Sprintf("there is no %s in it, and the container's own health check runs %s",
				seen.own.missing, strings.Join(t.plan.command, " ")),
			Remedy: remedyForMissing(seen.own)}
	case t.plan.accepts(seen.status):
		return &Verdict{Code: OwnCheckFail,
			Problem: fmt.Sprintf("%s answers %d from outside, but the container's own health check fails: %s",
				path, seen.status, seen.own.problem),
			Remedy: "Run the check in the container yourself, with --keep and docker exec: " + strings.Join(t.plan.command, " ")}
	case seen.status != 0:
		return &Verdict{Code: Unhealthy,
			Problem: fmt.Sprintf("%s answers %d, and the load balancer wants %s", path, seen.status, t.plan.matcher),
			Remedy: fmt.Sprintf("Let the application answer %s on %s, or name the path where it does: "+
				"pulumi config set mediaserver:healthCheckPath PATH", t.plan.matcher, path)}
	case seen.unknown || len(only(onPort, reachable)) > 0:
		verdict := &Verdict{Code: NotInTime, Problem: fmt.Sprintf("%s gives no answer: %s", path, seen.problem),
			Remedy: fmt.Sprintf("Let the application answer on port %d in time; its log above may say what it waits for.", port)}
		if seen.unknown {
			verdict.Remedy += " It may listen on another port, or on 127.0.0.1 only: this machine cannot see that." + t.hintAtPort()
		}
		return verdict
	case len(onPort) > 0:
		return &Verdict{Code: LoopbackOnly,
			Problem: fmt.Sprintf("it listens on %s only, where no load balancer reaches it", joined(onPort)),
			Remedy:  "Let the application listen on all addresses (0.0.0.0), not on localhost."}
	case len(seen.listeners) > 0:
		// A debugger listens on the loopback interface.
		likely := append(only(seen.listeners, reachable), seen.listeners...)[0].Port()
		return &Verdict{Code: OtherPort,
			Problem: fmt.Sprintf("it listens on %s, not on port %d, which the load balancer asks", joined(seen.listeners), port),
			Remedy: fmt.Sprintf("Let the application listen on the port in its variable PORT, which is %d, or give the stack the "+
				"application's port: pulumi config set mediaserver:appPort %d", port, likely)}
	default:
		return &Verdict{Code: NotInTime, Problem: "it listens on no port",
			Remedy: fmt.Sprintf("Let the application listen in time on the port in its variable PORT, which is %d; "+
				"its log above may say what it waits for.", port) + t.hintAtPort()}
	}
}

var (
	// cannotRun is how docker's init process and the kernel say that the entry point cannot be started.
	cannotRun = regexp.MustCompile(`(?im)^\[FATAL tini .*\] exec .* failed: |exec format error`)
	// execFormat is how the kernel says that a file is not a program for this processor.
	execFormat = regexp.MustCompile(`(?i)exec format error`)
	// notExecutable is how it says that a file may not be executed.
	notExecutable = regexp.MustCompile(`(?i)(?:exec: "([^"]+)"|exec (\S+) failed): permission denied`)
)

// refusal is the verdict on a container that docker does not make or start.
func (p plan) refusal(err error) error {
	if failed := new(failure); errors.As(err, &failed) {
		return p.notStarted(failed.message)
	}
	return err
}

// notStarted is the verdict on a container that cannot be made or started, by what docker says about it.
func (p plan) notStarted(message string) *Verdict {
	verdict := &Verdict{Code: NotStarted, Problem: "docker cannot start it: " + message, final: true}
	match := notExecutable.FindStringSubmatch(message)
	switch {
	case strings.Contains(message, "No such image"):
		verdict.Code, verdict.Problem = NoImage, "it is not on this machine: "+message
		verdict.Remedy = "Build it, or pull it: docker image ls shows what is there."
	// Docker's two stores of images say differently that an image does not match or provide it.
	case strings.Contains(message, "the specified platform"):
		verdict.Code, verdict.Problem = OtherFormat, fmt.Sprintf("it is not for %s, which the tasks run: %s", p.platform, message)
		verdict.Remedy = fmt.Sprintf("Build it with docker build --platform %s, or let the tasks run on its processor: "+
			"pulumi config set mediaserver:cpuArchitecture ARM64 (or X86_64).", p.platform)
	case execFormat.MatchString(message):
		verdict.Code = OtherFormat
		verdict.Remedy = "Its entry point is not a program for this processor. Try an image for another processor on a machine of " +
			"that kind; a script needs a first line such as #!/bin/sh."
	case match != nil:
		verdict.Remedy = fmt.Sprintf("Its user may not execute %s. Allow it in the Dockerfile: COPY --chmod=755, or "+
			"RUN chmod 755 %[1]s.", match[1]+match[2])
	default:
		verdict.Remedy = "Its entry point and its user must be in the image: docker image inspect shows both. " +
			"A script also needs the interpreter that its first line names, and line ends without a carriage return."
	}
	return verdict
}

// remedyForMissing says what to do about a health check whose program is not in the image.
func remedyForMissing(own ownResult) string {
	const set = "pulumi config set mediaserver:containerHealthCheck "
	if own.other != "" {
		return fmt.Sprintf("It has %s, so let the check run that: %s%[1]s", own.other, set)
	}
	return fmt.Sprintf("Install %s in the image, or let the load balancer's health check alone decide: %snone", own.missing, set)
}

// hintAtPort says that the container's user may not listen on the port, if that can be the cause.
func (t *trial) hintAtPort() string {
	user := t.container.Config.User
	name, _, _ := strings.Cut(user, ":")
	if t.plan.port >= firstUnprivilegedPort || name == "" || name == "root" || name == "0" {
		return ""
	}
	return fmt.Sprintf("\nIts user %s may not listen on port %d on AWS Fargate, because that is below %d. Let the application "+
		"listen on a higher one, and tell the stack: pulumi config set mediaserver:appPort 8080",
		user, t.plan.port, firstUnprivilegedPort)
}

// lastWords are the last lines of the log, if there are any.
func (t *trial) lastWords() string {
	if len(t.lines) == 0 {
		return ""
	}
	return "; its last lines:\n    " + strings.Join(t.lines, "\n    ")
}

func reachable(address netip.AddrPort) bool { return !address.Addr().IsLoopback() }

func only(all []netip.AddrPort, keep func(netip.AddrPort) bool) []netip.AddrPort {
	return slices.DeleteFunc(slices.Clone(all), func(each netip.AddrPort) bool { return !keep(each) })
}

// joined names addresses: those on all interfaces by their port alone.
func joined(addresses []netip.AddrPort) string {
	var names []string
	for _, each := range addresses {
		name := each.String()
		if each.Addr().IsUnspecified() {
			name = fmt.Sprintf("port %d", each.Port())
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}

// idleWarning is about an application that closes idle connections. The load balancer keeps them for 60 seconds, unless
// somebody has changed that (Application Load Balancers guide, Load balancer attributes); the program leaves it alone.
var idleWarning = fmt.Sprintf(`Warning: it closes a connection that is idle for %s, and the load balancer keeps them for 60 s.
A request that meets a closed connection ends in a 502 for the user, now and then. Let the application keep them longer:
  Node.js  server.keepAliveTimeout = 65_000; server.headersTimeout = 66_000
  Go       http.Server{IdleTimeout: 65 * time.Second}
  Python   uvicorn --timeout-keep-alive 65, or gunicorn --keep-alive 65`, seconds(idleWatch))
