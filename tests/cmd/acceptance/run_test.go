package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// scene is a sandbox with a run that has not begun.
type scene struct {
	t *testing.T
	*Target
	// provider stands between the aws provider and the emulator.
	provider *faultproxy.Proxy
	options  Options
	screen   *screen
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

// newScene makes a scene. With containers, the service's tasks run.
func newScene(t *testing.T, withContainers bool) *scene {
	t.Helper()
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, screen: &screen{}}
	var tasks *taskRunner
	deployed := sandboxtest.New(t, repository, func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (_ string, err error) {
			if withContainers {
				tasks = runContainers(t, emulator)
				emulator = tasks.server.URL
			}
			if s.provider, err = faultproxy.Start(emulator); err != nil {
				return "", err
			}
			t.Cleanup(func() { _ = s.provider.Close() })
			return s.provider.URL(), nil
		}
	})
	s.Target = InSandbox(deployed.Sandbox, NewName())
	if withContainers {
		tasks.lend(s.Target)
	}
	folder := t.TempDir()
	s.options = Options{Root: repository, Folder: folder, Report: filepath.Join(folder, "report.md"), Output: io.MultiWriter(s.screen, os.Stderr)}
	return s
}

// run runs the acceptance and returns the verdicts of its steps by their names.
func (s *scene) run(ctx context.Context) (Result, map[string]Verdict) {
	s.t.Helper()
	result, err := Run(ctx, s.Target, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	verdicts := map[string]Verdict{}
	for _, step := range result.Steps {
		verdicts[step.Name] = step.Verdict
	}
	return result, verdicts
}

// whenShown does something once, when the run has printed a text.
func (s *scene) whenShown(text string, do func()) {
	var once sync.Once
	s.screen.shown = func(shown string) {
		if strings.Contains(shown, text) {
			once.Do(do)
		}
	}
}

// whenCalled does something once the provider has called an action.
func (s *scene) whenCalled(action string, do func()) {
	go func() {
		for len(s.provider.Bodies(action)) == 0 && s.t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		do()
	}()
}

// left is what is left in the account.
func (s *scene) left() []string {
	s.t.Helper()
	r := &run{target: s.Target, clients: awsclients.New(s.Config), settings: map[string]any{"name": s.Name}}
	left, err := r.left(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return left
}

// finish runs the script that the run left, as a person would.
func (s *scene) finish() {
	s.t.Helper()
	if len(s.left()) == 0 {
		s.t.Fatal("nothing is left, so the script proves nothing")
	}
	s.provider.Heal()
	command := exec.CommandContext(s.t.Context(), "sh", "-e", filepath.Join(s.options.Folder, "take-away.sh"))
	// Nothing but what a person's shell has; the script itself points it at the account.
	command.Env = []string{"HOME=" + s.t.TempDir(), "PATH=" + filepath.Dir(sandboxtest.AWSCLI(s.t)) + ":" + os.Getenv("PATH")}
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("the script fails: %v\n%s", err, output)
	}
	if left := s.left(); len(left) > 0 {
		s.t.Errorf("left after the script: %q", left)
	}
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

func TestEveryStepPassesWhereTasksRun(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	result, _ := s.run(t.Context())
	for _, step := range result.Steps {
		if step.Verdict != Passed {
			t.Errorf("%q is %s: %s", step.Name, step.Verdict, step.Notes)
		}
	}
	if left := s.left(); !result.Passed() || len(result.Steps) != len(allSteps()) || len(left) > 0 {
		t.Errorf("the run ended with %+v, left is %q", result, left)
	}
	report := s.report()
	for _, want := range []string{": passed\n", "| Pulumi CLI | v", "| " + brokenStep + " | passed | ", "exit code 10", "Nothing of the run is left"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not have %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, s.Account) {
		t.Errorf("the report names the account:\n%s", report)
	}
}

// TestAFailedUpIsTakenAway also has the destroy fail at first, so that its second attempt counts.
func TestAFailedUpIsTakenAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	s.provider.Inject(faultproxy.Rule{Action: "CreateService", Fault: faultproxy.InternalError})
	// More often than the SDK tries in one attempt, and not as often as in both.
	s.provider.Inject(faultproxy.Rule{Action: "DeleteCluster", Fault: faultproxy.InternalError, Times: 8})
	result, verdicts := s.run(t.Context())
	if verdicts[upStep] != Failed || verdicts[steps[1].name] != NotRun || verdicts[destroyStep] != Passed || result.Passed() {
		t.Errorf("the verdicts are %v", verdicts)
	}
	if left := s.left(); result.Remains || len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	report := s.report()
	for _, want := range []string{": failed\n", "InternalFailure", "at the second attempt"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not have %q:\n%s", want, report)
		}
	}
}

