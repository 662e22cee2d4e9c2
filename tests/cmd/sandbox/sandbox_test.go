package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// repository is the folder of this repository, seen from this package.
const repository = "../../.."

// clone is a repository with this one's scripts and tests, and the small program in testdata. Its path has a space.
type clone struct {
	t    *testing.T
	root string
	// environment is that of a user's shell, with the Pulumi CLI on PATH and with settings that lead elsewhere.
	environment []string
}

// original is a clone with a current bin/sandbox and a current program, which take long to link.
var original string

func TestMain(m *testing.M) {
	code := 1
	if err := makeOriginal(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(original)
	os.Exit(code)
}

func makeOriginal() (err error) {
	if original, err = os.MkdirTemp("", "clone-"); err != nil {
		return err
	}
	// scripts/sandbox builds bin/sandbox.
	output, err := exec.Command("sh", "-ec", `cp testdata/* "$0"
cd "$1"
scripts/sandbox help
mkdir "$0/bin" "$0/scripts"
cp go.mod go.sum "$0"
cp scripts/goflags scripts/sandbox scripts/tool "$0/scripts"
cp bin/sandbox "$0/bin"
ln -s "$PWD/tests" "$PWD/tools" "$0"`, original, repository).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a clone: %w\n%s", err, output)
	}
	return languagehost.Build(context.Background(), original, filepath.Join(original, "bin", "clone"))
}

