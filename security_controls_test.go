package main

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
)

// isMet tells whether a stack meets a control.
type isMet func(stack *recorder) bool

// controls are the checks of the entries in the security register, by the first
// id of each.
var controls = map[string]isMet{
	"S3.8": all(
		every("BucketPublicAccessBlock", "blockPublicAcls", true), every("BucketPublicAccessBlock", "blockPublicPolicy", true),
		every("BucketPublicAccessBlock", "ignorePublicAcls", true), every("BucketPublicAccessBlock", "restrictPublicBuckets", true),
		func(stack *recorder) bool {
			return len(stack.ofKind("BucketPublicAccessBlock")) == len(stack.ofKind("BucketV2"))
		}),
	"S3.2":         all(every("BucketV2", "acl", nil), every("BucketV2", "grants", nil), not(some("BucketAclV2"))),
	"S3.6":         all(every("BucketV2", "policy", nil), not(anyStatement("BucketPolicy", allows))),
	"S3.5":         anyStatement("BucketPolicy", refusesPlainHTTP),
	"CKV_AWS_19":   every("BucketServerSideEncryptionConfigurationV2", "rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", present),
	"S3.17":        every("BucketServerSideEncryptionConfigurationV2", "rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms", "aws:kms:dsse"),
	"S3.14":        every("BucketVersioningV2", "versioningConfiguration.status", "Enabled"),
	"S3.20":        every("BucketVersioningV2", "versioningConfiguration.mfaDelete", "Enabled"),
	"S3.13":        all(every("BucketLifecycleConfigurationV2", "rules.*.status", "Enabled"), every("BucketLifecycleConfigurationV2", "rules.*.abortIncompleteMultipartUpload.daysAfterInitiation", present)),
	"AVD-AWS-0320": every("BucketV2", "bucket", func(name any) bool { return present(name) && !strings.Contains(name.(string), ".") }),
	"S3.9":         some("BucketLoggingV2"),
	"S3.7":         some("BucketReplicationConfig"),
	"S3.11":        some("BucketNotification"),
	"S3.15":        every("BucketV2", "objectLockEnabled", true),

	ours + "forceDestroy": all(every("BucketV2", "forceDestroy", false), every("Repository", "forceDelete", false)),
	ours + "protectData": func(stack *recorder) bool {
		return !slices.ContainsFunc(stack.records, func(r record) bool {
			return slices.Contains(dataHolders, r.key()) && r.options["protect"] != true
		})
	},

	"ECR.1":      every("Repository", "imageScanningConfiguration.scanOnPush", true),
	"ECR.2":      every("Repository", "imageTagMutability", "IMMUTABLE"),
	"ECR.3":      some("LifecyclePolicy"),
	"ECR.5":      every("Repository", "encryptionConfigurations", present),
	"CKV_AWS_32": all(some("RepositoryPolicy"), not(anyStatement("RepositoryPolicy", allowsEverybody))),

	"EC2.18":      everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || r.opensOnly(80) || r.opensOnly(443) }),
	"EC2.19":      everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || !slices.ContainsFunc(highRiskPorts, r.opens) }),
	"CKV_AWS_260": everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || !r.opens(80) }),
	"CKV_AWS_23": all(every("SecurityGroup", "description", present),
		every("SecurityGroup", "ingress.*.description", present), every("SecurityGroup", "egress.*.description", present)),
	"CKV_AWS_382": everyRule("egress", func(r groupRule) bool { return !r.isForAnyone() || r["protocol"] != "-1" }),
	"CKV2_AWS_5": func(stack *recorder) bool {
		var used list
		for _, user := range slices.Concat(stack.ofKind("LoadBalancer"), stack.ofKind("Service")) {
			used = slices.Concat(used, at(user.inputs, "securityGroups.*"), at(user.inputs, "networkConfiguration.securityGroups.*"))
		}
		return every("SecurityGroup", "name", func(name any) bool { return slices.Contains(used, any("SecurityGroup/"+name.(string))) })(stack)
	},
	"EC2.6":        some("FlowLog"),
	"AVD-AWS-0101": func(stack *recorder) bool { return stack.lookups["getVpc"] == nil },

	"ELB.1":                            every("Listener", "", func(in any) bool { return at(in, "protocol")[0] == "HTTPS" || redirectsToHTTPS(in) }),
	"ELB.17":                           everyHTTPSListener("sslPolicy", recommendedTLSPolicies...),
	ours + "strict transport security": everyHTTPSListener("routingHttpResponseStrictTransportSecurityHeaderValue", present),
	"ELB.18":                           every("Listener", "protocol", "HTTPS"),
	"ACM.1": all(every("Certificate", "validationMethod", "DNS"), every("Certificate", "certificateBody", nil),
		not(every("Certificate", "keyAlgorithm", "RSA_1024"))),
	"ELB.4":        every("LoadBalancer", "dropInvalidHeaderFields", true),
	"ELB.12":       every("LoadBalancer", "desyncMitigationMode", nil, "defensive", "strictest"),
	"ELB.13":       every("LoadBalancer", "subnets", func(subnets any) bool { return len(subnets.(list)) >= 2 }),
	"ELB.5":        every("LoadBalancer", "accessLogs.enabled", true),
	"ELB.6":        every("LoadBalancer", "enableDeletionProtection", true),
	"ELB.16":       some("WebAclAssociation"),
	"AVD-AWS-0053": every("LoadBalancer", "internal", true),
	"ELB.22":       all(every("TargetGroup", "protocol", "HTTPS"), every("TargetGroup", "healthCheck.protocol", "HTTPS")),
	"CKV_AWS_261":  all(every("TargetGroup", "healthCheck.enabled", true), every("TargetGroup", "healthCheck.path", present)),

	"ECS.2": every("Service", "networkConfiguration.assignPublicIp", nil, false),
	"ECS.3": every("TaskDefinition", "pidMode", nil, "task"),
	"ECS.4": every("TaskDefinition", "containerDefinitions.*.privileged", nil, false),
	"ECS.5": every("TaskDefinition", "containerDefinitions.*.readonlyRootFilesystem", true),
	"ECS.8": all(
		every("TaskDefinition", "containerDefinitions.*.environment.*.name", func(name any) bool { return !slices.Contains(secretVariables, name) }),
		every("TaskDefinition", "containerDefinitions.*.environment.*.value", func(value any) bool { return value != testJWTSecret }),
		every("TaskDefinition", "containerDefinitions.*.secrets.*.valueFrom", present)),
	"ECS.9":       every("TaskDefinition", "containerDefinitions.*.logConfiguration.logDriver", present),
	"ECS.10":      every("Service", "platformVersion", nil, "LATEST"),
	"ECS.12":      all(every("Cluster", "settings.*.name", "containerInsights"), every("Cluster", "settings.*.value", "enabled", "enhanced")),
	"ECS.17":      every("TaskDefinition", "networkMode", "awsvpc"),
	"ECS.20":      every("TaskDefinition", "containerDefinitions.*.user", func(user any) bool { return !isRoot(user) }),
	"CT.ECS.PR.7": every("TaskDefinition", "containerDefinitions.*.memory", present),
	"CKV_AWS_97":  every("TaskDefinition", "volumes", nil),
	"CKV_AWS_249": every("TaskDefinition", "", func(in any) bool {
		task, execution := at(in, "taskRoleArn")[0], at(in, "executionRoleArn")[0]
		return present(task) && present(execution) && task != execution
	}),
	"CKV_AWS_223": all(not(every("Cluster", "configuration.executeCommandConfiguration.logging", "NONE")),
		every("TaskDefinition", "containerDefinitions.*.logConfiguration.logDriver", "awslogs")),
	ours + "executeCommand": all(every("Service", "enableExecuteCommand", false),
		everyRight(func(_ statement, action string) bool { return !strings.HasPrefix(action, "ssmmessages:") })),

	"IAM.1": all(everyRight(func(_ statement, action string) bool { return action != "*" }),
		every("RolePolicyAttachment", "policyArn", executionPolicy)),
	"IAM.21":       everyRight(func(_ statement, action string) bool { return !strings.Contains(action, "*") }),
	"AVD-AWS-0342": everyRight(func(_ statement, action string) bool { return action != "iam:PassRole" }),
	"CKV_AWS_355": all(
		everyRight(func(s statement, action string) bool {
			return !slices.Contains(s.Resource, "*") || needsAnyResource(s, action)
		}),
		every("RolePolicyAttachment", "policyArn", executionPolicy), every("Role", "permissionsBoundary", present),
		func(*recorder) bool {
			return !slices.ContainsFunc(executionPolicyActions, isAllowedEverywhereByTheBoundary)
		}),
	"AwsSolutions-IAM4": every("RolePolicyAttachment", "policyArn", func(arn any) bool { return !strings.HasPrefix(arn.(string), "arn:aws:iam::aws:policy/") }),

	"NIST.800.53.R5-IAMNoInlinePolicy": all(not(some("RolePolicy")), every("Role", "inlinePolicies", nil)),
	"CKV_AWS_60": all(every("Role", "assumeRolePolicy.Statement.*.Principal.Service", "ecs-tasks.amazonaws.com"),
		every("Role", "assumeRolePolicy.Statement.*.Principal.AWS", nil),
		every("Role", "assumeRolePolicy.Statement.*.Condition.StringEquals.aws:SourceAccount", testAccount)),
	"KMS.2": everyRight(func(s statement, action string) bool {
		return !strings.HasPrefix(action, "kms:") || !slices.Contains(s.Resource, "*")
	}),
	ours + "permissionsBoundaryArn": every("Role", "permissionsBoundary", present),

	ours + "the JWT secret": func(stack *recorder) bool {
		return slices.ContainsFunc(stack.ofKind("Parameter"), func(r record) bool {
			return r.inputs["type"] == "SecureString" && at(r.inputs, "value.secret")[0] == testJWTSecret
		})
	},
	"CKV2_AWS_34":   every("Parameter", "type", "SecureString"),
	"CKV_AWS_337":   every("Parameter", "keyId", present),
	"CKV_AWS_66":    every("LogGroup", "retentionInDays", present),
	"CloudWatch.16": every("LogGroup", "retentionInDays", func(days any) bool { return present(days) && days.(float64) >= 365 }),
	"CKV_AWS_158":   every("LogGroup", "kmsKeyId", present),
	"CloudWatch.15": all(every("MetricAlarm", "alarmActions.*", present), every("MetricAlarm", "actionsEnabled", nil, true)),
	ours + "alarms for people": func(stack *recorder) bool {
		return slices.ContainsFunc(stack.ofKind("MetricAlarm"), func(r record) bool {
			return slices.ContainsFunc(at(r.inputs, "alarmActions.*"), func(action any) bool { return !strings.HasPrefix(action.(string), "arn:Policy/") })
		})
	},
	"SNS.1":                       every("Topic", "kmsMasterKeyId", present),
	"AwsSolutions-SNS3":           anyStatement("TopicPolicy", refusesPlainHTTP),
	"Serverless-SNSRedrivePolicy": every("TopicSubscription", "redrivePolicy", present),
	"SNS.4":                       all(some("TopicPolicy"), not(anyStatement("TopicPolicy", allowsEverybody))),

	"ECS.13": func(stack *recorder) bool {
		return strings.Contains(stack.configuration["aws:defaultTags"], `{"tags":{"`) &&
			!slices.ContainsFunc(stack.records, func(r record) bool { return !r.takesDefaultTags() })
	},
}

