package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// repository is the folder of this repository, seen from this package.
const repository = "../../.."

// program creates a log group, which is protected if clone:protect is set, and does not end while there is a file named hold.
const program = `package main

import (
	"os"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		_, protect := ctx.GetConfig("clone:protect")
		group, err := cloudwatch.NewLogGroup(ctx, "group", &cloudwatch.LogGroupArgs{Name: pulumi.String("/clone")},
			pulumi.Protect(protect))
		if err != nil {
			return err
		}
		ctx.Export("groupName", group.Name)
		for _, err := os.Stat("hold"); err == nil; _, err = os.Stat("hold") {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
}
`

const project = `name: clone
runtime:
  name: go
  options:
    buildTarget: bin/clone
`

// clone is a repository with this one's scripts and tests, and a small program. Its path has a space.
type clone struct {
	t    *testing.T
	root string
	// environment is that of a user's shell, with the Pulumi CLI on PATH and with settings that lead elsewhere.
	environment []string
}

// newClone makes a clone with a current bin/sandbox and, if builtBefore is true, with a current program. That saves the
// time to link them.
func newClone(t *testing.T, builtBefore bool) clone {
	t.Helper()
	original, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := install.Pulumi(t.Context(), install.PulumiOptions{
		ToolModule: filepath.Join(original, "tests"),
		BinDir:     filepath.Join(original, "bin"),
		Progress:   os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	// The temporary folder may be a link, and the command reports where it leads.
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := clone{t: t, root: filepath.Join(folder, "a clone")}
	for name, text := range map[string]string{"main.go": program, "Pulumi.yaml": project} {
		c.write(name, text)
	}
	for _, name := range []string{"go.mod", "go.sum", "scripts/goflags", "scripts/sandbox", "scripts/tool"} {
		text, err := os.ReadFile(filepath.Join(original, name))
		if err != nil {
			t.Fatal(err)
		}
		c.writeBinary(name, text)
	}
	for _, module := range []string{"tests", "tools"} {
		if err := os.Symlink(filepath.Join(original, module), c.path(module)); err != nil {
			t.Fatal(err)
		}
	}
	binary, err := sandboxBinary()
	if err != nil {
		t.Fatal(err)
	}
	c.writeBinary("bin/sandbox", binary)
	if builtBefore {
		if binary, err = programBinary(c.root); err != nil {
			t.Fatal(err)
		}
		c.writeBinary("bin/clone", binary)
	}
	// An empty home, except for Go's caches.
	c.environment = append(os.Environ(), "HOME="+t.TempDir(),
		"GOCACHE="+goSetting(t, "GOCACHE"), "GOMODCACHE="+goSetting(t, "GOMODCACHE"),
		"PATH="+filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_PROFILE=production", "AWS_ENDPOINT_URL_S3=https://s3.example.com", "PULUMI_STACK=prod",
		"PULUMI_ACCESS_TOKEN=token", "PULUMI_BACKEND_URL=https://pulumi.example.com",
	)
	t.Cleanup(func() {
		if output, code := c.run("down"); code != 0 {
			t.Errorf("scripts/sandbox down at the end of the test: exit status %d\n%s", code, output)
		}
	})
	return c
}

// goSetting is a setting of the Go tool in this process's environment.
func goSetting(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}

// sandboxBinary is bin/sandbox of this repository, as scripts/sandbox builds it.
var sandboxBinary = sync.OnceValues(func() ([]byte, error) {
	output, err := exec.Command(filepath.Join(repository, "scripts", "sandbox"), "help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build bin/sandbox: %w\n%s", err, output)
	}
	return os.ReadFile(filepath.Join(repository, "bin", "sandbox"))
})

// builtProgram is the program of the clones once one of them has built it.
var builtProgram struct {
	sync.Mutex
	binary []byte
}

// programBinary builds the program in the first clone that asks.
func programBinary(root string) ([]byte, error) {
	builtProgram.Lock()
	defer builtProgram.Unlock()
	if builtProgram.binary != nil {
		return builtProgram.binary, nil
	}
	path := filepath.Join(root, "bin", "clone")
	if err := languagehost.Build(context.Background(), root, path); err != nil {
		return nil, err
	}
	var err error
	builtProgram.binary, err = os.ReadFile(path)
	return builtProgram.binary, err
}

func (c clone) path(name string) string { return filepath.Join(c.root, name) }

func (c clone) write(name, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(c.path(name)), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(c.path(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// writeBinary writes a file that can be run.
func (c clone) writeBinary(name string, content []byte) {
	c.t.Helper()
	c.write(name, string(content))
	if err := os.Chmod(c.path(name), 0o700); err != nil {
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

// process is one line of ps.
type process struct {
	pid, parent int
	arguments   string
}

func processes(t *testing.T) []process {
	t.Helper()
	output, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []process
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, process{pid, parent, strings.Join(fields[2:], " ")})
	}
	return list
}

// servers are the sandbox processes of the clone.
func (c clone) servers() []process {
	c.t.Helper()
	return slices.DeleteFunc(processes(c.t), func(p process) bool {
		return !strings.HasPrefix(p.arguments, c.path("bin/sandbox")+" serve")
	})
}

// emulators are the processes that the clone's sandbox process started to emulate AWS. A program that it ran may just be
// ending beside them.
func (c clone) emulators() []process {
	c.t.Helper()
	servers := c.servers()
	return slices.DeleteFunc(processes(c.t), func(p process) bool {
		return !strings.Contains(p.arguments, "Serve moto") ||
			!slices.ContainsFunc(servers, func(server process) bool { return server.pid == p.parent })
	})
}

// running are the processes of the clone's sandbox.
func (c clone) running() []process {
	c.t.Helper()
	running := append(c.servers(), c.emulators()...)
	if len(running) != 2 {
		c.t.Fatalf("the sandbox is the processes %v, want its own and the emulator's", running)
	}
	return running
}

// left are those of the processes that still run. The id of one that has ended may belong to another now.
func left(t *testing.T, of []process) []process {
	t.Helper()
	return slices.DeleteFunc(processes(t), func(p process) bool {
		return !slices.ContainsFunc(of, func(each process) bool { return each.pid == p.pid && each.arguments == p.arguments })
	})
}

// checkGone checks that nothing of the sandbox is left whose processes these were.
func (c clone) checkGone(were []process) {
	c.t.Helper()
	if _, err := os.Stat(c.path(".sandbox")); !errors.Is(err, fs.ErrNotExist) {
		c.t.Errorf("the folder .sandbox is still there: %v", err)
	}
	for _, process := range processes(c.t) {
		if strings.Contains(process.arguments, c.root) {
			c.t.Errorf("a process is left: %s", process.arguments)
		}
	}
	if left := left(c.t, were); len(left) > 0 {
		c.t.Errorf("processes are left: %v", left)
	}
}

// files are the files of the clone outside of .sandbox and bin.
func (c clone) files() []string {
	c.t.Helper()
	var found []string
	err := filepath.WalkDir(c.root, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (path == c.path(".sandbox") || path == c.path("bin")) {
			return filepath.SkipDir
		}
		found = append(found, path)
		return err
	})
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

// TestUpDeploysAgainChangesNothingAndDownLeavesNothing also protects what it has deployed, as protectData does. down deletes
// it all the same.
func TestUpDeploysAgainChangesNothingAndDownLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newClone(t, false)
	before := c.files()

	checkContains(t, c.must("up"),
		"Building the program", "+ 2 created", `groupName: "/clone"`,
		`eval "$(scripts/sandbox env)"`, "make sandbox-down")
	again := c.must("up")
	checkContains(t, again, "2 unchanged", `groupName: "/clone"`, `eval "$(scripts/sandbox env)"`)
	if strings.Contains(again, "Building") || strings.Contains(again, "Starting") {
		t.Errorf("the second run builds or starts something:\n%s", again)
	}
	running := c.running()
	c.checkEnvironment()

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

// checkEnvironment evaluates what env prints in a shell, as a user does, and checks that pulumi and AWS clients then use the
// sandbox.
func (c clone) checkEnvironment() {
	t := c.t
	t.Helper()
	shell := c.command("sh", "-c", `eval "$(scripts/sandbox env)" && pulumi stack output groupName && env -0`)
	var stderr bytes.Buffer
	shell.Stderr = &stderr
	output, err := shell.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, output, stderr.String())
	}
	first, rest, _ := strings.Cut(string(output), "\n")
	if first != "/clone" {
		t.Errorf("pulumi stack output groupName is %q, want /clone", first)
	}
	environment := map[string]string{}
	for _, variable := range strings.Split(strings.TrimSuffix(rest, "\x00"), "\x00") {
		name, value, _ := strings.Cut(variable, "=")
		environment[name] = value
	}
	for _, foreign := range []string{"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "PULUMI_ACCESS_TOKEN"} {
		if value, set := environment[foreign]; set {
			t.Errorf("%s is still set, to %q", foreign, value)
		}
	}
	groups, err := cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: aws.String(environment["AWS_ENDPOINT_URL"]), Region: environment["AWS_REGION"],
		Credentials: credentials.NewStaticCredentialsProvider(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], ""),
	}).DescribeLogGroups(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(groups.LogGroups) != 1 || *groups.LogGroups[0].LogGroupName != "/clone" {
		t.Errorf("an AWS client sees %v, want the log group /clone", groups.LogGroups)
	}
}

