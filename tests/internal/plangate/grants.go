package plangate

import (
	"reflect"
	"slices"
	"strings"
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
	"aws:iam/role:Role":                                                    {},
	"aws:iam/rolePolicy:RolePolicy":                                        {"role", "aws:iam/role:Role", "name"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                    {"role", "aws:iam/role:Role", "name"},
	"aws:ecr/repositoryPolicy:RepositoryPolicy":                            {"repository", "aws:ecr/repository:Repository", "name"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                              {"repository", "aws:ecr/repository:Repository", "name"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {"bucket", "aws:s3/bucketV2:BucketV2", "bucket"},
	topicPolicy: {"arn", "aws:sns/topic:Topic", "arn"},
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
	if kind == "aws:route53/record:Record" {
		return p.overwrites(step)
	}
	if p.isFirst() {
		return nil
	}
	after := inputsOf(step.After)
	switch {
	case kind == listener:
		return p.opensNoOther(after)
	case kind == "aws:sns/topicSubscription:TopicSubscription":
		return p.tellsNobodyElse(after)
	case slices.Contains(bucketSettings, kind) && !p.isTargetNew(after, grant{"bucket", "aws:s3/bucketV2:BucketV2", "bucket"}):
		return staysAsItIs("bucket", "it writes over the settings of a bucket that is there")(properties{}, after)
	}
	each, has := grants[kind]
	if !has || p.isTargetNew(after, each) || kind == topicPolicy && p.isPolicyOfNewTopic(step) {
		return nil
	}
	return protections[kind](properties{}, after)
}

// isTargetNew tells whether what the resource belongs to is as new as it is itself.
func (p Plan) isTargetNew(after properties, each grant) bool {
	target := after.at(each.property)
	return each.property != "" && slices.ContainsFunc(p.Steps, func(other Step) bool {
		return other.Operation == "create" && resourceType(other.URN) == each.targetType && other.After != nil &&
			target.known() && target.content != nil && reflect.DeepEqual(inputsOf(other.After).at(each.targetName), target)
	})
}

// overwrites judges a new record that may write over one that is there, also where the whole stack is new. The one that
// validates a certificate may: its name, which begins with an underscore, is not known before the certificate is new.
func (p Plan) overwrites(step Step) []Weakening {
	after := inputsOf(step.After)
	name := after.at("name")
	validates := strings.HasPrefix(name.text(), "_") || name.is(unknown) && p.requestsCertificate()
	if validates {
		return nil
	}
	return staysOff("allowOverwrite", "a record that somebody else made is lost")(properties{}, after)
}

// requestsCertificate tells whether the plan makes a certificate. That of one which only changes is known.
func (p Plan) requestsCertificate() bool {
	return slices.ContainsFunc(p.Steps, func(step Step) bool {
		return resourceType(step.URN) == "aws:acm/certificate:Certificate" && step.After != nil && step.Operation != "update" && step.Operation != "same"
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
