package plangate

import (
	"slices"
	"strings"
)

// guarded are the types that must not be deleted or replaced, with what would be lost.
var guarded = map[string]string{
	"aws:s3/bucketV2:BucketV2":                                                                   "every uploaded file is in it",
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     "without it files can become public",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "it states how files are encrypted",
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               "without it an overwritten file is lost",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       "it decides what becomes of old files",
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":                                 "without it browsers cannot upload",
	"random:index/randomString:RandomString":                                                     "it is part of the bucket's name: another one means another, empty bucket",
	"random:index/randomPassword:RandomPassword":                                                 "every token that it signed becomes invalid",
	"aws:ssm/parameter:Parameter":                                                                "tasks read the JWT secret from it, and cannot start without it",
	"aws:ecr/repository:Repository":                                                              "every image is in it, also those to roll back to",
	"aws:lb/loadBalancer:LoadBalancer":                                                           "its DNS name, the service's address, changes",
	"aws:lb/targetGroup:TargetGroup":                                                             "the load balancer reaches the tasks through it",
	"aws:lb/listener:Listener":                                                                   "the service is not reachable without it",
	"aws:ec2/securityGroup:SecurityGroup":                                                        "it carries the traffic to and from the tasks, and its replacement gets stuck while in use",
	"aws:iam/role:Role":                                                                          "tasks run as it, and other policies name it",
	"aws:iam/rolePolicy:RolePolicy":                                                              "without it running tasks lose access",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                                          "without it tasks cannot start",
	"aws:ecs/cluster:Cluster":                                                                    "every task runs in it",
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders":                                  "new tasks are placed through it",
	"aws:ecs/service:Service":                                                                    "all its tasks stop",
	"aws:cloudwatch/logGroup:LogGroup":                                                           "its logs are lost",
}

// replaceable are the types of which nothing is lost when they are deleted or replaced.
var replaceable = map[string]bool{
	"aws:appautoscaling/policy:Policy":          true,
	"aws:appautoscaling/target:Target":          true,
	"aws:cloudwatch/dashboard:Dashboard":        true,
	"aws:cloudwatch/metricAlarm:MetricAlarm":    true,
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":   true,
	"aws:ecr/repositoryPolicy:RepositoryPolicy": true,
	"aws:ecs/taskDefinition:TaskDefinition":     true,
	"pulumi:pulumi:Stack":                       true,
}

// unknownType says why a type is refused that is in neither list.
const unknownType = "the gate does not know this type; enter it into the gate's rules"

// isKnown tells whether the gate has an opinion of a type.
func isKnown(resourceType string) bool {
	return guarded[resourceType] != "" || replaceable[resourceType] || strings.HasPrefix(resourceType, "pulumi:providers:")
}

// loss says what is lost if a step's resource is deleted or replaced. Empty for nothing.
func loss(step Step) string {
	kind := resourceType(step.URN)
	switch {
	case isComponent(step), strings.HasPrefix(kind, "pulumi:providers:"), replaceable[kind]:
		return ""
	// The parameters that are not secret are made from the stack, and lose nothing.
	case kind == "aws:ssm/parameter:Parameter" && !isSecretParameter(step):
		return ""
	case guarded[kind] != "":
		return guarded[kind]
	}
	return unknownType
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

// KnownTypes are all types that the gate has an opinion of, sorted.
func KnownTypes() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for kind := range guarded {
			if !yield(kind) {
				return
			}
		}
		for kind := range replaceable {
			if !yield(kind) {
				return
			}
		}
	})
}
