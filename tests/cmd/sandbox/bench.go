package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandbox"
)

// defaultRounds is how often bench measures everything when it is not told.
const defaultRounds = 5

// emptyProgram creates nothing. What it takes is the price of the engine and of starting a Go program.
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

// unchangedPreview is the preview of a stack that is as the program has it.
var unchangedPreview = []string{"preview", "--expect-no-changes"}

// operations are what bench measures, in the order of a round: each leaves what the next one starts from.
var operations = []struct {
	name      string
	arguments []string
	// goal is the longest median that is acceptable for the program, and ratio the highest multiple of the
	// empty program's. Zero means that there is no such goal.
	goal  time.Duration
	ratio float64
}{
	{name: "up from nothing", arguments: []string{"up", "--yes", "--skip-preview"}, goal: 8 * time.Second},
	{name: "unchanged preview", arguments: unchangedPreview, ratio: 1.5},
	{name: "destroy", arguments: []string{"destroy", "--yes", "--skip-preview"}, goal: 8 * time.Second},
}

// latency is what bench puts between the provider and the emulator for one more row: about the way from Europe to
// a region in the United States.
const latency = 100 * time.Millisecond

// distantRow names that row.
var distantRow = fmt.Sprintf("unchanged preview, %d ms from AWS", latency.Milliseconds())

// bench measures the program and an empty one in turn, in sandboxes of their own, and prints the medians. A
// missed goal is printed, and is no error: another machine is another measurement.
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
	distant, err := startDistant(ctx, place, filepath.Join(folder, "sandbox-distant"))
	if err != nil {
		return err
	}
	defer func() { _ = distant.Close() }()
	var distantPreviews []time.Duration
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
		took, err := measure(ctx, &distant.Stack, unchangedPreview)
		if err != nil {
			return err
		}
		if round > 0 {
			distantPreviews = append(distantPreviews, took)
		}
	}
	fmt.Printf("\nMedians of %d rounds, %d CPUs, %s/%s\n\n", rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	return report(os.Stdout, measured[0], measured[1], distantPreviews)
}

// startDistant deploys the program in a sandbox whose emulator is far away.
func startDistant(ctx context.Context, place place, dir string) (*sandbox.Sandbox, error) {
	var proxy *faultproxy.Proxy
	distant, err := sandbox.Start(ctx, sandbox.Options{
		Root: place.root, Dir: dir, BinDir: place.bin(), ToolModule: place.tests(), Progress: os.Stderr,
		ProviderEndpoint: func(emulator string) (_ string, err error) {
			if proxy, err = faultproxy.Start(emulator); err != nil {
				return "", err
			}
			context.AfterFunc(ctx, func() { _ = proxy.Close() })
			return proxy.URL(), nil
		},
	})
	if err != nil {
		return nil, err
	}
	if _, err := measure(ctx, &distant.Stack, operations[0].arguments); err != nil {
		return nil, errors.Join(err, distant.Close())
	}
	proxy.Inject(faultproxy.Rule{Fault: faultproxy.Delay, Pause: latency})
	return distant, nil
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

// report prints the median of each operation, for the program and for the empty one, how they compare, and the
// preview of the program from far away.
func report(output io.Writer, program, empty [][]time.Duration, distant []time.Duration) error {
	table := tabwriter.NewWriter(output, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "\tprogram\tempty program\tratio\tgoal\t")
	for i, operation := range operations {
		whole, floor := median(program[i]), median(empty[i])
		ratio := whole.Seconds() / floor.Seconds()
		goal, met := "", true
		if operation.goal > 0 {
			goal, met = fmt.Sprintf("at most %.0f s", operation.goal.Seconds()), whole <= operation.goal
		}
		if operation.ratio > 0 {
			goal, met = fmt.Sprintf("ratio at most %.1f", operation.ratio), ratio <= operation.ratio
		}
		verdict := "met"
		if !met {
			verdict = "MISSED"
		}
		fmt.Fprintf(table, "%s\t%.2f s\t%.2f s\t%.2f\t%s\t%s\n",
			operation.name, whole.Seconds(), floor.Seconds(), ratio, goal, verdict)
	}
	fmt.Fprintf(table, "%s\t%.2f s\t\t\t\t\n", distantRow, median(distant).Seconds())
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
