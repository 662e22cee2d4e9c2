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

// RunTag is the tag on everything that a run creates. Its value is the run's name.
const RunTag = "AcceptanceRun"

// NewName returns a unique name for a run. Every physical name begins with it, so it follows the rules of the setting name.
func NewName() string { return "acceptance-" + strings.ToLower(rand.Text()[:8]) }

// Options say how to run.
type Options struct {
	// Root is the folder of Pulumi.yaml, the program's.
	Root string
	// Folder holds the run's log and the script that destroys everything. It exists.
	Folder string
	// Report is the file that the report goes to.
	Report string
	// ShowAccount lets the report name the account.
	ShowAccount bool
	// Output shows the progress.
	Output io.Writer
	// Abandon is closed when the user does not want to wait for anything any longer, not even for destroy.
	Abandon <-chan struct{}
}

// Result is how a run ended.
type Result struct {
	// Steps are all steps in their order.
	Steps []StepResult
	// Remains tells that something may be left in the account. The commands that destroy it were printed.
	Remains bool
	// Interrupted tells that the user stopped the run.
	Interrupted bool
}

// Passed tells whether every step passed or was left out.
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
	// settings are those of the stack's settings that now differ from the guide's.
	settings map[string]any
	// outputs are the stack's, as of the last up.
	outputs map[string]any
	// version is the one that the application should answer with now.
	version string
	started time.Time
	results []StepResult
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
		fmt.Fprintln(r.Output, "\nInterrupted. The run now destroys everything that it created. Interrupt it again to stop at once; "+
			"it then prints the commands that destroy everything.")
	}
	// An interrupt ends the steps, not this.
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

// deployed is the stack as it should be now.
func (r *run) deployed() readback.Stack {
	return readback.Stack{
		Account: r.target.Account, Region: r.target.Region, Partition: r.target.Partition,
		Settings: r.settings, Tags: r.tags(), Outputs: r.outputs,
	}
}

// conclude prints how the run ended.
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
		fmt.Fprintf(r.Output, "\nSOMETHING IS LEFT in the account. Destroy it with\n\n  sh %s\n\nwhich runs these commands:\n\n%s\n",
			r.scriptPath(), indent(r.script()))
	} else {
		fmt.Fprintln(r.Output, "Nothing of the run is left in the account.")
	}
	fmt.Fprintf(r.Output, "Report: %s\n", r.Report)
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

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
