package plangate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/inventory"
)

// definitions are the inputs of a task definition with these containers.
func definitions(t *testing.T, containers string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"containerDefinitions": containers})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestATaskGainsNothingByAnotherDefinition(t *testing.T) {
	const (
		kind   = "aws:ecs/taskDefinition:TaskDefinition"
		before = `{"name": "app", "image": "1.ecr/media:v1", "secrets": [{"name": "JWT_SECRET", "valueFrom": "arn"}],
			"readonlyRootFilesystem": true, "user": "node", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "a", "awslogs-stream-prefix": "ecs"}}}`
	)
	for _, each := range []struct {
		what, after string
		want        []string
	}{
		{"the same", before, nil},
		{"another tag", strings.Replace(before, ":v1", ":v2", 1), nil},
		{"a digest", strings.Replace(before, ":v1", ":v1@sha256:00", 1), nil},
		{"a plain variable", strings.Replace(before, `"image"`, `"environment": [{"name": "A", "value": "b"}], "image"`, 1), nil},
		{"a secret less", strings.Replace(before, `{"name": "JWT_SECRET", "valueFrom": "arn"}`, "", 1), nil},
		{"an image from elsewhere", strings.Replace(before, "1.ecr/media:v1", "docker.io:443/media", 1), []string{"containerDefinitions[app].image: of 1.ecr/media → of docker.io:443/media"}},
		{"a container from elsewhere", before + `, {"name": "agent", "image": "agent"}`, []string{
			"containerDefinitions[agent].image: of 1.ecr/media → of agent", "containerDefinitions[agent].logConfiguration: awslogs → not set"}},
		{"a second container of the image", before + `, {"name": "worker", "image": "1.ecr/media", "command": ["work"], "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "a", "awslogs-stream-prefix": "work"}}}`, nil},
		{"a second container that logs elsewhere", before + `, {"name": "worker", "image": "1.ecr/media", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "b"}}}`, []string{
			"containerDefinitions[worker].logConfiguration.options: awslogs-group a → awslogs-group b"}},
		{"a log that is sent elsewhere too", strings.Replace(before, `"options": {`, `"options": {"awslogs-endpoint": "https://evil.example", `, 1), []string{
			"containerDefinitions[app].logConfiguration.options: awslogs-endpoint not set → awslogs-endpoint https://evil.example"}},
		{"a second container without a log", before + `, {"name": "worker", "image": "1.ecr/media"}`, []string{"containerDefinitions[worker].logConfiguration: awslogs → not set"}},
		{"another log group", strings.Replace(before, `"options": {"awslogs-group": "a"`, `"options": {"awslogs-group": "b"`, 1), []string{"containerDefinitions[app].logConfiguration.options: awslogs-group a → awslogs-group b"}},
		{"no log group", strings.Replace(before, `"awslogs-group": "a", `, "", 1), []string{"containerDefinitions[app].logConfiguration.options: awslogs-group a → awslogs-group not set"}},
		{"another prefix of the log streams", strings.Replace(before, `"awslogs-stream-prefix": "ecs"`, `"awslogs-stream-prefix": "app"`, 1), nil},
		{"another command", strings.Replace(before, `"image"`, `"command": ["sh"], "image"`, 1), []string{`containerDefinitions[app].command: [] → ["sh"]`}},
		{"a list that says the same", strings.Replace(before, `"image"`, `"command": [], "mountPoints": [], "image"`, 1), nil},
		{"another entry point", strings.Replace(before, `"image"`, `"entryPoint": ["sh"], "image"`, 1), []string{`containerDefinitions[app].entryPoint: [] → ["sh"]`}},
		{"a health check where there was none", strings.Replace(before, `"image"`, `"healthCheck": {"command": ["CMD", "true"]}, "image"`, 1), []string{`containerDefinitions[app].healthCheck.command: [] → ["CMD","true"]`}},
		{"variables from a file", strings.Replace(before, `"image"`, `"environmentFiles": [{"value": "a", "type": "s3"}], "image"`, 1), []string{
			`containerDefinitions[app].environmentFiles: not set → [{"type":"s3","value":"a"}]`}},
		{"no variables from a file", strings.Replace(before, `"image"`, `"environmentFiles": [], "dockerLabels": {"a": "b"}, "image"`, 1), nil},
		{"where the SDK sends", strings.Replace(before, `"image"`, `"environment": [{"name": "AWS_ENDPOINT_URL_S3", "value": "https://evil.example"}], "image"`, 1), []string{
			"containerDefinitions[app].environment: AWS_ENDPOINT_URL_S3 as it was → another AWS_ENDPOINT_URL_S3"}},
		{"a proxy", strings.Replace(before, `"image"`, `"environment": [{"name": "https_proxy", "value": "http://evil.example"}], "image"`, 1), []string{
			"containerDefinitions[app].environment: https_proxy as it was → another https_proxy"}},
		{"the environment of the settings", strings.Replace(before, `"image"`, `"environment": [{"name": "NODE_ENV", "value": "staging"}], "image"`, 1), nil},
		{"root", strings.Replace(before, `"user": "node"`, `"user": "0:0"`, 1), []string{"containerDefinitions[app].user: node → 0:0"}},
		{"root by its name", strings.Replace(before, `"user": "node"`, `"user": "root"`, 1), []string{"containerDefinitions[app].user: node → root"}},
		{"the user of the image", strings.Replace(before, `"user": "node", `, "", 1), []string{"containerDefinitions[app].user: node → that of the image"}},
		{"another user", strings.Replace(before, `"user": "node"`, `"user": "1000"`, 1), nil},
		{"a mounted volume", strings.Replace(before, `"image"`, `"mountPoints": [{"sourceVolume": "a"}], "image"`, 1), []string{`containerDefinitions[app].mountPoints: without {"sourceVolume":"a"} → with {"sourceVolume":"a"}`}},
		{"the volumes of another container", strings.Replace(before, `"image"`, `"volumesFrom": [{"sourceContainer": "a"}], "image"`, 1), []string{`containerDefinitions[app].volumesFrom: without {"sourceContainer":"a"} → with {"sourceContainer":"a"}`}},
		{"a privileged container", strings.Replace(before, `"image"`, `"privileged": true, "image"`, 1), []string{"containerDefinitions[app].privileged: false → true"}},
		{"a capability more", strings.Replace(before, `"image"`, `"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}}, "image"`, 1), []string{
			"containerDefinitions[app].linuxParameters.capabilities.add: without SYS_PTRACE → with SYS_PTRACE"}},
		{"files that can be changed", strings.Replace(before, `"readonlyRootFilesystem": true,`, "", 1), []string{"containerDefinitions[app].readonlyRootFilesystem: true → false"}},
		{"no log", strings.Replace(before, `, "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "a", "awslogs-stream-prefix": "ecs"}}`, "", 1), []string{"containerDefinitions[app].logConfiguration: awslogs → not set"}},
		{"a log elsewhere", strings.Replace(before, `"awslogs"`, `"syslog"`, 1), []string{"containerDefinitions[app].logConfiguration: awslogs → syslog"}},
		{"a secret in plain", strings.Replace(before, `"secrets": [{"name": "JWT_SECRET", "valueFrom": "arn"}]`, `"environment": [{"name": "JWT_SECRET", "value": "hunter2"}]`, 1), []string{
			"containerDefinitions[app].environment: JWT_SECRET from a store of secrets → JWT_SECRET in plain"}},
		{"a secret from elsewhere", strings.Replace(before, `"valueFrom": "arn"`, `"valueFrom": "known"`, 1), []string{"containerDefinitions[app].secrets: JWT_SECRET from arn → JWT_SECRET from known"}},
		{"another name", strings.Replace(before, `"app"`, `"other"`, 1), nil},
		{"another name without protection", `{"name": "other", "image": "1.ecr/media:v1", "environment": [{"name": "JWT_SECRET", "value": "hunter2"}]}`, []string{
			"containerDefinitions[other].readonlyRootFilesystem: true → false", "containerDefinitions[other].logConfiguration: awslogs → not set",
			"containerDefinitions[other].user: node → that of the image",
			"containerDefinitions[other].environment: JWT_SECRET from a store of secrets → JWT_SECRET in plain"}},
		{"two containers of one name", before + ", " + before, []string{"containerDefinitions: known containers → not known yet, or a secret"}},
		{"no list", `{"name": "app"}], "x": [{`, []string{"containerDefinitions: known containers → not known yet, or a secret"}},
	} {
		t.Run(each.what, func(t *testing.T) {
			step := update(t, kind, definitions(t, "["+before+"]"), definitions(t, "["+each.after+"]"))
			step.Operation = "replace"
			expectDangers(t, step, each.want)
		})
	}
	asRoot := strings.Replace(before, `"node"`, `"root"`, 1)
	expectDangers(t, update(t, kind, definitions(t, "["+asRoot+"]"), definitions(t, "["+strings.Replace(asRoot, `"user": "root", `, "", 1)+"]")), nil)
	for _, hidden := range []string{secret, unknown} {
		expectDangers(t, update(t, kind, definitions(t, "["+before+"]"), definitions(t, hidden)), []string{
			"containerDefinitions: known containers → not known yet, or a secret"})
	}
}

