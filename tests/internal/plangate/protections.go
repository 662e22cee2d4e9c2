package plangate

import "reflect"

// protections are the rules for changes in place, by type. A type without an entry has no protection that a
// change could take away, apart from those that every type has.
var protections = map[string]rule{
	bucket: all(
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
	role: all(
		allowsNoMore("assumeRolePolicy", "others may act as the role"),
		inlinePoliciesAllowNoMore("inlinePolicies", moreRights),
		gainsNothing("managedPolicyArns", moreRights),
		staysOnceSet("permissionsBoundary", "nothing bounds what the role may be given"),
		otherPropertiesStay("assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "permissionsBoundary",
			"name", "namePrefix", "path", "description", "forceDetachPolicies", "maxSessionDuration", "tags"),
	),
	"aws:iam/rolePolicy:RolePolicy": all(
		allowsNoMore("policy", moreRights),
		staysAsItIs("role", moreRights),
	),
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": all(
		staysAsItIs("policyArn", moreRights),
		staysAsItIs("role", moreRights),
	),
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": originsStayNamed("corsRules"),
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                    imagesExpireNoSooner("policy", "images to roll back to are deleted"),
	"aws:ecr/repositoryPolicy:RepositoryPolicy":                  allowsNoMore("policy", "others may read or change the images that the tasks run"),
	repository: all(
		keeps("imageTagMutability", "a tag may come to name another image", "IMMUTABLE"),
		keeps("imageScanningConfiguration.scanOnPush", "known weaknesses of new images go unnoticed", true),
	),
	parameter: all(
		keeps("type", "the value is no longer encrypted", "SecureString"),
		staysOnceSet("keyId", "who may use the other key can read the value"),
		staysOff("overwrite", otherParameterLost),
	),
	loadBalancer: all(
		keeps("dropInvalidHeaderFields", "malformed requests reach the tasks", true),
		keeps("enableDeletionProtection", "anybody with the right to can delete it", true),
		keeps("accessLogs.enabled", "nobody can look up who asked for what", true),
		staysAway("desyncMitigationMode", "ambiguous requests reach the tasks", "monitor"),
		gainsNothing("securityGroups", otherSecurityGroup),
		staysNamed("securityGroups", defaultSecurityGroup),
		gainsNone("accessLogs.bucket", "whoever has the bucket reads who asked for what"),
		gainsNoOther("dropInvalidHeaderFields", "enableDeletionProtection", "accessLogs", "desyncMitigationMode", "securityGroups",
			"name", "namePrefix", "tags", "internal", "loadBalancerType", "subnets", "idleTimeout", "clientKeepAlive", "enableHttp2",
			"enableCrossZoneLoadBalancing", "enableZonalShift", "ipAddressType", "preserveHostHeader"),
	),
	listener: all(
		keeps("protocol", "passwords and media cross the network in plain", "HTTPS"),
		acceptsNoOlderTLS("sslPolicy"),
		promisesNoLess("routingHttpResponseStrictTransportSecurityHeaderValue"),
		keeps(contentTypeHeader, "browsers may take a file for something else than it is said to be", "nosniff"),
		keeps("mutualAuthentication.mode", "clients need no certificate any more", "verify", "passthrough"),
		staysOnceSet("mutualAuthentication.trustStoreArn", "other clients are let in"),
		staysOff("mutualAuthentication.ignoreClientCertificateExpiry", "clients may use a certificate that has expired"),
		losesNoAction("defaultActions"),
		redirectsStay("defaultActions"),
		forwardsToNoOther("defaultActions"),
		staysAsItIs("port", "users reach the service at another port, or not at all"),
		otherHeadersStay,
	),
	certificate: all(
		staysAway("options.export", "its private key can be taken elsewhere", "ENABLED"),
		keeps("options.certificateTransparencyLoggingPreference", "nobody can see which certificates there are", "ENABLED"),
	),
	record: all(
		staysAsItIs("aliases", otherAddress),
		staysAsItIs("records", otherAddress),
		staysOff("allowOverwrite", otherRecordLost),
		otherPropertiesStay("aliases", "records", "allowOverwrite", "ttl"),
	),
	targetGroup: all(
		staysOn("healthCheck.enabled", "broken tasks get requests"),
		acceptsNoMoreAnswers("healthCheck.matcher", "broken tasks count as healthy"),
		growsNot("healthCheck.interval", "broken tasks get requests for longer"),
		growsNot("healthCheck.unhealthyThreshold", "broken tasks get requests for longer"),
	),
	service: all(
		keeps("deploymentCircuitBreaker.enable", "a broken deployment is not given up", true),
		keeps("deploymentCircuitBreaker.rollback", "a broken deployment is not rolled back", true),
		keeps("alarms.enable", "a deployment goes on although its alarms ring", true),
		keeps("alarms.rollback", "a deployment whose alarms ring is not rolled back", true),
		losesNothing("alarms.alarmNames", "a deployment goes on although this alarm rings"),
		staysNamed("alarms.alarmNames", "a deployment goes on although its alarms ring"),
		gainsNothing("networkConfiguration.securityGroups", otherSecurityGroup),
		staysNamed("networkConfiguration.securityGroups", defaultSecurityGroup),
		staysAsItIs("loadBalancers", "requests reach something else, or nothing"),
		staysOff("networkConfiguration.assignPublicIp", "the tasks get public addresses"),
		staysOff("enableExecuteCommand", "a shell can be opened in a task"),
		gainsNoOther("deploymentCircuitBreaker", "alarms", "networkConfiguration", "loadBalancers", "enableExecuteCommand", "taskDefinition",
			"name", "cluster", "tags", "propagateTags", "enableEcsManagedTags", "desiredCount", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent",
			"healthCheckGracePeriodSeconds", "launchType", "capacityProviderStrategies", "platformVersion", "schedulingStrategy",
			"availabilityZoneRebalancing", "waitForSteadyState", "forceNewDeployment", "triggers", "forceDelete"),
	),
	taskDefinition: all(
		staysAsItIs("taskRoleArn", "the application acts as another role"),
		staysAsItIs("executionRoleArn", "tasks are started as another role"),
		staysAsItIs("volumes", "the containers reach other files, or lose theirs"),
		containersGainNothing("containerDefinitions"),
		gainsNoOther("taskRoleArn", "executionRoleArn", "volumes", "containerDefinitions", "family", "cpu", "memory", "networkMode",
			"requiresCompatibilities", "runtimePlatform", "ephemeralStorage", "skipDestroy", "tags"),
		gainsNone("networkMode", "the tasks share the network of their host, or of others"),
	),
	scalableTarget: staysAway("maxCapacity", "every task stops, and none starts again", 0),
	metricAlarm: all(
		staysOn("actionsEnabled", "nothing happens when it rings"),
		staysNamed("alarmActions", "nothing happens when it rings"),
		alarmStaysAsLoud,
	),
	topic: all(
		staysAsItIs("kmsMasterKeyId", cannotSend),
		allowsNoMore("policy", mayPretend),
		gainsNoOther("kmsMasterKeyId", "policy", "name", "displayName", "tags"),
	),
	topicPolicy: all(
		allowsNoMore("policy", mayPretend),
		allowsNoLess("policy", cannotSend),
	),
	subscription: all(
		staysAsItIs("filterPolicy", someNotSent),
		staysAsItIs("filterPolicyScope", someNotSent),
		gainsNoOther("filterPolicy", "filterPolicyScope", "topic", "protocol", "endpoint", "confirmationTimeoutInMinutes", "endpointAutoConfirms"),
	),
	"pulumi:providers:aws": sameAccount,
	"aws:cloudwatch/logGroup:LogGroup": all(
		lasts("retentionInDays", "day", "older events are deleted"),
		keeps("skipDestroy", "the logs go with the stack", true),
		staysOnceSet("kmsKeyId", "who may use the other key can read the logs"),
	),
}

