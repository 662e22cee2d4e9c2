package plangate

import (
	"strings"

	"mediaserver/tests/internal/inventory"
)

// unknownType says why a type is refused that the gate does not know.
const unknownType = "the gate does not know this type; enter it into the inventory"

// isKnown tells whether the gate has an opinion of a type.
func isKnown(resourceType string) bool {
	_, has := inventory.Find(resourceType)
	return has || isPulumisOwn(resourceType)
}

// isPulumisOwn tells whether a type is a part of Pulumi's own work, which holds nothing.
func isPulumisOwn(resourceType string) bool {
	return resourceType == "pulumi:pulumi:Stack" || strings.HasPrefix(resourceType, "pulumi:providers:")
}

// loss says what is lost if a step's resource is deleted or replaced. Empty for nothing.
func loss(step Step) string {
	kind := resourceType(step.URN)
	known, has := inventory.Find(kind)
	switch {
	case isComponent(step), isPulumisOwn(kind):
		return ""
	case !has:
		return unknownType
	// The parameters that are not secret are made from the stack, and lose nothing.
	case kind == parameter && !isSecretParameter(step):
		return ""
	// What only scales is made again without a loss.
	case kind == metricAlarm && !tellsPeople(step):
		return ""
	}
	return known.Guarded
}

// isComponent tells whether a step is about a name for other resources, which holds nothing itself.
func isComponent(step Step) bool {
	for _, state := range []*State{step.Before, step.After} {
		if state != nil {
			return !state.Custom
		}
	}
	return false
}

// isSecretParameter tells whether a parameter holds the JWT secret or may be encrypted. One whose type the plan
// does not show may be.
func isSecretParameter(step Step) bool {
	shown := false
	for _, state := range []*State{step.Before, step.After} {
		if state == nil {
			continue
		}
		shown = true
		if kind := inputsOf(state).at("type"); !kind.is("String") && !kind.is("StringList") {
			return true
		}
	}
	return !shown || resourceName(step.URN) == "jwt-secret"
}