func TestAHealthCheckFollowsTheSettingsAlone(t *testing.T) {
	checked := func(words ...string) string {
		command, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		return definitions(t, `[{"name": "app", "environment": [{"name": "NODE_OPTIONS", "value": "a"}], "healthCheck": {"command": `+string(command)+`}}]`)
	}
	before := checked("CMD", "curl", "http://localhost:3000/health")
	for _, each := range []struct {
		what, after string
		dangerous   bool
	}{
		{"another port and path", checked("CMD", "curl", "http://localhost:8080/alive?a=b"), false},
		{"another host", checked("CMD", "curl", "http://evil.example/health"), true},
		{"another host behind the name of this one", checked("CMD", "curl", "http://localhost:3000@evil.example/health"), true},
		{"another program", checked("CMD", "true", "http://localhost:3000/health"), true},
		{"a word more", checked("CMD", "curl", "http://localhost:3000/health", "http://localhost:3000/health"), true},
		{"none", checked(), true},
		{"the same variable", strings.Replace(before, "3000", "3001", 1), false},
	} {
		if got := dangers(t, update(t, taskDefinition, before, each.after)); (len(got) > 0) != each.dangerous {
			t.Errorf("%s: %q", each.what, got)
		}
	}
	expectDangers(t, update(t, taskDefinition, before, strings.Replace(before, `\"value\": \"a\"`, `\"value\": \"b\"`, 1)), []string{
		"containerDefinitions[app].environment: NODE_OPTIONS as it was → another NODE_OPTIONS"})
}

// expectDangers judges a step and compares what gets weaker.
func expectDangers(t *testing.T, step Step, want []string) {
	t.Helper()
	var all []string
	for _, because := range want {
		all = append(all, "gets weaker "+because)
	}
	if got := dangers(t, step); !slices.Equal(got, all) {
		t.Errorf("got  %q\nwant %q", got, all)
	}
}

