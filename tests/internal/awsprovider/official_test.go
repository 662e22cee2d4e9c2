package awsprovider

import (
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestWhatTheOfficialPluginRefusesIsRefused(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	const (
		group      = "aws:ec2/securityGroup:SecurityGroup"
		alarm      = "aws:cloudwatch/metricAlarm:MetricAlarm"
		targets    = "aws:lb/targetGroup:TargetGroup"
		definition = "aws:ecs/taskDefinition:TaskDefinition"
		listener   = "aws:lb/listener:Listener"
		record     = "aws:route53/record:Record"
		role       = "aws:iam/role:Role"
		lifecycle  = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		encryption = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	)
	from := func(property, block string) []any {
		return with(map[string]any{"protocol": "tcp", "fromPort": 80, "toPort": 80, property: []any{block}})
	}
	rule := func(property string, value any) []any {
		return with(map[string]any{"id": "a", "status": "Enabled", property: value})
	}
	alias := func(name, zone string) []any {
		return with(map[string]any{"name": name, "zoneId": zone, "evaluateTargetHealth": false})
	}
	for _, test := range []struct {
		token, property string
		value           any
		path, rule      string
	}{
		{group, "ingress", from("cidrBlocks", "10.0.0.1/8"), "ingress[0].cidrBlocks[0]", "must be a block of addresses by its first one"},
		{group, "ingress", from("cidrBlocks", "10.0.0.0"), "ingress[0].cidrBlocks[0]", "must be a block of addresses by its first one"},
		{group, "ingress", from("cidrBlocks", "::/0"), "ingress[0].cidrBlocks[0]", "must be a block of addresses by its first one"},
		{group, "egress", from("ipv6CidrBlocks", "0.0.0.0/0"), "egress[0].ipv6CidrBlocks[0]", "must be a block of addresses by its first one"},
		{group, "egress", from("ipv6CidrBlocks", "2001:db8::1/32"), "egress[0].ipv6CidrBlocks[0]", "must be a block of addresses by its first one"},
		{group, "ingress", with(map[string]any{"protocol": "TCP", "fromPort": 1, "toPort": 1, "self": true}), "ingress[0].protocol", "in lower case"},
		{alarm, "alarmActions", []any{"topic"}, "alarmActions[0]", "must be an ARN"},
		{alarm, "namespace", ":AWS", "namespace", "no colon at the beginning"},
		{alarm, "metricName", "", "metricName", "must have 1 to 255 characters"},
		{targets, "healthCheck", map[string]any{"port": "0"}, "healthCheck.port", "must be a port from 1 to 65535, or traffic-port"},
		{targets, "healthCheck", map[string]any{"port": "http"}, "healthCheck.port", "must be a port from 1 to 65535, or traffic-port"},
		{targets, "healthCheck", map[string]any{"protocol": "TCP"}, "healthCheck.protocol", "must be one of [HTTP HTTPS]"},
		{definition, "requiresCompatibilities", []any{"LAMBDA"}, "requiresCompatibilities[0]", "must be one of [EC2 FARGATE EXTERNAL]"},
		{definition, "networkMode", "vpc", "networkMode", "must be one of [bridge host awsvpc none]"},
		{definition, "taskRoleArn", "role", "taskRoleArn", "must be an ARN"},
		{definition, "executionRoleArn", "arn:aws:iam:::", "executionRoleArn", "must be an ARN"},
		{role, "description", "the “tasks”", "description", "only characters of Latin-1"},
		{role, "path", "/" + strings.Repeat("a", 512), "path", "must have 0 to 512 characters"},
		{role, "assumeRolePolicy", " " + trustText, "assumeRolePolicy", "it must begin with {"},
		{lifecycle, "rules", []any{}, "rules", "must be at least one rule"},
		{lifecycle, "rules", rule("transitions", with(map[string]any{"storageClass": "GLACIER"})), "rules[0].transitions[0].days", "must be stated"},
		{lifecycle, "rules", rule("transitions", with(map[string]any{"storageClass": "GLACIER", "days": -1})), "rules[0].transitions[0].days", "must be at least 0"},
		{lifecycle, "rules", rule("abortIncompleteMultipartUpload", map[string]any{"daysAfterInitiation": 0}), "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation", "must be a number of days above 0"},
		{lifecycle, "rules", rule("noncurrentVersionExpiration", map[string]any{"noncurrentDays": 1, "newerNoncurrentVersions": 0}), "rules[0].noncurrentVersionExpiration.newerNoncurrentVersions", "must be from 1 to 100"},
		{encryption, "rules", with(map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256", "kmsMasterKeyId": "k"}}),
			"rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId", "must not be set together with AES256"},
		{"aws:s3/bucketV2:BucketV2", "bucket", "media--x-s3", "bucket", "a reserved prefix or suffix"},
		{"aws:ecr/repository:Repository", "name", "media--server", "name", "separated by a single"},
		{listener, "loadBalancerArn", "media", "loadBalancerArn", "must be an ARN"},
		{listener, "certificateArn", "media", "certificateArn", "must be an ARN"},
		{listener, "defaultActions", with(map[string]any{"type": "forward", "targetGroupArn": "media"}), "defaultActions[0].targetGroupArn", "must be an ARN"},
		{"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "clusterName", "arn:aws:ecs:eu-west-2:123456789012:cluster/main", "clusterName", "only letters, digits"},
		{"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", "corsRules", with(map[string]any{
			"id": strings.Repeat("a", 256), "allowedMethods": []any{"GET"}, "allowedOrigins": []any{"*"},
		}), "corsRules[0].id", "must have 0 to 255 characters"},
		{"aws:sns/topicPolicy:TopicPolicy", "arn", "alarms", "arn", "must be an ARN"},
		{"aws:sns/topicSubscription:TopicSubscription", "topic", "alarms", "topic", "must be an ARN"},
		{"aws:acm/certificate:Certificate", "validationMethod", "EMAIL", "validationMethod", "must be one of [DNS]"},
		{record, "zoneId", "", "zoneId", "must be the id of a hosted zone"},
		{record, "aliases", alias("", "Z2"), "aliases[0].name", "must have 1 to 1024 characters"},
		{record, "aliases", alias("alb.example.net", strings.Repeat("Z", 33)), "aliases[0].zoneId", "must have 1 to 32 characters"},
	} {
		expectRefused(t, client, test.token, test.property, test.value, test.path, test.rule)
	}
}

func TestAnotherRegionReplacesEveryResource(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	diff := func(inputs map[string]any) *pulumirpc.DiffResponse {
		answer, err := client.DiffConfig(t.Context(), &pulumirpc.DiffRequest{
			Urn: "urn:pulumi:dev::mediaserver::pulumi:providers:aws::default", OldInputs: marshal(t, london), Olds: marshal(t, london), News: marshal(t, inputs),
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if got := diff(map[string]any{"region": "us-east-1"}).Replaces; len(got) != 1 || got[0] != "region" {
		t.Errorf("another region replaces because of %q", got)
	}
	if got := diff(map[string]any{"region": "eu-west-2", "defaultTags": `{"tags": {"a": "b"}}`}); len(got.Replaces) > 0 || got.Changes != pulumirpc.DiffResponse_DIFF_SOME {
		t.Errorf("other tags: %v", got)
	}
}
