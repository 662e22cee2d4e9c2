package main

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"mediaserver/tests/internal/sandbox"
)

// Target is where a run takes place, with a stack of its own that holds nothing yet.
type Target struct {
	// Name is the name of the run: the stack's setting name.
	Name string
	// Account is the number of the account, Region the name of the region, and Partition its family of regions.
	Account, Region, Partition string
	// Config is the configuration of AWS clients. An endpoint of its own belongs to an emulator.
	Config aws.Config
	// CLI is the path of the Pulumi CLI, and SettingsFile the stack's settings file.
	CLI, SettingsFile string
	// Environment is the whole environment of the programs that the run calls.
	Environment []string
	// Exports are the commands that point a shell at the stack and the account, one on a line.
	Exports string
	// Containers is what runs the service's containers. Nil if nothing does.
	Containers *Containers
	// Patience is how long to wait between two looks at something that takes its time.
	Patience time.Duration
}

// Containers is what a target needs that runs containers.
type Containers struct {
	// Push puts an image into the registry under a reference with a tag.
	Push func(ctx context.Context, image v1.Image, reference string) error
	// Public asks the load balancer as a user does.
	Public *http.Client
}

// emulated tells whether the target is no AWS.
func (t *Target) emulated() bool { return t.Config.BaseEndpoint != nil }

// InSandbox is a run in a running sandbox whose stack holds nothing yet.
func InSandbox(running *sandbox.Sandbox, name string) *Target {
	stack := &running.Stack
	return &Target{
		Name: name, Account: sandbox.Account, Region: sandbox.Region, Partition: "aws",
		Config: sandbox.AWSConfig(running.Endpoint()),
		CLI:    stack.CLI, SettingsFile: stack.SettingsFile(),
		Environment: stack.Env(), Exports: stack.Exports(), Patience: 50 * time.Millisecond,
	}
}
