package plangate

const unknownTasks = "the tasks run what nobody of this stack has defined"

// runsOwnTasks is the rule for what a service runs: another task definition must be one of the stack.
func (p Plan) runsOwnTasks(step Step) []Weakening {
	const path = "taskDefinition"
	before, after := inputsOf(step.Before), inputsOf(step.After)
	arn := after.at(path)
	if sameValue(before.at(path).content, arn.content) || p.isOutput(arn, taskDefinition, "arn") ||
		!arn.shown() && p.comesFrom(step, path, staysOrComes(taskDefinition)) {
		return nil
	}
	return weaker(path, before, after, unknownTasks)
}

// runsAsAnother judges a new task definition or service beside others of the stack: as a change of the one that it is
// most like. Without another one there is nothing to compare. A new service that has no target group takes no requests
// away from those that have one.
func (p Plan) runsAsAnother(step Step) []Weakening {
	const targets = "loadBalancers"
	after := inputsOf(step.After)
	var least []Weakening
	compared := false
	for _, other := range p.Steps {
		if other.URN == step.URN || resourceType(other.URN) != resourceType(step.URN) || other.Before == nil {
			continue
		}
		before := inputsOf(other.Before)
		if after.at(targets).isNothing() {
			before[targets] = after[targets]
		}
		found := protections[resourceType(step.URN)](before, after)
		if !compared || len(found) < len(least) {
			least, compared = found, true
		}
	}
	return least
}