// executionPolicy is the policy of AWS that the guide attaches to the execution
// role.
const executionPolicy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"

// executionPolicyActions are what it allows, with every resource (AWS managed
// policy reference, version 1).
var executionPolicyActions = []string{
	"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage",
	"logs:CreateLogStream", "logs:PutLogEvents",
}

// dataHolders hold what nobody can make again.
var dataHolders = []string{
	"BucketV2 media-storage", "Repository mediaserver", "Parameter jwt-secret", "RandomPassword jwt-secret", "RandomString bucket-suffix",
}

// highRiskPorts are those of EC2.19.
var highRiskPorts = []int{
	20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300,
}

// recommendedTLSPolicies are those of ELB.17.
var recommendedTLSPolicies = list{
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
}

// secretVariables are the names of ECS.8.
var secretVariables = list{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}

// inspected are the kinds of resources that a check of a control has asked for.
var inspected = map[string]bool{}

// ofKind are the resources whose type ends in a name.
func (r *recorder) ofKind(kind string) []record {
	inspected[kind] = true
	return slices.DeleteFunc(slices.Clone(r.records), func(each record) bool { return resourceKind(each.token) != kind })
}

// some is met where there is a resource of a type.
func some(kind string) isMet {
	return func(stack *recorder) bool { return len(stack.ofKind(kind)) > 0 }
}

