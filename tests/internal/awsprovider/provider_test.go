package awsprovider

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"mediaserver/tests/internal/inventory"
	"mediaserver/tests/internal/provider"
)

// attach serves the provider in front of an endpoint and configures it.
func attach(t *testing.T, endpoint string, settings map[string]any) (pulumirpc.ResourceProviderClient, error) {
	t.Helper()
	return connect(t, serve(t, endpoint), settings)
}

func serve(t *testing.T, endpoint string) *provider.Server {
	t.Helper()
	server, err := Serve(Options{Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// connect configures the provider for one connection.
func connect(t *testing.T, server *provider.Server, settings map[string]any) (pulumirpc.ResourceProviderClient, error) {
	t.Helper()
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := pulumirpc.NewResourceProviderClient(connection)
	_, err = client.Configure(t.Context(), &pulumirpc.ConfigureRequest{
		Args: marshal(t, settings), AcceptSecrets: true, AcceptResources: true,
	})
	return client, err
}

// emulated is a configured provider in front of an emulator that answers as the handler does.
func emulated(t *testing.T, handler http.Handler) pulumirpc.ResourceProviderClient {
	t.Helper()
	emulator := httptest.NewServer(handler)
	t.Cleanup(emulator.Close)
	client, err := attach(t, emulator.URL, london)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func marshal(t *testing.T, properties map[string]any) *structpb.Struct {
	t.Helper()
	marshalled, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(properties), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return marshalled
}

// nowhere is an address of this machine where nothing listens.
const nowhere = "http://127.0.0.1:1"

var london = map[string]any{"region": "eu-west-2"}

func TestOnlyEndpointsOnThisMachineAreAccepted(t *testing.T) {
	for _, endpoint := range []string{
		"https://s3.eu-west-2.amazonaws.com", "http://10.0.0.1:5000", "http://169.254.169.254", "http://127.0.0.1.example.com",
		"http://localhost.example.com:5000", "http://[2001:db8::1]:5000", "http://0x7f000001.example.com", "", "127.0.0.1:5000", "ftp://127.0.0.1",
	} {
		if server, err := Serve(Options{Endpoint: endpoint}); err == nil {
			t.Errorf("the endpoint %q is accepted", endpoint)
			_ = server.Close()
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "http://127.3.2.1"} {
		server, err := Serve(Options{Endpoint: endpoint})
		if err != nil {
			t.Errorf("the endpoint %q is refused: %v", endpoint, err)
			continue
		}
		_ = server.Close()
	}
}

func TestNoConnectionLeavesThisMachineWhateverTheEnvironmentOrTheEndpointSay(t *testing.T) {
	var reached []string
	emulator := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		reached = append(reached, request.Header.Get("Authorization"))
		http.Redirect(writer, request, "http://192.0.2.1/", http.StatusTemporaryRedirect)
	}))
	defer emulator.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_S3": "http://192.0.2.1", "HTTP_PROXY": "http://192.0.2.1",
		"AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "real",
	} {
		t.Setenv(name, value)
	}
	clients, err := newClientPool(emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = clients.in("eu-west-2").S3.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err == nil || !strings.Contains(err.Error(), "refuse the redirection to http://192.0.2.1/") {
		t.Errorf("after a redirection the error is %v", err)
	}
	if len(reached) == 0 {
		t.Error("the emulator got no request")
	}
	for _, authorization := range reached {
		if !strings.Contains(authorization, "Credential=test/") {
			t.Errorf("the emulator got a request with %q, want the dummy key", authorization)
		}
	}

	// A name that leads elsewhere passes a check of names, so the address itself is looked at.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://192.0.2.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := clients.http.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "refuse to connect to 192.0.2.1:80") {
		t.Errorf("a connection elsewhere: %v", err)
	}
}

func TestSettingsOfTheOfficialPluginForAnEmulatorAreAcceptedAndOthersRefused(t *testing.T) {
	if _, err := attach(t, nowhere, map[string]any{
		"region": "eu-west-2", "version": Version, "accessKey": "test", "secretKey": "test", "s3UsePathStyle": "true",
		"skipCredentialsValidation": "true", "skipMetadataApiCheck": "true", "skipRegionValidation": true,
		"skipRequestingAccountId": "false", "endpoints": `[{"s3": "` + nowhere + `", "ecs": "` + nowhere + `/"}]`,
		"defaultTags": `{"tags": {"Project": "mediaserver"}}`,
	}); err != nil {
		t.Errorf("the settings are refused: %v", err)
	}
	for _, test := range []struct {
		config map[string]any
		reason string
	}{
		{map[string]any{}, `property "region" has the value "": must be the name of an AWS region`},
		{map[string]any{"region": "london"}, `property "region" has the value "london"`},
		{map[string]any{"region": "eu-west-2", "profile": "real"}, `unknown or unsupported property "profile"`},
		{map[string]any{"region": "eu-west-2", "defaultTags": `{"tag": {}}`}, `unknown or unsupported property "defaultTags.tag"`},
		{map[string]any{"region": "eu-west-2", "defaultTags": `{`}, `property "defaultTags" must be an object`},
		{map[string]any{"region": "eu-west-2", "endpoints": `[{"s3": "https://s3.amazonaws.com"}]`}, `the endpoint of s3 must be on this machine`},
		{map[string]any{"region": "eu-west-2", "endpoints": `[{"s3": "http://127.0.0.1:5000"}]`}, `the endpoint of s3 must be http://127.0.0.1:1, which`},
	} {
		if _, err := attach(t, nowhere, test.config); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%v: the error is %v, want %s", test.config, err, test.reason)
		}
	}
}

