// Package sandboxtest gives tests a sandbox of their own with everything that they do to it: runs of the CLI, changed
// copies of the program, the stack's state and plans, clients of the emulated AWS account.
package sandboxtest

import (
	"strings"
	"testing"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandbox"
)

// Deployment is a sandbox that ends with its test. Nothing is deployed in it at first.
type Deployment struct {
	*sandbox.Sandbox
	tb testing.TB
	// output is all that the Pulumi CLI has printed so far.
	output *strings.Builder
}

// New brings up a sandbox for the program in the folder repository. A change may adapt its options, for instance
// to put a proxy between the provider and the emulator.
func New(tb testing.TB, repository string, changes ...func(*sandbox.Options)) *Deployment {
	tb.Helper()
	options := sandbox.Options{Root: repository, Dir: tb.TempDir(), BuildOnce: true}
	for _, change := range changes {
		change(&options)
	}
	running, err := sandbox.Start(tb.Context(), options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := running.Close(); err != nil {
			tb.Errorf("close the sandbox: %v", err)
		}
	})
	return &Deployment{Sandbox: running, tb: tb, output: &strings.Builder{}}
}

// NewBehindProxy brings up a sandbox whose aws provider reaches the emulator through a proxy, which sees its calls and
// can make them go wrong. Clients look at the account past it.
func NewBehindProxy(tb testing.TB, repository string) (*Deployment, *faultproxy.Proxy) {
	tb.Helper()
	var proxy *faultproxy.Proxy
	deployed := New(tb, repository, func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (string, error) {
			var err error
			if proxy, err = faultproxy.Start(emulator); err != nil {
				return "", err
			}
			tb.Cleanup(func() { _ = proxy.Close() })
			return proxy.URL(), nil
		}
	})
	return deployed, proxy
}

// On is the deployment with another of the sandbox's stacks in the place of its own.
func (d *Deployment) On(stack *sandbox.Stack) *Deployment {
	other, running := *d, *d.Sandbox
	running.Stack = *stack
	other.Sandbox = &running
	return &other
}

// Run runs the Pulumi CLI on the stack, whatever its end.
func (d *Deployment) Run(arguments ...string) sandbox.Result {
	d.tb.Helper()
	result, err := d.Pulumi(d.tb.Context(), arguments...)
	if err != nil {
		d.tb.Fatal(err)
	}
	d.output.WriteString(result.Stdout)
	d.output.WriteString(result.Stderr)
	return result
}

// Must runs the Pulumi CLI on the stack and ends the test if it fails.
func (d *Deployment) Must(arguments ...string) sandbox.Result {
	d.tb.Helper()
	result := d.Run(arguments...)
	if result.ExitCode != 0 {
		d.tb.Fatalf("pulumi %s: exit status %d\n%s%s",
			strings.Join(arguments, " "), result.ExitCode, result.Stdout, result.Stderr)
	}
	return result
}

// Up deploys the stack and ends the test if that fails.
func (d *Deployment) Up(arguments ...string) sandbox.Result {
	d.tb.Helper()
	return d.Must(append([]string{"up", "--yes", "--skip-preview"}, arguments...)...)
}

// Another makes another stack in the sandbox, with settings of the program.
func (d *Deployment) Another(name string, settings map[string]string) *sandbox.Stack {
	d.tb.Helper()
	stack, err := d.NewStack(d.tb.Context(), name, settings)
	if err != nil {
		d.tb.Fatal(err)
	}
	return stack
}

// Output is all that the Pulumi CLI has printed so far.
func (d *Deployment) Output() string { return d.output.String() }

// Clients are clients of the emulated AWS account, past any proxy.
func (d *Deployment) Clients() *awsclients.Clients {
	return awsclients.New(sandbox.AWSConfig(d.Emulator))
}
