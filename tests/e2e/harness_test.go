package e2e

import (
	"testing"

	"mediaserver/tests/internal/faultproxy"
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
	deployed, proxy := sandboxtest.NewBehindProxy(t, repository)
	return &deployment{deployed, t}, proxy
}
