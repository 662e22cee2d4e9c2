// Package sandbox brings up everything that the program needs to be deployed on this machine: an emulated AWS, the
// providers and the language host that the Pulumi CLI attaches to, and a Pulumi backend of files.
//
// The end-to-end tests run it in their own process. The command under tests/cmd/sandbox runs it in a process of its
// own, so that a deployed stack outlives the command; other processes then use it through a [Stack], which is plain
// data.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mediaserver/tests/internal/awsprovider"
	"mediaserver/tests/internal/emulator"
	"mediaserver/tests/internal/install"
	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/randomprovider"
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
	// Root is the folder of the repository: of the program and of bin, which keeps what is built or installed once.
	// Required.
	Root string
	// Dir is the folder that takes everything the sandbox writes: the Pulumi home, the state, the stack's settings.
	// It is created if it is missing, and whoever calls removes it. Required.
	Dir string
	// Plugins chooses between the stand-ins and the official plugins. Empty means StandIn.
	Plugins Plugins
	// ProviderEndpoint returns the address where the aws provider reaches the emulator at the given address. A test
	// puts a proxy between the two with it. Empty means the emulator's own address.
	ProviderEndpoint func(emulator string) (string, error)
	// BuildOnce lets this process build each program once, by its first run. A change of a program after that is not
	// noticed.
	BuildOnce bool
}

// Sandbox is what Start brought up in this process. Its embedded Stack is the one named DefaultStack.
type Sandbox struct {
	Stack
	emulator *emulator.Emulator
	closers  []io.Closer
}

// Prepare builds or installs what is missing, the program included, so that Start, also in another process, begins at
// once.
func Prepare(ctx context.Context, root string) error {
	if _, err := install.Pulumi(ctx, root); err != nil {
		return err
	}
	if _, err := emulator.Locate(ctx, root); err != nil {
		return err
	}
	project, err := readProject(root)
	if err != nil {
		return err
	}
	target, _ := project.Runtime.Options()["buildTarget"].(string)
	binary := filepath.Join(root, target)
	if _, err := os.Stat(binary); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Each run brings the program up to date; only the first build takes so long that the user has to be told.
	fmt.Fprintf(os.Stderr,
		"Building the program into %s (about 2 minutes the first time, seconds from the build cache) ...\n", target)
	return languagehost.Build(ctx, root, binary)
}

// Start brings up a sandbox with an empty AWS account and an empty stack, after Prepare or as far as that has not
// installed what is missing. The caller has to Close it.
func Start(ctx context.Context, options Options) (*Sandbox, error) {
	sandbox := &Sandbox{}
	if err := sandbox.start(ctx, options); err != nil {
		return nil, errors.Join(err, sandbox.Close())
	}
	return sandbox, nil
}

func (s *Sandbox) start(ctx context.Context, options Options) error {
	s.Name, s.Plugins = DefaultStack, options.Plugins
	var err error
	if s.Root, err = filepath.Abs(options.Root); err != nil {
		return err
	}
	if s.Dir, err = filepath.Abs(options.Dir); err != nil {
		return err
	}
	project, err := readProject(s.Root)
	if err != nil {
		return err
	}
	s.Project = string(project.Name)
	if s.CLI, err = install.Pulumi(ctx, s.Root); err != nil {
		return err
	}
	if s.emulator, err = emulator.Start(ctx, s.Root); err != nil {
		return err
	}
	s.closers = append(s.closers, s.emulator)
	s.Emulator = s.emulator.URL()
	s.ProviderEndpoint = s.Emulator
	if options.ProviderEndpoint != nil {
		if s.ProviderEndpoint, err = options.ProviderEndpoint(s.Emulator); err != nil {
			return fmt.Errorf("find the aws provider's way to the emulator: %w", err)
		}
	}
	if s.Plugins != Official {
		if err := s.attach(options.BuildOnce); err != nil {
			return err
		}
	}
	if err := createSecretsKey(ctx, s.Emulator); err != nil {
		return err
	}
	return s.initialize(ctx, nil)
}

// attach starts what the engine attaches to in place of the official plugins.
func (s *Sandbox) attach(buildOnce bool) error {
	s.Plugins = StandIn
	aws, err := awsprovider.Serve(awsprovider.Options{Endpoint: s.ProviderEndpoint})
	if err != nil {
		return fmt.Errorf("serve the aws provider: %w", err)
	}
	s.closers = append(s.closers, aws)
	random, err := randomprovider.Serve()
	if err != nil {
		return fmt.Errorf("serve the random provider: %w", err)
	}
	s.closers = append(s.closers, random)
	host, err := languagehost.Serve(buildOnce)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, host)
	s.Providers = map[string]int{"aws": aws.Port(), "random": random.Port()}
	s.LanguagePort = host.Port()
	return nil
}

// EmulatorExited is closed when the emulator has ended by itself.
func (s *Sandbox) EmulatorExited() <-chan struct{} { return s.emulator.Exited() }

// Close stops everything that Start brought up. The folder stays.
func (s *Sandbox) Close() error {
	var failures []error
	for _, each := range slices.Backward(s.closers) {
		failures = append(failures, each.Close())
	}
	return errors.Join(failures...)
}
