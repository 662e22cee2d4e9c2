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
	"time"

	"golang.org/x/term"

	"mediaserver/tests/internal/install"
	"mediaserver/tools/arguments"
)

const usage = `Usage: scripts/acceptance [--yes] [--report FILE] [--show-account]
       scripts/acceptance --sandbox [--report FILE]

Tests everything on AWS, in the account of the environment's credentials: deploys a stack of its own, tries what
the documents promise, and destroys all of it. First it says what it will do, where, how long that takes and what it
costs, and asks.

  --yes            do not ask
  --sandbox        the same in an emulated AWS on this machine, without the steps that need running containers
  --report FILE    where the report goes (default: .acceptance/NAME.md)
  --show-account   name the account in the report
  --help           print this

It needs on PATH: pulumi, aws, go, and what scripts/deploy-app needs. Pulumi installs its plugins itself.

Exit codes:
   0  every step passed, and nothing is left
   1  a step failed; nothing is left
   2  wrong usage, or nobody agreed
   3  a needed program is missing, or the run could not begin; nothing was created
   4  SOMETHING IS LEFT in the account; the commands that destroy it were printed
 130  interrupted; nothing is left
`

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitCannotBegin = 3
	exitRemains     = 4
	exitInterrupted = 130
)

func main() { os.Exit(start(os.Args[1:])) }

// command is a run of this command.
type command struct {
	yes, sandbox bool
	options      Options
}

func start(words []string) int {
	chosen := command{options: Options{Output: os.Stdout}}
	flags := arguments.Flags("acceptance")
	flags.BoolVar(&chosen.yes, "yes", false, "")
	flags.BoolVar(&chosen.sandbox, "sandbox", false, "")
	flags.BoolVar(&chosen.options.ShowAccount, "show-account", false, "")
	flags.StringVar(&chosen.options.Report, "report", "", "")
	others, err := arguments.Parse(flags, words)
	if errors.Is(err, arguments.ErrHelp) {
		fmt.Print(usage)
		return 0
	}
	if err == nil && len(others) > 0 {
		err = fmt.Errorf("unexpected argument %q; see --help", others[0])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: %v\n", err)
		return exitUsage
	}
	if chosen.options.Root, err = install.Repository(); err != nil {
		return cannotBegin(err)
	}
	name := NewName()
	chosen.options.Folder = filepath.Join(chosen.options.Root, ".acceptance", name)
	if chosen.options.Report == "" {
		chosen.options.Report = chosen.options.Folder + ".md"
	}
	var ctx context.Context
	ctx, chosen.options.Abandon = interruptible()
	if chosen.sandbox {
		return chosen.inSandbox(ctx, name)
	}
	return chosen.onAWS(ctx, name)
}

// interruptible returns a context that ends with the first interrupt, and a channel that closes with the second one.
func interruptible() (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	abandon := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		close(abandon)
	}()
	return ctx, abandon
}

// onAWS runs on the account of the environment's credentials.
func (c command) onAWS(ctx context.Context, name string) int {
	if missing := missingTools("pulumi", "aws", "go"); len(missing) > 0 {
		return cannotBegin(fmt.Errorf("not on PATH: %s", strings.Join(missing, ", ")))
	}
	cli, err := exec.LookPath("pulumi")
	if err != nil {
		return cannotBegin(err)
	}
	account, err := FindAccount(ctx)
	if err != nil {
		return cannotBegin(err)
	}
	fmt.Print(account.Plan(name, c.options.Folder, c.options.Report))
	if warning := endingCredentials(ctx, account); warning != "" {
		fmt.Printf("\n%s\n", warning)
	}
	if !c.yes && !agreed(ctx) {
		return exitUsage
	}
	if err := os.MkdirAll(c.options.Folder, 0o700); err != nil {
		return cannotBegin(fmt.Errorf("make the folder of the run: %w", err))
	}
	target, err := account.Target(ctx, c.options.Root, c.options.Folder, name, cli)
	if err != nil {
		return cannotBegin(err)
	}
	fmt.Println()
	code, _ := c.finish(Run(ctx, target, c.options))
	return code
}

// finish returns the exit code, and removes the folder of a run that passed.
func (c command) finish(result Result, err error) (code int, remains bool) {
	if err != nil && len(result.Steps) == 0 {
		return cannotBegin(err), false
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: %v\n", err)
	}
	if err != nil || !result.Passed() {
		fmt.Printf("All that the programs printed: %s\n", filepath.Join(c.options.Folder, "log"))
	}
	switch {
	case result.Remains:
		return exitRemains, true
	case result.Interrupted:
		return exitInterrupted, false
	case err != nil || !result.Passed():
		return exitFailed, false
	}
	if err := os.RemoveAll(c.options.Folder); err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: remove the folder of the run: %v\n", err)
	}
	return 0, false
}

func cannotBegin(err error) int {
	fmt.Fprintf(os.Stderr, "acceptance: %v\n", err)
	return exitCannotBegin
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

// endingCredentials warns of credentials that may expire during the run.
func endingCredentials(ctx context.Context, account Account) string {
	found, err := account.Config.Credentials.Retrieve(ctx)
	if err != nil || !found.CanExpire || time.Until(found.Expires) > 2*About() {
		return ""
	}
	return fmt.Sprintf("The credentials expire at %s. If nothing renews them, the run may not be able to destroy everything.",
		found.Expires.Local().Format("15:04"))
}

// missingTools are those of the programs that are not on PATH.
func missingTools(names ...string) []string {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}
