// Package awsprovider stands in for the aws plugin of Pulumi: it serves exactly the resource types and functions that
// the program uses, under their real type tokens, and turns each operation into AWS API calls to an emulator.
//
// It follows the official plugin, version 6, in what the properties are called, what the ids look like and which
// changes replace a resource. It refuses what AWS or the official plugin would refuse where the emulator does not, the
// rule is certain, and a setting or an edit of the program can break it: types.yaml has the rules.
//
// The types and functions of an AWS service are in the file named after the service. Their fields have the names of the
// SDK's, so that [copyFields] carries the values.
package awsprovider

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/blang/semver"
	"gopkg.in/yaml.v3"

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

// kind is a resource type of this package, and function a lookup.
type (
	kind[M any]           = provider.Kind[*api, M]
	function[In, Out any] = provider.Function[*api, In, Out]
)

// kinds and functions are what a service's file lists.
type (
	kinds     = []provider.Resource[*api]
	functions = []provider.Invocable[*api]
)

// none is the arguments of a lookup that takes none.
type none struct{}

//go:embed types.yaml
var text []byte

// Serve serves the package on a free port of 127.0.0.1 until the server is closed. It fails if the endpoint is not on
// this machine.
func Serve(options Options) (*provider.Server, error) {
	served, err := newPackage(options)
	if err != nil {
		return nil, fmt.Errorf("serve the aws provider: %w", err)
	}
	return served.Serve()
}

func newPackage(options Options) (*provider.Package[*api], error) {
	if err := checkLoopback(options.Endpoint); err != nil {
		return nil, err
	}
	var read struct {
		Types map[string]struct{ Rules provider.Rules }
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("read types.yaml: %w", err)
	}
	rules := map[string]provider.Rules{}
	for token, each := range read.Types {
		rules[token] = each.Rules
	}
	client := newClient()
	return &provider.Package[*api]{
		Name:    "aws",
		Version: semver.MustParse(Version),
		Connect: func(decode func(any) error) (*api, map[string]string, error) {
			settings := config{endpoint: options.Endpoint}
			if err := decode(&settings); err != nil {
				return nil, nil, err
			}
			if err := settings.check(); err != nil {
				return nil, nil, err
			}
			return connect(client, options.Endpoint, *settings.Region), deref(settings.DefaultTags).Tags, nil
		},
		// pulumi-aws, provider/resources.go: region has ForcesProviderReplace (pulumi/pulumi-aws#4000).
		ReplaceConfig: []string{"region"},
		Resources: slices.Concat(
			ec2Kinds, s3Kinds, ecrKinds, iamKinds, ssmKinds, elbv2Kinds, acmKinds, route53Kinds, ecsKinds,
			autoscalingKinds, cloudwatchKinds, logsKinds, snsKinds,
		),
		Rules:     rules,
		Functions: slices.Concat(ec2Functions, stsFunctions, route53Functions),
		Missing:   missing,
	}, nil
}
