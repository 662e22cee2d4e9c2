// Command sandbox deploys the program into an emulated AWS account on this machine, with the Pulumi CLI.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
  bench [ROUNDS]  measure preview, up and destroy beside an empty program's, in a sandbox of its own
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
	if status, ok := errors.AsType[exitStatus](err); ok {
		os.Exit(int(status))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
		os.Exit(1)
	}
}

// misused tells in one line how the command was used wrongly.
func misused(format string, arguments ...any) error {
	fmt.Fprintf(os.Stderr, "sandbox: "+format+"; see --help\n", arguments...)
	return exitStatus(2)
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
		return misused("%s does not take %s", verb, arguments[limit])
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
		return env(ctx, place)
	case "bench":
		return bench(ctx, place, arguments)
	case "serve":
		return serve(ctx, place)
	}
	return misused("no such verb: %s", verb)
}

// most is how many arguments a verb takes. The others pass theirs on to Pulumi.
var most = map[string]int{"down": 0, "env": 0, "bench": 1, "serve": 0}

func isHelp(word string) bool { return word == "-h" || word == "--help" }

// place is the repository that this command was built in. Each clone has a sandbox of its own.
type place struct{ root string }

func (p place) dir() string        { return filepath.Join(p.root, ".sandbox") }
func (p place) record() string     { return filepath.Join(p.dir(), "sandbox.json") }
func (p place) log() string        { return filepath.Join(p.dir(), "sandbox.log") }
func (p place) lock() string       { return filepath.Join(p.root, "bin", "sandbox.lock") }
func (p place) executable() string { return filepath.Join(p.root, "bin", "sandbox") }

// choosePlugins reads SANDBOX_PLUGINS.
func choosePlugins() (sandbox.Plugins, error) {
	switch value := sandbox.Plugins(os.Getenv("SANDBOX_PLUGINS")); value {
	case "":
		return sandbox.StandIn, nil
	case sandbox.StandIn, sandbox.Official:
		return value, nil
	default:
		return "", fmt.Errorf("SANDBOX_PLUGINS is %q; it must be %s or %s, or not set",
			value, sandbox.StandIn, sandbox.Official)
	}
}

// use returns the stack of the running sandbox, or an error that says how to start it.
func use(ctx context.Context, place place) (*sandbox.Stack, error) {
	stack, err := connect(ctx, place)
	if errors.Is(err, errNone) {
		return nil, fmt.Errorf("%w; start it with make sandbox", err)
	}
	return stack, err
}

// pulumi becomes the Pulumi CLI. It runs in the current folder if that is in the repository, so that paths among its
// arguments mean what they say, and at the root otherwise.
func pulumi(ctx context.Context, place place, arguments []string) error {
	stack, err := use(ctx, place)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(place.root, here()); err != nil || !filepath.IsLocal(relative) {
		if err := os.Chdir(place.root); err != nil {
			return err
		}
	}
	command := stack.Command(ctx, arguments...)
	if err := syscall.Exec(command.Path, command.Args, command.Env); err != nil {
		return fmt.Errorf("run %s: %w", command.Path, err)
	}
	return nil
}

// here is the current folder without links, or nothing if there is none.
func here() string {
	folder, err := os.Getwd()
	if err == nil {
		folder, err = filepath.EvalSymlinks(folder)
	}
	if err != nil {
		return ""
	}
	return folder
}

// env prints what a shell has to evaluate to use the sandbox.
func env(ctx context.Context, place place) error {
	stack, err := use(ctx, place)
	if err != nil {
		return err
	}
	fmt.Print(stack.Exports())
	return nil
}
