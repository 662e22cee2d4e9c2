package sandboxtest

import (
	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/sandbox"
)

// Clients are clients of the emulated AWS account, past any proxy.
func (d *Deployment) Clients() *awsclients.Clients {
	return awsclients.New(sandbox.AWSConfig(d.Endpoint()))
}
