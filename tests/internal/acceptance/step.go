package acceptance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is what became of a step.
type Verdict string

const (
	// Passed steps showed what they should.
	Passed Verdict = "passed"
	// Failed steps did not.
	Failed Verdict = "failed"
	// NotRun steps need one that has not passed, or come after an interruption.
	NotRun Verdict = "not run"
	// LeftOut steps cannot be run on this target.
	LeftOut Verdict = "left out"
)

// StepResult is a step that has been decided.
type StepResult struct {
	// Name is what the step does.
	Name string
	// Verdict is what became of it.
	Verdict Verdict
	// Took is how long it took.
	Took time.Duration
	// Notes are what it found, or why it did not pass.
	Notes string
}

// step is one step of the run.
type step struct {
	name string
	// about is how long it takes on AWS, and limit how long it may take.
	about, limit time.Duration
	// needs are the names of the steps that must have passed before.
	needs []string
	// containers tells that the step needs running containers.
	containers bool
	// do does it. The notes go beside the verdict.
	do func(*run, context.Context) (notes string, err error)
}

// noContainers is why steps with containers are left out.
const noContainers = "needs running containers; the sandbox has none"

// try runs the steps, as far as they can be run.
func (r *run) try(ctx context.Context) {
	for _, step := range steps {
		r.perform(ctx, step)
	}
}

// perform runs one step and notes its verdict.
func (r *run) perform(ctx context.Context, step step) {
	position := fmt.Sprintf("[%2d/%d] %-58s", len(r.results)+1, len(steps)+len(lastSteps), step.name)
	fmt.Fprint(r.Output, position)
	fmt.Fprintf(r.log, "\n==== %s\n", step.name)
	began := time.Now()
	result := StepResult{Name: step.name}
	if reason := r.obstacle(ctx, step); reason != "" {
		result.Verdict, result.Notes = NotRun, reason
	} else if step.containers && r.target.Containers == nil {
		result.Verdict, result.Notes = LeftOut, noContainers
	} else {
		limited, cancel := context.WithTimeout(ctx, step.limit)
		notes, err := step.do(r, limited)
		if errors.Is(limited.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("not done within %s (it takes about %s): %w", lasted(step.limit), lasted(step.about), err)
		}
		cancel()
		result.Verdict, result.Notes, result.Took = Passed, notes, time.Since(began)
		if err != nil {
			result.Verdict, result.Notes = Failed, err.Error()
		}
	}
	result.Notes = r.log.redact(result.Notes)
	r.results = append(r.results, result)
	r.show(result)
}

// show prints the verdict of a step behind its name.
func (r *run) show(result StepResult) {
	first, rest, _ := strings.Cut(result.Notes, "\n")
	fmt.Fprintf(r.Output, "%-9s", result.Verdict)
	if result.Verdict == Passed || result.Verdict == Failed {
		fmt.Fprintf(r.Output, " %8s", lasted(result.Took))
	}
	if first != "" {
		fmt.Fprintf(r.Output, "  %s", first)
	}
	fmt.Fprintln(r.Output)
	if rest != "" {
		fmt.Fprintln(r.Output, strings.TrimRight(indent(indent(rest)), "\n"))
	}
}

// obstacle is why a step cannot be run. Empty if it can.
func (r *run) obstacle(ctx context.Context, step step) string {
	if ctx.Err() != nil {
		return "the run was interrupted before"
	}
	for _, needed := range step.needs {
		at := slices.IndexFunc(r.results, func(result StepResult) bool { return result.Name == needed })
		// A step that is left out itself leaves the decision to the target.
		if at >= 0 && r.results[at].Verdict != Passed && r.results[at].Verdict != LeftOut {
			return fmt.Sprintf("needs %q, which has not passed", needed)
		}
	}
	return ""
}

// lasted writes a duration as people say it.
func lasted(duration time.Duration) string {
	duration = duration.Round(time.Second / 10)
	if duration < time.Minute {
		return fmt.Sprintf("%.1f s", duration.Seconds())
	}
	if seconds := int(duration.Seconds()) % 60; seconds > 0 {
		return fmt.Sprintf("%d min %d s", int(duration.Minutes()), seconds)
	}
	return fmt.Sprintf("%d min", int(duration.Minutes()))
}