func TestALastingFaultIsGivenUpSoon(t *testing.T) {
	var dials atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			_ = connection.Close()
		}
	}()
	client, err := attach(t, "http://"+listener.Addr().String(), london)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "aws:index/getCallerIdentity:getCallerIdentity"})
	if err == nil || !strings.Contains(err.Error(), "GetCallerIdentity") {
		t.Errorf("the error is %v", err)
	}
	_ = listener.Close()
	if dials.Load() < attempts {
		t.Errorf("the call was tried %d times, want %d", dials.Load(), attempts)
	}
}

// policyText is a policy that passes where it belongs to a role.
const policyText = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}`

// trustText is one that passes where it belongs to a resource.
const trustText = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}`

// good has inputs of each kind that pass its check.
var good = map[string]map[string]any{
	"aws:ec2/securityGroup:SecurityGroup": {
		"name": "alb", "description": "Load balancer", "vpcId": "vpc-1",
		"ingress": []any{map[string]any{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": []any{"0.0.0.0/0"}}},
		"egress":  []any{map[string]any{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": []any{"0.0.0.0/0"}}},
	},
	"aws:s3/bucketV2:BucketV2": {"bucket": "media-1"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
		"bucket": "media-1", "rules": []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}},
	},
	"aws:s3/bucketVersioningV2:BucketVersioningV2": {"bucket": "media-1", "versioningConfiguration": map[string]any{"status": "Enabled"}},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {
		"bucket": "media-1", "rules": []any{map[string]any{"id": "archive", "status": "Enabled", "filter": map[string]any{}, "transitions": []any{
			map[string]any{"days": 30, "storageClass": "STANDARD_IA"}, map[string]any{"days": 90, "storageClass": "GLACIER"},
		}}},
	},
	"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": {
		"bucket": "media-1", "corsRules": []any{map[string]any{"allowedMethods": []any{"GET"}, "allowedOrigins": []any{"*"}}},
	},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket": "media", "blockPublicAcls": true},
	"aws:ecr/repository:Repository":                          {"name": "mediaserver", "imageTagMutability": "MUTABLE"},
	"aws:ecr/repositoryPolicy:RepositoryPolicy":              {"repository": "mediaserver", "policy": trustText},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
		"repository": "mediaserver",
		"policy":     expiringImages,
	},
	"aws:iam/role:Role": {
		"name": "task", "assumeRolePolicy": trustText, "inlinePolicies": []any{map[string]any{"name": "secrets", "policy": policyText}},
	},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"role": "task", "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"},
	"aws:iam/rolePolicy:RolePolicy":                     {"name": "s3", "role": "task", "policy": policyText},
	"aws:ssm/parameter:Parameter":                       {"name": "/mediaserver/jwt-secret", "type": "SecureString", "value": "x"},
	"aws:lb/loadBalancer:LoadBalancer":                  {"name": "mediaserver-alb", "subnets": []any{"a", "b"}, "idleTimeout": 60},
	"aws:lb/targetGroup:TargetGroup": {
		"name": "mediaserver-tg", "port": 3000, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-1", "deregistrationDelay": 30,
		"healthCheck": map[string]any{"path": "/health", "matcher": "200", "interval": 30, "timeout": 5, "healthyThreshold": 2, "unhealthyThreshold": 2},
	},
	"aws:lb/listener:Listener": {
		"loadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/app/media/1", "port": 80, "protocol": "HTTP",
		"defaultActions": []any{map[string]any{
			"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/media/1",
		}},
	},
	"aws:acm/certificate:Certificate":                     {"domainName": "media.example.com", "validationMethod": "DNS"},
	"aws:acm/certificateValidation:CertificateValidation": {"certificateArn": "arn", "validationRecordFqdns": []any{"_1.media.example.com"}},
	"aws:route53/record:Record": {
		"zoneId": "Z1", "name": "media.example.com", "type": "A", "allowOverwrite": false,
		"aliases": []any{map[string]any{"name": "alb.example.net", "zoneId": "Z2", "evaluateTargetHealth": false}},
	},
	"aws:ecs/cluster:Cluster": {"name": "main", "settings": []any{map[string]any{"name": "containerInsights", "value": "enabled"}}},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
		"clusterName": "main", "capacityProviders": []any{"FARGATE"},
		"defaultCapacityProviderStrategies": []any{map[string]any{"capacityProvider": "FARGATE", "weight": 100, "base": 1}},
	},
	"aws:ecs/taskDefinition:TaskDefinition": {
		"family": "mediaserver", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"},
		"containerDefinitions": containerText,
	},
	"aws:ecs/service:Service": {
		"name": "mediaserver", "cluster": "arn", "taskDefinition": "arn", "desiredCount": 2, "launchType": "FARGATE",
		"networkConfiguration":     map[string]any{"subnets": []any{"a"}},
		"deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100,
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"alarms":                   map[string]any{"alarmNames": []any{"errors"}, "enable": true, "rollback": true},
	},
	"aws:appautoscaling/target:Target": {
		"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/a/b", "minCapacity": 1, "maxCapacity": 10,
	},
	"aws:appautoscaling/policy:Policy": {
		"name": "up", "policyType": "StepScaling", "serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/a/b",
		"stepScalingPolicyConfiguration": map[string]any{
			"adjustmentType": "ChangeInCapacity", "metricAggregationType": "Average", "cooldown": 300,
			"stepAdjustments": []any{map[string]any{"metricIntervalLowerBound": "0", "scalingAdjustment": 1}},
		},
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		"name": "high", "namespace": "AWS/ECS", "metricName": "CPUUtilization", "statistic": "Average", "period": 300,
		"evaluationPeriods": 2, "comparisonOperator": "GreaterThanThreshold", "threshold": 70.5, "treatMissingData": "notBreaching",
	},
	"aws:sns/topic:Topic": {"name": "mediaserver-alarms"},
	"aws:sns/topicPolicy:TopicPolicy": {
		"arn": "arn:aws:sns:eu-west-2:123456789012:alarms", "policy": topicPolicyText("Alarms", "arn:aws:sns:eu-west-2:123456789012:alarms"),
	},
	"aws:sns/topicSubscription:TopicSubscription": {
		"topic": "arn:aws:sns:eu-west-2:123456789012:alarms", "protocol": "email", "endpoint": "oncall@example.com",
	},
	"aws:cloudwatch/logGroup:LogGroup": {"name": "/ecs/mediaserver", "retentionInDays": 30},
	"aws:cloudwatch/dashboard:Dashboard": {
		"dashboardName": "mediaserver", "dashboardBody": dashboardText(`{"type": "metric", "x": 0, "y": 0, "width": 24, "height": 6,
			"properties": {"region": "eu-west-2", "metrics": [["AWS/ECS", "CPUUtilization"]], "period": 300}}`),
	},
}

