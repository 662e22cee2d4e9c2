package acceptance

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/jq"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// repository is the folder of the program, seen from this package.
const repository = "../../.."

// scene is a sandbox with a run that has not begun.
type scene struct {
	t *testing.T
	*Target
	// provider stands between the aws provider and the emulator, reader between the run's own clients and the emulator.
	provider, reader *faultproxy.Proxy
	options          Options
	screen           *screen
	// plugins are variables that a person's shell needs beside the commands' own.
	plugins []string
}

// screen is what people read, and tells the test of it.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	// shown is called with all that was printed so far.
	shown func(text string)
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(text)
	if s.shown != nil {
		s.shown(s.text.String())
	}
	return len(text), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// newScene makes a scene. With containers, the service's tasks run.
func newScene(t *testing.T, withContainers bool) *scene {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, screen: &screen{}}
	proxy := func(target string) *faultproxy.Proxy {
		started, err := faultproxy.Start(target)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = started.Close() })
		return started
	}
	var tasks *containers
	running, err := sandbox.Start(t.Context(), sandbox.Options{
		Root: root, Dir: t.TempDir(), Progress: os.Stderr, ForTests: true,
		ProviderEndpoint: func(emulator string) (string, error) {
			if withContainers {
				tasks = runContainers(t, emulator)
				emulator = tasks.server.URL
			}
			s.provider = proxy(emulator)
			return s.provider.URL(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	s.Target = InSandbox(running, s.provider, NewName())
	tools := map[string]string{"aws": sandboxtest.AWSCLI(t), "jq": jq.Installed(t)}
	if withContainers {
		tasks.target(t, s.Target, tools)
	}
	s.reader = proxy(*s.Config.BaseEndpoint)
	s.Config.BaseEndpoint = aws.String(s.reader.URL())
	folder := t.TempDir()
	s.options = Options{Root: root, Folder: folder, Report: filepath.Join(folder, "report.md"), Output: io.MultiWriter(s.screen, os.Stderr)}
	return s
}

// run runs the acceptance.
func (s *scene) run(ctx context.Context) Result {
	s.t.Helper()
	result, err := Run(ctx, s.Target, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

// interruptedAt is a context that ends when the run has printed a text.
func (s *scene) interruptedAt(text string) context.Context {
	ctx, interrupt := context.WithCancel(s.t.Context())
	s.screen.shown = func(shown string) {
		if strings.Contains(shown, text) {
			interrupt()
		}
	}
	return ctx
}

// report is the text of the report.
func (s *scene) report() string {
	s.t.Helper()
	text, err := os.ReadFile(s.options.Report)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// left is what is left in the account, revisions of the task definition included.
func (s *scene) left() []string {
	s.t.Helper()
	s.reader.Heal()
	r := &run{target: s.Target, clients: clientsOf(s.Target)}
	things, err := r.left(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, thing := range things {
		names = append(names, thing.what)
	}
	return names
}

// finish runs the commands that the run left, as a person would.
func (s *scene) finish() string {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), "sh", "-e", filepath.Join(s.options.Folder, commandsFile))
	// Nothing but what a person's shell has; the file itself points it at the account.
	command.Env = []string{"HOME=" + s.t.TempDir(), "PATH=" + filepath.Dir(sandboxtest.AWSCLI(s.t)) + ":" + os.Getenv("PATH")}
	command.Env = append(command.Env, s.plugins...)
	output, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("the commands fail: %v\n%s", err, output)
	}
	return string(output)
}

// verdicts are the verdicts of all steps by their names.
func verdicts(result Result) map[string]Verdict {
	all := map[string]Verdict{}
	for _, step := range result.Steps {
		all[step.Name] = step.Verdict
	}
	return all
}

// expect compares the verdicts of all steps with what they should be: those that are named, and the others.
func expect(t *testing.T, result Result, others Verdict, named map[string]Verdict) {
	t.Helper()
	if want := len(steps) + len(lastSteps); len(result.Steps) != want {
		t.Errorf("%d steps were decided, want %d", len(result.Steps), want)
	}
	for _, step := range result.Steps {
		want, found := named[step.Name]
		if !found {
			want = others
		}
		if step.Verdict != want {
			t.Errorf("%q is %s, want %s: %s", step.Name, step.Verdict, want, step.Notes)
		}
	}
}

func TestEveryStepPassesWhereTasksRun(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	result := s.run(t.Context())
	expect(t, result, Passed, nil)
	if !result.Passed() || result.Remains {
		t.Errorf("the run ended with %+v", result)
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	report := s.report()
	for _, want := range []string{": passed\n", "| Pulumi CLI | v", "| deploy a broken version: ECS rolls it back | passed | ", "exit code 10", "Nothing of the run is left"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not have %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, s.Account) {
		t.Errorf("the report names the account:\n%s", report)
	}
}

func TestAFailedUpIsTakenAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	s.provider.Inject(faultproxy.Rule{Action: "CreateService", Fault: faultproxy.InternalError})
	result := s.run(t.Context())
	expect(t, result, NotRun, map[string]Verdict{upStep: Failed, destroyStep: Passed, leftoversStep: Passed})
	if result.Passed() || result.Remains || result.Interrupted {
		t.Errorf("the run ended with %+v", result)
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if report := s.report(); !strings.Contains(report, ": failed\n") || !strings.Contains(report, "InternalFailure") {
		t.Errorf("the report does not give the reason:\n%s", report)
	}
}

func TestAfterAFailedStepTheOthersAreTried(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	s.reader.Inject(faultproxy.Rule{Action: "GetRepositoryPolicy", Fault: faultproxy.Throttle})
	result := s.run(s.interruptedAt("[13/"))
	got := verdicts(result)
	if got["read every resource back"] != Failed || got["change memory to 1024"] != Passed || got[destroyStep] != Passed {
		t.Errorf("the verdicts are %v", got)
	}
	at := slices.IndexFunc(result.Steps, func(step StepResult) bool { return step.Verdict == Failed })
	if notes := result.Steps[at].Notes; !strings.Contains(notes, "1 differences") || !strings.Contains(notes, "RepositoryPolicy mediaserver: ") {
		t.Errorf("the notes are %q", notes)
	}
	if left := s.left(); len(left) > 0 || result.Remains {
		t.Errorf("left: %q", left)
	}
}

func TestAnInterruptInTheMiddleOfUpTakesEverythingAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	// The up is under way as long as the cluster is being made.
	s.provider.Inject(faultproxy.Rule{Action: "CreateCluster", Fault: faultproxy.Delay, Pause: pause, Times: 1})
	go func() {
		for len(s.provider.Bodies("CreateCluster")) == 0 && ctx.Err() == nil {
			nap()
		}
		interrupt()
	}()
	result := s.run(ctx)
	expect(t, result, NotRun, map[string]Verdict{upStep: Failed, destroyStep: Passed, leftoversStep: Passed})
	if !result.Interrupted || result.Remains || result.Passed() {
		t.Errorf("the run ended with %+v", result)
	}
	if notes := result.Steps[0].Notes; notes != errInterrupted.Error() {
		t.Errorf("the interrupted step says %q", notes)
	}
	if !strings.Contains(s.screen.String(), "Interrupted. Everything that was made is taken away now") {
		t.Error("nobody was told")
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestAnInterruptBetweenTheStepsTakesEverythingAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	result := s.run(s.interruptedAt("18 outputs"))
	got := verdicts(result)
	if got["outputs: complete"] != Passed || got["read every resource back"] != NotRun || got[destroyStep] != Passed || !result.Interrupted {
		t.Errorf("the verdicts are %v", got)
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestASecondInterruptStopsAtOnceAndTheCommandsFinishTheJob(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	abandon := make(chan struct{})
	s.options.Abandon = abandon
	// The second interrupt comes while the first thing is being deleted.
	s.provider.Inject(faultproxy.Rule{Action: "DeleteService", Fault: faultproxy.Delay, Pause: pause, Times: 1})
	s.screen.shown = func(text string) {
		if strings.Contains(text, "[ 3/") {
			interrupt()
		}
	}
	go func() {
		for len(s.provider.Bodies("DeleteService")) == 0 && t.Context().Err() == nil {
			nap()
		}
		close(abandon)
	}()
	result := s.run(ctx)
	if !result.Remains || !result.Interrupted {
		t.Errorf("the run ended with %+v", result)
	}
	printed := s.screen.String()
	if !strings.Contains(printed, "SOMETHING IS LEFT") || !strings.Contains(printed, "destroy --yes --skip-preview") {
		t.Errorf("the commands were not printed:\n%s", printed)
	}
	if left := s.left(); len(left) == 0 {
		t.Fatal("nothing is left, so the commands prove nothing")
	}
	s.finish()
	if left := s.left(); len(left) > 0 {
		t.Errorf("left after the commands: %q", left)
	}
}

func TestAfterAFailedDestroyThePrintedCommandsFinishTheJob(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	s.provider.Inject(faultproxy.Rule{Action: "DeleteLoadBalancer", Fault: faultproxy.InternalError})
	result := s.run(s.interruptedAt("[ 2/"))
	got := verdicts(result)
	if got[destroyStep] != Failed || got[leftoversStep] != Failed || !result.Remains || result.Passed() {
		t.Errorf("the verdicts are %v, and the run ended with %+v", got, result)
	}
	if attempts := len(s.provider.Bodies("DeleteLoadBalancer")); attempts < 2 {
		t.Errorf("the load balancer was to be deleted %d times, want twice or more", attempts)
	}
	commands, err := os.ReadFile(filepath.Join(s.options.Folder, commandsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(commands, []byte("\n"))
	if printed := s.screen.String(); !strings.Contains(printed, indent(string(body))) {
		t.Errorf("what was printed is not what the file holds:\n%s", printed)
	}
	if report := s.report(); !strings.Contains(report, "## Left in the account") || strings.Contains(report, s.Account) {
		t.Errorf("the report does not tell what is left, or names the account:\n%s", report)
	}
	if left := s.left(); len(left) == 0 {
		t.Fatal("nothing is left, so the commands prove nothing")
	}
	s.provider.Heal()
	s.finish()
	if left := s.left(); len(left) > 0 {
		t.Errorf("left after the commands: %q", left)
	}
}

func TestADestroyThatFailsOnceIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	// More often than the SDK tries in one attempt, and not as often as in both.
	s.provider.Inject(faultproxy.Rule{Action: "DeleteCluster", Fault: faultproxy.InternalError, Times: 8})
	result := s.run(s.interruptedAt("[ 2/"))
	at := slices.IndexFunc(result.Steps, func(step StepResult) bool { return step.Name == destroyStep })
	if step := result.Steps[at]; step.Verdict != Passed || !strings.Contains(step.Notes, "at the second attempt") {
		t.Errorf("destroy is %s: %s", step.Verdict, step.Notes)
	}
	if left := s.left(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestWhatTheStateDoesNotKnowIsFoundAndItsCommandsRemoveIt loses the state of a stack that is up: then everything is a
// leftover that destroy does not see.
func TestWhatTheStateDoesNotKnowIsFoundAndItsCommandsRemoveIt(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	lost := false
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	s.screen.shown = func(text string) {
		if lost || !strings.Contains(text, "36 resources") {
			return
		}
		lost = true
		interrupt()
		empty := filepath.Join(t.TempDir(), "empty.json")
		if err := os.WriteFile(empty, []byte(`{"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}}}`), 0o600); err != nil {
			t.Error(err)
		}
		command := exec.CommandContext(t.Context(), s.CLI, "stack", "import", "--file", empty)
		command.Dir, command.Env = s.options.Root, s.Environment
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("lose the state: %v\n%s", err, output)
		}
	}
	result := s.run(ctx)
	if got := verdicts(result); got[destroyStep] != Passed || got[leftoversStep] != Failed || !result.Remains {
		t.Errorf("the verdicts are %v", got)
	}
	left := s.left()
	for _, lookup := range lookups {
		// Revisions are removed before the look, and so is what comes only with tasks.
		if lookup.what != "task definition" && !slices.ContainsFunc(left, func(name string) bool { return strings.HasPrefix(name, lookup.what+" ") }) {
			t.Errorf("no %s is found: %q", lookup.what, left)
		}
	}
	s.finish()
	if left := s.left(); len(left) > 0 {
		t.Errorf("left after the commands: %q", left)
	}
}

// pause is how long a call is held up, far longer than it takes to interrupt the run meanwhile.
const pause = 3 * time.Second

func nap() { time.Sleep(10 * time.Millisecond) }

func clientsOf(target *Target) *awsclients.Clients { return awsclients.New(target.Config) }

// onAccount replaces the stack of the scene's sandbox by the one that a run on AWS makes, with a state, a passphrase and
// a settings file of its own. Only the plugins and the endpoints are the sandbox's. It returns the variables that lead
// to the plugins.
func (s *scene) onAccount() (plugins []string) {
	s.t.Helper()
	inSandbox := s.Target
	account := Account{ID: s.Account, Region: s.Region, Partition: s.Partition, Config: s.Config}
	target, err := account.Target(s.t.Context(), s.options.Root, s.options.Folder, s.Name, s.CLI)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, entry := range inSandbox.Environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "PULUMI_DEBUG_") || name == "PULUMI_HOME" || name == "PATH" || strings.HasPrefix(name, "AWS_") {
			plugins = append(plugins, entry)
		}
	}
	own, endpoints := s.settings(target.SettingsFile), s.settings(inSandbox.SettingsFile)
	for key, value := range own["config"].(object) {
		endpoints["config"].(object)[key] = value
	}
	own["config"] = endpoints["config"]
	text, err := yaml.Marshal(own)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(target.SettingsFile, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	target.Environment = append(target.Environment, plugins...)
	target.Containers, target.CreatedService, target.Patience = nil, inSandbox.CreatedService, 0
	s.Target = target
	return plugins
}

// settings reads a stack's settings file.
func (s *scene) settings(path string) object {
	s.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	var settings object
	if err := yaml.Unmarshal(text, &settings); err != nil {
		s.t.Fatal(err)
	}
	return settings
}

func TestTheStackThatARunOnAWSMakesIsFinishedByItsCommands(t *testing.T) {
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "another stack's")
	t.Setenv("PULUMI_STACK", "another")
	s := newScene(t, false)
	s.plugins = s.onAccount()
	s.provider.Inject(faultproxy.Rule{Action: "DeleteRepository", Fault: faultproxy.InternalError})
	result := s.run(s.interruptedAt("[ 6/"))
	if got := verdicts(result); got["read every resource back"] != Passed || got[destroyStep] != Failed || !result.Remains {
		t.Errorf("the verdicts are %v", got)
	}
	passphrase, err := os.ReadFile(filepath.Join(s.options.Folder, "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{s.options.Report, filepath.Join(s.options.Folder, commandsFile), filepath.Join(s.options.Folder, "log")} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(passphrase) < 20 || bytes.Contains(text, passphrase) {
			t.Errorf("%s has the passphrase in it", file)
		}
	}
	s.provider.Heal()
	s.finish()
	if left := s.left(); len(left) > 0 {
		t.Errorf("left after the commands: %q", left)
	}
}