// every is met where there are resources of a type, and what each has at a path is fine: one of some values, or what a
// function takes.
func every(kind, path string, fine ...any) isMet {
	return func(stack *recorder) bool {
		resources := stack.ofKind(kind)
		return len(resources) > 0 && !slices.ContainsFunc(resources, func(r record) bool { return !isFine(r.inputs, path, fine) })
	}
}

// everyHTTPSListener is every for the listeners of the protocol.
func everyHTTPSListener(path string, fine ...any) isMet {
	return func(stack *recorder) bool {
		secure := slices.DeleteFunc(stack.ofKind("Listener"), func(r record) bool { return r.inputs["protocol"] != "HTTPS" })
		return len(secure) > 0 && !slices.ContainsFunc(secure, func(r record) bool { return !isFine(r.inputs, path, fine) })
	}
}

func isFine(in any, path string, fine list) bool {
	found := at(in, path)
	return len(found) > 0 && !slices.ContainsFunc(found, func(value any) bool {
		return !slices.ContainsFunc(fine, func(each any) bool {
			if takes, isFunction := each.(func(any) bool); isFunction {
				return takes(value)
			}
			return value == each
		})
	})
}

// at are the values at a path of properties, in which * is for all elements of a list. A property that is not there is nil.
func at(in any, path string) list {
	if path == "" {
		return list{in}
	}
	name, rest, _ := strings.Cut(path, ".")
	if name != "*" {
		properties, _ := in.(object)
		return at(properties[name], rest)
	}
	var found list
	elements, _ := in.(list)
	for _, element := range elements {
		found = append(found, at(element, rest)...)
	}
	return found
}

