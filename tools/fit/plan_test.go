package fit

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"mediaserver/tools/fakeaws"
)

func TestAPlanIsReadAsECSReadsIt(t *testing.T) {
	account := defaultAccount()
	plan := account.plan(t)
	if plan.platform != "linux/amd64" || plan.cpu != 256 || plan.memory != 512 || plan.variables["JWT_SECRET"] != secret ||
		plan.port != 3000 || plan.path != "/health" || plan.matcher != "200" || plan.loadBalancer.timeout != 5*time.Second ||
		plan.own.timeout != 5*time.Second || !slices.Equal(plan.command, []string{"curl", "--fail", "http://localhost:3000/health"}) {
		t.Errorf("the plan is %+v", plan)
	}
	if asked := account.Calls("GetParameter")[0].Input; asked["WithDecryption"] != true {
		t.Errorf("the secret is read by %v", asked)
	}
	account = defaultAccount()
	account.definition["runtimePlatform"] = object{"cpuArchitecture": "ARM64"}
	if plan := account.plan(t); plan.platform != "linux/arm64" {
		t.Errorf("the platform is %s", plan.platform)
	}
}

func TestTheLimitsAreThoseOfECS(t *testing.T) {
	for name, each := range map[string]struct {
		change            func(*account)
		own, loadBalancer time.Duration
	}{
		"the stack's defaults":                       {func(*account) {}, 150, 60},
		"a grace period that outlasts the own check": {func(a *account) { a.service["healthCheckGracePeriodSeconds"] = 600 }, 600, 570},
		"no grace period": {func(a *account) {
			delete(a.service, "healthCheckGracePeriodSeconds")
			a.group["HealthCheckIntervalSeconds"], a.group["UnhealthyThresholdCount"] = "10", "3"
		}, 150, 30},
		"ECS's numbers": {func(a *account) { a.container["healthCheck"] = object{"command": []string{"CMD", "true"}} }, 90, 60},
		"no own check":  {func(a *account) { delete(a.container, "healthCheck") }, 0, 60},
	} {
		account := defaultAccount()
		each.change(account)
		plan := account.plan(t)
		if plan.own.limit != each.own*time.Second || plan.loadBalancer.limit != each.loadBalancer*time.Second {
			t.Errorf("%s: the limits are %s and %s, want %d s and %d s",
				name, plan.own.limit, plan.loadBalancer.limit, each.own, each.loadBalancer)
		}
	}
	plan := defaultAccount().plan(t)
	for want, got := range map[string]string{
		"The load balancer's health check allows 60 s: 2 failures, 30 s apart, make the task unhealthy, 2 successes make it healthy again, " +
			"and ECS stops an unhealthy task once the service's healthCheckGracePeriodSeconds (60 s) is over.": plan.loadBalancer.reason,
		"The container's own health check allows 150 s: startPeriod (60 s) and 3 retries, 30 s apart, " +
			"or the service's healthCheckGracePeriodSeconds (60 s) if that is longer.": plan.own.reason,
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestTheEarlierJudgeOfThoseWhoAreNotSatisfiedDecides(t *testing.T) {
	const own, loadBalancer = "The container's own health check allows 150 s", "The load balancer's health check allows 60 s"
	fails := observation{own: ownResult{problem: "exit code 7"}}
	failsAlone := fails
	failsAlone.status = 200
	for name, each := range map[string]struct {
		loadBalancer, timeout time.Duration
		seen                  observation
		want                  string
	}{
		"neither":              {time.Minute, 0, fails, loadBalancer},
		"neither, own earlier": {time.Hour, 0, fails, own},
		"own check only":       {time.Hour, 0, observation{}, loadBalancer},
		"load balancer only":   {time.Minute, 0, failsAlone, own},
		"the user's limit":     {time.Minute, 90 * time.Second, failsAlone, "--timeout allows 90 s; the stack allows 150 s."},
	} {
		trial := &trial{plan: defaultAccount().plan(t), Request: Request{Limit: each.timeout}}
		trial.plan.loadBalancer.limit = each.loadBalancer
		if got := trial.judge(each.seen); !strings.HasPrefix(got.reason, each.want) || each.timeout != 0 && got.limit != each.timeout {
			t.Errorf("%s: %s, %s", name, got.limit, got.reason)
		}
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	const newer = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:2"
	other := object{"taskDefinitionArn": newer, "family": "mediaserver"}
	for name, each := range map[string]struct {
		change func(*account)
		newer  object
		code   Code
		phrase string
	}{
		"no container": {func(a *account) { a.container["name"] = "other" }, nil, NoPlan, revision + ` has no container "mediaserver"`},
		"no service":   {func(a *account) { a.service = object{} }, nil, NoPlan, "service mediaserver-service is not there"},
		"no size":      {func(a *account) { a.definition["cpu"] = "much" }, nil, AWSRefused, `"much"`},
		"no permission": {func(a *account) { a.Always("DescribeTaskDefinition", fakeaws.Refuses("AccessDenied", "no")) }, nil,
			AWSRefused, "read task definition " + revision + ": "},
		"a newer one": {func(*account) {}, object{"taskDefinition": other, "tags": []object{{"key": "Project", "value": revision}}},
			NoPlan, "a file names " + revision + ", and there is " + newer},
		"a newer one of a deployment": {func(*account) {},
			object{"taskDefinition": other, "tags": []object{{"key": stackRevisionTag, "value": revision}}}, Fits, ""},
	} {
		t.Run(name, func(t *testing.T) {
			account := defaultAccount()
			each.change(account)
			stack := account.stack(t)
			stack.outputsFile = "a file"
			if each.newer != nil {
				account.AddTaskDefinition(each.newer)
			}
			_, err := stack.readPlan(t.Context())
			if asked := account.Calls("DescribeTaskDefinition"); !reflect.DeepEqual(asked[len(asked)-1].Input["include"], []any{"TAGS"}) {
				t.Errorf("AWS was asked %v", asked)
			}
			expect(t, err, each.code, each.phrase, map[Code]string{NoPlan: "pulumi up", AWSRefused: "ecs:DescribeTaskDefinition"}[each.code])
		})
	}
}

func TestSecretsOfSecretsManagerAreReadAsECSReadsThem(t *testing.T) {
	const database = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:films/database-AbCdEf"
	const whole = `{"user": "films \"42\"", "port": 5432}`
	text, newest := object{"SecretString": whole}, object{"SecretId": database}
	for suffix, each := range map[string]struct {
		asked, answer  object
		value, problem string
	}{
		"":               {newest, text, whole, ""},
		":user::":        {newest, text, `films "42"`, ""},
		":port::":        {newest, text, "5432", ""},
		":port:stage:":   {object{"SecretId": database, "VersionStage": "stage"}, text, "5432", ""},
		":port::version": {object{"SecretId": database, "VersionId": "version"}, text, "5432", ""},
		":password::":    {newest, text, "", "its JSON has no key password"},
		":port::other":   {object{"SecretId": database, "VersionId": "other"}, object{"SecretString": "not JSON"}, "", "it is not a JSON object"},
		":::":            {newest, object{"SecretBinary": "AAAA"}, "", "it is binary, and ECS takes texts only"},
	} {
		account := defaultAccount()
		account.container["secrets"] = []object{{"name": "DATABASE", "valueFrom": database + suffix}}
		account.Always("GetSecretValue", fakeaws.Response{Output: each.answer})
		plan, err := account.stack(t).readPlan(t.Context())
		if each.problem != "" {
			expect(t, err, AWSRefused, "read secret DATABASE from "+database+suffix+": ", each.problem, "secretsmanager:GetSecretValue")
		} else if err != nil || plan.variables["DATABASE"] != each.value {
			t.Errorf("%s is %q (%v)", suffix, plan.variables["DATABASE"], err)
		}
		if asked := account.Calls("GetSecretValue"); len(asked) != 1 || !reflect.DeepEqual(asked[0].Input, each.asked) {
			t.Errorf("%s: AWS was asked %v", suffix, asked)
		}
	}
}

func TestTheMatcherOfTheLoadBalancerIsUnderstood(t *testing.T) {
	for matcher, want := range map[string][]int{"200": {200}, "200,202": {200, 202}, "201-299,404": {201, 202, 299, 404}} {
		check := plan{matcher: matcher}
		got := slices.DeleteFunc([]int{0, 199, 200, 201, 202, 299, 300, 404}, func(status int) bool { return !check.accepts(status) })
		if !slices.Equal(got, want) {
			t.Errorf("%q accepts %v, want %v", matcher, got, want)
		}
	}
}

// The command line is readable to every process of the machine, and so holds no secret.
func TestTheContainerIsMadeAsTheDefinitionSays(t *testing.T) {
	plan := plan{
		platform: "linux/arm64", cpu: 512, memory: 8192, port: 8080,
		variables: map[string]string{"JWT_SECRET": secret, "AWS_ACCESS_KEY_ID": "the environment's", "AWS_REGION": "b"},
		container: ecstypes.ContainerDefinition{
			User:                   aws.String("1000:1000"),
			EntryPoint:             []string{"/bin/node", "--enable-source-maps"},
			Command:                []string{"server.js"},
			ReadonlyRootFilesystem: aws.Bool(true),
			Environment:            []ecstypes.KeyValuePair{{Name: aws.String("AWS_ACCESS_KEY_ID"), Value: aws.String("its own")}},
			LinuxParameters:        &ecstypes.LinuxParameters{InitProcessEnabled: aws.Bool(true)},
		},
	}
	arguments, environment := plan.createArguments("app:built", "try-image-1")
	want := "create --pull never --platform linux/arm64 --name try-image-1 --log-driver json-file " +
		"--publish 127.0.0.1::8080 --sysctl net.ipv4.ip_unprivileged_port_start=1024 " +
		"--cpu-period 100000 --cpu-quota 50000 --memory 8192m --memory-swap 8192m " +
		"--env AWS_ACCESS_KEY_ID=its own --env AWS_REGION --env JWT_SECRET " +
		"--user 1000:1000 --read-only --init --entrypoint /bin/node app:built --enable-source-maps server.js"
	if got := strings.Join(arguments, " "); got != want {
		t.Errorf("docker is called with\n%s\nwant\n%s", got, want)
	}
	if want := []string{"AWS_REGION=b", "JWT_SECRET=" + secret}; !slices.Equal(environment, want) {
		t.Errorf("docker gets the variables %q, want %q", environment, want)
	}
}

const outputsText = `{"region": "eu-west-2", "ecsClusterName": "mediaserver-cluster", "ecsServiceName": "mediaserver-service",
 "containerName": "mediaserver", "taskDefinitionArn": "` + revision + `"}`

func TestAStackIsFoundByPulumiOrByItsOutputs(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "https://aws", "AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "a-key", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	folder := t.TempDir()
	write(t, "#!/bin/sh\ncase $* in *'--cwd /a/root --stack production') cat <<'END'\n"+outputsText+"\nEND\nesac\n", 0o755, folder, "pulumi")
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	file := write(t, outputsText, 0o600, folder, "outputs")
	for _, request := range []Request{{Root: "/a/root", Stack: "production"}, {Outputs: file}} {
		found, err := request.findStack(t.Context())
		const description = "The application gets the credentials of this environment, not the task role's: what it may do in AWS is not tried"
		if err != nil || found.description != description || found.account.Region != "eu-west-2" || found.outputsFile != request.Outputs {
			t.Errorf("found %+v (%v)", found, err)
		}
		var read plan
		err = found.readVariables(t.Context(), &read)
		want := map[string]string{"AWS_ENDPOINT_URL": "https://aws", "AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "a-key"}
		if err != nil || !maps.Equal(read.variables, want) {
			t.Errorf("the application gets %v (%v)", read.variables, err)
		}
	}
	write(t, `{"region": "eu-west-2", "containerName": ""}`, 0o600, file)
	_, err := Request{Outputs: file}.findStack(t.Context())
	expect(t, err, NoPlan, "missing stack output: containerName, ecsClusterName, ecsServiceName, taskDefinitionArn; run 'pulumi up'")
}

// A sandbox is what scripts/sandbox says about it.
func TestTheSandboxIsTheDefault(t *testing.T) {
	root := t.TempDir()
	find := func(env, outputs string) (stack, error) {
		write(t, "#!/bin/sh\ncase $1 in env) "+env+" ;; pulumi) "+outputs+" ;; esac\n", 0o755, root, "scripts", "sandbox")
		return Request{Root: root}.findStack(t.Context())
	}
	const exports = `echo "export AWS_ENDPOINT_URL=http://127.0.0.1:5000 AWS_ACCESS_KEY_ID=sandboxed AWS_SECRET_ACCESS_KEY='it is'"`
	// Without the folder of the sandbox, its script is not run: it would be compiled first.
	_, err := find(exports, "echo '{}'")
	expect(t, err, NoPlan, "there is no sandbox to try the image in: stat "+root+"/.sandbox: no such file", "make sandbox", "--stack")
	write(t, "", 0o600, root, ".sandbox", "file")
	_, err = find("echo 'sandbox: no sandbox is running; start it with make sandbox' >&2; exit 1", "exit 1")
	expect(t, err, NoPlan, "sandbox: no sandbox is running; start it with make sandbox")
	_, err = find(exports, "echo '{}'")
	expect(t, err, NoPlan, "missing stack output: containerName")
	found, err := find(exports, "echo '"+strings.ReplaceAll(outputsText, "\n", "")+"'")
	if err != nil || found.description != "The application talks to the sandbox, where it may do everything" ||
		found.taskDefinition != revision || *found.account.BaseEndpoint != "http://127.0.0.1:5000" {
		t.Errorf("found %+v (%v)", found, err)
	}
	given, err := found.account.Credentials.Retrieve(t.Context())
	if err != nil || given.AccessKeyID != "sandboxed" || given.SecretAccessKey != "it is" {
		t.Errorf("the credentials are %v (%v)", given, err)
	}
}

func TestAContainerReachesAnEmulatorThroughTheBridge(t *testing.T) {
	stack := defaultAccount().stack(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(*stack.account.BaseEndpoint, "http://"), ":")
	for endpoint, want := range map[string]string{
		"http://localhost:" + port: "http://127.0.0.1:" + port, *stack.account.BaseEndpoint: *stack.account.BaseEndpoint, "": "",
	} {
		var read plan
		stack.account.BaseEndpoint = &endpoint
		err := stack.readVariables(t.Context(), &read)
		if err != nil || read.variables["AWS_ENDPOINT_URL"] != want || read.variables["AWS_SESSION_TOKEN"] != "a-session-token" {
			t.Errorf("at %q: %v (%v)", endpoint, read.variables, err)
		}
	}
	stack.account.BaseEndpoint = aws.String("http://127.0.0.1:1")
	for bridge, phrase := range map[string]string{"lo": "dial tcp 127.0.0.1:1", "no-bridge": "no-bridge"} {
		stack.bridge = bridge
		err := stack.readVariables(t.Context(), &plan{})
		expect(t, err, NoPlan, "no container can reach http://127.0.0.1:1: ", phrase, "run make sandbox again")
	}
}
