package plangate

import (
	"encoding/json"
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
		{"a second container of the image", before + `, {"name": "worker", "image": "1.ecr/media", "command": ["work"], "logConfiguration": {"logDriver": "awslogs"}}`, nil},
		{"a second container without a log", before + `, {"name": "worker", "image": "1.ecr/media"}`, []string{"containerDefinitions[worker].logConfiguration: awslogs → not set"}},
		{"another log group", strings.Replace(before, `"options": {"awslogs-group": "a"`, `"options": {"awslogs-group": "b"`, 1), []string{"containerDefinitions[app].logConfiguration.options: awslogs-group a → awslogs-group b"}},
		{"no log group", strings.Replace(before, `"awslogs-group": "a", `, "", 1), []string{"containerDefinitions[app].logConfiguration.options: awslogs-group a → awslogs-group not set"}},
		{"another prefix of the log streams", strings.Replace(before, `"awslogs-stream-prefix": "ecs"`, `"awslogs-stream-prefix": "app"`, 1), nil},
		{"another command", strings.Replace(before, `"image"`, `"command": ["sh"], "image"`, 1), []string{`containerDefinitions[app].command: [] → ["sh"]`}},
		{"a list that says the same", strings.Replace(before, `"image"`, `"command": [], "mountPoints": [], "image"`, 1), nil},
		{"another entry point", strings.Replace(before, `"image"`, `"entryPoint": ["sh"], "image"`, 1), []string{`containerDefinitions[app].entryPoint: [] → ["sh"]`}},
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
		{"ambiguous requests", balancer, `{}`, `{"desyncMitigationMode": "monitor"}`, []string{"desyncMitigationMode: not set → monitor"}},
		{"no access log", balancer, `{"accessLogs": {"enabled": true}}`, `{}`, []string{"accessLogs.enabled: true → not set"}},
		{"more answers are healthy", group, `{"healthCheck": {"matcher": "200"}}`, `{"healthCheck": {"matcher": "200-499"}}`, []string{"healthCheck.matcher: 200 → 200-499"}},
		{"fewer answers are healthy", group, `{"healthCheck": {"matcher": "200-299,304"}}`, `{"healthCheck": {"matcher": "204,304"}}`, nil},
		{"an answer more than the default", group, `{"healthCheck": {"path": "/a"}}`, `{"healthCheck": {"path": "/b", "matcher": "500"}}`, []string{"healthCheck.matcher: not set → 500"}},
		{"answers that are not known", group, `{"healthCheck": {"matcher": "200"}}`, `{"healthCheck": {"matcher": "` + unknown + `"}}`, []string{"healthCheck.matcher: 200 → not known yet"}},
		{"no health check", group, `{"healthCheck": {"enabled": true}}`, `{"healthCheck": {"enabled": false}}`, []string{"healthCheck.enabled: true → false"}},
		{"no alarms of a deployment", service, `{"alarms": {"enable": true, "rollback": true}}`, `{}`, []string{"alarms.enable: true → not set", "alarms.rollback: true → not set"}},
		{"a volume", "aws:ecs/taskDefinition:TaskDefinition", `{"containerDefinitions": "[]"}`, `{"containerDefinitions": "[]", "volumes": [{"hostPath": "/"}]}`, []string{`volumes: not set → [{"hostPath":"/"}]`}},
		{"no task at all", target, `{"maxCapacity": 10}`, `{"maxCapacity": 0}`, []string{"maxCapacity: 10 → 0"}},
		{"fewer tasks", target, `{"maxCapacity": 10, "minCapacity": 1}`, `{"maxCapacity": 1, "minCapacity": 0}`, nil},
		{"an alarm that rings for nobody", alarm, `{"alarmActions": ["a"]}`, `{"alarmActions": []}`, []string{`alarmActions: ["a"] → []`}},
		{"an alarm that is switched off", alarm, `{"alarmActions": ["a"]}`, `{"alarmActions": ["b"], "actionsEnabled": false}`, []string{"actionsEnabled: not set → false"}},
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

	// Pulumi shows no default provider (pulumi/pkg, engine, isInternalStep), but a plan that does is judged by it.
	upgrade := of(provider+"default_6_83_0::1", provider+"default_6_83_2::2")
	shownAs := func(name, operation, before, after string) Step {
		step := Step{Operation: operation, URN: provider + name}
		if before != "" {
			step.Before = &State{Custom: true, Inputs: inputs(t, before)}
		}
		if after != "" {
			step.After = &State{Custom: true, Inputs: inputs(t, after)}
		}
		return step
	}
	old := shownAs("default_6_83_0", "delete", `{"region": "eu-west-2", "version": "6.83.0"}`, "")
	for what, each := range map[string]struct {
		steps []Step
		want  []string
	}{
		"another version":              {[]Step{upgrade, old, shownAs("default_6_83_2", "create", "", `{"region": "eu-west-2", "version": "6.83.2"}`)}, nil},
		"another endpoint":             {[]Step{upgrade, old, shownAs("default_6_83_2", "create", "", `{"region": "eu-west-2", "endpoints": "[]"}`)}, []string{"gets weaker provider.endpoints: not set → []"}},
		"what cannot be compared":      {[]Step{upgrade, shownAs("default_6_83_2", "create", "", `{"region": "eu-west-2"}`)}, []string{"gets weaker provider.region: not set → eu-west-2"}},
		"one default provider of two":  {[]Step{upgrade, of(provider+"default_6_83_0::1", provider+"default_6_83_0::1")}, []string{"gets weaker provider: default_6_83_0 → default_6_83_2"}},
		"the default of other plugins": {[]Step{upgrade, of("", "urn:pulumi:dev::mediaserver::pulumi:providers:random::default_4_19_0::1")}, nil},
	} {
		// Each resource has a URN of its own.
		for i := range each.steps {
			if resourceName(each.steps[i].URN) == "it" {
				each.steps[i].URN += strings.Repeat("-", i)
			}
		}
		if got := dangers(t, each.steps...); !slices.Equal(got, each.want) {
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
	bucket := creation(t, "aws:s3/bucketV2:BucketV2", `{"bucket": "files"}`)
	bucket.URN += "-too"
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
		{"settings of a new bucket", []Step{creation(t, access, `{"bucket": "files"}`), bucket}, nil},
		{"the listener of a domain", []Step{creation(t, listener, secure), forwarding}, nil},
		{"a listener in plain", []Step{creation(t, listener, strings.Replace(secure, "HTTPS", "HTTP", 1)), forwarding}, []string{"gets weaker protocol: HTTPS → HTTP"}},
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
		{"a certificate that only changes", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "`+unknown+`"}`), update(t, "aws:acm/certificate:Certificate", `{}`, `{"tags": {}}`)}, []string{
			"gets weaker certificateArn: a → not known yet"}},
		{"the certificate of the settings", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "given"}`)}, nil},
		{"another certificate than that of the settings", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "b"}`)}, []string{"gets weaker certificateArn: a → b"}},
		{"a certificate that is not known", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "`+unknown+`"}`)}, []string{"gets weaker certificateArn: a → not known yet"}},
		{"another certificate than that which the plan requests", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "b"}`), creation(t, "aws:acm/certificate:Certificate", `{}`)}, []string{"gets weaker certificateArn: a → b"}},
		{"a certificate that the plan requests", []Step{update(t, listener, `{"certificateArn": "a"}`, `{"certificateArn": "`+unknown+`"}`), creation(t, "aws:acm/certificate:Certificate", `{}`)}, nil},
		{"an address for alarms", []Step{creation(t, subscription, byEmail)}, nil},
		{"an address that the settings do not name", []Step{creation(t, subscription, strings.Replace(byEmail, "oncall", "other", 1))}, []string{
			`gets weaker endpoint: in alarmEmails → other@example.com`}},
		{"a machine for alarms", []Step{creation(t, subscription, strings.Replace(byEmail, `"email"`, `"https"`, 1))}, []string{"gets weaker protocol: email → https"}},
		{"a filter of a new address", []Step{creation(t, subscription, strings.Replace(byEmail, `{`, `{"filterPolicy": "{}", `, 1))}, []string{"gets weaker filterPolicy: not set → {}"}},
	} {
		plan := Plan{Steps: each.steps, ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{
			"mediaserver:alarmEmails": `["OnCall@example.com"]`, "mediaserver:certificateArn": "given", "mediaserver:domainName": "media.example.com"}}
		var got []string
		for _, change := range Judge(plan, "", nil).Changes {
			for _, danger := range change.Dangers {
				got = append(got, danger.What+" "+danger.Because)
			}
		}
		if !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}

func TestANewRecordThatMayWriteOverAnotherIsDangerousUnlessItValidates(t *testing.T) {
	record := func(name string) Step {
		return creation(t, "aws:route53/record:Record", `{"name": "`+name+`", "allowOverwrite": true}`)
	}
	certificate := creation(t, "aws:acm/certificate:Certificate", `{"domainName": "media.example.com"}`)
	for what, each := range map[string]struct {
		steps     []Step
		dangerous bool
	}{
		"another name":                     {[]Step{record("www.example.com"), certificate}, true},
		"a name that is not known":         {[]Step{record(unknown)}, true},
		"the name that validates":          {[]Step{record("_0.media.example.com.")}, false},
		"the name for a new certificate":   {[]Step{record(unknown), certificate}, false},
		"another name that overwrites not": {[]Step{creation(t, "aws:route53/record:Record", `{"name": "www.example.com", "allowOverwrite": false}`)}, false},
	} {
		if got := dangers(t, each.steps...); (len(got) > 0) != each.dangerous {
			t.Errorf("%s: %q", what, got)
		}
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