func TestAProtectionIsNotLostByAFormThatTheRulesMisread(t *testing.T) {
	const (
		access   = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
		expiry   = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		group    = "aws:ec2/securityGroup:SecurityGroup"
		role     = "aws:iam/role:Role"
		service  = "aws:ecs/service:Service"
		balancer = "aws:lb/loadBalancer:LoadBalancer"
		bucket   = "aws:s3/bucketV2:BucketV2"
		logGroup = "aws:cloudwatch/logGroup:LogGroup"
	)
	for _, each := range []struct {
		what, resourceType, before, after string
		want                              []string
	}{
		{"a truth as a text", access, `{"blockPublicAcls": "true"}`, `{"blockPublicAcls": false}`, []string{"blockPublicAcls: true → false"}},
		{"the same truth as a text", access, `{"blockPublicAcls": true}`, `{"blockPublicAcls": "true"}`, nil},
		{"a flag as a text", bucket, `{}`, `{"forceDestroy": "true"}`, []string{"forceDestroy: not set → true"}},
		{"a flag as a number", bucket, `{}`, `{"forceDestroy": 1}`, []string{"forceDestroy: not set → 1"}},
		{"days as a text", expiry, `{"rules": []}`, `{"rules": [{"status": "Enabled", "expiration": {"days": "1"}}]}`, []string{"rules: files never expire → files expire after 1 day"}},
		{"days that nobody can read", expiry, `{"rules": []}`, `{"rules": [{"status": "Enabled", "expiration": {"days": "soon"}}]}`, []string{
			`rules: [] → [{"expiration":{"days":"soon"},"status":"Enabled"}]`}},
		{"a rule without a list", expiry, `{"rules": []}`, `{"rules": {"status": "Enabled", "expiration": {"days": 1}}}`, []string{"rules: files never expire → files expire after 1 day"}},
		{"a rule that begins", expiry, `{"rules": [{"status": "Disabled", "expiration": {"days": 1}}]}`, `{"rules": [{"status": "Enabled", "expiration": {"days": 1}}]}`, []string{
			"rules: files never expire → files expire after 1 day"}},
		{"a retention as a text", logGroup, `{"retentionInDays": "30"}`, `{"retentionInDays": "7"}`, []string{"retentionInDays: 30 days → 7 days"}},
		{"a source without a list", group, `{"ingress": []}`, `{"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": "0.0.0.0/0"}]}`, []string{"ingress: nothing → also tcp 1-2 with 0.0.0.0/0"}},
		{"the world in halves", group, `{"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 1, "cidrBlocks": ["10.0.0.0/8"]}]}`,
			`{"ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 1, "cidrBlocks": ["0.0.0.0/1", "128.0.0.0/1"]}]}`, []string{
				"ingress: tcp 1 with 10.0.0.0/8 → also tcp 1 with 0.0.0.0/1", "ingress: tcp 1 with 10.0.0.0/8 → also tcp 1 with 128.0.0.0/1"}},
		{"the group itself, as a text", group, `{"ingress": []}`, `{"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": "true"}]}`, []string{"ingress: nothing → also everything with the group itself"}},
		{"every code of a message", group, `{"ingress": [{"protocol": "icmp", "fromPort": 8, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]}`,
			`{"ingress": [{"protocol": "icmp", "fromPort": 8, "toPort": -1, "cidrBlocks": ["0.0.0.0/0"]}]}`, []string{"ingress: icmp 8-0 with 0.0.0.0/0 → also icmp 8--1 with 0.0.0.0/0"}},
		{"another message", group, `{"ingress": [{"protocol": "icmp", "fromPort": 3, "toPort": 4, "cidrBlocks": ["0.0.0.0/0"]}]}`,
			`{"ingress": [{"protocol": "icmp", "fromPort": 4, "toPort": 4, "cidrBlocks": ["0.0.0.0/0"]}]}`, []string{"ingress: icmp 3-4 with 0.0.0.0/0 → also icmp 4 with 0.0.0.0/0"}},
		{"fewer messages", group, `{"ingress": [{"protocol": "icmp", "fromPort": -1, "toPort": -1, "cidrBlocks": ["0.0.0.0/0"]}]}`,
			`{"ingress": [{"protocol": "1", "fromPort": 8, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]}`, nil},
		{"an inline policy without a list", role, `{}`, `{"inlinePolicies": ` + policyOfOne + `}}`, []string{"inlinePolicies: not so → allows s3:GetObject on arn:aws:s3:::media/*"}},
		{"an older version in one of two policies", role, `{"inlinePolicies": [` + policyOfOne + `}, ` + policyOfOne + `, "name": "b"}]}`,
			`{"inlinePolicies": [` + strings.Replace(policyOfOne, "2012", "2008", 1) + `}, ` + policyOfOne + `, "name": "b"}]}`, []string{
				`inlinePolicies: not so → is in version "2008-10-17 and 2012-10-17" of the policy language, not "2012-10-17"`}},
		{"a managed policy without a list", role, `{}`, `{"managedPolicyArns": "a"}`, []string{"managedPolicyArns: not set → also a"}},
		{"the default group of the tasks", service, `{"networkConfiguration": {"securityGroups": ["a"]}}`, `{"networkConfiguration": {"securityGroups": []}}`, []string{
			`networkConfiguration.securityGroups: ["a"] → []`}},
		{"the default group of the balancer", balancer, `{"securityGroups": ["a"]}`, `{}`, []string{`securityGroups: ["a"] → not set`}},
		{"public addresses, as a text", service, `{"networkConfiguration": {"assignPublicIp": false}}`, `{"networkConfiguration": {"assignPublicIp": "true"}}`, []string{
			"networkConfiguration.assignPublicIp: false → true"}},
	} {
		t.Run(each.what, func(t *testing.T) {
			expectDangers(t, update(t, each.resourceType, each.before, each.after), each.want)
		})
	}
}

