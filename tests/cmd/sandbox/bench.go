package main

import (
	"context"
	"fmt"
	"io"
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

// bench measures the program and an empty one in turn, in sandboxes of their own, and prints the medians.
func bench(ctx context.Context, place place, arguments []string) (err error) {
	rounds := defaultRounds
	if len(arguments) > 0 {
		rounds, err = strconv.Atoi(arguments[0])
		if err != nil || rounds < 1 {
			fmt.Fprintf(os.Stderr, "sandbox: bench takes the number of rounds, at least 1, not %q; see --help\n", arguments[0])
			return exitStatus(2)
		}
	}
	folder, err := os.MkdirTemp("", "mediaserver-bench-")
	if err != nil {
		return fmt.Errorf("create a folder for the measurement: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	empty, err := writeEmptyProgram(place, filepath.Join(folder, "program"))
	if err != nil {
		return err
	}

	fmt.Fprintln(os.Stderr, "Measuring in sandboxes of its own; one that is up stays as it is.")
	var measured [2][][]time.Duration
	var stacks [2]*sandbox.Sandbox
	for i, root := range []string{place.root, empty} {
		stacks[i], err = sandbox.Start(ctx, sandbox.Options{
			Root:       root,
			Dir:        filepath.Join(folder, fmt.Sprintf("sandbox-%d", i)),
			BinDir:     place.bin(),
			ToolModule: place.tests(),
			Progress:   os.Stderr,
		})
		if err != nil {
			return err
		}
		defer func() { _ = stacks[i].Close() }()
		measured[i] = make([][]time.Duration, len(operations))
	}
	// The first round fills caches and is not counted.
	for round := range rounds + 1 {
		if round == 0 {
			fmt.Fprintln(os.Stderr, "Warming up (about 5 seconds) ...")
		} else {
			fmt.Fprintf(os.Stderr, "Round %d of %d (about 5 seconds) ...\n", round, rounds)
		}
		for i, stack := range stacks {
			for j, operation := range operations {
				took, err := measure(ctx, &stack.Stack, operation.arguments)
				if err != nil {
					return err
				}
				if round > 0 {
					measured[i][j] = append(measured[i][j], took)
				}
			}
		}
	}
	fmt.Printf("\nMedians of %d rounds, %d CPUs, %s/%s\n\n", rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	return report(os.Stdout, measured[0], measured[1])
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

// report prints the median of each operation, for the program and for the empty one, and how they compare.
func report(output io.Writer, program, empty [][]time.Duration) error {
	table := tabwriter.NewWriter(output, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "\tprogram\tempty program\tratio\t")
	for i, operation := range operations {
		whole, floor := median(program[i]).Seconds(), median(empty[i]).Seconds()
		fmt.Fprintf(table, "%s\t%.2f s\t%.2f s\t%.2f\t\n", operation.name, whole, floor, whole/floor)
	}
	return table.Flush()
}

// median is the middle of the durations, or the mean of the two in the middle.
func median(durations []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(durations))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// writeEmptyProgram writes the empty program with the SDK version of the real one.
func writeEmptyProgram(place place, folder string) (string, error) {
	files := map[string]string{"main.go": emptyProgram, "Pulumi.yaml": emptyProject}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(place.root, name))
		if err != nil {
			return "", fmt.Errorf("write an empty program: %w", err)
		}
		files[name] = string(text)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("write an empty program: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write an empty program: %w", err)
		}
	}
	return folder, nil
}
