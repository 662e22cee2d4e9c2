// Package awsprovider stands in for the aws plugin of Pulumi: it serves exactly
// the resource types and functions that the program uses, under their real type
// tokens, and turns each operation into AWS API calls to an emulator.
//
// It follows the official plugin, version 6, in what the properties are called,
// what the ids look like and which changes replace a resource. It refuses what
// AWS would refuse where the emulator does not and the rule is certain.
//
// Each type and function has a file named as its token, without the version of
// a type and the module index: aws:s3/bucketV2:BucketV2 is in s3_bucket.go, in
// the variable s3Bucket. What several share is in files named for what it does.
package awsprovider

import (
	"fmt"

	"mediaserver/tests/internal/provider"
)

// Version is the version of the official plugin that this package follows.
const Version = "6.83.4"

// Options says where the package works.
type Options struct {
	// Endpoint is the address of the emulator, for example
	// http://127.0.0.1:5000. It must be an address of this machine.
	Endpoint string
}

// kind is a resource type of this package.
type kind[In, Out any] = provider.Kind[*api, In, Out]

// function is a lookup of this package.
type function[In, Out any] = provider.Function[*api, In, Out]

// none is what a kind without computed properties, or a lookup without
// arguments, has of them.
type none struct{}

// Serve serves the package on a free port of 127.0.0.1 until the server is
// closed. It fails if the endpoint is not on this machine.
func Serve(options Options) (*provider.Server, error) {
	clients, err := newClientPool(options.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("serve the aws provider: %w", err)
	}
	served := &provider.Package[*api]{
		Name:      "aws",
		Version:   Version,
		NewConfig: func() provider.Config[*api] { return &config{clients: clients} },
		// pulumi-aws, provider/resources.go: region has ForcesProviderReplace (pulumi/pulumi-aws#4000).
		ReplaceConfig: []string{"region"},
		Resources: []provider.Resource[*api]{
			ec2SecurityGroup,
			s3Bucket, s3BucketPublicAccessBlock, s3BucketServerSideEncryptionConfiguration, s3BucketVersioning,
			s3BucketLifecycleConfiguration, s3BucketCorsConfiguration,
			ecrRepository, ecrRepositoryPolicy, ecrLifecyclePolicy,
			iamRole, iamRolePolicyAttachment, iamRolePolicy,
			ssmParameter,
			lbLoadBalancer, lbTargetGroup, lbListener,
			acmCertificate, acmCertificateValidation, route53Record,
			ecsCluster, ecsClusterCapacityProviders, ecsTaskDefinition, ecsService,
			appautoscalingTarget, appautoscalingPolicy,
			cloudwatchMetricAlarm, cloudwatchDashboard, cloudwatchLogGroup,
			snsTopic, snsTopicPolicy, snsTopicSubscription,
		},
		Functions: []provider.Invocable[*api]{
			ec2GetVpc, ec2GetSubnet, ec2GetSubnets, getAvailabilityZones, getCallerIdentity, getRegion, getPartition,
			route53GetZone,
		},
		Missing: missing,
	}
	return served.Serve()
}
