package awsprovider

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// with is a list of one object.
func with(properties map[string]any) []any { return []any{properties} }

// redirection is the one action of a listener that leads to HTTPS, with changes.
func redirection(changes map[string]any) []any {
	target := map[string]any{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
	maps.Copy(target, changes)
	return with(map[string]any{"type": "redirect", "redirect": target})
}

// documents are the properties that hold JSON with rules of its own.
var documents = map[string]struct {
	property string
	rules    rules
}{
	"aws:ecs/taskDefinition:TaskDefinition":   {"containerDefinitions", containerRules},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {"policy", repositoryLifecycleRules},
	"aws:cloudwatch/dashboard:Dashboard":      {"dashboardBody", dashboardRules},
}

// surroundings are what a value needs around it where the good inputs lack it.
var surroundings = map[string]map[string]any{
	frontend: {"defaultActions": redirection(nil)},
	alarm:    {"metricQueries": []any{metricOf("a", "Sum", 60)}},
}

// TestEveryRuleIsObeyed breaks each rule by itself: the path that it names must exist, and the value there be refused.
func TestEveryRuleIsObeyed(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, each := range slices.Concat(ec2Kinds, s3Kinds, ecrKinds, iamKinds, ssmKinds, elbv2Kinds, acmKinds, route53Kinds,
		ecsKinds, autoscalingKinds, cloudwatchKinds, logsKinds, snsKinds) {
		kind := reflect.ValueOf(each).Elem()
		token := kind.FieldByName("Token").String()
		for _, rule := range kind.FieldByName("Rules").Interface().(rules) {
			checked++
			expectRuled(t, client, token, rule.Must.String(), func(bad any) map[string]any {
				inputs := maps.Clone(good[token])
				maps.Copy(inputs, surroundings[token])
				return replaced(inputs, rule.Property, bad).(map[string]any)
			})
		}
		for _, rule := range documents[token].rules {
			checked++
			expectRuled(t, client, token, rule.Must.String(), func(bad any) map[string]any {
				inputs := maps.Clone(good[token])
				var document any
				if err := json.Unmarshal([]byte(inputs[documents[token].property].(string)), &document); err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(replaced(document, rule.Property, bad))
				if err != nil {
					t.Fatal(err)
				}
				inputs[documents[token].property] = string(text)
				return inputs
			})
		}
	}
	if checked < 100 {
		t.Errorf("%d rules were found, want all of them", checked)
	}
}

// bad are values of which each rule refuses one.
var bad = []any{
	nil, "", "nothing of the kind \x00", strings.Repeat("a", 5000), "::", "sg-1", "--x-s3", "/aws/a", "internal-a",
	-1, 1.5e9, []any{}, slices.Repeat([]any{"a"}, 1001), slices.Repeat([]any{map[string]any{}}, 1001),
}

func expectRuled(t *testing.T, client pulumirpc.ResourceProviderClient, token, words string, inputs func(bad any) map[string]any) {
	t.Helper()
	for _, value := range bad {
		for _, failure := range checkInputs(t, client, token, inputs(value)) {
			if strings.Contains(failure, ": must "+words) {
				return
			}
		}
	}
	t.Errorf("%s: nothing is refused because it must %s", token, words)
}

// replaced is a copy of a value with another one at a path, as rules name them. What the path leads through is made
// where it is not there.
func replaced(value any, path string, by any) any {
	if path == "" {
		return by
	}
	if rest, isList := strings.CutPrefix(path, "[]"); isList {
		list, _ := value.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		list = slices.Clone(list)
		list[0] = replaced(list[0], strings.TrimPrefix(rest, "."), by)
		return list
	}
	end := strings.IndexAny(path+".", ".[")
	object, _ := value.(map[string]any)
	object = maps.Clone(object)
	if object == nil {
		object = map[string]any{}
	}
	object[path[:end]] = replaced(object[path[:end]], strings.TrimPrefix(path[end:], "."), by)
	return object
}

const (
	group       = "aws:ec2/securityGroup:SecurityGroup"
	alarm       = "aws:cloudwatch/metricAlarm:MetricAlarm"
	targets     = "aws:lb/targetGroup:TargetGroup"
	definition  = "aws:ecs/taskDefinition:TaskDefinition"
	frontend    = "aws:lb/listener:Listener"
	dnsRecord   = "aws:route53/record:Record"
	taskRole    = "aws:iam/role:Role"
	taskPolicy  = "aws:iam/rolePolicy:RolePolicy"
	mediaBucket = "aws:s3/bucketV2:BucketV2"
	expiry      = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	body        = "aws:cloudwatch/dashboard:Dashboard"
	appService  = "aws:ecs/service:Service"
	alarmPolicy = "aws:sns/topicPolicy:TopicPolicy"
)

// TestWhatAWSOrTheOfficialPluginWouldRefuseIsRefused has what takes several values to see, patterns, and properties that
// do not fit their types.
func TestWhatAWSOrTheOfficialPluginWouldRefuseIsRefused(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	open := func(changes map[string]any) []any {
		opening := map[string]any{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": []any{"0.0.0.0/0"}}
		maps.Copy(opening, changes)
		return with(opening)
	}
	lifecycle := func(property string, value any) []any {
		return with(map[string]any{"id": "a", "status": "Enabled", property: value})
	}
	moved := func(days any, class string) []any {
		return lifecycle("transitions", with(map[string]any{"days": days, "storageClass": class}))
	}
	widget := func(position, properties string) string {
		return dashboardText(`{"type": "metric", ` + position + `, "properties": {` + properties + `}}`)
	}
	container := func(old, changed string) string { return strings.Replace(containerText, old, changed, 1) }
	const (
		placed   = `"x": 0, "y": 0, "width": 24, "height": 6`
		measured = `"region": "eu-west-2", "metrics": [["AWS/ECS", "CPUUtilization"]]`
		topic    = "arn:aws:sns:eu-west-2:123456789012:alarms"
	)
	for _, test := range []struct {
		token, property string
		value           any
		path, rule      string
	}{
		{mediaBucket, "colour", "red", "colour", `unknown or unsupported property "colour"; supported here: bucket, forceDestroy, tags`},
		{mediaBucket, "bucket", nil, "bucket", `required property "bucket" is missing`},
		{mediaBucket, "bucket", 3, "bucket", "must be a string"},
		{mediaBucket, "forceDestroy", "yes", "forceDestroy", "must be true or false"},
		{mediaBucket, "tags", "a", "tags", "must be a map"},
		{expiry, "rules", "all", "rules", "must be a list"},
		{expiry, "rules", []any{"all"}, "rules[0]", "must be an object"},
		{expiry, "rules", with(map[string]any{"id": "a"}), "rules[0].status", `required property "rules[0].status" is missing`},
		{expiry, "rules", moved(30.5, "GLACIER"), "rules[0].transitions[0].days", "must be an integer"},
		{alarm, "threshold", "high", "threshold", "must be a number"},
		{group, "description", "Übersicht", "description", "must have only letters"},
		{group, "ingress", open(map[string]any{"fromPort": 81}), "ingress[0].toPort", "must not be less than fromPort"},
		{group, "ingress", open(map[string]any{"protocol": "-1"}), "ingress[0].fromPort", "must be 0"},
		{group, "ingress", open(map[string]any{"protocol": "TCP"}), "ingress[0].protocol", "in lower case"},
		{group, "ingress", open(map[string]any{"cidrBlocks": []any{"10.0.0.1/8"}}), "ingress[0].cidrBlocks[0]", "by its first one"},
		{group, "ingress", open(map[string]any{"cidrBlocks": []any{"::/0"}}), "ingress[0].cidrBlocks[0]", "by its first one"},
		{group, "egress", open(map[string]any{"ipv6CidrBlocks": []any{"0.0.0.0/0"}}), "egress[0].ipv6CidrBlocks[0]", "by its first one"},
		{group, "egress", open(map[string]any{"cidrBlocks": []any{}}), "egress[0]", "must name cidrBlocks"},
		{mediaBucket, "bucket", "Media", "bucket", "must have only lower-case letters"},
		{mediaBucket, "bucket", "10.0.0.1", "bucket", "must not look like an IP address"},
		{mediaBucket, "bucket", "media--x-s3", "bucket", "a reserved prefix or suffix"},
		{expiry, "rules", with(map[string]any{"id": "a", "status": "Enabled"}), "rules[0]", "must have at least one action"},
		{expiry, "rules", moved(29, "STANDARD_IA"), "rules[0].transitions[0].days", "must be at least 30 for STANDARD_IA"},
		{expiry, "rules", lifecycle("transitions", append(
			with(map[string]any{"days": 30, "storageClass": "STANDARD_IA"}), with(map[string]any{"days": 30, "storageClass": "GLACIER"})...,
		)), "rules[0].transitions[1].days", "must be later than the transition before it"},
		{expiry, "rules", lifecycle("expiration", map[string]any{"days": 1, "expiredObjectDeleteMarker": true}), "rules[0].expiration.expiredObjectDeleteMarker", "must not be set together with days"},
		{"aws:ecr/repository:Repository", "name", "media--server", "name", "separated by a single"},
		{"aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", strings.Replace(expiringImages, "untagged", "tagged", 1), "policy", "must have tagPatternList or tagPrefixList"},
		{"aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy", strings.Replace(expiringImages, "rulePriority", "priority", 1), "policy", `unknown field "priority"`},
		{taskRole, "description", "the “tasks”", "description", "only characters of Latin-1"},
		{taskRole, "permissionsBoundary", "mediaserver-boundary", "permissionsBoundary", "must be the ARN of a managed policy"},
		{taskRole, "assumeRolePolicy", " " + trustText, "assumeRolePolicy", "must be a policy as JSON"},
		{taskRole, "assumeRolePolicy", policyText, "assumeRolePolicy", "Action, Principal"},
		{taskPolicy, "policy", strings.Replace(policyText, "2012-10-17", "2012-10-18", 1), "policy", "a Version of 2012-10-17"},
		{taskPolicy, "policy", `{"Version": "2012-10-17", "Statement": []}`, "policy", "statements that each have"},
		{taskPolicy, "policy", trustText, "policy", "Action, Resource"},
		{taskPolicy, "policy", strings.Replace(policyText, "Allow", "allow", 1), "policy", "an Effect of Allow or Deny"},
		{"aws:ssm/parameter:Parameter", "name", "mediaserver/jwt", "name", "must have only letters"},
		{"aws:ssm/parameter:Parameter", "value", resource.MakeSecret(resource.NewProperty(strings.Repeat("x", 4097))), "value", "has the value [secret]: must have 1 to 4096 bytes"},
		{"aws:lb/loadBalancer:LoadBalancer", "subnets", []any{"a"}, "subnets", "subnets in at least two availability zones"},
		{targets, "name", "-tg", "name", "no hyphen at either end"},
		{targets, "healthCheck", map[string]any{"interval": 5, "timeout": 5}, "healthCheck.timeout", "must be shorter than the interval"},
		{targets, "healthCheck", map[string]any{"port": "0"}, "healthCheck.port", "must be a port from 1 to 65535, or traffic-port"},
		{frontend, "defaultActions", with(map[string]any{"type": "forward"}), "defaultActions[0].targetGroupArn", "must be stated"},
		{frontend, "protocol", "HTTPS", "certificateArn", "must be stated for HTTPS"},
		{frontend, "certificateArn", "arn:aws:acm:eu-west-2:123456789012:certificate/1", "certificateArn", "must be stated for HTTPS, and for HTTPS alone"},
		{frontend, "sslPolicy", "ELBSecurityPolicy-2016-08", "sslPolicy", "must not be stated for HTTP"},
		{frontend, "defaultActions", with(map[string]any{"type": "redirect"}), "defaultActions[0].redirect", "must be stated if, and only if"},
		{frontend, "defaultActions", with(map[string]any{"type": "redirect", "redirect": map[string]any{"statusCode": "HTTP_301"}}), "defaultActions[0].redirect", "must change the protocol"},
		{dnsRecord, "aliases", nil, "records", "must be stated where there is no alias"},
		{dnsRecord, "records", []any{"192.0.2.1"}, "records", "must be stated where there is no alias"},
		{dnsRecord, "ttl", 60, "ttl", "must be stated with records, and not for an alias"},
		{"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "clusterName", "arn:aws:ecs:eu-west-2:123456789012:cluster/main", "clusterName", "a name, not an ARN"},
		{
			"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "defaultCapacityProviderStrategies",
			with(map[string]any{"capacityProvider": "FARGATE_SPOT"}), "defaultCapacityProviderStrategies[0].capacityProvider", "must be one of capacityProviders",
		},
		{definition, "networkMode", "bridge", "networkMode", "must be awsvpc for FARGATE"},
		{definition, "runtimePlatform", map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, "runtimePlatform.operatingSystemFamily", "must be LINUX for ARM64"},
		{definition, "executionRoleArn", "arn:aws:iam:::", "executionRoleArn", "must be an ARN"},
		{definition, "containerDefinitions", "{", "containerDefinitions", "must be JSON"},
		{definition, "containerDefinitions", container("image", "picture"), "containerDefinitions", `unknown field "picture"`},
		{definition, "containerDefinitions", container(`"hostPort": 3000`, `"hostPort": 80`), "containerDefinitions[0].portMappings[0].hostPort", "must equal containerPort"},
		{definition, "containerDefinitions", container(`"CMD"`, `"RUN"`), "containerDefinitions[0].healthCheck.command", "must begin with CMD or CMD-SHELL"},
		{definition, "containerDefinitions", container("awslogs-group", "group"), "containerDefinitions[0].logConfiguration.options", "must have awslogs-group"},
		{definition, "containerDefinitions", `[{"name": "app", "image": "a", "essential": false}]`, "containerDefinitions", "must have an essential container"},
		{appService, "deploymentMaximumPercent", 100, "deploymentMaximumPercent", "must be more than deploymentMinimumHealthyPercent"},
		{appService, "networkConfiguration", nil, "networkConfiguration", "must be stated, as FARGATE"},
		{appService, "deploymentCircuitBreaker", map[string]any{"enable": false, "rollback": true}, "deploymentCircuitBreaker.rollback", "must be false"},
		{"aws:appautoscaling/target:Target", "maxCapacity", 0, "maxCapacity", "must not be less than minCapacity"},
		{
			"aws:appautoscaling/policy:Policy", "stepScalingPolicyConfiguration", map[string]any{"stepAdjustments": with(map[string]any{"scalingAdjustment": 1})},
			"stepScalingPolicyConfiguration.stepAdjustments[0]", "must have a lower or an upper bound",
		},
		{alarm, "evaluationPeriods", 2017, "evaluationPeriods", "must not look back over more than seven days"},
		{alarm, "statistic", nil, "statistic", "must be stated, or metricQueries instead"},
		{alarm, "datapointsToAlarm", 3, "datapointsToAlarm", "must be from 1 to evaluationPeriods, 2"},
		{alarm, "datapointsToAlarm", 0, "datapointsToAlarm", "must be from 1 to evaluationPeriods, 2"},
		{alarm, "metricQueries", []any{}, "namespace", "must be stated, or metricQueries instead"},
		{alarmPolicy, "policy", topicPolicyText("A", "arn:aws:sns:eu-west-2:123456789012:other"), "policy", "Statement 0 must have"},
		{alarmPolicy, "policy", topicPolicyText(`A", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "`+topic+`"}, {"Sid": "A`, topic), "policy", "Statement 1 must have a Sid of its own"},
		{body, "dashboardBody", "{", "dashboardBody", "must be JSON"},
		{body, "dashboardBody", widget(`"x": 1, "y": 0, "width": 24, "height": 6`, measured), "dashboardBody.widgets[0].width", "must lie within the 24 columns"},
		{body, "dashboardBody", widget(placed, `"metrics": [["a", "b"]]`), "dashboardBody.widgets[0].properties", "must have region and metrics"},
		{body, "dashboardBody", widget(placed, `"region": "eu-west-2"`), "dashboardBody.widgets[0].properties", "must have region and metrics"},
	} {
		inputs := maps.Clone(good[test.token])
		if inputs == nil {
			t.Fatalf("%s has no good inputs", test.token)
		}
		inputs[test.property] = test.value
		failures := checkInputs(t, client, test.token, inputs)
		if !slices.ContainsFunc(failures, func(failure string) bool {
			return strings.HasPrefix(failure, test.path+": ") && strings.Contains(failure, test.rule)
		}) {
			t.Errorf("%s: %s = %v is refused with %q, want %s: %s", test.token, test.property, test.value, failures, test.path, test.rule)
		}
	}
}
