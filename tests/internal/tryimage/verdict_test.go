package tryimage

import (
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

func TestTheVerdictNamesWhatIsWrong(t *testing.T) {
	plan := Plan{Port: 3000, Own: OwnCheck{Command: []string{"curl"}}, LoadBalancer: LoadBalancerCheck{Path: "/health", Matcher: "200"}}
	listens := func(addresses ...string) []netip.AddrPort {
		var all []netip.AddrPort
		for _, address := range addresses {
			all = append(all, netip.MustParseAddrPort(address))
		}
		return all
	}
	refused := outsideResult{problem: "the connection was refused or closed"}
	for name, each := range map[string]struct {
		seen   observation
		code   Code
		phrase string
	}{
		"no curl":             {observation{own: ownResult{missing: "curl"}, outside: outsideResult{status: 200}}, NoProgram, "no curl"},
		"no wget":             {observation{own: ownResult{missing: "wget"}}, NoProgram, "Put wget into the image."},
		"another status":      {observation{outside: outsideResult{status: 301}}, Unhealthy, "/health answers 301 after 9 s, and the load balancer wants 200"},
		"own check":           {observation{own: ownResult{problem: "exit code 1"}, outside: outsideResult{status: 200}}, OwnCheckFail, "fails: exit code 1"},
		"another port":        {observation{outside: refused, listeners: listens("[::]:8080", "0.0.0.0:8080")}, OtherPort, "it listens on port 8080, not"},
		"two other ports":     {observation{outside: refused, listeners: listens("127.0.0.1:9229", "0.0.0.0:8080")}, OtherPort, "it listens on 127.0.0.1:9229 and port 8080, not"},
		"the remedy's port":   {observation{outside: refused, listeners: listens("127.0.0.1:9229", "0.0.0.0:8080")}, OtherPort, "appPort 8080"},
		"loopback":            {observation{outside: refused, listeners: listens("127.0.0.1:3000", "[::1]:3000")}, LoopbackOnly, "127.0.0.1:3000 and [::1]:3000 only"},
		"loopback and others": {observation{outside: refused, listeners: listens("127.0.0.1:3000", "0.0.0.0:8080")}, LoopbackOnly, "127.0.0.1:3000 only"},
		"slow":                {observation{outside: outsideResult{problem: "it takes longer than 5 s"}, listeners: listens("[::]:3000")}, NotInTime, "it takes longer than 5 s"},
		"nothing":             {observation{outside: refused}, NotInTime, "it listens on no port after 9 s"},
		"unknown":             {observation{outside: refused, unknown: true}, NotInTime, "this machine cannot see that"},
	} {
		t.Run(name, func(t *testing.T) {
			got := plan.judge(each.seen, 9*time.Second)
			if got.Code != each.code || !strings.Contains(got.Error(), each.phrase) {
				t.Errorf("got %d %q, want %d %q", got.Code, got, each.code, each.phrase)
			}
			if got.Remedy == "" {
				t.Error("no remedy")
			}
		})
	}
}

func TestTheEndOfAContainerIsExplained(t *testing.T) {
	for name, each := range map[string]struct {
		state  containerState
		lines  []string
		code   Code
		phrase string
	}{
		"failed":          {containerState{ExitCode: 1}, []string{"no DATABASE_URL"}, Exited, "it exited with code 1 after 2 s; its last lines:\n    no DATABASE_URL\n"},
		"silently":        {containerState{ExitCode: 0}, nil, Exited, "it exited with code 0 after 2 s\n"},
		"killed":          {containerState{ExitCode: 137}, nil, Exited, "code 137 after 2 s (killed)"},
		"memory":          {containerState{ExitCode: 137, OOMKilled: true}, nil, OutOfMemory, "more than its 512 MiB"},
		"another machine": {containerState{ExitCode: 255}, []string{"exec /app: exec format error"}, OtherFormat, "cannot run a program of the image"},
		"no entry point":  {containerState{ExitCode: 127}, []string{"[FATAL tini (7)] exec node failed: No such file or directory"}, NotStarted, "exec node failed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judgeEnd(each.state, each.lines, 512, 2*time.Second)
			if got.Code != each.code || !strings.Contains(got.Error(), each.phrase) {
				t.Errorf("got %d %q, want %d %q", got.Code, got, each.code, each.phrase)
			}
		})
	}
}

func TestLinesOfTheLogAreShownWhole(t *testing.T) {
	var shown strings.Builder
	lines := &prefixed{prefix: "app | ", output: &shown}
	for _, part := range []string{"one\ntw", "o\n", "", "three"} {
		if n, err := lines.Write([]byte(part)); err != nil || n != len(part) {
			t.Fatalf("wrote %d of %q: %v", n, part, err)
		}
	}
	lines.flush()
	lines.flush()
	if want := "app | one\napp | two\napp | three\n"; shown.String() != want {
		t.Errorf("shown is %q, want %q", shown.String(), want)
	}
}