func TestWhatElseProtectsStays(t *testing.T) {
	const (
		listener  = "aws:lb/listener:Listener"
		balancer  = "aws:lb/loadBalancer:LoadBalancer"
		group     = "aws:lb/targetGroup:TargetGroup"
		service   = "aws:ecs/service:Service"
		target    = "aws:appautoscaling/target:Target"
		alarm     = "aws:cloudwatch/metricAlarm:MetricAlarm"
		cors      = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"
		images    = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
		parameter = "aws:ssm/parameter:Parameter"
		redirect  = `{"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]}`
		forward   = `{"protocol": "HTTP", "defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`
	)
	keep := func(rules ...string) string {
		text, err := json.Marshal(map[string]string{"policy": `{"rules": [` + strings.Join(rules, ",") + `]}`})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const (
		tagged = `{"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 10}, "action": {"type": "expire"}}`
		others = `{"rulePriority": 2, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}, "action": {"type": "expire"}}`
	)
	const firstImages = `rule 1 {"countNumber":10,"countType":"imageCountMoreThan","tagPatternList":["*"],"tagStatus":"tagged"}`
	for _, each := range []struct {
		what, resourceType, before, after string
		want                              []string
	}{
		{"a redirect less", listener, redirect, forward, []string{"defaultActions: redirect to HTTPS → no longer"}},
		{"a redirect to HTTP", listener, redirect, strings.Replace(redirect, "HTTPS", "HTTP", 1), []string{"defaultActions: redirect to HTTPS → no longer"}},
		{"a redirect that is not known", listener, redirect, `{"protocol": "HTTP", "defaultActions": "` + unknown + `"}`, []string{"defaultActions: redirect to HTTPS → no longer"}},
		{"a redirect more", listener, forward, redirect, nil},
		{"another target", listener, forward, strings.Replace(forward, `"a"`, `"b"`, 1), []string{"defaultActions.targetGroupArn: a → also b"}},
		{"a target that is not known", listener, forward, strings.Replace(forward, `"a"`, `"`+unknown+`"`, 1), []string{"defaultActions.targetGroupArn: a → also not known yet"}},
		{"actions that are not known", listener, forward, `{"protocol": "HTTP", "defaultActions": "` + unknown + `"}`, []string{"defaultActions.targetGroupArn: a → also not known yet"}},
		{"a target that stays not known", listener, strings.Replace(forward, `"a"`, `"`+unknown+`"`, 1), strings.Replace(forward, `"a"`, `"`+unknown+`"`, 1), []string{
			"defaultActions.targetGroupArn: not known yet → also not known yet"}},
		{"a second target", listener, forward, strings.Replace(forward, `"targetGroupArn": "a"`, `"forward": {"targetGroups": [{"arn": "a"}, {"arn": "b"}]}`, 1), []string{"defaultActions.targetGroupArn: a → also b"}},
		{"the same target in another form", listener, forward, strings.Replace(forward, `"targetGroupArn": "a"`, `"forward": {"targetGroups": [{"arn": "a"}]}`, 1), nil},
		{"a second target without a weight", listener, forward, weighed("a", 1, "b", 0), nil},
		{"a target that gets a weight", listener, weighed("a", 1, "b", 0), weighed("a", 1, "b", 1), []string{"defaultActions.targetGroupArn: a → also b"}},
		{"a target that loses its weight", listener, weighed("a", 1, "b", 1), weighed("a", 1, "b", 0), nil},
		{"targets that all lose their weights", listener, weighed("a", 1, "b", 1), weighed("a", 0, "b", 0), []string{"defaultActions.targetGroupArn: a, b → none"}},
		{"no action at all", listener, forward, `{"protocol": "HTTP", "defaultActions": []}`, []string{"defaultActions.targetGroupArn: a → none"}},
		{"one answer for everybody", listener, forward, strings.Replace(forward, `"forward"`, `"fixed-response"`, 1), []string{"defaultActions.targetGroupArn: a → also a fixed response"}},
		{"another certificate", listener, `{"certificateArn": "a"}`, `{"certificateArn": "b"}`, []string{"certificateArn: a → b"}},
		{"a first certificate", listener, `{}`, `{"certificateArn": "b"}`, nil},
		{"a redirect of several to elsewhere", listener, `{"defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "host": "a"}}, {"type": "forward"}]}`, `{"defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "host": "b"}}, {"type": "forward"}]}`, []string{
			"defaultActions.redirect.host: a → b"}},
		{"a redirect to another path and port", listener, redirect, `{"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "8443", "path": "/x"}}]}`, []string{
			"defaultActions.redirect.port: #{port} → 8443", "defaultActions.redirect.path: /#{path} → /x"}},
		{"a redirect that asks for something else", listener, redirect, strings.Replace(redirect, `"HTTPS"`, `"HTTPS", "query": "x=y"`, 1), []string{"defaultActions.redirect.query: #{query} → x=y"}},
		{"a redirect that says what went without saying", listener, redirect, strings.Replace(redirect, `"HTTPS"`, `"HTTPS", "host": "#{host}", "port": "#{port}", "path": "/#{path}", "query": "#{query}"`, 1), nil},
		{"a redirect to any host that gets one", listener, redirect, strings.Replace(redirect, `"HTTPS"`, `"HTTPS", "host": "a.example.com"`, 1), []string{"defaultActions.redirect.host: #{host} → a.example.com"}},
		{"a redirect that stays not known", listener, redirectTo(unknown), redirectTo(unknown), []string{"defaultActions.redirect.host: not known yet → not known yet"}},
		{"another port", listener, `{"port": 80}`, `{"port": 8080}`, []string{"port: 80 → 8080"}},
		{"a parameter that overwrites", parameter, `{}`, `{"overwrite": true}`, []string{"overwrite: not set → true"}},
		{"requests for another container", service, `{"loadBalancers": [{"containerName": "a"}]}`, `{"loadBalancers": [{"containerName": "b"}]}`, []string{`loadBalancers: [{"containerName":"a"}] → [{"containerName":"b"}]`}},
		{"nobody is asked who they are", listener, `{"defaultActions": [{"type": "authenticate-oidc"}, {"type": "forward"}]}`, `{"defaultActions": [{"type": "forward"}]}`, []string{
			"defaultActions: authenticate-oidc → no longer"}},
		{"no certificate of the client", listener, `{"mutualAuthentication": {"mode": "verify"}}`, `{"mutualAuthentication": {"mode": "off"}}`, []string{"mutualAuthentication.mode: verify → off"}},
		{"other clients", listener, `{"mutualAuthentication": {"mode": "verify", "trustStoreArn": "a"}}`, `{"mutualAuthentication": {"mode": "verify", "trustStoreArn": "b"}}`, []string{"mutualAuthentication.trustStoreArn: a → b"}},
		{"clients of the past", listener, `{"mutualAuthentication": {"mode": "verify"}}`, `{"mutualAuthentication": {"mode": "verify", "ignoreClientCertificateExpiry": true}}`, []string{"mutualAuthentication.ignoreClientCertificateExpiry: not set → true"}},
		{"other pages that read the answers", listener, forward, strings.Replace(forward, `{`, `{"routingHttpResponseAccessControlAllowOriginHeaderValue": "*", `, 1), []string{"routingHttpResponseAccessControlAllowOriginHeaderValue: not set → *"}},
		{"an access log", balancer, `{}`, `{"accessLogs": {"enabled": true, "bucket": "a"}}`, []string{"accessLogs.bucket: not set → a"}},
		{"no access log any more where there was none", balancer, `{"accessLogs": {"enabled": false, "bucket": ""}, "xffHeaderProcessingMode": "append"}`, `{}`, nil},
		{"the same access log", balancer, `{"accessLogs": {"enabled": false, "bucket": "a"}}`, `{"accessLogs": {"enabled": true, "bucket": "a"}}`, nil},
		{"a log of connections", balancer, `{}`, `{"connectionLogs": {"enabled": true, "bucket": "a"}}`, []string{`connectionLogs: not set → {"bucket":"a","enabled":true}`}},
		{"a log of connections that is off", balancer, `{}`, `{"connectionLogs": {"enabled": false, "bucket": ""}}`, nil},
		{"a longer wait for the next request", balancer, `{"idleTimeout": 60}`, `{"idleTimeout": 120}`, nil},
		{"other services that reach the tasks", service, `{}`, `{"serviceConnectConfiguration": {"enabled": true}}`, []string{`serviceConnectConfiguration: not set → {"enabled":true}`}},
		{"a faster deployment", service, `{"deploymentMaximumPercent": 100}`, `{"deploymentMaximumPercent": 200}`, nil},
		{"revisions from elsewhere", taskDefinition, `{"containerDefinitions": "[]"}`, `{"containerDefinitions": "[]", "trackLatest": true}`, []string{"trackLatest: not set → true"}},
		{"the network of the host", taskDefinition, `{"containerDefinitions": "[]", "networkMode": "awsvpc"}`, `{"containerDefinitions": "[]", "networkMode": "host"}`, []string{"networkMode: awsvpc → host"}},
		{"a larger task", taskDefinition, `{"containerDefinitions": "[]", "cpu": "256"}`, `{"containerDefinitions": "[]", "cpu": "512"}`, nil},
		{"messages that are lost to others", "aws:sns/topicSubscription:TopicSubscription", `{"endpoint": "a"}`, `{"endpoint": "a", "redrivePolicy": "{}"}`, []string{"redrivePolicy: not set → {}"}},
		{"a trace of messages", topic, `{"name": "a"}`, `{"name": "a", "lambdaSuccessFeedbackRoleArn": "r"}`, []string{"lambdaSuccessFeedbackRoleArn: not set → r"}},
		{"ambiguous requests", balancer, `{}`, `{"desyncMitigationMode": "monitor"}`, []string{"desyncMitigationMode: not set → monitor"}},
		{"no access log", balancer, `{"accessLogs": {"enabled": true}}`, `{}`, []string{"accessLogs.enabled: true → not set"}},
		{"more answers are healthy", group, `{"healthCheck": {"matcher": "200"}}`, `{"healthCheck": {"matcher": "200-499"}}`, []string{"healthCheck.matcher: 200 → 200-499"}},
		{"fewer answers are healthy", group, `{"healthCheck": {"matcher": "200-299,304"}}`, `{"healthCheck": {"matcher": "204,304"}}`, nil},
		{"an answer more than the default", group, `{"healthCheck": {"path": "/a"}}`, `{"healthCheck": {"path": "/b", "matcher": "500"}}`, []string{"healthCheck.matcher: not set → 500"}},
		{"answers that are not known", group, `{"healthCheck": {"matcher": "200"}}`, `{"healthCheck": {"matcher": "` + unknown + `"}}`, []string{"healthCheck.matcher: 200 → not known yet"}},
		{"broken tasks that are noticed later", group, `{"healthCheck": {"interval": 30, "unhealthyThreshold": 3}}`, `{"healthCheck": {"interval": 300, "unhealthyThreshold": 10}}`, []string{
			"healthCheck.interval: 30 → 300", "healthCheck.unhealthyThreshold: 3 → 10"}},
		{"broken tasks that are noticed sooner", group, `{"healthCheck": {"interval": 30, "unhealthyThreshold": 3}}`, `{"healthCheck": {"interval": 10, "unhealthyThreshold": 2}}`, nil},
		{"no health check", group, `{"healthCheck": {"enabled": true}}`, `{"healthCheck": {"enabled": false}}`, []string{"healthCheck.enabled: true → false"}},
		{"no alarms of a deployment", service, `{"alarms": {"enable": true, "rollback": true}}`, `{}`, []string{"alarms.enable: true → not set", "alarms.rollback: true → not set"}},
		{"a volume", "aws:ecs/taskDefinition:TaskDefinition", `{"containerDefinitions": "[]"}`, `{"containerDefinitions": "[]", "volumes": [{"hostPath": "/"}]}`, []string{`volumes: not set → [{"hostPath":"/"}]`}},
		{"no task at all", target, `{"maxCapacity": 10}`, `{"maxCapacity": 0}`, []string{"maxCapacity: 10 → 0"}},
		{"fewer tasks", target, `{"maxCapacity": 10, "minCapacity": 1}`, `{"maxCapacity": 1, "minCapacity": 0}`, nil},
		{"an alarm that rings for nobody", alarm, `{"alarmActions": ["a"]}`, `{"alarmActions": []}`, []string{`alarmActions: ["a"] → []`}},
		{"an alarm that is switched off", alarm, `{"alarmActions": ["a"]}`, `{"alarmActions": ["a"], "actionsEnabled": false}`, []string{"actionsEnabled: not set → false"}},
		{"another threshold", alarm, `{"threshold": 70}`, `{"threshold": 80}`, nil},
		{"every page", cors, `{"corsRules": [{"allowedOrigins": ["https://a.example"]}]}`, `{"corsRules": [{"allowedOrigins": ["*"]}]}`, []string{"corsRules.allowedOrigins: not so → also *"}},
		{"another page", cors, `{"corsRules": [{"allowedOrigins": ["https://a.example"]}]}`, `{"corsRules": [{"allowedOrigins": ["https://b.example"]}]}`, nil},
		{"named pages", cors, `{"corsRules": [{"allowedOrigins": ["*"]}]}`, `{"corsRules": [{"allowedOrigins": ["https://b.example"]}]}`, nil},
		{"more images stay", images, keep(tagged, others), keep(strings.Replace(tagged, "10", "20", 1), others), nil},
		{"no images go", images, keep(tagged, others), keep(), nil},
		{"the last rule goes", images, keep(tagged, others), keep(tagged), nil},
		{"fewer images stay", images, keep(tagged), keep(strings.Replace(tagged, "10", "1", 1)), []string{"policy: " + firstImages + " → " + strings.Replace(firstImages, ":10", ":1", 1)}},
		{"other images go", images, keep(tagged), keep(strings.Replace(tagged, `["*"]`, `["v*"]`, 1)), []string{"policy: " + firstImages + " → " + strings.Replace(firstImages, `["*"]`, `["v*"]`, 1)}},
		{"a rule more", images, keep(tagged), keep(tagged, others), []string{`policy: no such rule → rule 2 {"countNumber":5,"countType":"imageCountMoreThan","tagStatus":"any"}`}},
		{"a rule that hid images goes", images, keep(tagged, others), keep(others), []string{"policy: " + firstImages + ` → rule 2 {"countNumber":5,"countType":"imageCountMoreThan","tagStatus":"any"}`}},
		{"a secret in plain", parameter, `{"type": "String", "value": "[secret]"}`, `{"type": "String", "value": "hunter2"}`, []string{"value: a secret → in plain"}},
		{"a secret that goes", parameter, `{"type": "String", "value": "[secret]"}`, `{"type": "String"}`, nil},
		{"a secret inside", alarm, `{"a": [{"b": "[secret]"}]}`, `{"a": [{"b": "hunter2"}]}`, []string{"a[0].b: a secret → in plain"}},
	} {
		t.Run(each.what, func(t *testing.T) {
			expectDangers(t, update(t, each.resourceType, each.before, each.after), each.want)
		})
	}
}

// weighed are the inputs of a listener that forwards to two target groups by weights.
func weighed(one string, weight int, other string, otherWeight int) string {
	return fmt.Sprintf(`{"protocol": "HTTP", "defaultActions": [{"type": "forward", "forward": {"targetGroups": [{"arn": %q, "weight": %d}, {"arn": %q, "weight": %d}]}}]}`,
		one, weight, other, otherWeight)
}

func TestASecretParameterThatGetsAnotherValueIsDangerous(t *testing.T) {
	step := update(t, "aws:ssm/parameter:Parameter", `{"type": "SecureString", "value": "[secret]"}`, `{"type": "SecureString", "value": "[secret]"}`)
	step.DiffReasons = []string{"description"}
	expectDangers(t, step, nil)
	step.DiffReasons = []string{"value"}
	expectDangers(t, step, []string{"value: a secret → another secret"})
	for _, state := range []*State{step.Before, step.After} {
		state.Inputs = map[string]any{"type": "String", "value": "a"}
	}
	expectDangers(t, step, nil)
}

func TestAnotherProviderMayBeAnotherAccount(t *testing.T) {
	of := func(before, after string) Step {
		step := update(t, "aws:cloudwatch/dashboard:Dashboard", `{}`, `{}`)
		step.Before.Provider, step.After.Provider = before, after
		return step
	}
	const provider = "urn:pulumi:dev::mediaserver::pulumi:providers:aws::"
	expectDangers(t, of(provider+"default::1", provider+"default::1"), nil)
	expectDangers(t, of(provider+"default_6_83_0::1", provider+"default_6_83_2::2"), nil)
	expectDangers(t, of(provider+"default::1", provider+"elsewhere::2"), []string{"provider: default → elsewhere"})
	expectDangers(t, of(provider+"elsewhere::1", provider+"elsewhere::2"), nil)
	expectDangers(t, of(provider+"default::1", provider+"default-2::2"), []string{"provider: default → default-2"})
	expectDangers(t, of(provider+"default::1", ""), []string{"provider: default → none"})

	upgrade := of(provider+"default_6_83_0::1", provider+"default_6_83_2::2")
	for what, each := range map[string]struct {
		other Step
		want  []string
	}{
		"one default provider of two":  {of(provider+"default_6_83_0::1", provider+"default_6_83_0::1"), []string{"gets weaker provider: default_6_83_0 → default_6_83_2"}},
		"the default of other plugins": {of("", "urn:pulumi:dev::mediaserver::pulumi:providers:random::default_4_19_0::1"), nil},
	} {
		each.other.URN += "-too"
		if got := dangers(t, upgrade, each.other); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", what, got, each.want)
		}
	}

	for after, want := range map[string][]string{
		`{"region": "eu-west-2", "version": "6.84.0", "defaultTags": "{}"}`: nil,
		`{"region": "us-east-1"}`:                     {"region: eu-west-2 → us-east-1"},
		`{"region": "eu-west-2", "profile": "other"}`: {"profile: not set → other"},
	} {
		expectDangers(t, update(t, "pulumi:providers:aws", `{"region": "eu-west-2"}`, after), want)
	}
}

