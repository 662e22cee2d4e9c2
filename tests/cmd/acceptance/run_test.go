package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
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
	// shown is called with all that people could read so far.
	shown func(text string)
}

// newScene makes a scene. With containers, the service's tasks run.
func newScene(t *testing.T, withContainers bool) *scene {
	t.Helper()
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t}
	folder := t.TempDir()
	s.options = Options{
		Root: repository, Folder: folder, Report: filepath.Join(folder, "report.md"),
		Output: io.MultiWriter(&screen{scene: s}, os.Stderr), Abandoned: t.Context(),
	}
	var tasks *taskRunner
	deployed := sandboxtest.New(t, repository, func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (_ string, err error) {
			if withContainers {
				tasks = runContainers(t, emulator, folder)
				emulator = tasks.server.URL
			}
			if s.provider, err = faultproxy.Start(emulator); err != nil {
				return "", err
			}
			t.Cleanup(func() { _ = s.provider.Close() })
			return s.provider.URL(), nil
		}
	})
	account := Account{ID: sandbox.Account, Region: sandbox.Region, Partition: "aws", Config: sandbox.AWSConfig(deployed.Emulator)}
	variables := deployed.Stack.Environment().Variables
	variables["PATH"] = deployed.Path()
	delete(variables, "PULUMI_OPTION_CONFIG_FILE")
	if withContainers {
		maps.Copy(variables, tasks.variables)
		account.Config.BaseEndpoint = aws.String(tasks.server.URL)
	}
	if s.Target, err = account.Target(t.Context(), newName(), deployed.CLI, s.options, variables); err != nil {
		t.Fatal(err)
	}
	s.Patience = 50 * time.Millisecond
	if withContainers {
		s.Public = tasks.public
	}
	return s
}

// screen is what people read, and tells the test of it.
type screen struct {
	scene *scene
	text  strings.Builder
}

func (s *screen) Write(text []byte) (int, error) {
	s.text.Write(text)
	if s.scene.shown != nil {
		s.scene.shown(s.text.String())
	}
	return len(text), nil
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
	s.shown = func(shown string) {
		if strings.Contains(shown, text) {
			once.Do(do)
		}
	}
}

// whenCalled does something once the provider has called an action.
func (s *scene) whenCalled(action string, do func()) {
	go func() {
		called := func(call faultproxy.Call) bool { return call.Action == action }
		for !slices.ContainsFunc(s.provider.Calls(), called) && s.t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		do()
	}()
}

// left is what is left in the account.
func (s *scene) left() []string {
	s.t.Helper()
	r := &run{Target: s.Target, clients: awsclients.New(s.Config), settings: map[string]any{"name": s.Name}}
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
	if strings.Contains(report, s.ID) {
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
	if verdicts[upStep] != Failed || verdicts[steps[1].name] != NotRun || verdicts["destroy"] != Passed || result.Passed() {
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
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupt := func() { cancel(errInterrupted) }
	defer interrupt()
	// The up is under way as long as the cluster is being made.
	s.provider.Inject(faultproxy.Rule{Action: "CreateCluster", Fault: faultproxy.Delay, Pause: 3 * time.Second, Times: 1})
	s.whenCalled("CreateCluster", interrupt)
	result, verdicts := s.run(ctx)
	if verdicts[upStep] != Failed || verdicts[steps[1].name] != NotRun || verdicts["destroy"] != Passed || !result.Interrupted {
		t.Errorf("the verdicts are %v", verdicts)
	}
	if left := s.left(); result.Remains || len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestTheScriptTakesAwayWhatTheStateDoesNotKnow loses the state of a stack that is up, so that destroy sees nothing of what
// is left.
func TestTheScriptTakesAwayWhatTheStateDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupt := func() { cancel(errInterrupted) }
	defer interrupt()
	s.whenShown("[ 2/", func() {
		interrupt()
		empty := filepath.Join(t.TempDir(), "empty.json")
		if err := os.WriteFile(empty, []byte(`{"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}}}`), 0o600); err != nil {
			t.Error(err)
		}
		command := exec.CommandContext(t.Context(), s.CLI, "stack", "import", "--file", empty)
		command.Dir, command.Env = s.options.Folder, s.Environment.Environ()
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("lose the state: %v\n%s", err, output)
		}
	})
	result, verdicts := s.run(ctx)
	// Everything of the inventory but what lives in the state, and the revision, which is removed before the look.
	if left := s.left(); verdicts["destroy"] != Passed || !result.Remains || len(left) != 33 {
		t.Errorf("the verdicts are %v, left are %d: %q", verdicts, len(left), left)
	}
	s.finish()
}

func TestWhatNeedsAFailedStepIsNotRun(t *testing.T) {
	r := &run{Options: Options{Output: io.Discard}, log: io.Discard}
	ends := func(err error) func(*run, context.Context) (string, error) {
		return func(*run, context.Context) (string, error) { return "", err }
	}
	for _, each := range []struct {
		step
		want Verdict
	}{
		{step{"a", "", ends(nil)}, Passed},
		{step{"b", "a", ends(nil)}, Passed},
		{step{"c", "b", ends(errors.New("broken"))}, Failed},
		{step{"d", "c", nil}, NotRun},
		{step{"e", "a", ends(nil)}, Passed},
	} {
		r.perform(t.Context(), each.step)
		if got := r.results[len(r.results)-1].Verdict; got != each.want {
			t.Errorf("the step %s is %s, want %s", each.name, got, each.want)
		}
	}
	if (Result{Steps: r.results}).Passed() || !(Result{Steps: r.results[:2]}).Passed() {
		t.Error("a run passes if all its steps have passed, and only then")
	}
}
