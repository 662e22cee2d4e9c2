package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"mediaserver/tests/internal/sandbox"
)

// defaultRounds is how often bench measures everything by default.
const defaultRounds = 5

// emptyProgram creates nothing, so it takes as long as the engine and the start of a Go program take.
const emptyProgram = `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(*pulumi.Context) error { return nil })
}
`

const emptyProject = `name: empty
runtime:
  name: go
  options:
    buildTarget: bin/empty
`

// operations are what bench measures, in the order of a round: each leaves what the next one starts from.
var operations = []struct {
	name      string
	arguments []string
}{
	{"up from nothing", []string{"up", "--yes", "--skip-preview"}},
	{"unchanged preview", []string{"preview", "--expect-no-changes"}},
	{"destroy", []string{"destroy", "--yes", "--skip-preview"}},
}

// bench measures the program and an empty one in turn, on stacks in a sandbox of its own, and prints the medians.
func bench(ctx context.Context, place place, arguments []string) error {
	rounds := defaultRounds
	if len(arguments) > 0 {
		var err error
		if rounds, err = strconv.Atoi(arguments[0]); err != nil || rounds < 1 {
			return misused("bench takes the number of rounds, at least 1, not %q", arguments[0])
		}
	}
	// The Go tool does not take a folder with a dot for a package of the repository.
	folder, err := os.MkdirTemp(filepath.Join(place.root, "bin"), ".bench-")
	if err != nil {
		return fmt.Errorf("create a folder for the measurement: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	fmt.Fprintln(os.Stderr, "Measuring in a sandbox of its own; one that is up stays as it is.")
	if err := sandbox.Prepare(ctx, place.root); err != nil {
		return err
	}
	running, err := sandbox.Start(ctx, sandbox.Options{Root: place.root, Dir: filepath.Join(folder, "sandbox")})
	if err != nil {
		return err
	}
	defer func() { _ = running.Close() }()
	empty, err := emptyStack(ctx, &running.Stack, folder)
	if err != nil {
		return err
	}
	programs := []*sandbox.Stack{&running.Stack, empty}
	measured := make([][2][]time.Duration, len(operations))
	// The first round fills caches and is not counted.
	for round := range rounds + 1 {
		if round == 0 {
			fmt.Fprintln(os.Stderr, "Warming up (about 5 seconds) ...")
		} else {
			fmt.Fprintf(os.Stderr, "Round %d of %d (about 5 seconds) ...\n", round, rounds)
		}
		for i, stack := range programs {
			for j, operation := range operations {
				took, err := measure(ctx, stack, operation.arguments)
				if err != nil {
					return err
				}
				if round > 0 {
					measured[j][i] = append(measured[j][i], took)
				}
			}
		}
	}
	fmt.Printf("\nMedians of %d rounds, %d CPUs, %s/%s\n\n", rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "\tprogram\tempty program\tratio\t")
	for i, operation := range operations {
		whole, floor := median(measured[i][0]).Seconds(), median(measured[i][1]).Seconds()
		fmt.Fprintf(table, "%s\t%.2f s\t%.2f s\t%.2f\t\n", operation.name, whole, floor, whole/floor)
	}
	return table.Flush()
}

// measure runs the CLI once and returns how long that took, its start and end included.
func measure(ctx context.Context, stack *sandbox.Stack, arguments []string) (time.Duration, error) {
	started := time.Now()
	result, err := stack.Pulumi(ctx, arguments...)
	took := time.Since(started)
	if err != nil {
		return 0, err
	}
	if result.ExitCode != 0 {
		return 0, fmt.Errorf("pulumi %s: exit status %d\n%s%s", arguments[0], result.ExitCode, result.Stdout, result.Stderr)
	}
	return took, nil
}

// median is the middle of the durations.
func median(durations []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(durations))[len(durations)/2]
}

// emptyStack makes a stack of the empty program beside the real one's. In a folder of the repository it has the same
// SDK.
func emptyStack(ctx context.Context, real *sandbox.Stack, folder string) (*sandbox.Stack, error) {
	for name, text := range map[string]string{"main.go": emptyProgram, "Pulumi.yaml": emptyProject} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("write an empty program: %w", err)
		}
	}
	beside := *real
	beside.Root, beside.Project = folder, "empty"
	return beside.NewStack(ctx, "empty", nil)
}
