// Command acceptance tests everything on AWS, in a stack of its own that it destroys afterwards.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/term"

	"mediaserver/tests/internal/install"
	"mediaserver/tools/arguments"
)

const usage = `Usage: scripts/acceptance [--yes] [--report FILE]

Tests everything on AWS, in the account of the environment's credentials: deploys a stack of its own, tries what
the documents promise, and destroys all of it. First it says what it will do, where, how long that takes and what it
costs, and asks.

  --yes            do not ask
  --report FILE    where the report goes (default: .acceptance/NAME.md)
  --help           print this

It needs on PATH: pulumi, aws, go. Pulumi installs its plugins itself.

Exit codes:
   0  every step passed, and nothing is left
   1  a step failed; nothing is left
   2  wrong usage, or nobody agreed
   3  a needed program is missing, or the run could not begin; nothing was created
   4  SOMETHING IS LEFT in the account; the commands that destroy it were printed
 130  interrupted; nothing is left
`

// Exit codes, as the usage tells them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitCannotBegin = 3
	exitRemains     = 4
	exitInterrupted = 130
)

func main() {
	code, err := start(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: %v\n", err)
	}
	os.Exit(code)
}

func start(words []string) (code int, err error) {
	options := Options{Output: os.Stdout}
	var yes bool
	flags := arguments.Flags("acceptance")
	flags.BoolVar(&yes, "yes", false, "")
	flags.StringVar(&options.Report, "report", "", "")
	others, err := arguments.Parse(flags, words)
	if errors.Is(err, arguments.ErrHelp) {
		fmt.Print(usage)
		return 0, nil
	}
	if err != nil {
		return exitUsage, err
	}
	if len(others) > 0 {
		return exitUsage, fmt.Errorf("unexpected argument %q; see --help", others[0])
	}
	var missing []string
	for _, program := range []string{"pulumi", "aws", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		return exitCannotBegin, fmt.Errorf("not on PATH: %s", strings.Join(missing, ", "))
	}
	if options.Root, err = install.Repository(); err != nil {
		return exitCannotBegin, err
	}
	name := newName()
	options.Folder = filepath.Join(options.Root, ".acceptance", name)
	if options.Report == "" {
		options.Report = options.Folder + ".md"
	}
	ctx, abandoned := interruptible()
	options.Abandoned = abandoned
	account, err := findAccount(ctx)
	if err != nil {
		return exitCannotBegin, err
	}
	fmt.Print(account.Plan(ctx, name, options))
	if !yes && !agreed(ctx) {
		return exitUsage, nil
	}
	target, err := account.Target(ctx, name, "pulumi", options, nil)
	if err != nil {
		return exitCannotBegin, err
	}
	result, err := Run(ctx, target, options)
	return finish(result, err, options.Folder), err
}

// finish returns the exit code, and removes the folder of a run that passed.
func finish(result Result, err error, folder string) int {
	switch {
	case err != nil && len(result.Steps) == 0:
		return exitCannotBegin
	case err == nil && result.Passed():
		if err := os.RemoveAll(folder); err != nil {
			fmt.Fprintf(os.Stderr, "acceptance: remove the folder of the run: %v\n", err)
		}
		return 0
	}
	fmt.Printf("All that the programs printed: %s\n", filepath.Join(folder, "log"))
	switch {
	case result.Remains:
		return exitRemains
	case result.Interrupted:
		return exitInterrupted
	}
	return exitFailed
}

// interruptible returns a context that ends with the first interrupt, and one that ends with the second.
func interruptible() (ctx, abandoned context.Context) {
	abandoned, abandon := context.WithCancelCause(context.Background())
	ctx, interrupt := context.WithCancelCause(abandoned)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		interrupt(errInterrupted)
		<-signals
		abandon(errInterrupted)
	}()
	return ctx, abandoned
}

// agreed asks on the terminal whether to begin. Without a terminal nobody can agree.
func agreed(ctx context.Context) bool {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprintln(os.Stderr, "\nacceptance: there is no terminal to ask on; begin with --yes")
		return false
	}
	fmt.Print("\nBegin? Only \"yes\" begins: ")
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answers <- strings.TrimSpace(line)
	}()
	select {
	case answer := <-answers:
		if answer == "yes" {
			return true
		}
	case <-ctx.Done():
		fmt.Println()
	}
	fmt.Println("Nothing was created.")
	return false
}