const expiringImages = `{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan",
	"countNumber": 5}, "action": {"type": "expire"}}]}`

const containerText = `[{"name": "app", "image": "app:latest", "portMappings": [{"containerPort": 3000, "hostPort": 3000}],
	"healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60},
	"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p"}}}]`

func topicPolicyText(sid, topic string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Sid": "` + sid + `", "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
		"Action": "sns:Publish", "Resource": ["` + topic + `"]}]}`
}

func dashboardText(widgets ...string) string {
	return `{"widgets": [` + strings.Join(widgets, ",") + `]}`
}

func TestEveryTypeOfTheInventoryHasAStandIn(t *testing.T) {
	types := 0
	for _, each := range inventory.Types() {
		if !strings.HasPrefix(each.Type, "aws:") {
			continue
		}
		types++
		if good[each.Type] == nil {
			t.Errorf("%s has no stand-in with good inputs", each.Type)
		}
	}
	if types != len(good) {
		t.Errorf("the inventory has %d types of aws, and %d have good inputs", types, len(good))
	}
}

// TestGoodInputsOfEveryKindPass is also about previews: they call nothing, for nobody listens, and show as unknown what
// only AWS knows.
func TestGoodInputsOfEveryKindPass(t *testing.T) {
	client, err := attach(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	for token, inputs := range good {
		if failures := checkInputs(t, client, token, inputs); len(failures) > 0 {
			t.Errorf("%s: good inputs are refused: %v", token, failures)
		}
		unknown := map[string]any{}
		for property := range inputs {
			unknown[property] = resource.MakeComputed(resource.NewProperty(""))
		}
		if failures := checkInputs(t, client, token, unknown); len(failures) > 0 {
			t.Errorf("%s: unknown inputs are refused: %v", token, failures)
		}
		preview, err := client.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: "urn:pulumi:dev::mediaserver::" + token + "::it", Properties: marshal(t, inputs), Preview: true,
		})
		arn := preview.GetProperties().GetFields()["arn"]
		if err != nil || arn != nil && inputs["arn"] == nil && arn.GetStringValue() != plugin.UnknownStringValue {
			t.Errorf("%s: the preview ends with %v and knows the ARN %v", token, err, arn)
		}
	}
}

func checkInputs(t *testing.T, client pulumirpc.ResourceProviderClient, token string, inputs map[string]any) []string {
	t.Helper()
	response, err := client.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: "urn:pulumi:dev::mediaserver::" + token + "::it", News: marshal(t, inputs),
	})
	if err != nil {
		t.Fatal(err)
	}
	var failures []string
	for _, failure := range response.Failures {
		failures = append(failures, failure.Property+": "+failure.Reason)
	}
	slices.Sort(failures)
	return failures
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

// tagsInRequest finds tags in a request to any service: in the JSON protocol and in the query protocols.
var tagsInRequest = regexp.MustCompile(`(?i)"tags"|\btags[.=]|\bTagSpecification\.`)

// TestACreationWithoutTagsNamesNone is about services that refuse an empty list, as EC2 does, and about stacks that share
// a server: each has the default tags of its own configuration.
func TestACreationWithoutTagsNamesNone(t *testing.T) {
	var named atomic.Bool
	refusing := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		said, _ := io.ReadAll(request.Body)
		if tagsInRequest.Match(said) {
			named.Store(true)
		}
		writer.WriteHeader(http.StatusBadRequest)
	})
	emulator := httptest.NewServer(refusing)
	defer emulator.Close()
	server := serve(t, emulator.URL)
	untagged, err := connect(t, server, london)
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := connect(t, server, map[string]any{"region": "eu-west-2", "defaultTags": `{"tags": {"Project": "mediaserver"}}`})
	if err != nil {
		t.Fatal(err)
	}
	withTags := 0
	for token, inputs := range good {
		create := &pulumirpc.CreateRequest{Urn: "urn:pulumi:dev::mediaserver::" + token + "::it", Properties: marshal(t, inputs)}
		named.Store(false)
		if _, err := untagged.Create(t.Context(), create); err == nil || named.Load() {
			t.Errorf("%s: the creation without tags names some, and ends with %v", token, err)
		}
		if _, err := tagged.Create(t.Context(), create); err != nil && named.Load() {
			withTags++
		}
	}
	if withTags < 10 {
		t.Errorf("%d types name the tags that they have, want at least 10", withTags)
	}
}
