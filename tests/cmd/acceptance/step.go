package main

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
	// about is how many minutes it takes on AWS, estimated from the documents of AWS and the provider. It may take six
	// times as long, and ten minutes more.
	about float64
	// needs are the names of the steps that must have passed before.
	needs []string
	// containers tells that the step needs running containers.
	containers bool
	// do does it. The notes go beside the verdict.
	do func(*run, context.Context) (notes string, err error)
}

// limit is how long the step may take, so that a run does not wait forever.
func (s step) limit() time.Duration { return minutes(6*s.about + 10) }

func minutes(count float64) time.Duration { return time.Duration(count * float64(time.Minute)) }

// About is how long a run takes on AWS: the sum of what its steps take.
func About() time.Duration {
	var total time.Duration
	for _, step := range allSteps() {
		total += minutes(step.about)
	}
	return total
}

// Steps lists the steps.
func Steps() string {
	var text strings.Builder
	for i, step := range allSteps() {
		fmt.Fprintf(&text, "  %2d. %s\n", i+1, step.name)
	}
	return text.String()
}

func allSteps() []step { return slices.Concat(steps, lastSteps) }

// perform runs one step, and records and prints its verdict.
func (r *run) perform(ctx context.Context, step step) {
	fmt.Fprintf(r.Output, "[%2d/%d] %-52s", len(r.results)+1, len(allSteps()), step.name)
	fmt.Fprintf(r.stack.log, "\n==== %s\n", step.name)
	result := StepResult{Name: step.name}
	if reason := r.obstacle(ctx, step); reason != "" {
		result.Verdict, result.Notes = NotRun, reason
	} else if step.containers && r.target.Containers == nil {
		result.Verdict, result.Notes = LeftOut, "needs running containers; the sandbox has none"
	} else {
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, step.limit())
		notes, err := step.do(r, limited)
		if errors.Is(limited.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("not done within %s (it takes about %s): %w", lasted(step.limit()), lasted(minutes(step.about)), err)
		}
		cancel()
		result.Verdict, result.Notes, result.Took = Passed, notes, time.Since(began)
		if err != nil {
			result.Verdict, result.Notes = Failed, err.Error()
		}
	}
	r.results = append(r.results, result)
	first, rest, _ := strings.Cut(result.Notes, "\n")
	fmt.Fprintf(r.Output, "%-9s %8s  %s\n", result.Verdict, lasted(result.Took), first)
	if rest != "" {
		fmt.Fprintln(r.Output, indent(indent(rest)))
	}
}

// obstacle is why a step cannot be run. Empty if it can.
func (r *run) obstacle(ctx context.Context, step step) string {
	if ctx.Err() != nil {
		return "the run was interrupted before"
	}
	for _, result := range r.results {
		if slices.Contains(step.needs, result.Name) && result.Verdict != Passed && result.Verdict != LeftOut {
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
			return fmt.Errorf("%w: %w", errInterrupted, obstacle)
		case <-time.After(r.target.Patience):
		}
	}
}

// errInterrupted is why a step ended that was stopped from outside.
var errInterrupted = errors.New("interrupted")

// lasted writes a duration as people say it. Empty for none.
func lasted(duration time.Duration) string {
	switch duration = duration.Round(time.Second / 10); {
	case duration == 0:
		return ""
	case duration < time.Minute:
		return fmt.Sprintf("%.1f s", duration.Seconds())
	default:
		return fmt.Sprintf("%d min %d s", int(duration.Minutes()), int(duration.Seconds())%60)
	}
}
