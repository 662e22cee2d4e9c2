// Package awsprovider stands in for the aws plugin of Pulumi: it serves exactly the resource types and functions that
// the program uses, under their real type tokens, and turns each operation into AWS API calls to an emulator.
//
// It follows the official plugin, version 6, in what the properties are called, what the ids look like and which
// changes replace a resource. It refuses what AWS or the official plugin would refuse where the emulator does not, the
// rule is certain, and a setting or an edit of the program can break it.
//
// The types and functions of an AWS service are in the file named after the service. Their fields have the names of the
// SDK's, so that [copyFields] carries the values.
package awsprovider

import (
	"fmt"
	"slices"

	"mediaserver/tests/internal/provider"
)

// Version is the version of the official plugin that this package follows.
const Version = "6.83.4"

// Options says where the package works.
type Options struct {
	// Endpoint is the address of the emulator, for example http://127.0.0.1:5000. It must be an address of this
	// machine.
	Endpoint string
}

// kind is a resource type of this package.
type kind[M any] = provider.Kind[*api, M]

// function is a lookup of this package.
type function[In, Out any] = provider.Function[*api, In, Out]

// none is the arguments of a lookup that takes none.
type none struct{}

// rules are what AWS demands of single values.
type rules = []provider.Rule

func rule(property string, must provider.Demand, source string) provider.Rule {
	return provider.Rule{Property: property, Must: must, Source: source}
}

// Serve serves the package on a free port of 127.0.0.1 until the server is closed. It fails if the endpoint is not on
// this machine.
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
		Resources: slices.Concat(
			ec2Kinds, s3Kinds, ecrKinds, iamKinds, ssmKinds, elbv2Kinds, acmKinds, route53Kinds, ecsKinds,
			autoscalingKinds, cloudwatchKinds, logsKinds, snsKinds,
		),
		Functions: slices.Concat(ec2Functions, stsFunctions, route53Functions),
		Missing:   missing,
	}
	return served.Serve()
}

// kinds and functions are what a service's file lists.
type (
	kinds     = []provider.Resource[*api]
	functions = []provider.Invocable[*api]
)