// contentTypeHeader is the one header of a listener's answers that can only make browsers stricter: nosniff is its only
// value. Each other one may take the place of a stricter one of the application (Elastic Load Balancing user guide, "HTTP
// header modification for your Application Load Balancer").
const contentTypeHeader = "routingHttpResponseXContentTypeOptionsHeaderValue"

// otherHeadersStay is the rule for what else a listener does, such as to let other pages read its answers.
var otherHeadersStay = gainsNoOther("protocol", "sslPolicy", "routingHttpResponseStrictTransportSecurityHeaderValue", contentTypeHeader, "mutualAuthentication",
	"defaultActions", "port", certificateARN, "loadBalancerArn", "tags", "tcpIdleTimeoutSeconds")

// Reasons that several protections share.
const (
	becomesPublic      = "files can become public"
	moreRights         = "the role may do more"
	someNotSent        = "some alarms are not sent to this address"
	mayPretend         = "others may send what looks like an alarm"
	otherParameterLost = "a parameter that somebody else made is lost"
	otherRecordLost    = "a record that somebody else made is lost"
	otherAddress       = "users are sent to another address"
	otherSecurityGroup = "another group decides who gets through"
	// Without a group AWS takes the default one (Amazon ECS API reference, AwsVpcConfiguration).
	defaultSecurityGroup = "the default group of the VPC decides who gets through"
)

// everyTypesProtections are the rules for all types.
var everyTypesProtections = all(
	staysOff("forceDestroy", "it can be deleted with all that it holds"),
	staysOff("forceDelete", "it can be deleted with all that it holds"),
)

// protectionsOf compares a resource before and after a step.
func (p Plan) protectionsOf(step Step) []Weakening {
	var found []Weakening
	if step.Before.Protect && !step.After.Protect {
		found = append(found, Weakening{Property: "protect", From: "true", To: "false", Why: "Pulumi no longer refuses to delete it"})
	}
	if step.Before.RetainOnDelete && !step.After.RetainOnDelete {
		found = append(found, Weakening{Property: "retainOnDelete", From: "true", To: "false", Why: "it is deleted when it leaves the stack"})
	}
	found = append(found, p.providerStays(step)...)
	before, after := inputsOf(step.Before), inputsOf(step.After)
	// What stays as it is may be secret or unknown to the end of its days.
	if step.Operation == "same" && reflect.DeepEqual(before, after) {
		return found
	}
	found = append(found, secretsStaySecret("", map[string]any(before), map[string]any(after))...)
	found = append(found, secretParameterStays(step)...)
	found = append(found, everyTypesProtections(before, after)...)
	if resourceType(step.URN) == metricAlarm {
		before = p.followingTheCapacity(before, after)
		found = append(found, p.tellsOnlyOwn(step)...)
	}
	if resourceType(step.URN) == listener {
		found = append(found, p.certificateStays(step)...)
		found = append(found, p.redirectsToTheDomain(before, after)...)
	}
	if resourceType(step.URN) == service {
		found = append(found, p.runsOwnTasks(step)...)
	}
	if rules, has := protections[resourceType(step.URN)]; has {
		found = append(found, rules(before, after)...)
	}
	return found
}
