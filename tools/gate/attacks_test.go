package gate

import (
	"strings"
	"testing"
)

// More resources of the recorded stack.
const (
	theVersioning  = "aws:s3/bucketVersioningV2:BucketVersioningV2::media-storage"
	theAccess      = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::media-storage"
	theEncryption  = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2::media-storage"
	theLifecycle   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2::media-storage"
	theOrigins     = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2::media-storage"
	theImages      = "aws:ecr/lifecyclePolicy:LifecyclePolicy::mediaserver"
	theRepository  = "aws:ecr/repository:Repository::mediaserver"
	thePullPolicy  = "aws:ecr/repositoryPolicy:RepositoryPolicy::mediaserver"
	theGroup       = "aws:ec2/securityGroup:SecurityGroup::ecs-tasks"
	theEntrance    = "aws:ec2/securityGroup:SecurityGroup::alb"
	theRole        = role + "::ecs-task-role"
	theStarter     = role + "::ecs-task-execution-role"
	thePolicy      = "aws:iam/rolePolicy:RolePolicy::ecs-task-s3-policy"
	theAttachment  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment::ecs-task-execution-role-policy"
	theListener    = "aws:lb/listener:Listener::mediaserver-https"
	theRedirect    = "aws:lb/listener:Listener::mediaserver"
	theCertificate = "aws:acm/certificate:Certificate::mediaserver"
	theRecord      = "aws:route53/record:Record::mediaserver"
	theSecret      = parameter + "::jwt-secret"
	theTopic       = "aws:sns/topic:Topic::alarms"
	theTopicPolicy = "aws:sns/topicPolicy:TopicPolicy::alarms"
	theAddress     = "aws:sns/topicSubscription:TopicSubscription::oncall@example.com"
	theErrors      = metricAlarm + "::server-errors"
	theScaler      = metricAlarm + "::high-cpu"
	withoutTasks   = metricAlarm + "::no-healthy-target"
)

