package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/readback"
)

// runTag is the tag on everything that a run creates. Its value is the run's name.
const runTag = "AcceptanceRun"

// newName returns a unique name for a run. Every physical name begins with it, so it follows the rules of the setting name.
func newName() string { return "acceptance-" + strings.ToLower(rand.Text()[:8]) }

// Options say how to run.
type Options struct {
	// Root is the folder of Pulumi.yaml, the program's.
	Root string
	// Folder holds the run's state, its log and the script that destroys everything.
	Folder string
	// Report is the file that the report goes to.
	Report string
	// Output shows the progress.
	Output io.Writer
	// Abandoned ends when the user does not want to wait for anything any longer, not even for destroy.
	Abandoned context.Context
}

// Verdict is what became of a step.
type Verdict string

const (
	// Passed steps showed what they should.
	Passed Verdict = "passed"
	// Failed steps did not.
	Failed Verdict = "failed"
	// NotRun steps need one that has not passed, or come after an interruption.
	NotRun Verdict = "not run"
)

// stepResult is a step that has been decided.
type stepResult struct {
	// Name is what the step does.
	Name string
	// Verdict is what became of it.
	Verdict Verdict
	// Took is how long it took.
	Took time.Duration
	// Notes are what it found, or why it did not pass.
	Notes string
}

// Result is how a run ended.
type Result struct {
	// Steps are all steps in their order.
	Steps []stepResult
	// Remains tells that something may be left in the account. The commands that destroy it were printed.
	Remains bool
	// Interrupted tells that the user stopped the run.
	Interrupted bool
}

// Passed tells whether every step passed.
func (r Result) Passed() bool {
	return !r.Remains && !r.Interrupted &&
		!slices.ContainsFunc(r.Steps, func(step stepResult) bool { return step.Verdict != Passed })
}

// verdict is how the run ended, in a word.
func (r Result) verdict() string {
	switch {
	case r.Interrupted:
		return "interrupted"
	case r.Passed():
		return "passed"
	default:
		return "failed"
	}
}

// run is an acceptance run under way.
type run struct {
	Options
	*Target
	clients *awsclients.Clients
	// log takes all that the programs print.
	log io.Writer
	// settings are those of the stack's settings that differ from the guide's.
	settings map[string]any
	// outputs are the stack's, as of the last up.
	outputs map[string]any
	// version is the one that the application should answer with now.
	version string
	started time.Time
	results []stepResult
	// remains is false once everything was seen to be gone.
	remains bool
}

// Run runs the acceptance on a target: it deploys a stack of its own, tries what the documents promise, destroys everything
// and writes the report. When the context ends, it stops the current step and goes on with destroy. An error without steps
// means that the run could not begin and nothing was created.
func Run(ctx context.Context, target *Target, options Options) (Result, error) {
	log, err := os.OpenFile(filepath.Join(options.Folder, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return Result{}, fmt.Errorf("open the log of the run: %w", err)
	}
	defer func() { _ = log.Close() }()
	r := &run{
		Options: options, Target: target, clients: awsclients.New(target.Config), log: log,
		settings: firstSettings(target.Name), started: time.Now(), remains: true,
	}
	// It is there before anything is created, for a run that is killed.
	if err := os.WriteFile(r.scriptPath(), []byte(r.script()), 0o600); err != nil {
		return Result{}, fmt.Errorf("write the commands that destroy everything: %w", err)
	}
	for _, step := range steps {
		r.perform(ctx, step)
	}
	interrupted := ctx.Err() != nil
	if interrupted {
		fmt.Fprintln(r.Output, "\nInterrupted. The run now destroys everything that it created. Interrupt it again to stop at once; "+
			"it then prints the commands that destroy everything.")
	}
	for _, step := range lastSteps {
		r.perform(r.Abandoned, step)
	}
	result := Result{Steps: r.results, Remains: r.remains, Interrupted: interrupted}
	r.conclude(result)
	return result, r.writeReport(result)
}

// stepLimit is how long a step may take: several times as long as the slowest one, which deletes the load balancer.
const stepLimit = time.Hour

var (
	errInterrupted = errors.New("interrupted")
	errTooLong     = fmt.Errorf("not done within %s", stepLimit)
)

// perform runs one step, and records and prints its verdict.
func (r *run) perform(ctx context.Context, step step) {
	fmt.Fprintf(r.Output, "[%2d/%d] %-52s", len(r.results)+1, len(allSteps()), step.name)
	fmt.Fprintf(r.log, "\n==== %s\n", step.name)
	result := stepResult{Name: step.name, Verdict: NotRun, Notes: r.obstacle(ctx, step)}
	if result.Notes == "" {
		began := time.Now()
		limited, cancel := context.WithTimeoutCause(ctx, stepLimit, errTooLong)
		notes, err := step.do(r, limited)
		cancel()
		result.Verdict, result.Notes, result.Took = Passed, notes, time.Since(began)
		if err != nil {
			result.Verdict, result.Notes = Failed, err.Error()
		}
	}
	r.results = append(r.results, result)
	fmt.Fprintf(r.Output, "%-9s %8s  %s\n", result.Verdict, lasted(result.Took), strings.ReplaceAll(result.Notes, "\n", "\n    "))
}

// obstacle is why a step cannot be run. Empty if it can.
func (r *run) obstacle(ctx context.Context, step step) string {
	if ctx.Err() != nil {
		return "the run was interrupted before"
	}
	for _, result := range r.results {
		if result.Name == step.needs && result.Verdict != Passed {
			return fmt.Sprintf("needs %q, which has not passed", result.Name)
		}
	}
	return ""
}

// await looks again and again until there is no obstacle, or until the step's time is over.
func (r *run) await(ctx context.Context, look func() error) error {
	for {
		obstacle := look()
		if obstacle == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), obstacle)
		case <-time.After(r.Patience):
		}
	}
}

// deployed is the stack as it should be now.
func (r *run) deployed() readback.Stack {
	return readback.Stack{
		Account: r.ID, Region: r.Region, Partition: r.Partition, Settings: r.settings, Tags: r.tags(), Outputs: r.outputs,
	}
}

// conclude prints how the run ended.
func (r *run) conclude(result Result) {
	counts := map[Verdict]int{}
	for _, step := range result.Steps {
		counts[step.Verdict]++
	}
	fmt.Fprintf(r.Output, "\n%s: of %d steps %d passed, %d failed, %d were not run, in %s.\n", strings.ToUpper(result.verdict()),
		len(result.Steps), counts[Passed], counts[Failed], counts[NotRun], lasted(time.Since(r.started)))
	if result.Remains {
		fmt.Fprintf(r.Output, "\nSOMETHING IS LEFT in the account. Destroy it with\n\n  sh %s\n\nwhich runs these commands:\n\n%s\n",
			r.scriptPath(), r.script())
	} else {
		fmt.Fprintln(r.Output, "Nothing of the run is left in the account.")
	}
	fmt.Fprintf(r.Output, "Report: %s\n", r.Report)
}

// lasted writes a duration in seconds.
func lasted(duration time.Duration) string { return duration.Round(time.Second).String() }
