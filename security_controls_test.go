package main

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// isMet tells whether a stack meets a control.
type isMet func(stack *recorder) bool

// controls are the checks of the entries in the security register, by the first
// id of each.
var controls = map[string]isMet{
	"S3.8": both(every("BucketPublicAccessBlock", func(in object) bool {
		return in["blockPublicAcls"] == true && in["blockPublicPolicy"] == true &&
			in["ignorePublicAcls"] == true && in["restrictPublicBuckets"] == true
	}), func(stack *recorder) bool {
		return len(stack.ofKind("BucketPublicAccessBlock")) == len(stack.ofKind("BucketV2"))
	}),
	"S3.2": both(every("BucketV2", func(in object) bool { return in["acl"] == nil && in["grants"] == nil }), not(some("BucketAclV2"))),
	"S3.6": both(every("BucketV2", func(in object) bool { return in["policy"] == nil }), func(stack *recorder) bool {
		return !anyStatement(stack, "BucketPolicy", func(s statement) bool { return s.Effect == "Allow" })
	}),
	"S3.5": func(stack *recorder) bool {
		return anyStatement(stack, "BucketPolicy", func(s statement) bool {
			return s.Effect == "Deny" && strings.Contains(string(s.Condition), "aws:SecureTransport")
		})
	},
	"CKV_AWS_19": every("BucketServerSideEncryptionConfigurationV2", func(in object) bool { return encryption(in) != "" }),
	"S3.17": every("BucketServerSideEncryptionConfigurationV2", func(in object) bool {
		return strings.HasPrefix(encryption(in), "aws:kms")
	}),
	"S3.14": every("BucketVersioningV2", func(in object) bool { return at(in, "versioningConfiguration", "status") == "Enabled" }),
	"S3.20": every("BucketVersioningV2", func(in object) bool { return at(in, "versioningConfiguration", "mfaDelete") == "Enabled" }),
	"S3.13": every("BucketLifecycleConfigurationV2", func(in object) bool {
		return all(in["rules"], func(rule object) bool {
			return rule["status"] == "Enabled" && number(at(rule, "abortIncompleteMultipartUpload", "daysAfterInitiation")) > 0
		})
	}),
	"AVD-AWS-0320": every("BucketV2", func(in object) bool {
		return isText(in["bucket"]) && !strings.Contains(in["bucket"].(string), ".")
	}),
	"S3.9":  some("BucketLoggingV2"),
	"S3.7":  some("BucketReplicationConfig"),
	"S3.11": some("BucketNotification"),
	"S3.15": every("BucketV2", func(in object) bool { return in["objectLockEnabled"] == true }),
	ours + "forceDestroy": both(every("BucketV2", func(in object) bool { return in["forceDestroy"] == false }),
		every("Repository", func(in object) bool { return in["forceDelete"] == false })),
	ours + "protectData": func(stack *recorder) bool {
		return !slices.ContainsFunc(stack.records, func(r record) bool { return slices.Contains(dataHolders, r.key()) && !r.protected })
	},

	"ECR.1": every("Repository", func(in object) bool { return at(in, "imageScanningConfiguration", "scanOnPush") == true }),
	"ECR.2": every("Repository", func(in object) bool { return in["imageTagMutability"] == "IMMUTABLE" }),
	"ECR.3": some("LifecyclePolicy"),
	"ECR.5": every("Repository", func(in object) bool { return in["encryptionConfigurations"] != nil }),
	"CKV_AWS_32": both(some("RepositoryPolicy"), func(stack *recorder) bool {
		return !anyStatement(stack, "RepositoryPolicy", func(s statement) bool {
			return s.Effect == "Allow" && (len(s.Principal) == 0 || strings.Contains(string(s.Principal), `"*"`))
		})
	}),

	"EC2.18":      everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || r.opensOnly(80) || r.opensOnly(443) }),
	"EC2.19":      everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || !slices.ContainsFunc(highRiskPorts, r.opens) }),
	"CKV_AWS_260": everyRule("ingress", func(r groupRule) bool { return !r.isForAnyone() || !r.opens(80) }),
	"CKV_AWS_23": both(every("SecurityGroup", func(in object) bool { return isText(in["description"]) }),
		both(everyRule("ingress", groupRule.isDescribed), everyRule("egress", groupRule.isDescribed))),
	"CKV_AWS_382": everyRule("egress", func(r groupRule) bool { return !r.isForAnyone() || r["protocol"] != "-1" }),
	"CKV2_AWS_5": func(stack *recorder) bool {
		var used list
		for _, user := range slices.Concat(stack.ofKind("LoadBalancer"), stack.ofKind("Service")) {
			groups, _ := user.inputs["securityGroups"].(list)
			ofTasks, _ := at(user.inputs, "networkConfiguration", "securityGroups").(list)
			used = slices.Concat(used, groups, ofTasks)
		}
		return !slices.ContainsFunc(stack.ofKind("SecurityGroup"), func(r record) bool { return !slices.Contains(used, any("sg-"+r.name)) })
	},
	"EC2.6":        some("FlowLog"),
	"AVD-AWS-0101": func(stack *recorder) bool { return stack.lookups["aws:ec2/getVpc:getVpc"]["default"] != true },

	"ELB.1": every("Listener", func(in object) bool { return in["protocol"] == "HTTPS" || redirectsToHTTPS(in) }),
	"ELB.17": everyHTTPSListener(func(in object) bool {
		return slices.Contains(recommendedTLSPolicies, in["sslPolicy"])
	}),
	ours + "strict transport security": everyHTTPSListener(func(in object) bool {
		return isText(in["routingHttpResponseStrictTransportSecurityHeaderValue"])
	}),
	"ELB.18": every("Listener", func(in object) bool { return in["protocol"] == "HTTPS" }),
	"ACM.1": every("Certificate", func(in object) bool {
		return in["validationMethod"] == "DNS" && in["certificateBody"] == nil && in["keyAlgorithm"] != "RSA_1024"
	}),
	"ELB.4": every("LoadBalancer", func(in object) bool { return in["dropInvalidHeaderFields"] == true }),
	"ELB.12": every("LoadBalancer", func(in object) bool {
		return slices.Contains(list{nil, "defensive", "strictest"}, in["desyncMitigationMode"])
	}),
	"ELB.13":       every("LoadBalancer", func(in object) bool { return len(in["subnets"].(list)) >= 2 }),
	"ELB.5":        every("LoadBalancer", func(in object) bool { return at(in, "accessLogs", "enabled") == true }),
	"ELB.6":        every("LoadBalancer", func(in object) bool { return in["enableDeletionProtection"] == true }),
	"ELB.16":       some("WebAclAssociation"),
	"AVD-AWS-0053": every("LoadBalancer", func(in object) bool { return in["internal"] == true }),
	"ELB.22": every("TargetGroup", func(in object) bool {
		return in["protocol"] == "HTTPS" || at(in, "healthCheck", "protocol") == "HTTPS"
	}),
	"CKV_AWS_261": every("TargetGroup", func(in object) bool {
		return at(in, "healthCheck", "enabled") == true && isText(at(in, "healthCheck", "path"))
	}),

	"ECS.2": every("Service", func(in object) bool { return at(in, "networkConfiguration", "assignPublicIp") != true }),
	"ECS.3": every("TaskDefinition", func(in object) bool { return in["pidMode"] == nil || in["pidMode"] == "task" }),
	"ECS.4": everyContainer(func(container object) bool { return container["privileged"] != true }),
	"ECS.5": everyContainer(func(container object) bool { return container["readonlyRootFilesystem"] == true }),
	"ECS.8": everyContainer(func(container object) bool {
		return all(container["environment"], func(variable object) bool {
			return !slices.Contains(secretVariables, variable["name"]) && variable["value"] != testJWTSecret
		}) && all(container["secrets"], func(variable object) bool { return isText(variable["valueFrom"]) })
	}),
	"ECS.9":  everyContainer(func(container object) bool { return isText(at(container, "logConfiguration", "logDriver")) }),
	"ECS.10": every("Service", func(in object) bool { return slices.Contains(list{nil, "LATEST"}, in["platformVersion"]) }),
	"ECS.12": every("Cluster", func(in object) bool {
		return all(in["settings"], func(setting object) bool {
			return setting["name"] == "containerInsights" && slices.Contains(list{"enabled", "enhanced"}, setting["value"])
		})
	}),
	"ECS.17":      every("TaskDefinition", func(in object) bool { return in["networkMode"] == "awsvpc" }),
	"ECS.20":      everyContainer(func(container object) bool { return !runsAsRoot(container) }),
	"CT.ECS.PR.7": everyContainer(func(container object) bool { return number(container["memory"]) > 0 }),
	"CKV_AWS_97":  every("TaskDefinition", func(in object) bool { return in["volumes"] == nil }),
	"CKV_AWS_249": every("TaskDefinition", func(in object) bool {
		return isText(in["taskRoleArn"]) && isText(in["executionRoleArn"]) && in["taskRoleArn"] != in["executionRoleArn"]
	}),
	"CKV_AWS_223": both(
		every("Cluster", func(in object) bool {
			return at(in, "configuration", "executeCommandConfiguration", "logging") != "NONE"
		}),
		everyContainer(func(container object) bool { return at(container, "logConfiguration", "logDriver") == "awslogs" })),
	ours + "executeCommand": both(every("Service", func(in object) bool { return in["enableExecuteCommand"] == false }),
		everyRight(func(_ statement, action string) bool { return !strings.HasPrefix(action, "ssmmessages:") })),

	"IAM.1": both(everyRight(func(_ statement, action string) bool { return action != "*" }),
		every("RolePolicyAttachment", func(in object) bool {
			return in["policyArn"] == executionPolicy
		})),
	"IAM.21":       everyRight(func(_ statement, action string) bool { return !strings.Contains(action, "*") }),
	"AVD-AWS-0342": everyRight(func(_ statement, action string) bool { return action != "iam:PassRole" }),
	"CKV_AWS_355": func(stack *recorder) bool {
		return everyRight(func(s statement, action string) bool {
			return !slices.Contains(texts(s.Resource), "*") || needsAnyResource(s, action)
		})(stack) && every("RolePolicyAttachment", func(in object) bool {
			return in["policyArn"] == executionPolicy && every("Role", isBounded)(stack) &&
				!slices.ContainsFunc(executionPolicyActions, isAllowedEverywhereByTheBoundary)
		})(stack)
	},
	"AwsSolutions-IAM4": every("RolePolicyAttachment", func(in object) bool {
		return !strings.HasPrefix(in["policyArn"].(string), "arn:aws:iam::aws:policy/")
	}),
	"NIST.800.53.R5-IAMNoInlinePolicy": both(not(some("RolePolicy")), every("Role", func(in object) bool { return in["inlinePolicies"] == nil })),
	"CKV_AWS_60": every("Role", func(in object) bool {
		return !slices.ContainsFunc(statements(in["assumeRolePolicy"]), func(s statement) bool {
			return string(s.Principal) != `{"Service":"ecs-tasks.amazonaws.com"}` || !strings.Contains(string(s.Condition), testAccount)
		})
	}),
	"KMS.2": everyRight(func(s statement, action string) bool {
		return !strings.HasPrefix(action, "kms:") || !slices.Contains(texts(s.Resource), "*")
	}),
	ours + "permissionsBoundaryArn": every("Role", isBounded),

	ours + "the JWT secret": func(stack *recorder) bool {
		return slices.ContainsFunc(stack.ofKind("Parameter"), func(r record) bool {
			return r.inputs["type"] == "SecureString" && r.inputs["value"] == secret{testJWTSecret}
		})
	},
	"CKV2_AWS_34":   every("Parameter", func(in object) bool { return in["type"] == "SecureString" }),
	"CKV_AWS_337":   every("Parameter", func(in object) bool { return isText(in["keyId"]) }),
	"CKV_AWS_66":    every("LogGroup", func(in object) bool { return number(in["retentionInDays"]) > 0 }),
	"CloudWatch.16": every("LogGroup", func(in object) bool { return number(in["retentionInDays"]) >= 365 }),
	"CKV_AWS_158":   every("LogGroup", func(in object) bool { return isText(in["kmsKeyId"]) }),
	"CloudWatch.15": every("MetricAlarm", func(in object) bool {
		actions, _ := in["alarmActions"].(list)
		return len(actions) > 0 && in["actionsEnabled"] != false
	}),
	ours + "alarms for people": func(stack *recorder) bool {
		return slices.ContainsFunc(stack.ofKind("MetricAlarm"), func(r record) bool {
			return slices.ContainsFunc(texts(r.inputs["alarmActions"]), func(action string) bool { return strings.Contains(action, ":sns:") })
		})
	},
	"SNS.1": every("Topic", func(in object) bool { return in["kmsMasterKeyId"] != nil }),
	"AwsSolutions-SNS3": func(stack *recorder) bool {
		return anyStatement(stack, "TopicPolicy", func(s statement) bool {
			return s.Effect == "Deny" && strings.Contains(string(s.Condition), "aws:SecureTransport")
		})
	},
	"Serverless-SNSRedrivePolicy": every("TopicSubscription", func(in object) bool { return isText(in["redrivePolicy"]) }),
	"SNS.4": both(some("TopicPolicy"), func(stack *recorder) bool {
		return !anyStatement(stack, "TopicPolicy", func(s statement) bool {
			return s.Effect == "Allow" && (len(s.Principal) == 0 || strings.Contains(string(s.Principal), `"*"`))
		})
	}),

	"ECS.13": func(stack *recorder) bool {
		var declared struct{ Tags map[string]string }
		return json.Unmarshal([]byte(stack.configuration["aws:defaultTags"]), &declared) == nil && len(declared.Tags) > 0 &&
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

// ofKind are the resources whose type ends in a name. The recorder keeps the
// name among the inspected ones.
func (r *recorder) ofKind(kind string) []record {
	r.inspected[kind] = true
	var found []record
	for _, each := range r.records {
		if resourceKind(each.token) == kind {
			found = append(found, each)
		}
	}
	return found
}

// some is met where there is a resource of a type.
func some(kind string) isMet {
	return func(stack *recorder) bool { return len(stack.ofKind(kind)) > 0 }
}

// every is met where there are resources of a type, and each is as it should be.
func every(kind string, isFine func(in object) bool) isMet {
	return both(some(kind), func(stack *recorder) bool {
		return !slices.ContainsFunc(stack.ofKind(kind), func(r record) bool { return !isFine(r.inputs) })
	})
}

func not(check isMet) isMet {
	return func(stack *recorder) bool { return !check(stack) }
}

func both(one, other isMet) isMet {
	return func(stack *recorder) bool { return one(stack) && other(stack) }
}

// at is the value at a path of properties. Nil if there is none.
func at(in object, path ...string) any {
	var value any = in
	for _, name := range path {
		properties, _ := value.(object)
		value = properties[name]
	}
	return value
}

// all tells whether a list has elements that are all as they should be.
func all(elements any, isFine func(element object) bool) bool {
	items, _ := elements.(list)
	return len(items) > 0 && !slices.ContainsFunc(items, func(item any) bool { return !isFine(item.(object)) })
}

func isText(value any) bool {
	text, _ := value.(string)
	return text != ""
}

func number(value any) float64 {
	content, _ := value.(float64)
	return content
}

// encryption is the algorithm with which a bucket encrypts. Empty for none.
func encryption(in object) string {
	rules, _ := in["rules"].(list)
	if len(rules) != 1 {
		return ""
	}
	algorithm, _ := at(rules[0].(object), "applyServerSideEncryptionByDefault", "sseAlgorithm").(string)
	return algorithm
}

// groupRule is a rule of a security group.
type groupRule object

// everyRule is met where every group has rules of a direction, and each is as it
// should be.
func everyRule(direction string, isFine func(groupRule) bool) isMet {
	return every("SecurityGroup", func(in object) bool {
		return all(in[direction], func(each object) bool { return isFine(groupRule(each)) })
	})
}

// isForAnyone tells whether the rule is for every address.
func (r groupRule) isForAnyone() bool {
	addresses, _ := r["cidrBlocks"].(list)
	addressesV6, _ := r["ipv6CidrBlocks"].(list)
	return slices.Contains(addresses, "0.0.0.0/0") || slices.Contains(addressesV6, "::/0")
}

// opens tells whether the rule is for a port.
func (r groupRule) opens(port int) bool {
	return r["protocol"] == "-1" || number(r["fromPort"]) <= float64(port) && float64(port) <= number(r["toPort"])
}

// opensOnly tells whether the rule is for a TCP port and no other.
func (r groupRule) opensOnly(port int) bool {
	return r["protocol"] == "tcp" && number(r["fromPort"]) == float64(port) && number(r["toPort"]) == float64(port)
}

func (r groupRule) isDescribed() bool { return isText(r["description"]) }

// redirectsToHTTPS tells whether a listener does nothing but that.
func redirectsToHTTPS(in object) bool {
	return all(in["defaultActions"], func(action object) bool {
		return action["type"] == "redirect" && at(action, "redirect", "protocol") == "HTTPS"
	})
}

// everyHTTPSListener is met where there is one, and each is as it should be.
func everyHTTPSListener(isFine func(in object) bool) isMet {
	return func(stack *recorder) bool {
		secure := slices.DeleteFunc(stack.ofKind("Listener"), func(r record) bool { return r.inputs["protocol"] != "HTTPS" })
		return len(secure) > 0 && !slices.ContainsFunc(secure, func(r record) bool { return !isFine(r.inputs) })
	}
}

// everyContainer is met where every container of a task is as it should be.
func everyContainer(isFine func(container object) bool) isMet {
	return every("TaskDefinition", func(in object) bool {
		var containers any
		return json.Unmarshal([]byte(in["containerDefinitions"].(string)), &containers) == nil && all(containers, isFine)
	})
}

// runsAsRoot tells whether a container runs as root, which is also what none, a
// group alone, or the number 0 means as its user.
func runsAsRoot(container object) bool {
	user, _ := container["user"].(string)
	name, _, _ := strings.Cut(user, ":")
	id, err := strconv.Atoi(name)
	return name == "" || name == "root" || err == nil && id == 0
}

// takesDefaultTags tells whether the tags of aws:defaultTags reach a resource: the
// default provider sets them, unless changes of them are ignored.
func (r record) takesDefaultTags() bool {
	return r.provider == "" && !slices.Contains(r.ignored, "tags") && !slices.Contains(r.ignored, "tagsAll")
}

// isBounded tells whether a role has a permissions boundary.
func isBounded(in object) bool { return isText(in["permissionsBoundary"]) }

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
	return slices.ContainsFunc(boundary(), func(s statement) bool {
		return s.Effect == "Allow" && slices.Contains(texts(s.Resource), "*") && !needsAnyResource(s, action) &&
			slices.ContainsFunc(texts(s.Action), func(allowed string) bool { return allowed == action || strings.Contains(allowed, "*") })
	})
}

