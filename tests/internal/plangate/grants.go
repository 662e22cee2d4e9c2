package plangate

import (
	"slices"
)

// grant is a type of which a new resource gives something away: what belongs to another resource, its target, or
// rights in the account.
type grant struct {
	// property is the input that names the target. Empty where there is none.
	property string
	// targetType is the type of the target, and targetName the input with its physical name.
	targetType, targetName string
}

// grants are these types.
var grants = map[string]grant{
	role:                            {},
	"aws:iam/rolePolicy:RolePolicy": {"role", role, "name"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                    {"role", role, "name"},
	"aws:ecr/repositoryPolicy:RepositoryPolicy":                            {"repository", repository, "name"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                              {"repository", repository, "name"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {"bucket", bucket, "bucket"},
	topicPolicy: {"arn", topic, "arn"},
}

// bucketSettings are the types of which a bucket has one: a second one writes over the first (Amazon S3 API reference,
// PutPublicAccessBlock and its like).
var bucketSettings = []string{
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	"aws:s3/bucketVersioningV2:BucketVersioningV2",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2",
}

// grantsOf judges a new resource as a change from nothing, unless its target is as new as it is itself.
func (p Plan) grantsOf(step Step) []Weakening {
	kind := resourceType(step.URN)
	after := inputsOf(step.After)
	switch kind {
	case record:
		return p.leadsNowhereElse(step)
	case parameter:
		if found := staysOff("overwrite", otherParameterLost)(properties{}, after); len(found) > 0 {
			return found
		}
	}
	if p.isFirst() {
		return nil
	}
	found := p.takesOver(step)
	switch {
	case kind == topic, kind == topicPolicy && p.isPolicyOfNewTopic(step):
		return append(found, onlyAlarmsMaySend(properties{}, after)...)
	case kind == metricAlarm:
		return append(found, p.tellsOnlyOwn(step)...)
	case kind == taskDefinition:
		return append(found, p.runsAsAnother(step)...)
	case kind == service:
		return append(append(found, p.runsOwnTasks(step)...), p.runsAsAnother(step)...)
	case kind == listener:
		return append(found, p.opensNoOther(step)...)
	case kind == subscription:
		return append(found, p.tellsNobodyElse(after)...)
	case slices.Contains(bucketSettings, kind) && !p.isTargetNew(step, grant{"bucket", bucket, "bucket"}):
		return append(found, writesOver(after)...)
	}
	each, has := grants[kind]
	if !has || p.isTargetNew(step, each) {
		return found
	}
	return append(found, protections[kind](properties{}, after)...)
}

// writesOver judges a setting of a bucket that is not as new as the setting itself, as far as the plan tells.
func writesOver(after properties) []Weakening {
	const path = "bucket"
	why := "it writes over the settings of a bucket that is there"
	if !after.at(path).known() {
		why = "the plan does not tell whose settings it writes over; of a new bucket state the name (bucket), which is known, instead of its id"
	}
	return staysAsItIs(path, why)(properties{}, after)
}

// isTargetNew tells whether what the resource belongs to is as new as it is itself: the plan makes it, nothing of its
// name is there, and the resource waits for it. One that only has the name of what is there cannot be made, so that
// what waits for it is not made either.
func (p Plan) isTargetNew(step Step, each grant) bool {
	target := inputsOf(step.After).at(each.property)
	if each.property == "" || !target.shown() || p.isThere(each.targetType, each.targetName, target) {
		return false
	}
	return slices.ContainsFunc(p.made(step, each), func(other Step) bool {
		return sameValue(inputsOf(other.After).at(each.targetName).content, target.content)
	})
}

// made are the resources of the target's type that the plan makes and from which the resource's property comes.
func (p Plan) made(step Step, each grant) []Step {
	var found []Step
	for _, other := range p.Steps {
		if other.Operation == "create" && resourceType(other.URN) == each.targetType && other.After != nil &&
			slices.Contains(step.After.PropertyDependencies[each.property], other.URN) {
			found = append(found, other)
		}
	}
	return found
}

// isThere tells whether a resource of the stack has a property with this value already.
func (p Plan) isThere(kind, property string, name value) bool {
	return slices.ContainsFunc(p.Steps, func(step Step) bool {
		return resourceType(step.URN) == kind && step.Before != nil && sameValue(inputsOf(step.Before).at(property).content, name.content)
	})
}

// isFirst tells whether the plan makes the stack: nothing is there yet that a new resource could weaken.
func (p Plan) isFirst() bool {
	for operation, count := range p.ChangeSummary {
		if count > 0 && operation != "create" && operation != "read" {
			return false
		}
	}
	return !slices.ContainsFunc(p.Steps, func(step Step) bool { return step.Before != nil })
}

// denialsOf judges a policy that goes as a change to nothing: what it denied is denied no longer.
func denialsOf(step Step) []Weakening {
	kind := resourceType(step.URN)
	if _, isPolicy := inputsOf(step.Before)["policy"]; !isPolicy || grants[kind].property == "" {
		return nil
	}
	return allowsNoMore("policy", "a refusal to others goes with it")(inputsOf(step.Before), properties{})
}
