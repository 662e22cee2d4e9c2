package plangate

import (
	"regexp"
	"slices"
	"strings"
)

// defaultProvider is the name of the provider that the settings of the stack make, with the version of its plugin.
var defaultProvider = regexp.MustCompile(`^default(_[0-9_]+.*)?$`)

// sameAccount is the rule for a provider: all but these inputs decide where it manages resources, or as whom.
var sameAccount = otherPropertiesStay("version", "defaultTags", "maxRetries", "retryMode")

// providerStays judges a resource that another provider manages from now on. Pulumi replaces it only if the region
// differs (pulumi-aws, resources.go, ForcesProviderReplace); another account or address counts as the same.
func (p Plan) providerStays(step Step) []Weakening {
	before, after := providerURN(step.Before), providerURN(step.After)
	if before == "" || before == after {
		return nil
	}
	if after != "" && defaultProvider.MatchString(resourceName(before)) && defaultProvider.MatchString(resourceName(after)) && !p.hasOtherDefault(after) {
		return p.providerMoves(before, after)
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

// providerMoves compares two default providers. Pulumi's engine leaves them out of its plans (pulumi/pkg, engine,
// isInternalStep), and makes a new one for each version of the plugin: where the new one is not shown, there is
// nothing to compare.
func (p Plan) providerMoves(before, after string) []Weakening {
	var old, changed *State
	for _, step := range p.Steps {
		if step.URN == before && step.Before != nil {
			old = step.Before
		}
		if step.URN == after && step.After != nil {
			changed = step.After
		}
	}
	if changed == nil {
		return nil
	}
	var found []Weakening
	for _, each := range sameAccount(inputsOf(old), inputsOf(changed)) {
		found = append(found, Weakening{"provider." + each.Property, each.From, each.To, otherAccount})
	}
	return found
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
