package plangate

import "slices"

// comesFrom tells whether a property of a new or changed resource comes from other resources, and only from such as a
// condition holds for. What the program makes of their properties the plan does not tell.
func (p Plan) comesFrom(step Step, property string, holds func(Step) bool) bool {
	sources := step.After.PropertyDependencies[property]
	for _, urn := range sources {
		if !slices.ContainsFunc(p.Steps, func(source Step) bool { return source.URN == urn && holds(source) }) {
			return false
		}
	}
	return len(sources) > 0
}

// staysOrComes is the condition that a step is about a resource of one of these types which does not go.
func staysOrComes(kinds ...string) func(Step) bool {
	return func(step Step) bool { return step.After != nil && slices.Contains(kinds, resourceType(step.URN)) }
}

// isMade tells whether a step makes a resource, be it in the place of another one.
func isMade(step Step) bool {
	happens := operations[step.Operation]
	return step.After != nil && happens != "" && happens != updated
}

// isOutput tells whether a value is an output of a resource of the stack which stays. Conditions narrow the resources.
func (p Plan) isOutput(output value, kind, property string, conditions ...func(Step) bool) bool {
	return slices.ContainsFunc(p.Steps, func(step Step) bool {
		return resourceType(step.URN) == kind && step.Before != nil && step.After != nil && sameValue(step.Before.Outputs[property], output.content) &&
			!slices.ContainsFunc(conditions, func(holds func(Step) bool) bool { return !holds(step) })
	})
}