func not(check isMet) isMet {
	return func(stack *recorder) bool { return !check(stack) }
}

func all(checks ...isMet) isMet {
	return func(stack *recorder) bool {
		return !slices.ContainsFunc(checks, func(check isMet) bool { return !check(stack) })
	}
}

// present tells whether a value is there, and neither empty nor 0.
func present(value any) bool { return value != nil && value != "" && value != 0.0 }

// groupRule is a rule of a security group.
type groupRule object

// everyRule is met where every group has rules of a direction, and each is as it
// should be.
func everyRule(direction string, isFine func(groupRule) bool) isMet {
	return every("SecurityGroup", direction+".*", func(each any) bool { return isFine(groupRule(each.(object))) })
}

// isForAnyone tells whether the rule is for every address.
func (r groupRule) isForAnyone() bool {
	return slices.Contains(at(object(r), "cidrBlocks.*"), any("0.0.0.0/0")) || slices.Contains(at(object(r), "ipv6CidrBlocks.*"), any("::/0"))
}

// opens tells whether the rule is for a port.
func (r groupRule) opens(port int) bool {
	return r["protocol"] == "-1" || r["fromPort"].(float64) <= float64(port) && float64(port) <= r["toPort"].(float64)
}

// opensOnly tells whether the rule is for a TCP port and no other.
func (r groupRule) opensOnly(port int) bool {
	return r["protocol"] == "tcp" && r["fromPort"] == float64(port) && r["toPort"] == float64(port)
}

