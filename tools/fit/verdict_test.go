package fit

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestSocketsThatListenAreFoundInTheKernelsTables(t *testing.T) {
	folder := process(t, `   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0200A8C0:C350 0100A8C0:01BB 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
`)
	write(t, `   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
`, 0o600, folder, "42", "net", "tcp6")
	of := container{ID: "an-id"}
	of.State.Pid = 42
	found, err := listeners(folder, of)
	var got []string
	for _, each := range found {
		got = append(got, each.String())
	}
	if want := []string{"127.0.0.1:8080", "[::]:3000", "[::1]:3001"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	of.State.Pid = os.Getpid()
	if found, err := listeners("/proc", of); err == nil {
		t.Errorf("the sockets of this process were taken for the container's: %v", found)
	}
}

// tried is a trial of an image with a user without rights.
func tried(port int, state string, lines ...string) *trial {
	t := &trial{plan: plan{port: port, memory: 512, platform: "linux/amd64", path: "/health", matcher: "200"}, lines: lines}
	t.container.State.Running, t.container.State.OOMKilled = state == "running", state == "killed"
	t.container.Config.User = "node:root"
	return t
}

func TestTheVerdictNamesTheAddresses(t *testing.T) {
	for listens, each := range map[string]struct {
		code    Code
		phrases []string
	}{
		"0.0.0.0:8080 [::]:8080": {OtherPort,
			[]string{"it listens on port 8080, not on port 3000, which the load balancer asks\nLet", "PORT, which is 3000"}},
		"127.0.0.1:9229 0.0.0.0:8080": {OtherPort, []string{"it listens on 127.0.0.1:9229 and port 8080, not", "mediaserver:appPort 8080"}},
		"127.0.0.1:3000 [::1]:3000":   {LoopbackOnly, []string{"127.0.0.1:3000 and [::1]:3000 only", "0.0.0.0"}},
		"127.0.0.1:3000 0.0.0.0:8080": {LoopbackOnly, []string{"127.0.0.1:3000 only"}},
		"[::]:3000":                   {NotInTime, []string{"/health gives no answer: a problem"}},
		"":                            {NotInTime, []string{"it listens on no port\n", "PORT, which is 3000"}},
	} {
		seen := observation{own: ownResult{problem: "exit code 7"}, problem: "a problem"}
		for _, address := range strings.Fields(listens) {
			seen.listeners = append(seen.listeners, netip.MustParseAddrPort(address))
		}
		expect(t, tried(3000, "running").find(seen), each.code, each.phrases...)
	}
}

func TestTheEndOfAContainerIsExplained(t *testing.T) {
	for name, each := range map[string]struct {
		state, line string
		code        Code
		phrases     []string
	}{
		"silently": {"ended", "", Exited, []string{"it exited with code 0\nA task must run until it is stopped."}},
		"killed":   {"killed", "", OutOfMemory, []string{"more than its 512 MiB of memory", "pulumi config set mediaserver:memory 1024"}},
		"no entry point": {"ended", "[FATAL tini (7)] exec node failed: No such file or directory", NotStarted,
			[]string{"Its entry point and its user must be in the image"}},
		"not to be executed": {"ended", "[FATAL tini (7)] exec /srv/run failed: Permission denied", NotStarted,
			[]string{"Its user may not execute /srv/run. Allow it in the Dockerfile: COPY --chmod=755, or RUN chmod 755 /srv/run."}},
		"another processor": {"ended", "exec /app: exec format error", OtherFormat, []string{"#!/bin/sh"}},
		"another, for its init": {"ended", "[FATAL tini (7)] exec /app failed: Exec format error", OtherFormat,
			[]string{"not a program for this processor"}},
	} {
		t.Run(name, func(t *testing.T) {
			trial := tried(3000, each.state)
			if each.line != "" {
				trial.lines = []string{each.line}
			}
			expect(t, trial.find(observation{}), each.code, each.phrases...)
		})
	}
	plan := plan{platform: "linux/amd64"}
	expect(t, plan.notStarted(`exec: "/srv/run": permission denied: unknown`), NotStarted, "RUN chmod 755 /srv/run")
	for _, message := range []string{
		"image with reference app:built was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64",
		"image with reference app:built was found but does not provide the specified platform (linux/amd64)",
	} {
		expect(t, plan.notStarted(message), OtherFormat, "it is not for linux/amd64, which the tasks run: "+message,
			"docker build --platform linux/amd64, or let the tasks run on its processor: pulumi config set mediaserver:cpuArchitecture")
	}
}

func TestOnlyAUserWithoutRightsIsHintedAt(t *testing.T) {
	const hint = "may not listen on port"
	for user, hinted := range map[string]bool{"": false, "root": false, "0:0": false, "1000": true, "node:root": true} {
		for port, low := range map[int]bool{80: true, 1023: true, 1024: false} {
			trial := tried(port, "ended")
			trial.container.Config.User = user
			if found := trial.find(observation{}).Remedy; strings.Contains(found, "Its user "+user+" "+hint) != (hinted && low) {
				t.Errorf("user %q at port %d: %q", user, port, found)
			}
		}
	}
	for _, seen := range []observation{{}, {unknown: true}} {
		expect(t, tried(80, "running").find(seen), NotInTime, hint, "mediaserver:appPort 8080")
	}
}

func TestOnlySomeVerdictsAreAboutTheImage(t *testing.T) {
	for code, want := range map[Code]bool{NoEngine: false, NoPlan: false, NoImage: true, AWSRefused: false, OwnCheckFail: true} {
		if code.OfImage() != want {
			t.Errorf("code %d is about the image: %t", code, !want)
		}
	}
}
