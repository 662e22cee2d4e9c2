// Command test-progress reads what `go test -json` prints, and says which package is running, how each has ended and how
// long it took. If a package fails, it shows what the failed tests printed.
//
// go test itself is silent about a package until all that it began before have ended.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is what `go test -json` prints (go doc test2json, go help buildjson).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func main() {
	if err := follow(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "test-progress:", err)
		os.Exit(1)
	}
}

// follow reports the events until there are no more. The error says what has failed, or that there was nothing.
func follow(events io.Reader, report io.Writer) error {
	// The output of each test, by its package and name; "" is the name of the package's own.
	outputs := map[[2]string]string{}
	passed, failed, running := 0, 0, 0
	for decoder := json.NewDecoder(events); ; {
		var now event
		err := decoder.Decode(&now)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
		output := [2]string{now.Package, now.Test}
		switch {
		case now.Action == "build-output":
			fmt.Fprint(report, now.Output)
		case now.Action == "start":
			running++
			fmt.Fprintf(report, "...     %s\n", now.Package)
		case now.Action == "output" && !strings.HasPrefix(now.Output, "=== "):
			outputs[output] += now.Output
		case now.Action == "pass" && now.Test != "":
			delete(outputs, output)
		case now.Action == "fail" && now.Test != "":
			fmt.Fprint(report, outputs[output])
		case now.Test != "":
		case now.Action == "pass" || now.Action == "skip":
			running, passed = running-1, passed+1
			fmt.Fprintf(report, "ok      %s  %.0f s\n", now.Package, now.Elapsed)
		case now.Action == "fail":
			running, failed = running-1, failed+1
			fmt.Fprintf(report, "%sFAIL    %s  %.0f s\n", outputs[output], now.Package, now.Elapsed)
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d packages failed", failed, failed+passed)
	case running > 0:
		return fmt.Errorf("go test ended while %d packages were running", running)
	case passed == 0:
		return errors.New("go test ran no package")
	}
	return nil
}