// newClone makes a clone.
func newClone(t *testing.T) clone {
	t.Helper()
	cli, err := install.Pulumi(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	// The temporary folder may be a link, and the command reports where it leads.
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := clone{t: t, root: filepath.Join(folder, "a clone")}
	if output, err := exec.Command("cp", "-R", original, c.root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, modules, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
	// An empty home, except for Go's caches.
	c.environment = append(os.Environ(), "HOME="+t.TempDir(), "GOCACHE="+cache, "GOMODCACHE="+modules,
		"PATH="+filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_PROFILE=production", "AWS_ENDPOINT_URL_S3=https://s3.example.com", "PULUMI_STACK=prod",
		"PULUMI_ACCESS_TOKEN=token", "PULUMI_BACKEND_URL=https://pulumi.example.com",
	)
	t.Cleanup(func() { c.must("down") })
	return c
}

func (c clone) path(name string) string { return filepath.Join(c.root, name) }

// write writes a file, which can be run if it is in one of the folders for that.
func (c clone) write(name, text string) {
	c.t.Helper()
	err := os.MkdirAll(filepath.Dir(c.path(name)), 0o700)
	if err == nil {
		err = os.WriteFile(c.path(name), []byte(text), 0o700)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c clone) remove(name string) {
	c.t.Helper()
	if err := os.RemoveAll(c.path(name)); err != nil {
		c.t.Fatal(err)
	}
}

// command prepares a program in the clone, as a user would start it there.
func (c clone) command(name string, arguments ...string) *exec.Cmd {
	// The clean-up at the end of a test still needs commands when the test's own context has ended.
	command := exec.CommandContext(context.WithoutCancel(c.t.Context()), name, arguments...)
	command.Dir = c.root
	command.Env = c.environment
	return command
}

// run runs scripts/sandbox and returns all that it printed and its exit status.
func (c clone) run(arguments ...string) (output string, code int) {
	c.t.Helper()
	command := c.command("scripts/sandbox", arguments...)
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

// must runs scripts/sandbox and ends the test if it fails.
func (c clone) must(arguments ...string) string {
	c.t.Helper()
	output, code := c.run(arguments...)
	if code != 0 {
		c.t.Fatalf("scripts/sandbox %s: exit status %d\n%s", strings.Join(arguments, " "), code, output)
	}
	return output
}

// processes are the ids of a sandbox's process and of the emulator that it started.
type processes struct{ server, emulator int }

func (c clone) processes() processes {
	c.t.Helper()
	last, err := place{c.root}.last()
	if err != nil {
		c.t.Fatal(err)
	}
	output, err := exec.Command("pgrep", "-P", strconv.Itoa(last.PID), "-f", "Serve moto").Output()
	if err != nil {
		c.t.Fatalf("find the emulator: %v", err)
	}
	emulator, err := strconv.Atoi(strings.TrimSpace(string(output)))
	if err != nil {
		c.t.Fatal(err)
	}
	return processes{last.PID, emulator}
}

func (c clone) checkEnded(were processes) {
	c.t.Helper()
	if sandbox.ProcessRuns(were.server) || sandbox.ProcessRuns(were.emulator) {
		c.t.Errorf("the sandbox process or the emulator is left: %+v", were)
	}
}

// checkGone checks that nothing is left of the clone's sandbox, which had these processes.
func (c clone) checkGone(were ...processes) {
	c.t.Helper()
	for _, each := range were {
		c.checkEnded(each)
	}
	if _, err := os.Stat(c.path(".sandbox")); !errors.Is(err, fs.ErrNotExist) {
		c.t.Errorf("the folder .sandbox is still there: %v", err)
	}
	if left, err := exec.Command("pgrep", "-a", "-f", c.root).Output(); err == nil {
		c.t.Errorf("processes are left: %s", left)
	}
}

// files are what a user sees in the clone's folder.
func (c clone) files() []string {
	c.t.Helper()
	found, err := filepath.Glob(c.path("[^.]*"))
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func checkContains(t *testing.T, output string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(output, want) {
			t.Errorf("the output does not say %q:\n%s", want, output)
		}
	}
}

// TestUpDeploysAgainChangesNothingAndDownLeavesNothing also protects what it has deployed, as protectData does. down
// deletes it all the same.
func TestUpDeploysAgainChangesNothingAndDownLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	c.remove("bin/clone")
	before := c.files()

	checkContains(t, c.must("up"),
		"Building the program", "+ 2 created", `groupName: "/clone"`,
		`eval "$(scripts/sandbox env)"`, "scripts/sandbox down")
	again := c.must("up")
	checkContains(t, again, "2 unchanged", `groupName: "/clone"`)
	if strings.Contains(again, "Building") || strings.Contains(again, "Starting") {
		t.Errorf("the second run builds or starts something:\n%s", again)
	}
	running := c.processes()
	// As a user does, also from another folder.
	shell := c.command("sh", "-ec", `"$0/scripts/sandbox" pulumi stack output groupName
eval "$("$0/scripts/sandbox" env)"
cd "$0"
pulumi stack output groupName`, c.root)
	shell.Dir = t.TempDir()
	if output, err := shell.CombinedOutput(); err != nil || string(output) != "/clone\n/clone\n" {
		t.Errorf("pulumi stack output groupName in a shell is %q (%v)", output, err)
	}

	c.must("pulumi", "up", "--yes", "--skip-preview", "-c", "clone:protect=true")
	c.must("pulumi", "config", "set", "clone:other", "value")
	checkContains(t, c.must("pulumi", "config"), "protect  ", "other  ")
	checkContains(t, c.must("pulumi", "stack", "export"), `"version": 3`, `"protect": true`)
	if after := c.files(); !slices.Equal(after, before) {
		t.Errorf("the work tree has changed from\n%q\nto\n%q", before, after)
	}

	checkContains(t, c.must("down"), "- 2 deleted", "The sandbox is removed.")
	c.checkGone(running)
	checkContains(t, c.must("down"), "There is no sandbox.")
}

func TestWrongUsageIsToldInOneLineAndChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	for want, arguments := range map[string][]string{
		"no such verb: --sandbx; see --help":                                    {"--sandbx"},
		"down does not take --force; see --help":                                {"down", "--force"},
		"env does not take fish; see --help":                                    {"env", "fish"},
		"bench does not take 4; see --help":                                     {"bench", "3", "4"},
		`bench takes the number of rounds, at least 1, not "0"; see --help`:     {"bench", "0"},
		`bench takes the number of rounds, at least 1, not "three"; see --help`: {"bench", "three"},
	} {
		if output, code := c.run(arguments...); code != 2 || output != "sandbox: "+want+"\n" {
			t.Errorf("%q ends with %d and prints %q, want 2 and %q", arguments, code, output, want)
		}
	}
	for _, arguments := range [][]string{{"help"}, {"--help"}, {"down", "--help"}, {"bench", "-h"}} {
		if output := c.must(arguments...); !strings.HasPrefix(output, "Usage: scripts/sandbox VERB") {
			t.Errorf("%q prints %q", arguments, output)
		}
	}
	c.environment = append(c.environment, "SANDBOX_PLUGINS=offical")
	for want, arguments := range map[string][]string{
		"no sandbox is running; start it with make sandbox":                         {"pulumi", "preview"},
		`SANDBOX_PLUGINS is "offical"; it must be stand-in or official, or not set`: {"up"},
	} {
		if output, code := c.run(arguments...); code != 1 || output != "sandbox: "+want+"\n" {
			t.Errorf("%q ends with %d and prints %q, want 1 and %q", arguments, code, output, want)
		}
	}
}

func TestBenchMeasuresInASandboxOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	checkContains(t, c.must("bench", "1"), "Measuring in a sandbox of its own; one that is up stays as it is",
		"Medians of 1 rounds", "up from nothing", "unchanged preview", "destroy")
	c.checkGone()
}

// crashes are ways in which a sandbox or a run in it ends, and what the next command says about it.
var crashes = map[string]struct {
	crash    func(clone)
	up, down string
}{
	"the emulator has ended": {func(c clone) {
		c.kill(c.processes().emulator)
	}, "emulated AWS account is gone", "has ended already"},
	"the sandbox process has ended": {func(c clone) {
		c.kill(c.processes().server)
	}, "emulated AWS account is gone", "has ended already"},
	"a run was killed": {func(c clone) {
		run := c.start()
		// The command and the CLI are in one process group; the sandbox process is not.
		c.kill(-run.Process.Pid)
		<-run.ended
		c.remove("hold")
	}, "The last run was killed", "The last run was killed"},
}

func TestTheNextUpAfterACrashSaysSoAndStartsClean(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	c.must("up")
	for what, each := range crashes {
		were := c.processes()
		each.crash(c)
		checkContains(t, c.must("up"), each.up, "Starting clean", "+ 2 created", `groupName: "/clone"`)
		c.checkEnded(were)
		if t.Failed() {
			t.Fatalf("this was after %s", what)
		}
	}
}

func TestDownCleansUpAfterACrash(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	for what, each := range crashes {
		c.must("up")
		were := c.processes()
		each.crash(c)
		checkContains(t, c.must("down"), each.down, "The sandbox is removed.")
		c.checkGone(were)
		if t.Failed() {
			t.Fatalf("this was after %s", what)
		}
	}
	// As a start leaves it that was interrupted.
	c.write(".sandbox/sandbox.log", "")
	c.must("down")
	c.checkGone()
}

// TestASandboxOfWhichHalfHasEndedIsNone looks at a sandbox that is ending, while the lock is still held.
func TestASandboxOfWhichHalfHasEndedIsNone(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.WriteHeader(status)
	}))
	defer server.Close()
	place := place{t.TempDir()}
	if err := os.Mkdir(place.dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	held, _, err := tryLock(place.record(), os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, want error) {
		t.Helper()
		if _, err := connect(t.Context(), place); !errors.Is(err, want) {
			t.Errorf("while %s, there is the error %v, want %v", what, err, want)
		}
	}
	check("the process has only begun", errNone)
	if err := (record{Stack: sandbox.Stack{Emulator: server.URL}}).write(held); err != nil {
		t.Fatal(err)
	}
	check("both run", nil)
	status = http.StatusBadGateway
	check("the emulator has ended", errNone)
	server.Close()
	check("the process has ended", errNone)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	check("none runs", errNone)
}

func TestTwoClonesDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	first, second := newClone(t), newClone(t)
	started := first.command("scripts/sandbox", "up")
	if err := started.Start(); err != nil {
		t.Fatal(err)
	}
	second.must("up")
	if err := started.Wait(); err != nil {
		t.Fatal(err)
	}
	were := first.processes()
	first.must("down")
	first.checkGone(were)
	checkContains(t, second.must("up"), "2 unchanged")
}

func TestTwoRunsOfUpInOneCloneWaitForEachOther(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	running := c.start()
	waiting := c.command("scripts/sandbox", "up")
	told, err := waiting.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	waiting.Stdout = &second
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 1024)
	n, err := told.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	checkContains(t, string(line[:n]), "Waiting for another command on this sandbox")
	c.remove("hold")
	if err := <-running.ended; err != nil {
		t.Errorf("the first run failed: %v\n%s", err, running.output.String())
	}
	if err := waiting.Wait(); err != nil {
		t.Errorf("the second run failed: %v\n%s", err, second.String())
	}
	checkContains(t, running.output.String(), "+ 2 created")
	checkContains(t, second.String(), "2 unchanged")
}

func TestAnInterruptedUpEndsInGoodOrderAndTheNextOneGoesOn(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	// The first run starts the sandbox process, which the Ctrl-C must not reach.
	for _, each := range []struct {
		what   string
		signal syscall.Signal
		// to is 1 for the command alone and -1 for its process group.
		to int
	}{
		{"Ctrl-C on a terminal, which reaches all processes in front", syscall.SIGINT, -1},
		{"a request to the command alone", syscall.SIGTERM, 1},
	} {
		interrupted := c.start()
		if err := syscall.Kill(each.to*interrupted.Process.Pid, each.signal); err != nil {
			t.Fatal(err)
		}
		if err := <-interrupted.ended; err == nil {
			t.Errorf("after %s, the run succeeds:\n%s", each.what, interrupted.output.String())
		}
		checkContains(t, interrupted.output.String(), "update canceled")
		c.remove("hold")
		next := c.must("up")
		checkContains(t, next, `groupName: "/clone"`)
		if strings.Contains(next, "Starting clean") {
			t.Errorf("after %s, the run is taken for a killed one:\n%s", each.what, next)
		}
	}
}

// background is a command that the test starts and then watches.
type background struct {
	*exec.Cmd
	output bytes.Buffer
	ended  chan error
}

// start starts scripts/sandbox up in a session of its own and returns when the log group is there. The program does
// not end before the file hold is removed.
func (c clone) start() *background {
	c.t.Helper()
	c.remove("holding")
	c.write("hold", "")
	running := &background{Cmd: c.command("scripts/sandbox", "up"), ended: make(chan error, 1)}
	running.Stdout, running.Stderr = &running.output, &running.output
	running.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := running.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() { running.ended <- running.Wait() }()
	for {
		select {
		case err := <-running.ended:
			c.t.Fatalf("the run ended early: %v\n%s", err, running.output.String())
		case <-time.After(time.Millisecond):
		}
		if _, err := os.Stat(c.path("holding")); err == nil {
			return running
		}
	}
}

// kill kills a process and waits for its end, or kills a group.
func (c clone) kill(pid int) {
	c.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
	for pid > 0 && sandbox.ProcessRuns(pid) {
		time.Sleep(time.Millisecond)
	}
}