func TestAnInterruptInTheMiddleOfUpTakesEverythingAway(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	// The up is under way as long as the cluster is being made.
	s.provider.Inject(faultproxy.Rule{Action: "CreateCluster", Fault: faultproxy.Delay, Pause: 3 * time.Second, Times: 1})
	s.whenCalled("CreateCluster", interrupt)
	result, verdicts := s.run(ctx)
	if verdicts[upStep] != Failed || verdicts[steps[1].name] != NotRun || verdicts[destroyStep] != Passed || !result.Interrupted {
		t.Errorf("the verdicts are %v", verdicts)
	}
	if left := s.left(); result.Remains || len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestASecondInterruptStopsAtOnceAndPrintsTheCommands(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	abandon := make(chan struct{})
	s.options.Abandon = abandon
	s.whenShown("[ 3/", interrupt)
	// The second interrupt comes while the first thing is being deleted.
	s.provider.Inject(faultproxy.Rule{Action: "DeleteService", Fault: faultproxy.Delay, Pause: 3 * time.Second, Times: 1})
	s.whenCalled("DeleteService", func() { close(abandon) })
	result, _ := s.run(ctx)
	printed := s.screen.text.String()
	if !result.Remains || !strings.Contains(printed, "SOMETHING IS LEFT") || !strings.Contains(printed, "destroy --yes --skip-preview") {
		t.Errorf("the run ended with %+v and printed\n%s", result, printed)
	}
}

// TestTheScriptTakesAwayWhatTheStateDoesNotKnow loses the state of a stack that is up, so that destroy sees nothing of what
// is left.
func TestTheScriptTakesAwayWhatTheStateDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	s.whenShown("[ 2/", func() {
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
	})
	result, verdicts := s.run(ctx)
	// Everything of the inventory but what lives in the state, and the revision, which is removed before the look.
	if left := s.left(); verdicts[destroyStep] != Passed || !result.Remains || len(left) != 33 {
		t.Errorf("the verdicts are %v, left are %d: %q", verdicts, len(left), left)
	}
	s.finish()
}

// TestTheStackOfARunOnAWSKeepsToItsFolder makes the stack that a run on an account makes.
func TestTheStackOfARunOnAWSKeepsToItsFolder(t *testing.T) {
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "another stack's")
	t.Setenv("PULUMI_STACK", "another")
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := install.Pulumi(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	name, folder := NewName(), t.TempDir()
	account := Account{ID: sandbox.Account, Region: sandbox.Region, Partition: "aws"}
	target, err := account.Target(t.Context(), repository, folder, name, cli)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(cli, "stack", "ls", "--json")
	command.Dir, command.Env = folder, target.Environment
	if listed, err := command.CombinedOutput(); err != nil || !strings.Contains(string(listed), name) {
		t.Errorf("the stacks are %s (%v), want %s", listed, err, name)
	}
	if !strings.Contains(target.Exports, "unset PULUMI_CONFIG_PASSPHRASE\n") {
		t.Errorf("the script does not unset what leads elsewhere:\n%s", target.Exports)
	}
	passphrase, err := os.ReadFile(filepath.Join(folder, "passphrase"))
	if err != nil || len(passphrase) < 20 || strings.Contains(target.Exports, string(passphrase)) {
		t.Errorf("the passphrase is short or in the script (%v)", err)
	}
}

func TestWhatNeedsContainersIsLeftOutWithoutThemAndWhatNeedsAFailedStepIsNotRun(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	r := &run{Options: Options{Output: io.Discard}, target: &Target{}, stack: &stack{processes: processes{log: log}}}
	ends := func(err error) func(*run, context.Context) (string, error) {
		return func(*run, context.Context) (string, error) { return "", err }
	}
	for _, each := range []struct {
		step
		want Verdict
	}{
		{step{name: "a", do: ends(nil)}, Passed},
		{step{name: "b", needs: []string{"a"}, containers: true}, LeftOut},
		{step{name: "c", needs: []string{"b"}, do: ends(nil)}, Passed},
		{step{name: "d", needs: []string{"c"}, do: ends(errors.New("broken"))}, Failed},
		{step{name: "e", needs: []string{"d"}}, NotRun},
	} {
		r.perform(t.Context(), each.step)
		if got := r.results[len(r.results)-1].Verdict; got != each.want {
			t.Errorf("the step %s is %s, want %s", each.name, got, each.want)
		}
	}
	if (Result{Steps: r.results}).Passed() || !(Result{Steps: r.results[:3]}).Passed() {
		t.Error("a run passes if all its steps have passed or were left out, and only then")
	}
}
