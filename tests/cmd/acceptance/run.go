// Package acceptance proves the whole on an AWS account: it deploys a stack of its own, tries everything that the
// documents promise, takes everything away again, and writes down what it saw.
//
// The same run works with a sandbox as its AWS. Steps that need running containers are left out there, unless the
// target has something that runs them.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/readback"
)

// RunTag is the tag by which everything that a run made can be found. Its value is the run's name.
const RunTag = "AcceptanceRun"

// NewName makes the name of a run, one that no other has. Every physical name begins with it, so it keeps to the
// rules of the setting name.
func NewName() string { return "acceptance-" + strings.ToLower(rand.Text()[:8]) }

// Options say how to run.
type Options struct {
	// Root is the folder of Pulumi.yaml, the program's.
	Root string
	// Folder takes the run's log and the script that finishes it by hand. It exists.
	Folder string
	// Report is the file that the report goes to.
	Report string
	// ShowAccount lets the report name the account. Otherwise its number is left out.
	ShowAccount bool
	// Output is where people read how the run goes on.
	Output io.Writer
	// Abandon is closed when nobody wants to wait any longer, not even for things to be taken away.
	Abandon <-chan struct{}
}

// Result is how a run ended.
type Result struct {
	// Steps are all steps in their order.
	Steps []StepResult
	// Remains tells that something that costs money may still be there. The commands that take it away were printed.
	Remains bool
	// Interrupted tells that the run was not allowed to end its steps.
	Interrupted bool
}

// Passed tells whether every step passed that was not left out.
func (r Result) Passed() bool {
	passed := !r.Remains && !r.Interrupted
	for _, step := range r.Steps {
		passed = passed && (step.Verdict == Passed || step.Verdict == LeftOut)
	}
	return passed
}

// run is an acceptance run under way.
type run struct {
	Options
	target  *Target
	stack   *stack
	clients *awsclients.Clients
	// settings are those of the stack at this moment, without those that are as in the guide.
	settings map[string]any
	// outputs are the last ones that are known of the stack.
	outputs map[string]any
	// version is the one that the application should answer with at this moment.
	version string
	started time.Time
	results []StepResult
	// remains tells that not everything was seen to be gone.
	remains bool
}

// Run runs the acceptance on a target. When the context ends, it stops the current step, takes everything away and
// returns. An error without steps means that the run could not begin, and nothing was made.
func Run(ctx context.Context, target *Target, options Options) (Result, error) {
	log, err := os.OpenFile(filepath.Join(options.Folder, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return Result{}, fmt.Errorf("open the log of the run: %w", err)
	}
	defer func() { _ = log.Close() }()
	r := &run{
		Options: options, target: target, started: time.Now(), clients: awsclients.New(target.Config),
		stack: &stack{
			processes: processes{environment: target.Environment, folder: options.Root, log: log, abandon: options.Abandon},
			cli:       target.CLI, settings: target.SettingsFile,
		},
		// As for a first deployment (docs/operating.md): everything, and no task before there is an image.
		settings: map[string]any{"name": target.Name, "desiredCount": 0, "minCapacity": 0},
	}
	if err := r.writeScript(); err != nil {
		return Result{}, err
	}
	if err := r.stack.configure(ctx, r.firstSettings()); err != nil {
		return Result{}, fmt.Errorf("write the settings of the stack: %w", err)
	}
	for _, step := range steps {
		r.perform(ctx, step)
	}
	interrupted := ctx.Err() != nil
	if interrupted {
		fmt.Fprintln(r.Output, "\nInterrupted. Everything that was made is taken away now; once more, and the run stops at "+
			"once and prints the commands that do it.")
	}
	// Taking away does not depend on whether somebody still waits for the steps.
	r.takeAway(context.WithoutCancel(ctx))

	result := Result{Steps: r.results, Remains: r.remains, Interrupted: interrupted}
	r.conclude(result)
	return result, r.writeReport(result)
}

// firstSettings are what the stack's settings file says beside the region.
func (r *run) firstSettings() map[string]string {
	settings := map[string]string{}
	for key, value := range r.settings {
		settings["mediaserver:"+key] = fmt.Sprint(value)
	}
	for key, value := range r.tags() {
		settings["aws:defaultTags.tags."+key] = value
	}
	return settings
}

// tags are the tags of everything that can have tags.
func (r *run) tags() map[string]string {
	return map[string]string{
		"Project": "mediaserver", "Environment": "acceptance", "ManagedBy": "Pulumi", RunTag: r.target.Name,
	}
}

// deployed is the stack as it should be at this moment.
func (r *run) deployed() readback.Stack {
	return readback.Stack{
		Account: r.target.Account, Region: r.target.Region, Partition: r.target.Partition,
		Settings: r.settings, Tags: r.tags(), Outputs: r.outputs,
	}
}

// conclude says how it ended.
func (r *run) conclude(result Result) {
	counts := map[Verdict]int{}
	for _, step := range result.Steps {
		counts[step.Verdict]++
	}
	fmt.Fprintf(r.Output, "\n%s: %d of %d steps passed", strings.ToUpper(result.verdict()), counts[Passed], len(result.Steps))
	for _, verdict := range []Verdict{Failed, NotRun, LeftOut} {
		if counts[verdict] > 0 {
			fmt.Fprintf(r.Output, ", %d %s", counts[verdict], verdict)
		}
	}
	fmt.Fprintf(r.Output, ", in %s.\n", lasted(time.Since(r.started)))
	if result.Remains {
		fmt.Fprintf(r.Output, "\nSOMETHING IS LEFT in the account. This takes it away:\n\n  sh %s\n\nIts commands:\n\n%s\n",
			r.scriptPath(), indent(r.script()))
	} else {
		fmt.Fprintln(r.Output, "Nothing of the run is left in the account.")
	}
	fmt.Fprintf(r.Output, "Report: %s\n", r.Report)
}

// verdict is the run's verdict in a word.
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

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
