package fit

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
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
	// Remedy is what to do, a sentence.
	Remedy string
	// Limit is a sentence about the time limit, if that was reached.
	Limit string
	// LastLines are the last lines that the container has printed, where they matter.
	LastLines []string
}

func (v *Verdict) Error() string {
	text := v.Problem
	if len(v.LastLines) > 0 {
		text += "; its last lines:\n    " + strings.Join(v.LastLines, "\n    ")
	}
	for _, sentence := range []string{v.Limit, v.Remedy} {
		if sentence != "" {
			text += "\n" + sentence
		}
	}
	return text
}

// accepts tells whether a status is one of the matcher's.
func (c LoadBalancerCheck) accepts(status int) bool {
	for part := range strings.SplitSeq(c.Matcher, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		to, err := strconv.Atoi(last)
		if err == nil && from <= status && status <= to {
			return true
		}
	}
	return false
}

// judge finds what is wrong with a container that runs and is not healthy; a judge has given it up, unless waiting
// changes nothing.
func (t *trial) judge(seen observation, after time.Duration, judge Judge) *Verdict {
	verdict := t.plan.find(seen, after)
	if code := verdict.Code; !seen.final() && (code == NotInTime || code == Unhealthy || code == OwnCheckFail) {
		verdict.Limit = judge.Reason
		verdict.Remedy += t.hintAtPort(code == NotInTime)
	}
	return verdict
}

// find finds the cause.
func (p Plan) find(seen observation, after time.Duration) *Verdict {
	path, port := p.LoadBalancer.Path, p.Port
	onPort := portsWhere(seen.listeners, func(each netip.AddrPort) bool { return int(each.Port()) == port })
	reachable := portsWhere(onPort, func(each netip.AddrPort) bool { return !each.Addr().IsLoopback() })
	switch {
	case seen.outside.tls:
		return &Verdict{Code: Unhealthy,
			Problem: fmt.Sprintf("it speaks TLS on port %d, and the load balancer asks in plain HTTP", port),
			Remedy: "Let the application serve plain HTTP on that port. The load balancer ends TLS for it where the stack has a domain " +
				"(mediaserver:domainName), and only the load balancer reaches the port."}
	case seen.own.missing != "":
		return &Verdict{Code: NoProgram,
			Problem: fmt.Sprintf("there is no %s in it, and the container's own health check runs %s",
				seen.own.missing, strings.Join(p.Own.Command, " ")),
			Remedy: remedyForMissing(seen.own.missing, seen.own.helpful)}
	case p.LoadBalancer.accepts(seen.outside.status):
		return &Verdict{Code: OwnCheckFail,
			Problem: fmt.Sprintf("%s answers %d from outside, but the container's own health check fails: %s",
				path, seen.outside.status, seen.own.problem),
			Remedy: "Run the check in the container yourself, with --keep and docker exec: " + strings.Join(p.Own.Command, " ")}
	case seen.outside.status != 0:
		return &Verdict{Code: Unhealthy,
			Problem: fmt.Sprintf("%s answers %d after %s, and the load balancer wants %s", path, seen.outside.status, round(after), p.LoadBalancer.Matcher),
			Remedy: fmt.Sprintf("Let the application answer %s on %s, or name the path where it does: pulumi config set mediaserver:healthCheckPath PATH",
				p.LoadBalancer.Matcher, path)}
	case seen.unknown || len(reachable) > 0:
		return &Verdict{Code: NotInTime,
			Problem: fmt.Sprintf("%s gives no answer after %s: %s", path, round(after), seen.outside.problem),
			Remedy: fmt.Sprintf("Let the application answer on port %d in time; its log above may say what it waits for.%s",
				port, hintIfUnknown(seen.unknown, port))}
	case len(onPort) > 0:
		return &Verdict{Code: LoopbackOnly,
			Problem: fmt.Sprintf("it listens on %s only, where no load balancer reaches it", joined(onPort)),
			Remedy:  "Let the application listen on all addresses (0.0.0.0), not on localhost."}
	case len(seen.listeners) > 0:
		return &Verdict{Code: OtherPort,
			Problem: fmt.Sprintf("it listens on %s, not on port %d, which the load balancer asks", joined(seen.listeners), port),
			Remedy: fmt.Sprintf("Let the application listen on the port in its variable PORT, which is %d, or give the stack the "+
				"application's port: pulumi config set mediaserver:appPort %d", port, portOfApplication(seen.listeners))}
	default:
		return &Verdict{Code: NotInTime,
			Problem: fmt.Sprintf("it listens on no port after %s", round(after)),
			Remedy: fmt.Sprintf("Let the application listen in time on the port in its variable PORT, which is %d; "+
				"its log above may say what it waits for.", port)}
	}
}

// portOfApplication is probably the port for requests, and not a debugger's, which listens on the loopback interface.
func portOfApplication(listeners []netip.AddrPort) uint16 {
	reachable := portsWhere(listeners, func(each netip.AddrPort) bool { return !each.Addr().IsLoopback() })
	return append(reachable, listeners...)[0].Port()
}

// hintIfUnknown says what to look at where this machine cannot see the container's ports.
func hintIfUnknown(unknown bool, port int) string {
	if !unknown {
		return ""
	}
	return fmt.Sprintf(" It may listen on another port than %d, or on 127.0.0.1 only: this machine cannot see that.", port)
}

// judgeEnd is the verdict on a container that has ended.
func (t *trial) judgeEnd(state containerState, lines []string, after time.Duration) *Verdict {
	said := strings.Join(lines, "\n")
	switch {
	case state.OOMKilled:
		return &Verdict{Code: OutOfMemory, LastLines: lines,
			Problem: fmt.Sprintf("it was killed after %s because it took more than its %d MiB of memory", round(after), t.plan.Memory),
			Remedy: fmt.Sprintf("Let the application take less, or give the tasks more: pulumi config set mediaserver:memory %d (with a cpu that goes with it)",
				2*t.plan.Memory)}
	case initFailed.MatchString(said), execFormat.MatchString(said):
		return notStarted(said)
	default:
		return &Verdict{Code: Exited, LastLines: lines,
			Problem: fmt.Sprintf("it exited with code %d after %s%s", state.ExitCode, round(after), meanings[state.ExitCode]),
			Remedy: "A task must run until it is stopped. Read what the application misses; its variables are those of the task definition." +
				t.hintAtPort(true)}
	}
}

// meanings are those that a shell and docker give to exit codes.
var meanings = map[int]string{
	126: " (the program may not be executed)",
	127: " (a program was not found)",
	137: " (killed)",
	139: " (segmentation fault)",
	143: " (told to end)",
}

// soFar is a line about what does not work yet; it changes only when that changes.
func (p Plan) soFar(seen observation) string {
	switch {
	case seen.outside.status != 0 && !p.LoadBalancer.accepts(seen.outside.status):
		return fmt.Sprintf("%s answers %d, not yet %s", p.LoadBalancer.Path, seen.outside.status, p.LoadBalancer.Matcher)
	case seen.outside.status != 0:
		return "the container's own health check fails: " + seen.own.problem
	case seen.unknown:
		return fmt.Sprintf("no answer on port %d yet", p.Port)
	case len(seen.listeners) == 0:
		return "it listens on no port yet"
	default:
		return fmt.Sprintf("it listens on %s, and gives no answer on port %d", joined(seen.listeners), p.Port)
	}
}

func portsWhere(all []netip.AddrPort, keep func(netip.AddrPort) bool) []netip.AddrPort {
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
