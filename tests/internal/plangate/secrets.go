package plangate

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// secretsStaySecret compares two values part by part: what was a secret must not stand in the state in plain.
func secretsStaySecret(path string, before, after any) []Weakening {
	if before == secret {
		if after == secret || after == unknown || after == nil {
			return nil
		}
		return []Weakening{{path, "a secret", "in plain", everybodyReads}}
	}
	var found []Weakening
	switch before := before.(type) {
	case map[string]any:
		object, _ := after.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(before)) {
			found = append(found, secretsStaySecret(strings.TrimPrefix(path+"."+name, "."), before[name], object[name])...)
		}
	case []any:
		list, _ := after.([]any)
		for i := range min(len(before), len(list)) {
			found = append(found, secretsStaySecret(path+"["+strconv.Itoa(i)+"]", before[i], list[i])...)
		}
	}
	return found
}

// secretParameterStays judges a secret parameter that keeps its name and gets another value. The plan shows neither
// value, only that they differ.
func secretParameterStays(step Step) []Weakening {
	if resourceType(step.URN) != parameter || !isSecretParameter(step) ||
		!slices.Contains(step.reasons(operations[step.Operation]), "value") {
		return nil
	}
	return []Weakening{{"value", "a secret", "another secret", "every token that the old one signed becomes invalid"}}
}

// secretsComeOutSecret judges the properties of a resource that come from a secret which the stack draws: the plan shows
// no value of it, so each must be kept secret as a whole. A parameter that holds it must be encrypted, which that its
// value is secret does not tell: the provider keeps every one secret.
func secretsComeOutSecret(step Step) []Weakening {
	after := inputsOf(step.After)
	var found []Weakening
	for _, property := range slices.Sorted(maps.Keys(step.After.PropertyDependencies)) {
		if !slices.ContainsFunc(step.After.PropertyDependencies[property], drawsSecret) {
			continue
		}
		if !after.at(property).is(secret) {
			found = append(found, Weakening{property, "a secret", "in plain", everybodyReads})
		}
		if kind := after.at("type"); resourceType(step.URN) == parameter && !kind.is("SecureString") {
			found = append(found, Weakening{"type", "SecureString", kind.String(), "the value is not encrypted"})
		}
	}
	return found
}

// drawsSecret tells whether a resource draws a secret.
func drawsSecret(urn string) bool {
	return resourceType(urn) == "random:index/randomPassword:RandomPassword"
}

const everybodyReads = "everybody who may read the state or the plan reads it"
