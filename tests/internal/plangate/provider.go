package plangate

import (
	"regexp"
	"strings"
)

// defaultProvider is the name of the provider that the settings of the stack make, with the version of its plugin.
var defaultProvider = regexp.MustCompile(`^default(_[0-9_]+.*)?$`)

// providerStays judges a resource that another provider manages from now on. Pulumi replaces it only if the region
// differs (pulumi-aws, resources.go, ForcesProviderReplace); another account or address counts as the same.
func providerStays(step Step) []Weakening {
	before, after := providerURN(step.Before), providerURN(step.After)
	if before == "" || before == after ||
		after != "" && defaultProvider.MatchString(resourceName(before)) && defaultProvider.MatchString(resourceName(after)) {
		return nil
	}
	to := "none"
	if after != "" {
		to = resourceName(after)
	}
	return []Weakening{{"provider", resourceName(before), to, "it may be looked for in another account or region, and made there again"}}
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
