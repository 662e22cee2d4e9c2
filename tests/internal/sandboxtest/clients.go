package sandboxtest

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/sandbox"
)

// Clients are clients of the emulated AWS account, past any proxy.
func (d *Deployment) Clients() *awsclients.Clients {
	return awsclients.New(aws.Config{
		Region:       sandbox.Region,
		BaseEndpoint: aws.String(d.Endpoint()),
		Credentials:  credentials.NewStaticCredentialsProvider(sandbox.AccessKey, sandbox.SecretKey, ""),
	})
}
