package plangate

import (
	"reflect"
	"slices"
)

// protections are the rules for changes in place, by type. A type without an entry has no protection that a
// change could take away, apart from those that every type has.
var protections = map[string]rule{
	"aws:s3/bucketV2:BucketV2": all(
		allowsNoMore("policy", "others may reach every file"),
		otherPropertiesStay("policy", "forceDestroy", "tags"),
	),
	"aws:s3/bucketVersioningV2:BucketVersioningV2": all(
		keeps("versioningConfiguration.status", "an overwritten or deleted file is lost", "Enabled"),
		keeps("versioningConfiguration.mfaDelete", "versions can be deleted without a second factor", "Enabled"),
	),
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": all(
		keeps("blockPublicAcls", becomesPublic, true),
		keeps("blockPublicPolicy", becomesPublic, true),
		keeps("ignorePublicAcls", becomesPublic, true),
		keeps("restrictPublicBuckets", becomesPublic, true),
	),
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": all(
		keeps("rules.applyServerSideEncryptionByDefault.sseAlgorithm", "new files are encrypted less well, or not at all", "aws:kms:dsse", "aws:kms", "AES256"),
		staysOnceSet("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId", "who may use the other key can read new files"),
	),
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": expiresNoSooner("rules", "media is deleted for good"),
	"aws:ec2/securityGroup:SecurityGroup": all(
		letsNoMoreThrough("ingress", "more of the world reaches the load balancer or the tasks"),
		letsNoMoreThrough("egress", "the tasks reach more of the world"),
	),
	"aws:iam/role:Role": all(
		allowsNoMore("assumeRolePolicy", "others may act as the role"),
		inlinePoliciesAllowNoMore("inlinePolicies", moreRights),
		gainsNothing("managedPolicyArns", moreRights),
		staysOnceSet("permissionsBoundary", "nothing bounds what the role may be given"),
		otherPropertiesStay("assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "permissionsBoundary",
			"description", "forceDetachPolicies", "maxSessionDuration", "tags"),
	),
	"aws:iam/rolePolicy:RolePolicy": all(
		allowsNoMore("policy", moreRights),
		staysAsItIs("role", moreRights),
	),
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": all(
		staysAsItIs("policyArn", moreRights),
		staysAsItIs("role", moreRights),
	),
	"aws:ecr/repositoryPolicy:RepositoryPolicy": allowsNoMore("policy", "others may read or change the images that the tasks run"),
	"aws:ecr/repository:Repository": all(
		keeps("imageTagMutability", "a tag may come to name another image", "IMMUTABLE"),
		keeps("imageScanningConfiguration.scanOnPush", "known weaknesses of new images go unnoticed", true),
	),
	"aws:ssm/parameter:Parameter": all(
		keeps("type", "the value is no longer encrypted", "SecureString"),
		staysOnceSet("keyId", "who may use the other key can read the value"),
	),
	"aws:lb/loadBalancer:LoadBalancer": all(
		keeps("dropInvalidHeaderFields", "malformed requests reach the tasks", true),
		keeps("enableDeletionProtection", "anybody with the right to can delete it", true),
		gainsNothing("securityGroups", otherSecurityGroup),
	),
	"aws:lb/listener:Listener": all(
		keeps("protocol", "passwords and media cross the network in plain", "HTTPS"),
		staysOnceSet("sslPolicy", "older, weaker encryption may be accepted"),
		staysOnceSet("routingHttpResponseStrictTransportSecurityHeaderValue", "browsers may use plain HTTP again"),
	),
	"aws:ecs/service:Service": all(
		keeps("deploymentCircuitBreaker.enable", "a broken deployment is not given up", true),
		keeps("deploymentCircuitBreaker.rollback", "a broken deployment is not rolled back", true),
		gainsNothing("networkConfiguration.securityGroups", otherSecurityGroup),
		staysOff("networkConfiguration.assignPublicIp", "the tasks get public addresses"),
		staysOff("enableExecuteCommand", "a shell can be opened in a task"),
	),
	"aws:ecs/taskDefinition:TaskDefinition": all(
		staysAsItIs("taskRoleArn", "the application acts as another role"),
		staysAsItIs("executionRoleArn", "tasks are started as another role"),
	),
	"aws:cloudwatch/logGroup:LogGroup": all(
		lasts("retentionInDays", "day", "older events are deleted"),
		keeps("skipDestroy", "the logs go with the stack", true),
		staysOnceSet("kmsKeyId", "who may use the other key can read the logs"),
	),
}

// Reasons that several protections share.
const (
	becomesPublic      = "files can become public"
	moreRights         = "the role may do more"
	otherSecurityGroup = "another group decides who gets through"
)

// everyTypesProtections are the rules for all types.
var everyTypesProtections = all(
	staysOff("forceDestroy", "it can be deleted with all that it holds"),
	staysOff("forceDelete", "it can be deleted with all that it holds"),
)

// protectionsOf compares a resource before and after a step.
func protectionsOf(step Step) []Weakening {
	var found []Weakening
	if step.Before.Protect && !step.After.Protect {
		found = append(found, Weakening{Property: "protect", From: "true", To: "false", Why: "Pulumi no longer refuses to delete it"})
	}
	if step.Before.RetainOnDelete && !step.After.RetainOnDelete {
		found = append(found, Weakening{Property: "retainOnDelete", From: "true", To: "false", Why: "it is deleted when it leaves the stack"})
	}
	before, after := inputsOf(step.Before), inputsOf(step.After)
	found = append(found, everyTypesProtections(before, after)...)
	if rules, has := protections[resourceType(step.URN)]; has {
		found = append(found, rules(before, after)...)
	}
	return found
}

// grant is a type of which a new resource gives something away that belongs to another resource, its target.
type grant struct {
	// property is the input that names the target.
	property string
	// targetType is the type of the target, and targetName the input with its physical name.
	targetType, targetName string
}

// grants are these types.
var grants = map[string]grant{
	"aws:iam/rolePolicy:RolePolicy":                                        {"role", "aws:iam/role:Role", "name"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                    {"role", "aws:iam/role:Role", "name"},
	"aws:ecr/repositoryPolicy:RepositoryPolicy":                            {"repository", "aws:ecr/repository:Repository", "name"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {"bucket", "aws:s3/bucketV2:BucketV2", "bucket"},
}

// grantsOf judges a new resource as a change from nothing, unless its target is as new as it is itself.
func (p Plan) grantsOf(step Step) []Weakening {
	kind := resourceType(step.URN)
	each, has := grants[kind]
	if !has || p.isFirst() {
		return nil
	}
	after := inputsOf(step.After)
	target := after.at(each.property)
	isNew := slices.ContainsFunc(p.Steps, func(other Step) bool {
		return other.Operation == "create" && resourceType(other.URN) == each.targetType && other.After != nil &&
			target.known() && target.content != nil && reflect.DeepEqual(inputsOf(other.After).at(each.targetName), target)
	})
	if isNew {
		return nil
	}
	return protections[kind](properties{}, after)
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
