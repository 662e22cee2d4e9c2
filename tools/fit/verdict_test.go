package fit

import (
	"context"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSocketsThatListenAreFoundInTheKernelsTables(t *testing.T) {
	const tables = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0200A8C0:C350 0100A8C0:01BB 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0
   2: nonsense:0BB9 00000000000000000000000000000000:0000 0A 0
`
	var got []string
	for _, each := range parseListeners(tables) {
		got = append(got, each.String())
	}
	if want := []string{"127.0.0.1:8080", "[::]:3000", "[::1]:3001"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAProcessThatIsNotTheContainersIsNotRead(t *testing.T) {
	for _, id := range []string{"", "0123456789abcdef"} {
		if tables, err := tablesOf(containerState{Pid: os.Getpid(), ID: id}); err == nil {
			t.Errorf("the tables of this process were read as those of container %q: %q", id, tables)
		}
	}
}

func TestTheVerdictNamesTheAddresses(t *testing.T) {
	plan := Plan{Port: 3000, LoadBalancer: LoadBalancerCheck{Path: "/health", Matcher: "200"}}
	for listens, each := range map[string]struct {
		code   Code
		phrase string
	}{
		"[::]:8080 0.0.0.0:8080":       {OtherPort, "it listens on port 8080, not"},
		"127.0.0.1:9229 0.0.0.0:8080":  {OtherPort, "it listens on 127.0.0.1:9229 and port 8080, not"},
		"127.0.0.1:9229  0.0.0.0:8080": {OtherPort, "mediaserver:appPort 8080"},
		"127.0.0.1:3000 [::1]:3000":    {LoopbackOnly, "127.0.0.1:3000 and [::1]:3000 only"},
		"127.0.0.1:3000 0.0.0.0:8080":  {LoopbackOnly, "127.0.0.1:3000 only"},
		"[::]:3000":                    {NotInTime, "/health gives no answer after 9 s"},
	} {
		var addresses []netip.AddrPort
		for _, address := range strings.Fields(listens) {
			addresses = append(addresses, netip.MustParseAddrPort(address))
		}
		expect(t, plan.find(observation{listeners: addresses}, 9*time.Second), each.code, each.phrase)
	}
}

func TestTheEndOfAContainerIsExplained(t *testing.T) {
	trial := &trial{plan: Plan{Memory: 512, Port: 3000}}
	for name, each := range map[string]struct {
		state  containerState
		lines  []string
		code   Code
		phrase string
	}{
		"silently": {containerState{ExitCode: 0}, nil, Exited, "it exited with code 0 after 2 s\n"},
		"killed":   {containerState{ExitCode: 137}, nil, Exited, "code 137 after 2 s (killed)"},
		"no entry point": {containerState{ExitCode: 127}, []string{"[FATAL tini (7)] exec node failed: No such file or directory"},
			NotStarted, "Its entry point and its user must be in the image"},
		"not to be executed": {containerState{ExitCode: 126}, []string{"[FATAL tini (7)] exec /srv/run failed: Permission denied"},
			NotStarted, "Its user may not execute /srv/run. Allow it in the Dockerfile: COPY --chmod=755, or RUN chmod 755 /srv/run."},
		"another processor": {containerState{ExitCode: 255}, []string{"exec /app: exec format error"}, OtherFormat, "#!/bin/sh"},
		"another, for its init": {containerState{ExitCode: 126}, []string{"[FATAL tini (7)] exec /app failed: Exec format error"},
			OtherFormat, "no program for this processor"},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, trial.judgeEnd(each.state, each.lines, 2*time.Second), each.code, each.phrase)
		})
	}
	expect(t, notStarted(`exec: "/srv/run": permission denied: unknown`), NotStarted, "RUN chmod 755 /srv/run")
}

func TestOnlyAUserWithoutRightsIsHintedAt(t *testing.T) {
	for user, hinted := range map[string]bool{"": false, "root": false, "0:0": false, "1000": true, "node:root": true} {
		for port, low := range map[int]bool{80: true, 1023: true, 1024: false} {
			hint := (&trial{user: user, plan: Plan{Port: port}}).hintAtPort(true)
			if (hint != "") != (hinted && low) {
				t.Errorf("user %q at port %d: %q", user, port, hint)
			}
		}
	}
}

func TestLinesOfTheLogAreShownWholeAndTheLastAreKept(t *testing.T) {
	var shown strings.Builder
	docker := Docker{call: func(_ context.Context, _, _ []string, stdout, stderr io.Writer) (int, error) {
		for _, part := range []string{"one\ntw", "o\n", "", "\n", strings.Repeat("line\n", lastLines-1), "last"} {
			if _, err := io.WriteString(stderr, part); err != nil {
				t.Error(err)
			}
		}
		return 0, nil
	}}
	log := docker.follow(t.Context(), "a-name", "app | ", &shown)
	last := log.drain()
	if want := "app | one\napp | two\napp | \n" + strings.Repeat("app | line\n", lastLines-1) + "app | last\n"; shown.String() != want {
		t.Errorf("shown is %q, want %q", shown.String(), want)
	}
	if len(last) != lastLines || last[0] != "line" || last[lastLines-1] != "last" {
		t.Errorf("the last lines are %q", last)
	}
}
