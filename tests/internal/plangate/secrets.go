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
		return []Weakening{{path, "a secret", "in plain", "everybody who may read the state or the plan reads it"}}
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
	if resourceType(step.URN) != "aws:ssm/parameter:Parameter" || !isSecretParameter(step) ||
		!slices.Contains(step.reasons(operations[step.Operation]), "value") {
		return nil
	}
	return []Weakening{{"value", "a secret", "another secret", "every token that the old one signed becomes invalid"}}
}
