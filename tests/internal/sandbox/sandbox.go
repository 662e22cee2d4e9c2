// Package sandbox brings up everything that the program needs to be deployed on this machine: an emulated
// AWS, the providers and the language host that the Pulumi CLI attaches to, and a Pulumi backend of files.
//
// The end-to-end tests run it in their own process. The command under tests/cmd/sandbox runs it in a
// process of its own, so that a deployed stack outlives the command; other processes then use it through
// a [Stack], which is plain data.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"mediaserver/tests/internal/emulator"
	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/languagehost"
)

// Region is the AWS region of the sandbox, and Account the number of its account.
const (
	Region  = "eu-west-2"
	Account = emulator.Account
)

// DefaultStack is the name of the stack that Start makes.
const DefaultStack = "sandbox"

// Plugins says who does the providers' and the language host's work.
type Plugins string

const (
	// StandIn lets the engine attach to the servers of this repository. Nothing is downloaded.
	StandIn Plugins = "stand-in"
	// Official lets the engine use the released plugins installed in the user's own Pulumi home.
	Official Plugins = "official"
)

// Options says what to bring up and where.
type Options struct {
	// Root is the folder of Pulumi.yaml, the program's. Required.
	Root string
	// Dir is the folder that takes everything the sandbox writes: the Pulumi home, the state, the stack's
	// settings. It is created if it is missing, and whoever calls removes it. Required.
	Dir string
	// BinDir is the folder for what is built or installed once and kept: the CLI, the emulator and the
	// program's binary. Empty means bin in the repository that the tests belong to.
	BinDir string
	// ToolModule is the folder of the go.mod that pins the CLI. Empty means the module of the tests.
	ToolModule string
	// Plugins chooses between the stand-ins and the official plugins. Empty means StandIn.
	Plugins Plugins
	// ProviderEndpoint returns the address where the aws provider reaches the emulator at the given
	// address. A test puts a proxy between the two with it. Empty means the emulator's own address.
	ProviderEndpoint func(emulator string) (string, error)
	// ForTests lets the sandboxes of this process share the work that takes most of their CPU: one process serves all
	// emulators (see emulator.Options), and a program is built once. Root's is built by Start, and another one by
	// languagehost.Build or its first run. A change of a program after that is not noticed.
	ForTests bool
	// Log gets what the emulator says. Empty means that it is thrown away.
	Log io.Writer
	// Held is a file that the emulator's process keeps open until it ends; see emulator.Options.
	Held *os.File
	// Progress gets a line before each step that takes long. Empty means io.Discard.
	Progress io.Writer
}

// Sandbox is what Start brought up in this process. Its embedded Stack is the one named DefaultStack.
type Sandbox struct {
	Stack
	emulator *emulator.Emulator
	closers  []io.Closer
}

// Prepare builds or installs what is missing, the program included, so that Start, also in another process, begins at once.
func Prepare(ctx context.Context, options Options) error {
	options, err := options.complete()
	if err != nil {
		return err
	}
	_, _, err = options.prepare(ctx)
	return err
}

// Start brings up a sandbox with an empty AWS account and an empty stack. The caller has to Close it.
func Start(ctx context.Context, options Options) (*Sandbox, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	cli, python, err := options.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the sandbox's folder: %w", err)
	}
	sandbox := &Sandbox{Stack: Stack{
		Root:    options.Root,
		Dir:     options.Dir,
		CLI:     cli,
		Plugins: options.Plugins,
		Name:    DefaultStack,
	}}
	if err := sandbox.start(ctx, options, python); err != nil {
		return nil, errors.Join(err, sandbox.Close())
	}
	return sandbox, nil
}

func (s *Sandbox) start(ctx context.Context, options Options, python string) error {
	var err error
	s.emulator, err = emulator.Start(ctx, emulator.Options{
		Python: python,
		Log:    options.Log,
		Held:   options.Held,
		Shared: options.ForTests,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.emulator)
	s.Emulator = s.emulator.URL()
	s.ProviderEndpoint, err = options.ProviderEndpoint(s.Emulator)
	if err != nil {
		return fmt.Errorf("find the aws provider's way to the emulator: %w", err)
	}

	if s.Plugins == StandIn {
		if s.Providers, err = s.serveProviders(); err != nil {
			return err
		}
		host, err := languagehost.Serve(ctx, options.ForTests)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, host)
		s.LanguagePort = host.Port()
	}
	if err := s.createSecretsKey(ctx); err != nil {
		return err
	}
	return s.initialize(ctx, nil)
}

// EmulatorExited is closed when the emulator has ended, by Close or by itself.
func (s *Sandbox) EmulatorExited() <-chan struct{} { return s.emulator.Exited() }

// Close stops everything that Start brought up. The folder stays.
func (s *Sandbox) Close() error {
	var failures []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		failures = append(failures, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(failures...)
}

// prepare returns the paths of the Pulumi CLI and of the Python that serves the emulator.
func (o Options) prepare(ctx context.Context) (cli, python string, err error) {
	cli, err = install.Pulumi(ctx, install.PulumiOptions{ToolModule: o.ToolModule, BinDir: o.BinDir, Progress: o.Progress})
	if err != nil {
		return "", "", err
	}
	if python, err = emulator.Locate(ctx, o.BinDir, o.Progress); err != nil {
		return "", "", err
	}
	return cli, python, o.buildProgram(ctx)
}

// builtForTests are the programs that this process has built, by their folders.
var builtForTests sync.Map

// buildProgram builds the program if it has never been built. Each run brings it up to date; only the first
// build takes so long that the user has to be told. For tests, no run does.
func (o Options) buildProgram(ctx context.Context) error {
	project, err := readProject(o.Root)
	if err != nil {
		return err
	}
	target, isSet := project.Runtime.Options()["buildTarget"].(string)
	if !isSet {
		return nil
	}
	binary := filepath.Join(o.Root, target)
	if _, err := os.Stat(binary); err == nil {
		if _, built := builtForTests.Load(o.Root); built || !o.ForTests {
			return nil
		}
		builtForTests.Store(o.Root, true)
		return languagehost.Build(ctx, o.Root, binary)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for the program's binary: %w", err)
	}
	fmt.Fprintf(o.Progress,
		"Building the program into %s (about 2 minutes the first time, seconds from the build cache) ...\n", target)
	builtForTests.Store(o.Root, true)
	return languagehost.Build(ctx, o.Root, binary)
}

// complete fills in what is empty and makes the paths absolute.
func (o Options) complete() (Options, error) {
	if o.Root == "" || o.Dir == "" {
		return o, errors.New("start a sandbox: Root and Dir are required")
	}
	if o.Plugins == "" {
		o.Plugins = StandIn
	}
	if o.ProviderEndpoint == nil {
		o.ProviderEndpoint = func(emulator string) (string, error) { return emulator, nil }
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.BinDir == "" {
		o.BinDir = filepath.Join(o.Root, "bin")
	}
	if o.ToolModule == "" {
		o.ToolModule = filepath.Join(o.Root, "tests")
	}
	for _, path := range []*string{&o.Root, &o.Dir, &o.BinDir, &o.ToolModule} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, fmt.Errorf("start a sandbox: %w", err)
		}
		*path = absolute
	}
	return o, nil
}
