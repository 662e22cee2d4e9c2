package e2e

import (
	"testing"

	"mediaserver/tests/internal/faultproxy"
	guide "mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// deployment is a sandbox and the test that it belongs to.
type deployment struct {
	*sandboxtest.Deployment
	t *testing.T
}

// newDeployment brings up a sandbox that ends with the test.
func newDeployment(t *testing.T, changes ...func(*sandbox.Options)) *deployment {
	t.Helper()
	return &deployment{sandboxtest.New(t, repository, changes...), t}
}

// newFaultyDeployment brings up a sandbox whose aws provider reaches the emulator through a proxy.
func newFaultyDeployment(t *testing.T) (*deployment, *faultproxy.Proxy) {
	t.Helper()
	running, proxy := sandboxtest.NewBehindProxy(t, repository)
	return &deployment{running, t}, proxy
}

// managedByDefault is how many resources a stack with default settings has.
func managedByDefault() int { return len(guide.Default()) }

// checkManaged checks that the state has as many resources as the inventory of the default stack, but for the missing ones.
func (d *deployment) checkManaged(missing int) {
	d.t.Helper()
	if got, want := len(d.Managed()), managedByDefault()-missing; got != want {
		d.t.Errorf("the state has %d managed resources, want %d", got, want)
	}
}