// attacks are changes that each take something away, open something or hide something. Each names the path that the gate
// must refuse.
var attacks = []struct {
	what, refused string
	edit
}{
	{"versioning suspended", "versioningConfiguration.status", edit{theVersioning, "inputs.versioningConfiguration.status", `"Suspended"`}},
	{"versioning gone", "versioningConfiguration.status", edit{theVersioning, "inputs.versioningConfiguration", ""}},
	{"versioning not known", "versioningConfiguration.status", edit{theVersioning, "inputs.versioningConfiguration.status", `"` + unknown + `"`}},
	{"versioning in a list", "versioningConfiguration", edit{theVersioning, "inputs.versioningConfiguration", `[{"status": "Suspended"}]`}},
	{"a public-access flag off", "blockPublicAcls", edit{theAccess, "inputs.blockPublicAcls", "false"}},
	{"a public-access flag as a text", "blockPublicAcls", edit{theAccess, "inputs.blockPublicAcls", `"false"`}},
	{"a public-access flag that is secret", "blockPublicAcls", edit{theAccess, "inputs.blockPublicAcls", `"[secret]"`}},
	{"other encryption", "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", edit{theEncryption, "inputs.rules[0].applyServerSideEncryptionByDefault.sseAlgorithm", `"aws:kms"`}},
	{"a key of another account", "kmsMasterKeyId", edit{theEncryption, "inputs.rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", `"arn:aws:kms:eu-west-2:999999999999:key/1"`}},
	{"media that expires", "rules[0].expiration.days", edit{theLifecycle, "inputs.rules[0].expiration.days", "1"}},
	{"media that expires, as a text", "rules[0].expiration.days", edit{theLifecycle, "inputs.rules[0].expiration.days", `"1"`}},
	{"media that expires on a day", "rules[0].expiration.date", edit{theLifecycle, "inputs.rules[0].expiration.date", `"2030-01-01T00:00:00Z"`}},
	{"old versions that expire", "rules[0].noncurrentVersionExpiration.noncurrentDays", edit{theLifecycle, "inputs.rules[0].noncurrentVersionExpiration.noncurrentDays", "30"}},
	{"media that can be read only after hours", "rules[0].transitions[1].storageClass", edit{theLifecycle, "inputs.rules[0].transitions[1].storageClass", `"DEEP_ARCHIVE"`}},
	{"media that is archived no more", "rules[0].transitions", edit{theLifecycle, "inputs.rules[0].transitions", `[{"days": 30, "storageClass": "STANDARD_IA"}]`}},
	{"a second rule", "rules", edit{theLifecycle, "inputs.rules[1]", `{"status": "Enabled", "expiration": {"days": 1}}`}},
	{"a rule without a list", "rules", edit{theLifecycle, "inputs.rules", `{"status": "Enabled", "expiration": {"days": 1}}`}},
	{"another bucket", "bucket", edit{theBucket, "inputs.bucket", `"attackers-bucket"`}},
	{"a bucket that goes with its files", "policy", edit{theBucket, "inputs.policy", `"{}"`}},
	{"an origin", "corsRules[0].allowedOrigins[0]", edit{theOrigins, "inputs.corsRules[0].allowedOrigins[0]", `"https://evil.example"`}},
	{"fewer images", "policy.rules[0].selection.countNumber", edit{theImages, "inputs.policy{}.rules[0].selection.countNumber", "1"}},
	{"no scan of images", "imageScanningConfiguration.scanOnPush", edit{theRepository, "inputs.imageScanningConfiguration.scanOnPush", "false"}},
	{"pushes by tasks", "policy.Statement[0].Action", edit{thePullPolicy, "inputs.policy{}.Statement[0].Action[3]", `"ecr:PutImage"`}},
	{"a port of the tasks", "ingress[0].toPort", edit{theGroup, "inputs.ingress[0].toPort", "65535"}},
	{"the world to the tasks", "ingress[0].cidrBlocks", edit{theGroup, "inputs.ingress[0].cidrBlocks", `["0.0.0.0/1", "128.0.0.0/1"]`}},
	{"IPv6 to the tasks", "ingress[0].ipv6CidrBlocks", edit{theGroup, "inputs.ingress[0].ipv6CidrBlocks", `["::/0"]`}},
	{"a group that is not known", "ingress[0].securityGroups[0]", edit{theGroup, "inputs.ingress[0].securityGroups[0]", `"` + unknown + `"`}},
	{"the group itself", "ingress[0].self", edit{theGroup, "inputs.ingress[0].self", `"true"`}},
	{"more traffic out", "egress[0].ipv6CidrBlocks", edit{theGroup, "inputs.egress[0].ipv6CidrBlocks", `["::/0"]`}},
	{"a wider trust", "assumeRolePolicy.Statement[0].Principal.Service", edit{theRole, "inputs.assumeRolePolicy{}.Statement[0].Principal.Service", `["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]`}},
	{"a trust without a condition", "assumeRolePolicy.Statement[0].Condition.ArnLike.aws:SourceArn", edit{theRole, "inputs.assumeRolePolicy{}.Statement[0].Condition.ArnLike", ""}},
	{"an older language of policies", "assumeRolePolicy.Version", edit{theRole, "inputs.assumeRolePolicy{}.Version", `"2008-10-17"`}},
	{"a managed policy", "managedPolicyArns", edit{theRole, "inputs.managedPolicyArns", `["arn:aws:iam::aws:policy/AdministratorAccess"]`}},
	{"a wider inline policy", "inlinePolicies[mediaserver-ecs-task-secrets].policy.Statement[0].Resource[0]", edit{theStarter, "inputs.inlinePolicies[0].policy{}.Statement[0].Resource[0]", `"*"`}},
	{"an inline policy less", "inlinePolicies[mediaserver-ecs-task-secrets].policy", edit{theStarter, "inputs.inlinePolicies", "[]"}},
	{"no boundary of permissions", "permissionsBoundary", edit{theRole, "was.inputs.permissionsBoundary", `"arn:aws:iam::123456789012:policy/boundary"`}},
	{"a property that nobody knows", "somethingNew", edit{theRole, "inputs.somethingNew", "true"}},
	{"an action", "policy.Statement[0].Action", edit{thePolicy, "inputs.policy{}.Statement[0].Action[1]", `"s3:PutBucketPolicy"`}},
	{"a policy that is not known", "policy", edit{thePolicy, "inputs.policy", `"` + unknown + `"`}},
	{"a policy that is secret", "policy", edit{thePolicy, "inputs.policy", `"[secret]"`}},
	{"a policy that nobody can read", "policy", edit{thePolicy, "inputs.policy", `"{"`}},
	{"another role of the policy", "role", edit{thePolicy, "inputs.role", `"admin"`}},
	{"another attached policy", "policyArn", edit{theAttachment, "inputs.policyArn", `"arn:aws:iam::aws:policy/AdministratorAccess"`}},
	{"a stranger who asks users who they are", "defaultActions", edit{theListener, "inputs.defaultActions", `[{"type": "authenticate-oidc"}, {"type": "forward"}]`}},
	{"another target of requests", "defaultActions[0].targetGroupArn", edit{theListener, "inputs.defaultActions[0].targetGroupArn", `"arn:aws:elasticloadbalancing:eu-west-2:1:targetgroup/evil/1"`}},
	{"a target that is not known", "defaultActions[0].targetGroupArn", edit{theListener, "inputs.defaultActions[0].targetGroupArn", `"` + unknown + `"`}},
	{"weights of targets", "defaultActions[0].forward.targetGroups", edit{theListener, "inputs.defaultActions[0].forward.targetGroups", `[{"arn": "a", "weight": 0}]`}},
	{"one answer for everybody", "defaultActions[0].type", edit{theListener, "inputs.defaultActions[0].type", `"fixed-response"`}},
	{"plain HTTP", "protocol", edit{theListener, "inputs.protocol", `"HTTP"`}},
	{"older TLS", "sslPolicy", edit{theListener, "inputs.sslPolicy", `"ELBSecurityPolicy-2016-08"`}},
	{"another certificate", "certificateArn", edit{theListener, "inputs.certificateArn", `"arn:aws:acm:eu-west-2:1:certificate/1"`}},
	{"other clients", "mutualAuthentication.mode", edit{theListener, "inputs.mutualAuthentication.mode", `"off"`}},
	{"a shorter promise to browsers", "routingHttpResponseStrictTransportSecurityHeaderValue", edit{theListener, "inputs.routingHttpResponseStrictTransportSecurityHeaderValue", `"max-age=0"`}},
	{"pages of others that read the answers", "routingHttpResponseAccessControlAllowOriginHeaderValue", edit{theListener, "inputs.routingHttpResponseAccessControlAllowOriginHeaderValue", `"*"`}},
	{"a redirect to elsewhere", "defaultActions[0].redirect.host", edit{theRedirect, "inputs.defaultActions[0].redirect.host", `"evil.example"`}},
	{"a redirect that asks for something else", "defaultActions[0].redirect.query", edit{theRedirect, "inputs.defaultActions[0].redirect.query", `"x=y"`}},
	{"another port", "port", edit{theRedirect, "inputs.port", "8080"}},
	{"a key that can be taken elsewhere", "options.export", edit{theCertificate, "inputs.options.export", `"ENABLED"`}},
	{"the domain elsewhere", "aliases[evil.example].name", edit{theRecord, "inputs.aliases[0].name", `"evil.example"`}},
	{"a record written over", "allowOverwrite", edit{theRecord, "inputs.allowOverwrite", "true"}},
	{"a weighted record", "setIdentifier", edit{theRecord, "inputs.setIdentifier", `"x"`}},
	{"a load balancer that others reach", "internal", edit{theBalancer, "was.inputs.internal", "true"}},
	{"other subnets of the load balancer", "subnets", edit{theBalancer, "inputs.subnets", `["subnet-evil"]`}},
	{"other networks that reach the load balancer", "ingress[0].cidrBlocks[0]", edit{theEntrance, "inputs.ingress[0].cidrBlocks[0]", `"10.0.0.0/8"`}},
	{"malformed requests", "dropInvalidHeaderFields", edit{theBalancer, "inputs.dropInvalidHeaderFields", "false"}},
	{"a log of requests elsewhere", "accessLogs.bucket", edit{theBalancer, "inputs.accessLogs.bucket", `"attackers-bucket"`}},
	{"ambiguous requests", "desyncMitigationMode", edit{theBalancer, "inputs.desyncMitigationMode", `"monitor"`}},
	{"the default group", "securityGroups", edit{theBalancer, "inputs.securityGroups", "[]"}},
	{"connections that never close", "idleTimeout", edit{theBalancer, "inputs.idleTimeout", "0"}},
	{"broken tasks that count as healthy", "healthCheck.matcher", edit{theTargets, "inputs.healthCheck.matcher", `"200-499"`}},
	{"broken tasks that are noticed later", "healthCheck.interval", edit{theTargets, "inputs.healthCheck.interval", "300"}},
	{"broken tasks that are noticed after more checks", "healthCheck.unhealthyThreshold", edit{theTargets, "inputs.healthCheck.unhealthyThreshold", "10"}},
	{"a health check at no interval", "healthCheck.interval", edit{theTargets, "inputs.healthCheck.interval", "-1"}},
	{"no health check", "healthCheck.enabled", edit{theTargets, "inputs.healthCheck.enabled", "false"}},
	{"a health check of another port", "healthCheck.port", edit{theTargets, "inputs.healthCheck.port", `"1"`}},
	{"a path that the containers do not check", "healthCheck.path", edit{theTargets, "inputs.healthCheck.path", `"/static.css"`}},
	{"traffic to all when none is healthy", "targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsPercentage", edit{theTargets, "inputs.targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsPercentage", `"100"`}},
	{"no rollback", "deploymentCircuitBreaker.rollback", edit{theService, "inputs.deploymentCircuitBreaker.rollback", "false"}},
	{"no alarms of a deployment", "alarms.alarmNames", edit{theService, "inputs.alarms", ""}},
	{"a deployment that goes on", "alarms.enable", edit{theService, "inputs.alarms.enable", "false"}},
	{"other groups", "networkConfiguration.securityGroups[0]", edit{theService, "inputs.networkConfiguration.securityGroups[0]", `"sg-evil"`}},
	{"other subnets", "networkConfiguration.subnets", edit{theService, "inputs.networkConfiguration.subnets", `["subnet-evil"]`}},
	{"a shell", "enableExecuteCommand", edit{theService, "inputs.enableExecuteCommand", `"true"`}},
	{"tasks with or without an address of their own", "networkConfiguration.assignPublicIp", edit{theService, "inputs.networkConfiguration.assignPublicIp", "false"}},
	{"tasks that stay in one zone", "availabilityZoneRebalancing", edit{theService, "inputs.availabilityZoneRebalancing", `"DISABLED"`}},
	{"requests for another container", "loadBalancers[0].containerName", edit{theService, "inputs.loadBalancers[0].containerName", `"evil"`}},
	{"an older platform", "platformVersion", edit{theService, "inputs.platformVersion", `"1.3.0"`}},
	{"a grace period without end", "healthCheckGracePeriodSeconds", edit{theService, "inputs.healthCheckGracePeriodSeconds", "2147483647"}},
	{"a grace period of more than an hour", "healthCheckGracePeriodSeconds", edit{theService, "inputs.healthCheckGracePeriodSeconds", "3601"}},
	{"a grace period that is gone", "healthCheckGracePeriodSeconds", edit{theService, "inputs.healthCheckGracePeriodSeconds", ""}},
	{"no healthy task during deployments", "deploymentMinimumHealthyPercent", edit{theService, "inputs.deploymentMinimumHealthyPercent", "0"}},
	{"another cluster", "cluster", edit{theService, "inputs.cluster", `"arn:aws:ecs:eu-west-2:123456789012:cluster/other"`}},
	{"no task", "desiredCount", edit{theService, "inputs.desiredCount", "0"}},
	{"other services that reach the tasks", "serviceConnectConfiguration.enabled", edit{theService, "inputs.serviceConnectConfiguration.enabled", "true"}},
	{"tasks from elsewhere", "taskDefinition", edit{theService, "inputs.taskDefinition", `"arn:aws:ecs:eu-west-2:123456789012:task-definition/elsewhere:1"`}},
	{"tasks that nobody knows", "taskDefinition", edit{theService, "inputs.taskDefinition", `"` + unknown + `"`}},
	{"commands logged elsewhere", "configuration.executeCommandConfiguration.logging", edit{theCluster, "inputs.configuration.executeCommandConfiguration", `{"logging": "OVERRIDE"}`}},
	{"another setting of the cluster", "settings[other].value", edit{theCluster, "inputs.settings[1]", `{"name": "other", "value": "enabled"}`}},
	{"a setting that is none", "settings[containerInsights].value", edit{theCluster, "inputs.settings[0].value", `"anything"`}},
	{"another role of the tasks", "taskRoleArn", edit{theTasks, "inputs.taskRoleArn", `"arn:aws:iam::123456789012:role/admin"`}},
	{"another role that starts tasks", "executionRoleArn", edit{theTasks, "inputs.executionRoleArn", `"arn:aws:iam::123456789012:role/admin"`}},
	{"the network of the host", "networkMode", edit{theTasks, "inputs.networkMode", `"host"`}},
	{"another family", "family", edit{theTasks, "inputs.family", `"other"`}},
	{"a volume", "volumes", edit{theTasks, "inputs.volumes", `[{"hostPath": "/"}]`}},
	{"revisions that are deregistered", "skipDestroy", edit{theTasks, "inputs.skipDestroy", "false"}},
	{"revisions from elsewhere", "trackLatest", edit{theTasks, "inputs.trackLatest", "true"}},
	{"a task without memory", "memory", edit{theTasks, "inputs.memory", `"0"`}},
	{"another system", "runtimePlatform.operatingSystemFamily", edit{theTasks, "inputs.runtimePlatform.operatingSystemFamily", `"WINDOWS_SERVER_2022_CORE"`}},
	{"an image from elsewhere", "image", edit{theTasks, container + "image", `"docker.io/library/media:v1"`}},
	{"an image of another repository", "image", edit{theTasks, container + "image", `"` + repository + `-evil:v1"`}},
	{"an image that only looks like ours", "image", edit{theTasks, container + "image", `"` + repository + `:v1@evil.example/x"`}},
	{"a second container", "containerDefinitions[agent].image", edit{theTasks, "inputs.containerDefinitions{}[1]", `{"name": "agent", "image": "agent"}`}},
	{"two containers of one name", "containerDefinitions", edit{theTasks, "inputs.containerDefinitions{}[1]", `{"name": "mediaserver", "image": "agent"}`}},
	{"a container that is not known", "containerDefinitions", edit{theTasks, "inputs.containerDefinitions", `"` + unknown + `"`}},
	{"a container that is secret", "containerDefinitions", edit{theTasks, "inputs.containerDefinitions", `"[secret]"`}},
	{"a key twice", "containerDefinitions", edit{theTasks, "inputs.containerDefinitions", `"[{\"name\": \"mediaserver\", \"image\": \"evil\", \"image\": \"a\"}]"`}},
	{"two documents", "containerDefinitions", edit{theTasks, "inputs.containerDefinitions", `"[] []"`}},
	{"a key in other letters", "Privileged", edit{theTasks, container + "Privileged", "true"}},
	{"a command", "command", edit{theTasks, container + "command", `["sh"]`}},
	{"an entry point", "entryPoint", edit{theTasks, container + "entryPoint", `["sh"]`}},
	{"a health check that always succeeds", "healthCheck.command", edit{theTasks, container + "healthCheck.command", `["CMD", "true"]`}},
	{"a health check of another program", "healthCheck.command[1]", edit{theTasks, container + "healthCheck.command[1]", `"true"`}},
	{"a health check of another host", "healthCheck.command[5]", edit{theTasks, container + "healthCheck.command[5]", `"http://localhost:3000@evil.example/health"`}},
	{"a health check of another port of the container", "healthCheck.command[5]", edit{theTasks, container + "healthCheck.command[5]", `"http://localhost:9999/health"`}},
	{"a health check of a path that the load balancer does not ask", "healthCheck.command[5]", edit{theTasks, container + "healthCheck.command[5]", `"http://localhost:3000/static.css"`}},
	{"a health check that never gives up", "healthCheck.retries", edit{theTasks, container + "healthCheck.retries", "10"}},
	{"a health check of another address", "healthCheck.command[5]", edit{theTasks, container + "healthCheck.command[5]", `"http://127.0.0.1:3000/health"`}},
	{"a health check that begins at once", "healthCheck.startPeriod", edit{theTasks, container + "healthCheck.startPeriod", "0"}},
	{"a start period that is no number", "healthCheck.startPeriod", edit{theTasks, container + "healthCheck.startPeriod", `"NaN"`}},
	{"a health check that begins late", "healthCheck.startPeriod", edit{theTasks, container + "healthCheck.startPeriod", "300"}},
	{"no secret", "secrets[JWT_SECRET].valueFrom", edit{theTasks, container + "secrets", "[]"}},
	{"a secret from elsewhere", "secrets[JWT_SECRET].valueFrom", edit{theTasks, container + "secrets[0].valueFrom", `"arn:aws:ssm:eu-west-2:123456789012:parameter/known"`}},
	{"a secret under a second name", "secrets[COPY].valueFrom", edit{theTasks, container + "secrets[1]", `{"name": "COPY", "valueFrom": "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"}`}},
	{"a variable of the application", "environment[LOG_LEVEL].value", edit{theTasks, container + "environment[4]", `{"name": "LOG_LEVEL", "value": "debug"}`}},
	{"a secret in plain", "environment[JWT_SECRET].value", edit{theTasks, container + "environment[4]", `{"name": "JWT_SECRET", "value": "hunter2"}`}},
	{"where the SDK sends", "environment[AWS_ENDPOINT_URL_S3].value", edit{theTasks, container + "environment[4]", `{"name": "AWS_ENDPOINT_URL_S3", "value": "https://evil.example"}`}},
	{"what Node.js loads", "environment[NODE_OPTIONS].value", edit{theTasks, container + "environment[4]", `{"name": "NODE_OPTIONS", "value": "--require=/tmp/x"}`}},
	{"what a shell reads first", "environment[BASH_ENV].value", edit{theTasks, container + "environment[4]", `{"name": "BASH_ENV", "value": "/tmp/x"}`}},
	{"where programs are looked for", "environment[PATH].value", edit{theTasks, container + "environment[4]", `{"name": "PATH", "value": "/tmp"}`}},
	{"variables in another order", "environment[0].name", edit{theTasks, container + "environment",
		`[{"name": "S3_BUCKET_NAME", "value": "mediaserver-storage-18w17cba"}, {"name": "AWS_REGION", "value": "eu-west-2"}, {"name": "NODE_ENV", "value": "production"}, {"name": "PORT", "value": "3000"}]`}},
	{"a NODE_ENV twice", "environment", edit{theTasks, container + "environment[4]", `{"name": "NODE_ENV", "value": "development"}`}},
	{"a NODE_ENV that is not known", "environment[NODE_ENV].value", edit{theTasks, container + "environment[1].value", `"` + unknown + `"`}},
	{"a NODE_ENV that is a secret in plain", "environment[NODE_ENV].value", edit{theTasks, container + "environment[1].value", `"` + strings.Repeat("s3cr3t", 5) + `12"`}},
	{"a NODE_ENV that holds more than a word", "environment[NODE_ENV].value", edit{theTasks, container + "environment[1].value", `"test\nNODE_OPTIONS=x"`}},
	{"another region", "environment[AWS_REGION].value", edit{theTasks, container + "environment[0].value", `"us-east-1"`}},
	{"another bucket of the tasks", "environment[S3_BUCKET_NAME].value", edit{theTasks, container + "environment[3].value", `"attackers-bucket"`}},
	{"variables from a file", "environmentFiles", edit{theTasks, container + "environmentFiles", `[{"type": "s3", "value": "a"}]`}},
	{"root", "user", edit{theTasks, container + "user", `"node:root"`}},
	{"a privileged container", "privileged", edit{theTasks, container + "privileged", "true"}},
	{"capabilities", "linuxParameters.capabilities.add", edit{theTasks, container + "linuxParameters.capabilities.add", `["SYS_PTRACE"]`}},
	{"a mounted volume", "mountPoints", edit{theTasks, container + "mountPoints", `[{"sourceVolume": "a"}]`}},
	{"no log", "logConfiguration.logDriver", edit{theTasks, container + "logConfiguration", ""}},
	{"a log that stops the application", "logConfiguration.options.mode", edit{theTasks, container + "logConfiguration.options.mode", `"blocking"`}},
	{"a log elsewhere", "logConfiguration.options.awslogs-group", edit{theTasks, container + "logConfiguration.options.awslogs-group", `"elsewhere"`}},
	{"a log with a secret", "logConfiguration.secretOptions", edit{theTasks, container + "logConfiguration.secretOptions", `[{"name": "a", "valueFrom": "b"}]`}},
	{"an image that may change under its tag", "versionConsistency", edit{theTasks, container + "versionConsistency", `"disabled"`}},
	{"another JWT secret", "value", edit{theSecret, "inputs.value", `"[secret]"`}},
	{"a JWT secret in plain", "value", edit{theSecret, "inputs.value", `"hunter2"`}},
	{"a JWT secret that is not encrypted", "type", edit{theSecret, "inputs.type", `"String"`}},
	{"a parameter that overwrites", "overwrite", edit{appConfig, "inputs.overwrite", "true"}},
	{"logs that are kept for less time", "retentionInDays", edit{theLogs, "inputs.retentionInDays", "7"}},
	{"logs that are kept for less time, as a text", "retentionInDays", edit{theLogs, "inputs.retentionInDays", `"7"`}},
	{"logs that others can read", "kmsKeyId", edit{theLogs, "inputs.kmsKeyId", `"arn:aws:kms:eu-west-2:999999999999:key/1"`}},
	{"no tasks", "maxCapacity", edit{theScaling, "inputs.maxCapacity", "0"}},
	{"a number that is none", "maxCapacity", edit{theScaling, "inputs.maxCapacity", `"Inf"`}},
	{"no tasks at times", "minCapacity", edit{theScaling, "inputs.minCapacity", "0"}},
	{"another service that is scaled", "resourceId", edit{theScaling, "inputs.resourceId", `"service/prod/prod"`}},
	{"tasks that are taken away", "stepScalingPolicyConfiguration.stepAdjustments[0].scalingAdjustment", edit{scalingPolicy + "::scale-up", "inputs.stepScalingPolicyConfiguration.stepAdjustments[0].scalingAdjustment", "-1"}},
	{"scaling that waits for years", "stepScalingPolicyConfiguration.cooldown", edit{scalingPolicy + "::scale-up", "inputs.stepScalingPolicyConfiguration.cooldown", "999999999"}},
	{"an alarm that scales and tells nobody", "alarmActions", edit{theScaler, "inputs.alarmActions", "[]"}},
	{"an alarm that calls a function", "insufficientDataActions", edit{theScaler, "inputs.insufficientDataActions", `["arn:aws:lambda:eu-west-2:1:function:f"]`}},
	{"an alarm that is off", "actionsEnabled", edit{theErrors, "inputs.actionsEnabled", "false"}},
	{"an alarm that rings later", "threshold", edit{theErrors, "inputs.threshold", "100"}},
	{"an alarm that always rings", "threshold", edit{theErrors, "inputs.threshold", "-1"}},
	{"an alarm without tasks that always rings", "threshold", edit{withoutTasks, "inputs.threshold", "1000000"}},
	{"scaling that never adds a task", "threshold", edit{theScaler, "inputs.threshold", "100"}},
	{"scaling that never takes a task away", "threshold", edit{metricAlarm + "::low-cpu", "inputs.threshold", "0"}},
	{"an alarm without tasks that rings later", "threshold", edit{withoutTasks, "inputs.threshold", "0"}},
	{"an alarm that needs more", "datapointsToAlarm", edit{theErrors, "inputs.datapointsToAlarm", "5"}},
	{"an alarm that needs all again", "datapointsToAlarm", edit{theErrors, "inputs.datapointsToAlarm", "0"}},
	{"an alarm that looks less often", "evaluationPeriods", edit{theErrors, "inputs.evaluationPeriods", "3"}},
	{"missing data that is good", "treatMissingData", edit{withoutTasks, "inputs.treatMissingData", `"notBreaching"`}},
	{"another comparison", "comparisonOperator", edit{theErrors, "inputs.comparisonOperator", `"LessThanThreshold"`}},
	{"an expression that is never true", "metricQueries[2].expression", edit{atMaxCapacity, "inputs.metricQueries[2].expression", `"IF(tasks >= 1000, cpu, 0)"`}},
	{"a threshold that scaling does not have", "threshold", edit{atMaxCapacity, "inputs.threshold", "99"}},
	{"nobody who is told", "alarmActions", edit{theErrors, "inputs.alarmActions", "[]"}},
	{"a topic of another account", "alarmActions[0]", edit{theErrors, "inputs.alarmActions[0]", `"arn:aws:sns:eu-west-2:999999999999:u"`}},
	{"a topic that CloudWatch cannot use", "kmsMasterKeyId", edit{theTopic, "inputs.kmsMasterKeyId", `"alias/aws/sns"`}},
	{"everybody who may send", "policy.Statement[0].Principal", edit{theTopicPolicy, "inputs.policy{}.Statement[0].Principal", `"*"`}},
	{"messages that are left out", "filterPolicy", edit{theAddress, "inputs.filterPolicy", `"{}"`}},
	{"another address", "endpoint", edit{theAddress, "inputs.endpoint", `"evil@example.com"`}},
	{"a dashboard that hides something", "dashboardBody", edit{theDashboard, "inputs.dashboardBody", `"[secret]"`}},
	{"a dashboard that runs a function", "dashboardBody.widgets[0].type", edit{theDashboard, "inputs.dashboardBody{}.widgets[0].type", `"custom"`}},
	{"a dashboard whose widgets are no list", "dashboardBody.widgets", edit{theDashboard, "inputs.dashboardBody{}.widgets", `{"a": {"type": "custom"}}`}},
	{"a dashboard that nobody can read", "dashboardBody", edit{theDashboard, "inputs.dashboardBody", `"{"`}},
	{"a tag by which the deploying role finds its groups", "tags.Environment", edit{theGroup, "inputs.tags.Environment", `"prod"`}},
	{"such a tag in small letters", "tags.environment", edit{theGroup, "inputs.tags.environment", `"prod"`}},
	{"a tag that is a secret", "tags.Team", edit{theGroup, "inputs.tags.Team", `"[secret]"`}},
	{"another type", "(state).type", edit{theDashboard, "was.type", `"aws:s3/bucketV2:BucketV2"`}},
	{"a component that becomes a resource", "(state).custom", edit{theRole, "was.custom", "false"}},
	{"a resource that becomes a component", "(state).custom", edit{theRole, "custom", "false"}},
	{"another provider", "(state).provider", edit{theBucket, "provider", `"urn:pulumi:sandbox::mediaserver::pulumi:providers:aws::elsewhere::1"`}},
	{"a provider that only looks like the default one", "(state).provider", edit{theBucket, "provider", `"urn:pulumi:sandbox::mediaserver::pulumi:providers:aws::default_6_83_2::0"`}},
	{"another id", "(state).id", edit{theBucket, "id", `"other"`}},
	{"no protection", "(state).protect", edit{theBucket, "was.protect", "true"}},
	{"nothing retained", "(state).retainOnDelete", edit{theBucket, "was.retainOnDelete", "true"}},
	{"one that goes with another", "(state).deletedWith", edit{theBucket, "deletedWith", `"urn:pulumi:sandbox::mediaserver::a::b"`}},
	{"a read one", "(state).external", edit{theBucket, "external", "true"}},
	{"a field of states that nobody knows", "(state).somethingNew", edit{theBucket, "somethingNew", "true"}},
}

func TestEveryAttackIsRefusedForWhatItChanges(t *testing.T) {
	for _, attack := range attacks {
		// What is no input changes also where Pulumi calls the resource the same.
		operations := []string{""}
		if strings.HasPrefix(attack.refused, stateField) {
			operations = append(operations, "same")
		}
		for _, operation := range operations {
			t.Run(attack.what+" "+operation, func(t *testing.T) {
				plan := edited(t, stackOf(t), operation, attack.edit)
				if attack.path == "was.type" {
					edited(t, plan, operation, edit{attack.resource, "was.urn", `"urn:pulumi:sandbox::mediaserver::aws:s3/bucketV2:BucketV2::media-storage"`})
				}
				judgement := Judge(read(t, plan), "", nil)
				if !judgement.Refused() || judgement.Fault != "" || !strings.Contains(reasons(judgement), attack.refused+" is not free") {
					t.Errorf("the reasons are %q, want one for %q; %s", reasons(judgement), attack.refused, judgement.Fault)
				}
			})
		}
	}
}
