package plangate

import (
	"regexp"
	"slices"
	"strings"
)

// defaultProvider is the name of the provider that the settings of the stack make, with the version of its plugin.
var defaultProvider = regexp.MustCompile(`^default(_[0-9_]+.*)?$`)

// sameAccount is the rule for a provider that the program itself makes: all but these inputs decide where it manages resources, or as whom.
var sameAccount = otherPropertiesStay("version", "defaultTags", "maxRetries", "retryMode")

// providerStays judges a resource that another provider manages from now on. Pulumi replaces it only if the region
// differs (pulumi-aws, resources.go, ForcesProviderReplace); another account or address counts as the same. A new
// version of the plugin has a default provider of its own, which Pulumi shows in no plan (pulumi/pkg, engine,
// isInternalStep).
func (p Plan) providerStays(step Step) []Weakening {
	before, after := providerURN(step.Before), providerURN(step.After)
	if before == "" || before == after {
		return nil
	}
	if after != "" && defaultProvider.MatchString(resourceName(before)) && defaultProvider.MatchString(resourceName(after)) && !p.hasOtherDefault(after) {
		return nil
	}
	to := "none"
	if after != "" {
		to = resourceName(after)
	}
	return []Weakening{{"provider", resourceName(before), to, otherAccount}}
}

const otherAccount = "it may be looked for in another account or region, and made there again"

// hasOtherDefault tells whether resources of the plan stay with another default provider of the same plugin, or go
// to one. With a new version of the plugin all of them go to the same one.
func (p Plan) hasOtherDefault(provider string) bool {
	return slices.ContainsFunc(p.Steps, func(step Step) bool {
		if step.After == nil {
			return false
		}
		other := providerURN(step.After)
		return other != "" && other != provider && resourceType(other) == resourceType(provider) && defaultProvider.MatchString(resourceName(other))
	})
}

// providerURN is the URN of the provider of a resource. Empty for none.
func providerURN(state *State) string {
	reference := state.Provider
	end := strings.LastIndex(reference, "::")
	if end < 0 || strings.Count(reference, "::") < 4 {
		return ""
	}
	return reference[:end]
}
