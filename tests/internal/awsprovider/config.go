package awsprovider

import (
	"regexp"
	"strings"

	"mediaserver/tests/internal/provider"
)

// config holds the settings of the provider: what the stand-in needs, and what
// a configuration of the official plugin for an emulator holds besides.
type config struct {
	Region      *string      `pulumi:"region,optional"`
	DefaultTags *defaultTags `pulumi:"defaultTags,optional"`

	// Endpoints are where the official plugin finds each service. Requests go to the endpoint that the stand-in
	// serves, so another one is refused.
	Endpoints []map[string]string `pulumi:"endpoints,optional"`
	// AccessKey and SecretKey are ignored: the stand-in signs with dummies.
	AccessKey                 *string `pulumi:"accessKey,optional"`
	SecretKey                 *string `pulumi:"secretKey,optional"`
	S3UsePathStyle            *bool   `pulumi:"s3UsePathStyle,optional"`
	SkipCredentialsValidation *bool   `pulumi:"skipCredentialsValidation,optional"`
	SkipMetadataAPICheck      *bool   `pulumi:"skipMetadataApiCheck,optional"`
	SkipRegionValidation      *bool   `pulumi:"skipRegionValidation,optional"`
	SkipRequestingAccountID   *bool   `pulumi:"skipRequestingAccountId,optional"`

	clients *clientPool
}

type defaultTags struct {
	Tags map[string]string `pulumi:"tags,optional"`
}

var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

// Check implements [provider.Config].
func (c *config) Check(problems *provider.Problems) {
	if region := deref(c.Region); !regionPattern.MatchString(region) {
		problems.Refuse("region", region, "must be the name of an AWS region; set it with `pulumi config set aws:region`")
	}
	for _, services := range c.Endpoints {
		for service, endpoint := range services {
			if err := checkLoopback(endpoint); err != nil {
				problems.Refuse("endpoints", endpoint, "the endpoint of "+service+" must be on this machine")
			} else if strings.TrimSuffix(endpoint, "/") != strings.TrimSuffix(c.clients.endpoint, "/") {
				problems.Refuse("endpoints", endpoint, "the endpoint of "+service+" must be "+c.clients.endpoint+", which the stand-in for the aws plugin serves")
			}
		}
	}
}

// Connect implements [provider.Config].
func (c *config) Connect() (*api, map[string]string, error) {
	var tags map[string]string
	if c.DefaultTags != nil {
		tags = c.DefaultTags.Tags
	}
	return c.clients.in(*c.Region), tags, nil
}