func TestANewRoleInAStackThatExistsIsJudged(t *testing.T) {
	const trust = `"assumeRolePolicy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"1\"}, \"Action\": \"sts:AssumeRole\"}]}"`
	role := creation(t, "aws:iam/role:Role", `{"name": "admin", `+trust+`, "managedPolicyArns": ["AdministratorAccess"]}`)
	if got, want := dangers(t, role), []string{
		"gets weaker assumeRolePolicy: not so → allows sts:AssumeRole to AWS 1", "gets weaker managedPolicyArns: not set → also AdministratorAccess",
	}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestANewResourceDoesNotGoAroundWhatProtectsAnotherOne(t *testing.T) {
	const (
		access       = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
		subscription = "aws:sns/topicSubscription:TopicSubscription"
		secure       = `{"protocol": "HTTPS", "port": 443, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "certificateArn": "given", "defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`
		byEmail      = `{"protocol": "email", "endpoint": "oncall@example.com", "topic": "t"}`
	)
	const forward = `{"protocol": "HTTP", "defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`
	forwarding := update(t, listener, `{"protocol": "HTTP", "defaultActions": [{"type": "forward", "targetGroupArn": "a"}]}`,
		`{"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]}`)
	files := creation(t, bucket, `{"bucket": "files"}`)
	there := update(t, bucket, `{"bucket": "files"}`, `{"bucket": "files"}`)
	there.Operation = "same"
	requested := creation(t, certificate, `{"domainName": "media.example.com"}`)
	validated := comingFrom(creation(t, validation, `{}`), certificateARN, requested)
	others := creation(t, certificate, `{"domainName": "evil.example"}`)
	standing := update(t, certificate, `{"domainName": "media.example.com"}`, `{"domainName": "media.example.com"}`)
	standing.Operation, standing.Before.Outputs = "same", map[string]any{"arn": "ours"}
	standingElsewhere := update(t, certificate, `{"domainName": "evil.example"}`, `{"domainName": "evil.example"}`)
	standingElsewhere.Operation, standingElsewhere.Before.Outputs = "same", map[string]any{"arn": "theirs"}
	unknownCertificate := update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "`+unknown+`"}`)
	withoutCertificate := creation(t, listener, strings.Replace(secure, `"certificateArn": "given", `, "", 1))
	takes := func(kind, inputs string, others ...string) []Step {
		steps := []Step{creation(t, kind, inputs)}
		for _, other := range others {
			step := update(t, kind, other, other)
			step.Operation = "same"
			steps = append(steps, step)
		}
		return steps
	}
	anotherAlarm := creation(t, metricAlarm, `{}`)
	anotherAlarm.URN += "-too"
	bySubscription := creation(t, subscription, byEmail)
	for _, each := range []struct {
		what  string
		steps []Step
		want  []string
	}{
		{"a policy of the bucket", []Step{creation(t, "aws:s3/bucketPolicy:BucketPolicy", `{}`)}, []string{"is new not in the stack yet"}},
		{"an access list of the bucket", []Step{creation(t, "aws:s3/bucketAclV2:BucketAclV2", `{}`)}, []string{"is new not in the stack yet"}},
		{"a rule of a security group", []Step{creation(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", `{}`)}, []string{"is new not in the stack yet"}},
		{"other settings of the bucket", []Step{creation(t, access, `{"bucket": "media"}`)}, []string{"gets weaker bucket: not set → media"}},
		{"versions of the bucket", []Step{creation(t, "aws:s3/bucketVersioningV2:BucketVersioningV2", `{"bucket": "media"}`)}, []string{"gets weaker bucket: not set → media"}},
		{"encryption of the bucket", []Step{creation(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", `{"bucket": "media"}`)}, []string{"gets weaker bucket: not set → media"}},
		{"pages of the bucket", []Step{creation(t, "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", `{"bucket": "media"}`)}, []string{"gets weaker bucket: not set → media"}},
		{"settings of a new bucket", []Step{comingFrom(creation(t, access, `{"bucket": "files"}`), "bucket", files), files}, nil},
		{"settings that do not wait for a bucket of that name", []Step{creation(t, access, `{"bucket": "files"}`), files}, []string{"gets weaker bucket: not set → files"}},
		{"settings of a second bucket of that name", []Step{comingFrom(creation(t, access, `{"bucket": "files"}`), "bucket", files), files, there}, []string{"gets weaker bucket: not set → files"}},
		{"the listener of a domain", []Step{creation(t, listener, secure), forwarding}, nil},
		{"a listener in plain", []Step{creation(t, listener, strings.Replace(secure, "HTTPS", "HTTP", 1)), forwarding}, []string{"gets weaker protocol: HTTPS → HTTP"}},
		{"a listener whose answers other pages read", []Step{creation(t, listener, strings.Replace(secure, `{`, `{"routingHttpResponseAccessControlAllowOriginHeaderValue": "*", `, 1)), forwarding}, []string{
			"gets weaker routingHttpResponseAccessControlAllowOriginHeaderValue: not set → *"}},
		{"a listener with older encryption", []Step{creation(t, listener, strings.Replace(secure, "TLS13-1-2-2021-06", "2016-08", 1)), forwarding}, []string{
			"gets weaker sslPolicy: one of TLS 1.2 or later → ELBSecurityPolicy-2016-08"}},
		{"a listener to elsewhere", []Step{creation(t, listener, strings.Replace(secure, `"a"`, `"b"`, 1)), forwarding}, []string{"gets weaker defaultActions.targetGroupArn: a → also b"}},
		{"a listener to nobody knows where", []Step{creation(t, listener, secure)}, []string{"gets weaker defaultActions.targetGroupArn: no listener of this plan forwards yet → a"}},
		{"a listener beside one that only redirects", []Step{creation(t, listener, secure), update(t, listener, redirectTo("#{host}"), redirectTo("#{host}"))}, []string{
			"gets weaker defaultActions.targetGroupArn: no listener of this plan forwards yet → a"}},
		{"a new listener with another certificate", []Step{creation(t, listener, strings.Replace(secure, `"given"`, `"b"`, 1)), forwarding}, []string{
			"gets weaker certificateArn: of the settings or the plan → b"}},
		{"a new listener that sends users elsewhere", []Step{creation(t, listener, strings.Replace(secure, `{"type": "forward", "targetGroupArn": "a"}`,
			`{"type": "redirect", "redirect": {"protocol": "HTTPS", "host": "evil.example"}}`, 1)), forwarding}, []string{"gets weaker defaultActions.redirect.host: #{host} → evil.example"}},
		{"a redirect to the domain", []Step{update(t, listener, forward, redirectTo("media.example.com"))}, nil},
		{"a redirect to port 443 of the domain", []Step{update(t, listener, forward, strings.Replace(redirectTo("media.example.com"), `"HTTPS"`, `"HTTPS", "port": "443", "path": "/#{path}", "query": "#{query}"`, 1))}, nil},
		{"a first redirect to elsewhere", []Step{update(t, listener, forward, redirectTo("evil.example"))}, []string{"gets weaker defaultActions.redirect.host: #{host} → evil.example"}},
		{"a first redirect in plain", []Step{update(t, listener, forward, strings.Replace(redirectTo("media.example.com"), "HTTPS", "HTTP", 1))}, []string{"gets weaker defaultActions.redirect.protocol: HTTPS → HTTP"}},
		{"a first redirect to another port and path", []Step{update(t, listener, forward, strings.Replace(redirectTo("media.example.com"), `"HTTPS"`, `"HTTPS", "port": "8443", "path": "/x"`, 1))}, []string{
			"gets weaker defaultActions.redirect.port: #{port} → 8443", "gets weaker defaultActions.redirect.path: /#{path} → /x"}},
		{"a certificate that only changes", []Step{comingFrom(unknownCertificate, certificateARN, update(t, certificate, `{}`, `{}`)), update(t, certificate, `{"domainName": "media.example.com"}`, `{"domainName": "media.example.com", "tags": {}}`)}, []string{
			"gets weaker certificateArn: a → not known yet"}},
		{"the certificate of the settings", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "given"}`)}, nil},
		{"another certificate than that of the settings", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "b"}`)}, []string{"gets weaker certificateArn: a → b"}},
		{"a certificate that is not known", []Step{unknownCertificate, requested}, []string{"gets weaker certificateArn: a → not known yet"}},
		{"another certificate than that which the plan requests", []Step{comingFrom(update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "b"}`), certificateARN, requested), requested}, []string{"gets weaker certificateArn: a → b"}},
		{"a certificate that the plan requests", []Step{comingFrom(unknownCertificate, certificateARN, requested), requested}, nil},
		{"a certificate that the plan requests and validates", []Step{comingFrom(unknownCertificate, certificateARN, validated), validated, requested}, nil},
		{"a certificate of another domain", []Step{comingFrom(unknownCertificate, certificateARN, others), others}, []string{"gets weaker certificateArn: a → not known yet"}},
		{"a validated certificate of another domain", []Step{comingFrom(unknownCertificate, certificateARN, validated), comingFrom(validated, certificateARN, others), others}, []string{"gets weaker certificateArn: a → not known yet"}},
		{"a certificate that comes from something else too", []Step{comingFrom(unknownCertificate, certificateARN, requested, files), requested, files}, []string{"gets weaker certificateArn: a → not known yet"}},
		{"a certificate of the stack that is there", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "ours"}`), standing}, nil},
		{"a certificate of the stack for another domain", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "theirs"}`), standingElsewhere}, []string{"gets weaker certificateArn: a → theirs"}},
		{"a new listener with a certificate that the plan requests", []Step{comingFrom(withoutCertificate, certificateARN, validated), validated, requested, forwarding}, nil},
		{"a new listener with a certificate of another domain", []Step{comingFrom(withoutCertificate, certificateARN, others), others, forwarding}, []string{"gets weaker certificateArn: of the settings or the plan → not set"}},
		{"a new listener with a certificate from nowhere", []Step{withoutCertificate, requested, forwarding}, []string{"gets weaker certificateArn: of the settings or the plan → not set"}},
		{"an alarm of the name of another", takes(metricAlarm, `{"name": "a"}`, loud, `{"name": "a"}`), []string{"gets weaker name: another name than that of it → a"}},
		{"an alarm of a new name", takes(metricAlarm, `{"name": "b"}`, `{"name": "a"}`), nil},
		{"an alarm of a name that is not known", takes(metricAlarm, `{"name": "`+unknown+`"}`, `{"name": "a"}`), []string{"gets weaker name: another name than that of it → not known yet"}},
		{"an alarm whose name the plan leaves out", takes(metricAlarm, `{}`, `{"name": "a"}`), []string{"gets weaker name: another name than that of it → not set"}},
		{"two alarms whose names are not known", append(takes(metricAlarm, `{}`), anotherAlarm), nil},
		{"a target of another kind of service", takes(scalableTarget, `{"serviceNamespace": "ec2", "scalableDimension": "d", "resourceId": "r", "maxCapacity": 1}`, `{"serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "r"}`), nil},
		{"a dashboard of the name of another", takes(dashboard, `{"dashboardName": "a"}`, `{"dashboardName": "a"}`), []string{"gets weaker dashboardName: another name than that of it → a"}},
		{"a second target of the same service", takes(scalableTarget, `{"serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "r", "maxCapacity": 1}`, `{"serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "r"}`), []string{
			"gets weaker serviceNamespace, scalableDimension, resourceId: another name than that of it → r"}},
		{"a target of another service", takes(scalableTarget, `{"serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "s", "maxCapacity": 1}`, `{"serviceNamespace": "ecs", "scalableDimension": "d", "resourceId": "r"}`), nil},
		{"a topic of the name of another", takes(topic, `{"name": "a"}`, `{"name": "a"}`), []string{"gets weaker name: another name than that of it → a"}},
		{"a new parameter that overwrites", []Step{creation(t, parameter, `{"name": "a", "type": "String", "overwrite": true}`)}, []string{"gets weaker overwrite: not set → true"}},
		{"a new parameter", []Step{creation(t, parameter, `{"name": "a", "type": "String"}`)}, nil},
		{"an address for alarms", []Step{bySubscription}, nil},
		{"an address that the settings do not name", []Step{creation(t, subscription, strings.Replace(byEmail, "oncall", "other", 1))}, []string{
			`gets weaker endpoint: in alarmEmails → other@example.com`}},
		{"a machine for alarms", []Step{creation(t, subscription, strings.Replace(byEmail, `"email"`, `"https"`, 1))}, []string{"gets weaker protocol: email → https"}},
		{"a filter of a new address", []Step{creation(t, subscription, strings.Replace(byEmail, `{`, `{"filterPolicy": "{}", `, 1))}, []string{"gets weaker filterPolicy: not set → {}"}},
	} {
		plan := Plan{Steps: each.steps, ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{
			"mediaserver:alarmEmails": `["OnCall@example.com"]`, "other:alarmEmails": `["other@example.com"]`, "mediaserver:certificateArn": "given", "mediaserver:domainName": "media.example.com"}}
		if got := dangersOf(plan); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}

