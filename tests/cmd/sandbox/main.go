// Command sandbox deploys the program into an emulated AWS account on this machine, with the Pulumi CLI.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/sandbox"
)

const usage = `Usage: scripts/sandbox VERB

  up [FLAGS]      start the sandbox if it is not running, and deploy the program (FLAGS are those of pulumi up)
  down            destroy what is deployed, stop everything and remove .sandbox
  pulumi ARGS     run any Pulumi command on the sandbox's stack, such as preview --diff
  env             print exports that point aws and pulumi in your shell at the sandbox:
                  eval "$(scripts/sandbox env)"
  bench [ROUNDS]  measure preview, up and destroy beside an empty program's, in sandboxes of its own
  help            print this

SANDBOX_PLUGINS=official lets the official plugins installed in your Pulumi home do the work against the
emulator, instead of the stand-ins in this repository.
`

// exitStatus is an error that the user has been told already: only the exit status is left to be returned.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:])
	var status exitStatus
	switch {
	case err == nil:
	case errors.As(err, &status):
		os.Exit(int(status))
	default:
		fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return exitStatus(2)
	}
	verb, arguments := arguments[0], arguments[1:]
	limit, isOwn := most[verb]
	if verb == "help" || isHelp(verb) || isOwn && slices.ContainsFunc(arguments, isHelp) {
		fmt.Print(usage)
		return nil
	}
	if isOwn && len(arguments) > limit {
		fmt.Fprintf(os.Stderr, "sandbox: %s does not take %s; see --help\n", verb, arguments[limit])
		return exitStatus(2)
	}
	root, err := install.Repository()
	if err != nil {
		return err
	}
	place := place{root}
	switch verb {
	case "up":
		return up(ctx, place, arguments)
	case "down":
		return down(ctx, place)
	case "pulumi":
		return pulumi(ctx, place, arguments)
	case "env":
		return env(place)
	case "bench":
		return bench(ctx, place, arguments)
	case "serve":
		return serve(ctx, place)
	}
	fmt.Fprintf(os.Stderr, "sandbox: no such verb: %s; see --help\n", verb)
	return exitStatus(2)
}

// most is how many arguments a verb takes. The others pass theirs on to Pulumi.
var most = map[string]int{"down": 0, "env": 0, "bench": 1, "serve": 0}

func isHelp(word string) bool { return word == "-h" || word == "--help" }

// place is the repository that this command was built in. Each clone has a sandbox of its own.
type place struct{ root string }

func (p place) dir() string        { return filepath.Join(p.root, ".sandbox") }
func (p place) bin() string        { return filepath.Join(p.root, "bin") }
func (p place) tests() string      { return filepath.Join(p.root, "tests") }
func (p place) lock() string       { return filepath.Join(p.bin(), "sandbox.lock") }
func (p place) executable() string { return filepath.Join(p.bin(), "sandbox") }

// options are those of the repository's sandbox.
func (p place) options() (sandbox.Options, error) {
	plugins, err := choosePlugins()
	return sandbox.Options{
		Root: p.root, Dir: p.dir(), BinDir: p.bin(), ToolModule: p.tests(), Plugins: plugins, Progress: os.Stderr,
	}, err
}

// choosePlugins reads SANDBOX_PLUGINS.
func choosePlugins() (sandbox.Plugins, error) {
	switch value := sandbox.Plugins(os.Getenv("SANDBOX_PLUGINS")); value {
	case "":
		return sandbox.StandIn, nil
	case sandbox.StandIn, sandbox.Official:
		return value, nil
	default:
		return "", fmt.Errorf("SANDBOX_PLUGINS is %q; it must be %s or %s, or not set", value, sandbox.StandIn, sandbox.Official)
	}
}

// interactive runs a command on this process's own input and output. Ctrl-C on a terminal reaches the command
// directly, as a member of the same process group. A signal to this process alone is passed on, once, as an
// interrupt, after which the CLI ends in good order.
func interactive(ctx context.Context, command *exec.Cmd) error {
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("run %s: %w", command.Path, err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
			if !onTerminal() {
				_ = command.Process.Signal(os.Interrupt)
			}
		case <-done:
		}
	}()
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitStatus(max(exit.ExitCode(), 1))
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", command.Path, err)
	}
	return nil
}

// onTerminal tells whether a terminal controls this process, and so sends its interrupts to the whole group.
func onTerminal() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = terminal.Close()
	return true
}