func TestWithoutASandboxTheVerbsThatNeedOneSayHowToStartIt(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	for _, arguments := range [][]string{{"env"}, {"pulumi", "preview"}} {
		output, code := c.run(arguments...)
		if code == 0 {
			t.Errorf("%q succeeds without a sandbox", arguments)
		}
		checkContains(t, output, "no sandbox is running", "make sandbox")
	}
}

func TestWrongUsageIsToldInOneLineAndChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	for want, arguments := range map[string][]string{
		"no such verb: unheard-of; see --help":                                  {"unheard-of"},
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
}

func TestBenchMeasuresInSandboxesOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	checkContains(t, c.must("bench", "1"), "Measuring in sandboxes of its own; one that is up stays as it is",
		"Medians of 1 rounds", "up from nothing", "unchanged preview", "destroy")
	c.checkGone(nil)
}

func TestWhenTheEmulatorOrItsProcessHasEndedTheNextUpSaysSoAndStartsClean(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.must("up")
	for _, processes := range []func() []process{c.emulators, c.servers} {
		running := c.running()
		kill(t, processes()[0].pid)
		awaitEnd(t, running)

		checkContains(t, c.must("up"), "emulated AWS account is gone", "Starting clean", "+ 2 created")
	}
	if servers := c.servers(); len(servers) != 1 {
		t.Errorf("there are %d sandbox processes, want 1", len(servers))
	}
}