func TestASettingOfANewBucketIsToldHowToNameIt(t *testing.T) {
	const kind = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	files := creation(t, bucket, `{"bucket": "files"}`)
	for what, each := range map[string]struct{ inputs, why string }{
		"the name of one that is there": {`{"bucket": "media"}`, "that is there"},
		"the id of a new one":           {`{"bucket": "` + unknown + `"}`, "instead of its id"},
	} {
		plan := Plan{Steps: []Step{comingFrom(creation(t, kind, each.inputs), "bucket", files), files}, ChangeSummary: map[string]int{"same": 30}}
		var whys []string
		for _, change := range Judge(plan, "", nil).Changes {
			for _, danger := range change.Dangers {
				whys = append(whys, danger.Why)
			}
		}
		if len(whys) != 1 || !strings.Contains(whys[0], each.why) {
			t.Errorf("%s: %q, want one with %q", what, whys, each.why)
		}
	}
}

func TestAnEmptySettingIsNoCertificate(t *testing.T) {
	plan := Plan{Steps: []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": ""}`)},
		ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{"mediaserver:certificateArn": ""}}
	if got, want := dangersOf(plan), []string{"gets weaker certificateArn: a → "}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestADeletedPolicyThatDeniesIsDangerous(t *testing.T) {
	step := update(t, "aws:ecr/repositoryPolicy:RepositoryPolicy", strings.Replace(policyOfOne, "Allow", "Deny", 1)+"}", "{}")
	step.Operation, step.After = "delete", nil
	expectDangers(t, step, []string{"policy: not so → no longer denies s3:GetObject on arn:aws:s3:::media/*"})
	step.Before.Inputs = inputs(t, policyOfOne+"}")
	expectDangers(t, step, nil)
}

func TestAnAllowanceOfEveryResourceFitsALabelAndNamesItAlone(t *testing.T) {
	offered := map[string]bool{}
	for _, each := range inventory.All() {
		change := Change{URN: "urn:pulumi:dev::mediaserver::" + each.Type + "::" + each.Name, Name: each.Name, Type: each.Type, Happens: deleted}
		text := allowance(strings.Repeat("c", 40), change)
		if length := len(LabelPrefix + text); length > LabelLimit {
			t.Errorf("%s%s has %d characters", LabelPrefix, text, length)
		}
		offered[text] = true
	}
	if len(offered) != len(inventory.All()) {
		t.Errorf("%d allowances for %d resources", len(offered), len(inventory.All()))
	}
}
