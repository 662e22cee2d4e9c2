package acceptance

import (
	"fmt"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandbox"
)

// InSandbox is a run in a running sandbox whose stack holds nothing yet. The proxy stands between the aws provider and
// the emulator, and has seen what was asked for.
func InSandbox(running *sandbox.Sandbox, proxy *faultproxy.Proxy, name string) *Target {
	stack := &running.Stack
	return &Target{
		Name: name, Account: sandbox.Account, Region: sandbox.Region, Partition: "aws",
		Config: sandbox.AWSConfig(running.Endpoint()),
		CLI:    stack.CLI, SettingsFile: stack.SettingsFile(),
		Environment: stack.Env(), Exports: stack.Exports(),
		CreatedService: func() (string, error) {
			bodies := proxy.Bodies("CreateService")
			if len(bodies) != 1 {
				return "", fmt.Errorf("the service was created %d times, not once", len(bodies))
			}
			return bodies[0], nil
		},
	}
}
