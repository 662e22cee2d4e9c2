package sandbox

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tests/internal/awsclients"
)

// AWSConfig is the configuration of AWS clients for a sandbox whose emulator, or a proxy of it, is at the endpoint.
func AWSConfig(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		HTTPClient:   awsclients.KeepAnswers(awshttp.NewBuildableClient()),
	}
}
