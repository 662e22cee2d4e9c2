package awsprovider

import (
	"maps"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// with is a list of one object.
func with(properties map[string]any) []any { return []any{properties} }

// redirect is the one action of a listener that leads to HTTPS, with changes.
func redirect(changes map[string]any) []any {
	target := map[string]any{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
	maps.Copy(target, changes)
	return with(map[string]any{"type": "redirect", "redirect": target})
}

func TestWhatAWSWouldRefuseIsRefusedWithTheRule(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	open := func(changes map[string]any) []any {
		rule := map[string]any{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": []any{"0.0.0.0/0"}}
		maps.Copy(rule, changes)
		return with(rule)
	}
	widget := func(position, properties string) string {
		return dashboardText(`{"type": "metric", ` + position + `, "properties": {` + properties + `}}`)
	}
	const (
		placed   = `"x": 0, "y": 0, "width": 24, "height": 6`
		measured = `"region": "eu-west-2", "metrics": [["AWS/ECS", "CPUUtilization"]]`
	)
	for _, test := range []struct {
		token    string
		property string
		value    any
		path     string
		rule     string
	}{
		{"aws:ec2/securityGroup:SecurityGroup", "name", "sg-alb", "name", "must not begin with sg-"},
		{"aws:ec2/securityGroup:SecurityGroup", "name", strings.Repeat("a", 256), "name", "must have 1 to 255 characters, not 256"},
		{"aws:ec2/securityGroup:SecurityGroup", "description", "Übersicht", "description", "must have only letters"},
		{"aws:ec2/securityGroup:SecurityGroup", "ingress", open(map[string]any{"toPort": 65536}), "ingress[0].toPort", "must be from 80 to 65535"},
		{"aws:ec2/securityGroup:SecurityGroup", "ingress", open(map[string]any{"fromPort": 81}), "ingress[0].toPort", "must be from 81 to 65535"},
		{"aws:ec2/securityGroup:SecurityGroup", "ingress", open(map[string]any{"protocol": "-1"}), "ingress[0].fromPort", "must be one of [0]"},
		{"aws:ec2/securityGroup:SecurityGroup", "egress", open(map[string]any{"cidrBlocks": []any{}}), "egress[0]", "must name cidrBlocks"},
		{"aws:s3/bucketV2:BucketV2", "bucket", "Media", "bucket", "must have only lower-case letters"},
		{"aws:s3/bucketV2:BucketV2", "bucket", "ab", "bucket", "must have 3 to 63 characters, not 2"},
		{"aws:s3/bucketV2:BucketV2", "bucket", strings.Repeat("a", 64), "bucket", "must have 3 to 63 characters, not 64"},
		{"aws:s3/bucketV2:BucketV2", "bucket", "10.0.0.1", "bucket", "must not look like an IP address"},
		{"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "rules", []any{}, "rules", "must be exactly one rule"},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", "versioningConfiguration", map[string]any{"status": "On"}, "versioningConfiguration.status", "must be one of [Enabled Suspended Disabled]"},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules", with(map[string]any{"id": "a", "status": "Enabled"}), "rules[0]", "must have at least one action"},
		{
			"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules",
			with(map[string]any{"id": "a", "status": "Enabled", "transitions": with(map[string]any{"days": 29, "storageClass": "STANDARD_IA"})}),
			"rules[0].transitions[0].days", "must be at least 30 for STANDARD_IA",
		},
		{"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", "corsRules", with(map[string]any{"allowedMethods": []any{"PATCH"}, "allowedOrigins": []any{"*"}}), "corsRules[0].allowedMethods[0]", "must be one of [GET PUT POST DELETE HEAD]"},
		{"aws:ecr/repository:Repository", "name", "Media", "name", "must have only lower-case letters"},
		{"aws:ecr/repository:Repository", "imageTagMutability", "FIXED", "imageTagMutability", "must be one of [MUTABLE IMMUTABLE]"},
		{"aws:ecr/repositoryPolicy:RepositoryPolicy", "policy", policyText, "policy", "Statement 0 must have Principal or NotPrincipal"},
		{"aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", `{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "tagged", "countType": "imageCountMoreThan", "countNumber": 5}, "action": {"type": "expire"}}]}`, "policy", "must have tagPatternList or tagPrefixList"},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules", with(map[string]any{"id": "a", "status": "Enabled", "expiration": map[string]any{"days": 0}}), "rules[0].expiration.days", "must be a number of days above 0"},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules", with(map[string]any{"id": "a", "status": "Enabled", "expiration": map[string]any{"days": 1, "expiredObjectDeleteMarker": true}}), "rules[0].expiration.expiredObjectDeleteMarker", "must not be set together with days"},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "rules", with(map[string]any{"id": "a", "status": "Enabled", "noncurrentVersionExpiration": map[string]any{"noncurrentDays": 0}}), "rules[0].noncurrentVersionExpiration.noncurrentDays", "must be a number of days above 0"},
		{"aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", `{"rules": [{"priority": 1}]}`, "policy", `unknown field "priority"`},
		{"aws:iam/role:Role", "name", strings.Repeat("r", 65), "name", "must have 1 to 64 characters, not 65"},
		{"aws:iam/role:Role", "name", "a role", "name", "must have only letters, digits and _+=,.@-"},
		{"aws:iam/role:Role", "permissionsBoundary", "mediaserver-boundary", "permissionsBoundary", "must be the ARN of a managed policy"},
		{"aws:iam/role:Role", "assumeRolePolicy", policyText, "assumeRolePolicy", "Statement 0 must have Principal"},
		{"aws:iam/role:Role", "inlinePolicies", with(map[string]any{"name": "a", "policy": "{"}), "inlinePolicies[0].policy", "must be a policy as JSON"},
		{"aws:iam/rolePolicy:RolePolicy", "policy", `{"Version": "2012-10-18", "Statement": []}`, "policy", "must have the Version 2012-10-17"},
		{"aws:iam/rolePolicy:RolePolicy", "policy", `{"Version": "2012-10-17", "Statement": []}`, "policy", "must have at least one Statement"},
		{"aws:iam/rolePolicy:RolePolicy", "policy", trustText, "policy", "Statement 0 must have Resource or NotResource"},
		{"aws:iam/rolePolicy:RolePolicy", "policy", strings.Replace(policyText, "Allow", "allow", 1), "policy", "must have the Effect Allow or Deny"},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", "ReadOnlyAccess", "policyArn", "must be the ARN of a managed policy"},
		{"aws:ssm/parameter:Parameter", "name", "mediaserver/jwt", "name", "must have only letters"},
		{"aws:ssm/parameter:Parameter", "name", "/aws/jwt", "name", "must not begin with aws"},
		{"aws:ssm/parameter:Parameter", "type", "Secret", "type", "must be one of [String StringList SecureString]"},
		{"aws:ssm/parameter:Parameter", "value", strings.Repeat("x", 4097), "value", "must have 1 to 4096 bytes"},
		{"aws:lb/loadBalancer:LoadBalancer", "name", strings.Repeat("a", 33), "name", "must have 1 to 32 characters, not 33"},
		{"aws:lb/loadBalancer:LoadBalancer", "name", "internal-alb", "name", "must not begin with internal-"},
		{"aws:lb/loadBalancer:LoadBalancer", "subnets", []any{"a"}, "subnets", "must be subnets in at least two availability zones"},
		{"aws:lb/targetGroup:TargetGroup", "name", "-tg", "name", "no hyphen at either end"},
		{"aws:lb/targetGroup:TargetGroup", "port", 0, "port", "must be from 1 to 65535"},
		{"aws:lb/targetGroup:TargetGroup", "healthCheck", map[string]any{"interval": 5, "timeout": 5}, "healthCheck.timeout", "must be shorter than the interval"},
		{"aws:lb/targetGroup:TargetGroup", "healthCheck", map[string]any{"healthyThreshold": 1}, "healthCheck.healthyThreshold", "must be from 2 to 10"},
		{"aws:lb/targetGroup:TargetGroup", "healthCheck", map[string]any{"path": "health"}, "healthCheck.path", "a slash at the beginning"},
		{"aws:lb/targetGroup:TargetGroup", "deregistrationDelay", 3601, "deregistrationDelay", "must be from 0 to 3600"},
		{"aws:lb/listener:Listener", "defaultActions", with(map[string]any{"type": "forward"}), "defaultActions[0].targetGroupArn", "must be stated"},
		{"aws:lb/listener:Listener", "protocol", "TLS", "protocol", "must be one of [HTTP HTTPS]"},
		{"aws:lb/listener:Listener", "protocol", "HTTPS", "certificateArn", "must be stated for HTTPS"},
		{"aws:lb/listener:Listener", "certificateArn", "arn", "certificateArn", "must not be stated for HTTP"},
		{"aws:lb/listener:Listener", "sslPolicy", "ELBSecurityPolicy-2016-08", "sslPolicy", "must not be stated for HTTP"},
		{"aws:lb/listener:Listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-10", "sslPolicy", "must be one of [ELBSecurityPolicy-2016-08 "},
		{"aws:lb/listener:Listener", "routingHttpResponseStrictTransportSecurityHeaderValue", "31536000", "routingHttpResponseStrictTransportSecurityHeaderValue", "must be max-age=SECONDS"},
		{"aws:lb/listener:Listener", "defaultActions", with(map[string]any{"type": "fixed-response"}), "defaultActions[0].type", "must be one of [forward redirect]"},
		{"aws:lb/listener:Listener", "defaultActions", with(map[string]any{"type": "redirect"}), "defaultActions[0].redirect", "must be stated if, and only if, the action is a redirect"},
		{"aws:lb/listener:Listener", "defaultActions", with(map[string]any{"type": "forward", "targetGroupArn": "arn", "redirect": map[string]any{"statusCode": "HTTP_301", "port": "443"}}), "defaultActions[0].redirect", "must be stated if"},
		{"aws:lb/listener:Listener", "defaultActions", redirect(map[string]any{"statusCode": "HTTP_308"}), "defaultActions[0].redirect.statusCode", "must be one of [HTTP_301 HTTP_302]"},
		{"aws:lb/listener:Listener", "defaultActions", redirect(map[string]any{"protocol": "https"}), "defaultActions[0].redirect.protocol", "must be one of [HTTP HTTPS #{protocol}]"},
		{"aws:lb/listener:Listener", "defaultActions", redirect(map[string]any{"host": strings.Repeat("a", 129)}), "defaultActions[0].redirect.host", "must have 1 to 128 characters, not 129"},
		{"aws:lb/listener:Listener", "defaultActions", redirect(map[string]any{"port": "0"}), "defaultActions[0].redirect.port", "must be a port or #{port}"},
		{"aws:lb/listener:Listener", "defaultActions", redirect(map[string]any{"path": "#{path}"}), "defaultActions[0].redirect.path", "a slash at the beginning"},
		{"aws:lb/listener:Listener", "defaultActions", with(map[string]any{"type": "redirect", "redirect": map[string]any{"statusCode": "HTTP_301"}}), "defaultActions[0].redirect", "must change the protocol"},
		{"aws:acm/certificate:Certificate", "domainName", "media.example.com.", "domainName", "no dot at the end"},
		{"aws:acm/certificate:Certificate", "domainName", "a." + strings.Repeat("b", 60) + ".com", "domainName", "must have 1 to 64 characters, not 66"},
		{"aws:acm/certificate:Certificate", "validationMethod", "HTTP", "validationMethod", "must be one of [DNS]"},
		{"aws:route53/record:Record", "type", "ALIAS", "type", "must be one of [A AAAA CNAME TXT]"},
		{"aws:route53/record:Record", "aliases", nil, "records", "must be stated where there is no alias"},
		{"aws:route53/record:Record", "records", []any{"192.0.2.1"}, "records", "must be stated where there is no alias"},
		{"aws:route53/record:Record", "ttl", 60, "ttl", "must not be stated for an alias"},
		{"aws:ecs/cluster:Cluster", "name", "main cluster", "name", "must have only letters"},
		{"aws:ecs/cluster:Cluster", "settings", with(map[string]any{"name": "insights", "value": "enabled"}), "settings[0].name", "must be one of [containerInsights]"},
		{"aws:ecs/cluster:Cluster", "settings", with(map[string]any{"name": "containerInsights", "value": "on"}), "settings[0].value", "must be one of [enabled disabled enhanced]"},
		{"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "defaultCapacityProviderStrategies", with(map[string]any{"capacityProvider": "FARGATE_SPOT"}), "defaultCapacityProviderStrategies[0].capacityProvider", "must be one of capacityProviders"},
		{"aws:ecs/taskDefinition:TaskDefinition", "cpu", "300", "cpu", "must be 256, 512, 1024, 2048, 4096, 8192 or 16384 on Fargate"},
		{"aws:ecs/taskDefinition:TaskDefinition", "memory", "4096", "memory", "must be 512, 1024 or 2048 for 256 CPU units on Fargate"},
		{"aws:ecs/taskDefinition:TaskDefinition", "cpu", "1 vCPU", "memory", "must be from 2048 to 8192 in steps of 1024 for 1024 CPU units"},
		{"aws:ecs/taskDefinition:TaskDefinition", "memory", "lots", "memory", "must be MiB"},
		{"aws:ecs/taskDefinition:TaskDefinition", "runtimePlatform", map[string]any{"cpuArchitecture": "arm64"}, "runtimePlatform.cpuArchitecture", "must be one of [X86_64 ARM64]"},
		{"aws:ecs/taskDefinition:TaskDefinition", "runtimePlatform", map[string]any{"operatingSystemFamily": "linux"}, "runtimePlatform.operatingSystemFamily", "must be one of [WINDOWS_SERVER_2019_FULL"},
		{"aws:ecs/taskDefinition:TaskDefinition", "runtimePlatform", map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, "runtimePlatform.operatingSystemFamily", "must be LINUX for ARM64"},
		{"aws:ecs/taskDefinition:TaskDefinition", "networkMode", "bridge", "networkMode", "must be awsvpc for FARGATE"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", "{", "containerDefinitions", "must be a list of container definitions as JSON"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", strings.Replace(containerText, "image", "picture", 1), "containerDefinitions", `unknown field "picture"`},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", strings.Replace(containerText, `"hostPort": 3000`, `"hostPort": 80`, 1), "containerDefinitions[0].portMappings[0].hostPort", "must equal containerPort"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", strings.Replace(containerText, `"CMD"`, `"RUN"`, 1), "containerDefinitions[0].healthCheck.command", "must begin with CMD or CMD-SHELL"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", strings.Replace(containerText, `"timeout": 5`, `"timeout": 61`, 1), "containerDefinitions[0].healthCheck.timeout", "must be from 2 to 60"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", strings.Replace(containerText, "awslogs-group", "group", 1), "containerDefinitions[0].logConfiguration.options", "must have awslogs-group"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", `[{"name": "app", "image": "a", "essential": false}]`, "containerDefinitions", "must have an essential container"},
		{"aws:ecs/service:Service", "deploymentMaximumPercent", 100, "deploymentMaximumPercent", "must be more than deploymentMinimumHealthyPercent"},
		{"aws:ecs/service:Service", "networkConfiguration", nil, "networkConfiguration", "must be stated, as FARGATE"},
		{"aws:ecs/service:Service", "deploymentCircuitBreaker", map[string]any{"enable": false, "rollback": true}, "deploymentCircuitBreaker.rollback", "must be false"},
		{"aws:appautoscaling/target:Target", "maxCapacity", 0, "maxCapacity", "must not be less than minCapacity"},
		{
			"aws:appautoscaling/policy:Policy", "stepScalingPolicyConfiguration", map[string]any{"stepAdjustments": with(map[string]any{"scalingAdjustment": 1})},
			"stepScalingPolicyConfiguration.stepAdjustments[0]", "must have a lower or an upper bound",
		},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "period", 90, "period", "must be 10, 20, 30 or a multiple of 60 seconds"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator", ">", "comparisonOperator", "must be one of"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "treatMissingData", "good", "treatMissingData", "must be one of [breaching notBreaching ignore missing]"},
		{"aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 31, "retentionInDays", "must be one of [0 1 3 5 7 14 30"},
		{"aws:cloudwatch/logGroup:LogGroup", "name", "/ecs/media server", "name", "must have only letters"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "statistic", "p99", "statistic", "must be one of [SampleCount"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "statistic", nil, "statistic", "must be stated, or metricQueries instead"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "namespace", nil, "namespace", "must be stated, or metricQueries instead"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "metricName", nil, "metricName", "must be stated, or metricQueries instead"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "period", nil, "period", "must be stated, or metricQueries instead"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "datapointsToAlarm", 3, "datapointsToAlarm", "must be from 1 to 2"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "datapointsToAlarm", 0, "datapointsToAlarm", "must be from 1 to 2"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", []any{"a", "b", "c", "d", "e", "f"}, "alarmActions", "must be at most 5 actions"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "okActions", []any{"a", "b", "c", "d", "e", "f"}, "okActions", "must be at most 5 actions"},
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "metricQueries", []any{}, "metricQueries", "must not stand beside namespace"},
		{"aws:ecs/service:Service", "alarms", map[string]any{"alarmNames": []any{}, "enable": true, "rollback": true}, "alarms.alarmNames", "must name at least one alarm"},
		{"aws:sns/topic:Topic", "name", "alarms.fifo", "name", "must have only letters, digits, underscores and hyphens"},
		{"aws:sns/topic:Topic", "name", strings.Repeat("a", 257), "name", "must have 1 to 256 characters, not 257"},
		{"aws:sns/topicPolicy:TopicPolicy", "policy", policyText, "policy", "Statement 0 must have Principal or NotPrincipal"},
		{"aws:sns/topicPolicy:TopicPolicy", "policy", topicPolicyText("A", "arn:aws:sns:eu-west-2:123456789012:other"), "policy", "Statement 0 must have the topic itself"},
		{"aws:sns/topicPolicy:TopicPolicy", "policy", topicPolicyText(`A", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-west-2:123456789012:alarms"}, {"Sid": "A`, "arn:aws:sns:eu-west-2:123456789012:alarms"), "policy", "Statement 1 must have a Sid of its own"},
		{"aws:sns/topicSubscription:TopicSubscription", "protocol", "pigeon", "protocol", "must be one of [email]"},
		{"aws:sns/topicSubscription:TopicSubscription", "endpoint", "oncall", "endpoint", "must be an e-mail address"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", dashboardText(`{"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 3, "properties": {"alarms": []}}`), "dashboardBody", "widgets[0] must have 1 to 100 properties.alarms"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", dashboardText(`{"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 3, "properties": {"alarms": ["a"` + strings.Repeat(`, "a"`, 100) + `]}}`), "dashboardBody", "widgets[0] must have 1 to 100 properties.alarms"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardName", "media.server", "dashboardName", "must have only letters"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", "{", "dashboardBody", "must be a dashboard as JSON"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", widget(`"x": 1, "y": 0, "width": 24, "height": 6`, measured), "dashboardBody", "widgets[0] must lie within the 24 columns"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", widget(`"x": 0, "y": 0, "width": 24`, measured), "dashboardBody", "widgets[0] must have x, y, width and height"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", widget(placed, `"metrics": [["a", "b"]]`), "dashboardBody", "widgets[0] must have properties.region"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", widget(placed, `"region": "eu-west-2"`), "dashboardBody", "widgets[0] must have properties.metrics"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboardBody", widget(placed, measured+`, "period": 90`), "dashboardBody", "must have a properties.period"},
	} {
		expectRefused(t, client, test.token, test.property, test.value, test.path, test.rule)
	}
}

// expectRefused checks good inputs with another value of one property: they must be refused at the path, by the rule.
func expectRefused(t *testing.T, client pulumirpc.ResourceProviderClient, token, property string, value any, path, rule string) {
	t.Helper()
	inputs := maps.Clone(good[token])
	if inputs == nil {
		t.Fatalf("%s has no good inputs", token)
	}
	inputs[property] = value
	failures := checkInputs(t, client, token, inputs)
	if !slices.ContainsFunc(failures, func(failure string) bool {
		return strings.HasPrefix(failure, path+": property ") && strings.Contains(failure, rule)
	}) {
		t.Errorf("%s: %s = %v is refused with %q, want %s: %s", token, property, value, failures, path, rule)
	}
}

func TestEveryFargateSizeOfTheDeveloperGuideIsAccepted(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	for cpu, sizes := range map[string][]string{
		"256": {"512", "1024", "2048", "0.5GB", "1 GB"}, ".25 vCPU": {"512"}, "512": {"1024", "4096"}, "1024": {"2048", "8192"},
		"2048": {"4096", "16384"}, "4096": {"8192", "30720"}, "8192": {"16384", "61440"}, "16384": {"32768", "122880"},
	} {
		for _, memory := range sizes {
			inputs := maps.Clone(good["aws:ecs/taskDefinition:TaskDefinition"])
			inputs["cpu"], inputs["memory"] = cpu, memory
			if failures := checkInputs(t, client, "aws:ecs/taskDefinition:TaskDefinition", inputs); len(failures) > 0 {
				t.Errorf("%s CPU units with %s of memory: %v", cpu, memory, failures)
			}
		}
	}
}