// redirectsToHTTPS tells whether a listener does nothing but that.
func redirectsToHTTPS(in any) bool {
	return isFine(in, "defaultActions.*.type", list{"redirect"}) && isFine(in, "defaultActions.*.redirect.protocol", list{"HTTPS"})
}

// isRoot tells whether the user of a container is root, which is also what none, a group alone, or the number 0 means.
func isRoot(user any) bool {
	text, _ := user.(string)
	name, _, _ := strings.Cut(text, ":")
	id, err := strconv.Atoi(name)
	return name == "" || name == "root" || err == nil && id == 0
}

// takesDefaultTags tells whether the tags of aws:defaultTags reach a resource: the
// default provider sets them, unless changes of them are ignored.
func (r record) takesDefaultTags() bool {
	ignored, _ := r.options["ignoreChanges"].([]string)
	return r.options["provider"] == nil && !slices.Contains(ignored, "tags") && !slices.Contains(ignored, "tagsAll")
}

// statement is a statement of a policy.
type statement struct {
	Sid, Effect          string
	Principal, Condition json.RawMessage
	Action, Resource     texts
}

// texts may also be written as one text.
type texts []string

func (t *texts) UnmarshalJSON(content []byte) error {
	var one string
	if json.Unmarshal(content, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(content, (*[]string)(t))
}

// statements are those of policies.
func statements(policies ...any) []statement {
	var all []statement
	for _, policy := range policies {
		text, err := json.Marshal(policy)
		var document struct{ Statement []statement }
		if err == nil && json.Unmarshal(text, &document) == nil {
			all = append(all, document.Statement...)
		}
	}
	return all
}

func allows(s statement) bool { return s.Effect == "Allow" }

func allowsEverybody(s statement) bool {
	return allows(s) && (len(s.Principal) == 0 || strings.Contains(string(s.Principal), `"*"`))
}

func refusesPlainHTTP(s statement) bool {
	return s.Effect == "Deny" && strings.Contains(string(s.Condition), "aws:SecureTransport")
}

// anyStatement is met where a resource of a type has such a statement in its
// policy.
func anyStatement(kind string, isSuch func(statement) bool) isMet {
	return func(stack *recorder) bool {
		return slices.ContainsFunc(stack.ofKind(kind), func(r record) bool {
			return slices.ContainsFunc(statements(r.inputs["policy"]), isSuch)
		})
	}
}

// everyRight is met where the roles are allowed something, and each action is as
// it should be.
func everyRight(isFine func(s statement, action string) bool) isMet {
	return func(stack *recorder) bool {
		var granted []statement
		for _, each := range stack.ofKind("RolePolicy") {
			granted = append(granted, statements(each.inputs["policy"])...)
		}
		for _, each := range stack.ofKind("Role") {
			granted = append(granted, statements(at(each.inputs, "inlinePolicies.*.policy")...)...)
		}
		return len(granted) > 0 && !slices.ContainsFunc(granted, func(s statement) bool {
			return allows(s) && (len(s.Action) == 0 ||
				slices.ContainsFunc(s.Action, func(action string) bool { return !isFine(s, action) }))
		})
	}
}

// needsAnyResource tells whether a statement that allows an action with every
// resource can do no better.
func needsAnyResource(s statement, action string) bool {
	switch action {
	case "ecr:GetAuthorizationToken":
		return true
	case "cloudwatch:PutMetricData":
		return strings.Contains(string(s.Condition), "cloudwatch:namespace")
	default:
		return strings.HasPrefix(action, "ssmmessages:")
	}
}

// isAllowedEverywhereByTheBoundary tells whether policies/boundary.json allows an
// action with every resource, although it need not.
func isAllowedEverywhereByTheBoundary(action string) bool {
	boundary, err := os.ReadFile("policies/boundary.json")
	if err != nil {
		panic(err)
	}
	return slices.ContainsFunc(statements(json.RawMessage(boundary)), func(s statement) bool {
		return allows(s) && slices.Contains(s.Resource, "*") && !needsAnyResource(s, action) &&
			slices.ContainsFunc(s.Action, func(allowed string) bool { return allowed == action || strings.Contains(allowed, "*") })
	})
}