// boundary are the statements of policies/boundary.json.
var boundary = sync.OnceValue(func() []statement {
	text, err := os.ReadFile("policies/boundary.json")
	if err != nil {
		panic(err)
	}
	return statements(string(text))
})

// statement is a statement of a policy. An action or a resource may be a text or
// a list.
type statement struct {
	Effect               string
	Principal, Condition json.RawMessage
	Action, Resource     any
}

// statements are those of a policy, which is a text. None for anything else.
func statements(policy any) []statement {
	text, _ := policy.(string)
	var document struct{ Statement []statement }
	if json.Unmarshal([]byte(text), &document) != nil {
		return nil
	}
	return document.Statement
}

// texts are the elements of a text or a list of texts.
func texts(value any) []string {
	if text, isOne := value.(string); isOne {
		return []string{text}
	}
	var all []string
	elements, _ := value.(list)
	for _, element := range elements {
		text, _ := element.(string)
		all = append(all, text)
	}
	return all
}

// anyStatement tells whether a resource of a type has such a statement in its
// policy.
func anyStatement(stack *recorder, kind string, isSuch func(statement) bool) bool {
	return slices.ContainsFunc(stack.ofKind(kind), func(r record) bool {
		return slices.ContainsFunc(statements(r.inputs["policy"]), isSuch)
	})
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
			inline, _ := each.inputs["inlinePolicies"].(list)
			for _, policy := range inline {
				granted = append(granted, statements(policy.(object)["policy"])...)
			}
		}
		return len(granted) > 0 && !slices.ContainsFunc(granted, func(s statement) bool {
			return s.Effect == "Allow" && (len(texts(s.Action)) == 0 ||
				slices.ContainsFunc(texts(s.Action), func(action string) bool { return !isFine(s, action) }))
		})
	}
}