// TestASandboxOfWhichHalfHasEndedIsNone looks at a sandbox that is ending, while the lock is still held. Its process is a
// zombie, as in a container whose first process does not wait for orphans.
func TestASandboxOfWhichHalfHasEndedIsNone(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ended.Wait() }()
	for sandbox.ProcessRuns(ended.Process.Pid) {
		time.Sleep(time.Millisecond)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	serving := "http://" + listener.Addr().String()
	for what, each := range map[string]struct {
		pid      int
		emulator string
		want     error
	}{
		"both run":               {os.Getpid(), serving, nil},
		"the process has ended":  {ended.Process.Pid, serving, errNone},
		"the emulator has ended": {os.Getpid(), "http://127.0.0.1:1", errNone},
	} {
		process := daemon{t.TempDir()}
		lock, err := tryLock(process.lock())
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
		if _, err := fmt.Fprintln(lock, each.pid); err != nil {
			t.Fatal(err)
		}
		if err := process.write(&sandbox.Stack{Emulator: each.emulator}); err != nil {
			t.Fatal(err)
		}
		if _, err := process.connect(); !errors.Is(err, each.want) {
			t.Errorf("while %s, there is the error %v, want %v", what, err, each.want)
		}
	}
}

func TestDownCleansUpAfterACrash(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	for what, crash := range map[string]func() (were []process){
		"the process's end": func() []process {
			c.must("up")
			running := c.running()
			kill(t, c.servers()[0].pid)
			return running
		},
		"the loss of record and state": func() []process {
			c.must("up")
			c.write(".sandbox/sandbox.json", "")
			remove(t, c.path(".sandbox/state"))
			return c.running()
		},
		"a start that left only a folder": func() []process {
			c.write(".sandbox/sandbox.log", "")
			return nil
		},
	} {
		were := crash()
		output := c.must("down")
		c.checkGone(were)
		if t.Failed() {
			t.Fatalf("down after %s printed:\n%s", what, output)
		}
	}
}

func TestTwoClonesDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	first, second := newClone(t, true), newClone(t, true)
	started := first.command("scripts/sandbox", "up")
	if err := started.Start(); err != nil {
		t.Fatal(err)
	}
	second.must("up")
	if err := started.Wait(); err != nil {
		t.Fatal(err)
	}
	running := first.running()
	first.must("down")
	first.checkGone(running)
	checkContains(t, second.must("up"), "2 unchanged")
}

func TestTwoRunsOfUpInOneCloneWaitForEachOther(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.write("hold", "")
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
	remove(t, c.path("hold"))
	if err := <-running.ended; err != nil {
		t.Errorf("the first run failed: %v\n%s", err, running.output.String())
	}
	if err := waiting.Wait(); err != nil {
		t.Errorf("the second run failed: %v\n%s", err, second.String())
	}
	checkContains(t, running.output.String(), "+ 2 created")
	checkContains(t, second.String(), "2 unchanged")
	if servers := c.servers(); len(servers) != 1 {
		t.Errorf("there are %d sandbox processes, want 1", len(servers))
	}
}

func TestAfterAnUpThatWasKilledTheNextOneStartsClean(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.killUp()
	killed := c.running()
	checkContains(t, c.must("up"), "The last run was killed", "Starting clean", "+ 2 created", `groupName: "/clone"`)
	if left := left(t, killed); len(left) > 0 {
		t.Errorf("processes of the killed run's sandbox are left: %v", left)
	}
}

func TestDownRemovesWhatAKilledUpHasLeft(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.killUp()
	killed := c.running()
	checkContains(t, c.must("down"), "The last run was killed", "The sandbox is removed.")
	c.checkGone(killed)
}

func TestAnInterruptedUpEndsInGoodOrderAndTheNextOneGoesOn(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.write("hold", "")
	interrupted := c.start()
	// Without a terminal the command passes the signal on to the CLI.
	if err := interrupted.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-interrupted.ended; err == nil {
		t.Errorf("the interrupted run succeeds:\n%s", interrupted.output.String())
	}
	checkContains(t, interrupted.output.String(), "update canceled")
	remove(t, c.path("hold"))
	next := c.must("up")
	checkContains(t, next, `groupName: "/clone"`)
	if strings.Contains(next, "Starting clean") {
		t.Errorf("the interrupted run is taken for a killed one:\n%s", next)
	}
}

func TestAnUnknownChoiceOfPluginsIsRefused(t *testing.T) {
	t.Parallel()
	c := newClone(t, true)
	c.environment = append(c.environment, "SANDBOX_PLUGINS=offical")
	output, code := c.run("up")
	if code == 0 {
		t.Error("the run succeeds")
	}
	checkContains(t, output, `SANDBOX_PLUGINS is "offical"`, "stand-in", "official")
}

// background is a command that the test starts and then watches.
type background struct {
	*exec.Cmd
	output bytes.Buffer
	ended  chan error
}

// start starts scripts/sandbox up in a session of its own and returns when the state of the clone's stack names
// the log group. The program does not end before the file hold is removed.
func (c clone) start() *background {
	c.t.Helper()
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
		text, err := os.ReadFile(c.path(".sandbox/state/.pulumi/stacks/clone/sandbox.json"))
		if err == nil && bytes.Contains(text, []byte("aws:cloudwatch/logGroup:LogGroup::group")) &&
			!bytes.Contains(text, []byte(`"pending_operations"`)) {
			return running
		}
	}
}

// killUp kills an up that is under way.
func (c clone) killUp() {
	c.t.Helper()
	c.write("hold", "")
	up := c.start()
	// The command and the CLI are in one process group; the sandbox process is not.
	if err := syscall.Kill(-up.Process.Pid, syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
	if err := <-up.ended; err == nil {
		c.t.Fatal("the run ended before it was killed")
	}
	remove(c.t, c.path("hold"))
}

// awaitEnd returns when none of the processes runs any more.
func awaitEnd(t *testing.T, running []process) {
	t.Helper()
	for len(left(t, running)) > 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
