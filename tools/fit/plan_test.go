package fit

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestAPlanIsReadAsECSReadsIt(t *testing.T) {
	var noCommand []string
	for name, each := range map[string]struct {
		change            func(*account)
		own, loadBalancer time.Duration
		command           []string
	}{
		"the stack's defaults": {func(*account) {}, 150, 60, []string{"curl", "--fail", "http://localhost:3000/health"}},
		"a long start": {func(a *account) {
			a.service["healthCheckGracePeriodSeconds"] = 300
			a.container["healthCheck"] = object{"command": []string{"CMD", "true"}, "startPeriod": 300}
		}, 390, 270, []string{"true"}},
		"a grace period that outlasts the own check": {func(a *account) { a.service["healthCheckGracePeriodSeconds"] = 600 },
			600, 570, []string{"curl", "--fail", "http://localhost:3000/health"}},
		"no grace period": {func(a *account) {
			delete(a.service, "healthCheckGracePeriodSeconds")
			a.group["HealthCheckIntervalSeconds"], a.group["UnhealthyThresholdCount"] = "10", "3"
		}, 150, 30, []string{"curl", "--fail", "http://localhost:3000/health"}},
		"ECS's numbers": {func(a *account) {
			a.container["healthCheck"] = object{"command": []string{"CMD", "true"}}
		}, 90, 60, []string{"true"}},
		"no own check": {func(a *account) { delete(a.container, "healthCheck") }, 0, 60, noCommand},
	} {
		t.Run(name, func(t *testing.T) {
			account := defaultAccount()
			each.change(account)
			_, plan := account.plan(t)
			if plan.Own.Judge.Limit != each.own*time.Second || plan.LoadBalancer.Judge.Limit != each.loadBalancer*time.Second {
				t.Errorf("the limits are %s and %s, want %d s and %d s", plan.Own.Judge.Limit, plan.LoadBalancer.Judge.Limit, each.own, each.loadBalancer)
			}
			if !slices.Equal(plan.Own.Command, each.command) {
				t.Errorf("the check is %q, want %q", plan.Own.Command, each.command)
			}
		})
	}
	_, plan := defaultAccount().plan(t)
	if plan.Platform != "linux/amd64" || plan.CPU != 256 || plan.Memory != 512 || plan.Port != 3000 || plan.Secrets["JWT_SECRET"] != secret ||
		plan.LoadBalancer.Path != "/health" || plan.LoadBalancer.Matcher != "200" ||
		plan.LoadBalancer.Timeout != 5*time.Second || plan.Own.Timeout != 5*time.Second {
		t.Errorf("the plan is %+v", plan)
	}
}

func TestTheReasonNamesEachSetting(t *testing.T) {
	_, plan := defaultAccount().plan(t)
	for want, got := range map[string]string{
		"The load balancer's health check allows 60 s: 2 failures, 30 s apart, make the task unhealthy, 2 successes make it healthy again, " +
			"and ECS stops an unhealthy task once the service's healthCheckGracePeriodSeconds (60 s) is over.": plan.LoadBalancer.Judge.Reason,
		"The container's own health check allows 150 s: startPeriod (60 s) and 3 retries, 30 s apart, " +
			"or the service's healthCheckGracePeriodSeconds (60 s) if that is longer.": plan.Own.Judge.Reason,
	} {
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestTheEarlierJudgeOfThoseWhoAreNotSatisfiedDecides(t *testing.T) {
	_, plan := defaultAccount().plan(t)
	later := plan
	later.LoadBalancer.Judge.Limit = time.Hour
	inside, outside := ownResult{healthy: true}, outsideResult{status: 200}
	for name, each := range map[string]struct {
		plan Plan
		seen observation
		want time.Duration
	}{
		"neither":              {plan, observation{}, 60 * time.Second},
		"neither, own earlier": {later, observation{}, 150 * time.Second},
		"own check only":       {plan, observation{own: inside}, 60 * time.Second},
		"load balancer only":   {plan, observation{outside: outside}, 150 * time.Second},
	} {
		if got := each.plan.pending(each.seen).Limit; got != each.want {
			t.Errorf("%s: %s, want %s", name, got, each.want)
		}
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	for name, each := range map[string]struct {
		change func(*account)
		code   Code
		phrase string
	}{
		"inactive":     {func(a *account) { a.definition["status"] = "INACTIVE" }, NoPlan, "is INACTIVE: the outputs are older than the stack"},
		"no container": {func(a *account) { a.container["name"] = "other" }, NoPlan, `has no container "mediaserver": the outputs are older`},
		"no service":   {func(a *account) { a.service = nil }, NoPlan, "service mediaserver-service is not there"},
		"no size":      {func(a *account) { a.definition["cpu"] = "much" }, AWSRefused, `cpu is "much", not a number`},
	} {
		t.Run(name, func(t *testing.T) {
			account := defaultAccount()
			each.change(account)
			_, err := account.stack(t).Read(t.Context())
			expect(t, err, each.code, each.phrase)
		})
	}
	stack := defaultAccount().stack(t)
	stack.outputs.taskDefinition = "mediaserver:9"
	_, err := stack.Read(t.Context())
	expect(t, err, AWSRefused, "read task definition mediaserver:9", "ecs:DescribeTaskDefinition")
}

func TestSecretsOfSecretsManagerAreReadAsECSReadsThem(t *testing.T) {
	const database = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:films/database-AbCdEf"
	account := defaultAccount()
	account.secrets = map[string]string{
		database + "::":           `{"user": "films \"42\"", "port": 5432}`,
		database + ":PREVIOUS:":   `{"user": "before"}`,
		database + "::an-id":      "not JSON",
		database + ":BINARY:":     "",
		database + ":PREVIOUS:id": "both",
	}
	for suffix, each := range map[string]struct{ value, problem string }{
		"":                {`{"user": "films \"42\"", "port": 5432}`, ""},
		":user::":         {`films "42"`, ""},
		":port::":         {"5432", ""},
		":user:PREVIOUS:": {"before", ""},
		":::an-id":        {"not JSON", ""},
		"::PREVIOUS:id":   {"both", ""},
		":password::":     {"", "its JSON has no key password"},
		":user::an-id":    {"", "it is no JSON object"},
		"::BINARY:":       {"", "it is binary, and ECS takes texts only"},
		"::NEXT:":         {"", "ResourceNotFoundException: no " + database + ":NEXT:"},
	} {
		t.Run(suffix, func(t *testing.T) {
			account.container["secrets"] = []object{{"name": "DATABASE", "valueFrom": database + suffix}}
			plan, err := account.stack(t).Read(t.Context())
			if each.problem != "" {
				expect(t, err, AWSRefused, "read secret DATABASE from "+database+suffix+": ", each.problem, "secretsmanager:GetSecretValue")
			} else if err != nil || plan.Secrets["DATABASE"] != each.value {
				t.Errorf("read %q (%v)", plan.Secrets["DATABASE"], err)
			}
		})
	}
}

func TestTheMatcherOfTheLoadBalancerIsUnderstood(t *testing.T) {
	for matcher, each := range map[string]struct{ accepted, refused []int }{
		"200":             {[]int{200}, []int{0, 201, 404}},
		"200,202":         {[]int{200, 202}, []int{201}},
		"200-299, 301":    {[]int{200, 250, 299, 301}, []int{199, 300, 302}},
		"":                {nil, []int{0, 200}},
		"200-,what,302-x": {nil, []int{200, 302}},
	} {
		check := LoadBalancerCheck{Matcher: matcher}
		accepted := func(status int) bool { return check.accepts(status) }
		if !slices.Equal(slices.DeleteFunc(slices.Concat(each.accepted, each.refused), func(status int) bool { return !accepted(status) }), each.accepted) {
			t.Errorf("%q accepts others than %v of %v", matcher, each.accepted, each.refused)
		}
	}
}

func TestThePlatformIsThatOfTheTasks(t *testing.T) {
	for architecture, want := range map[ecstypes.CPUArchitecture]string{
		"": "linux/amd64", ecstypes.CPUArchitectureX8664: "linux/amd64", ecstypes.CPUArchitectureArm64: "linux/arm64",
	} {
		if got := platformOf(&ecstypes.TaskDefinition{RuntimePlatform: &ecstypes.RuntimePlatform{CpuArchitecture: architecture}}); got != want {
			t.Errorf("%q is %s, want %s", architecture, got, want)
		}
	}
	if got := platformOf(&ecstypes.TaskDefinition{}); got != "linux/amd64" {
		t.Errorf("none is %s", got)
	}
}

// The command line is readable to every process of the machine, and so holds no secret.
func TestTheContainerIsMadeAsTheDefinitionSays(t *testing.T) {
	plan := Plan{
		Platform: "linux/arm64", CPU: 4096, Memory: 8192, Port: 8080,
		Secrets: map[string]string{"JWT_SECRET": secret},
		Container: ecstypes.ContainerDefinition{
			User:                   aws.String("1000:1000"),
			EntryPoint:             []string{"/bin/node", "--enable-source-maps"},
			Command:                []string{"server.js"},
			ReadonlyRootFilesystem: aws.Bool(true),
			Environment:            []ecstypes.KeyValuePair{{Name: aws.String("AWS_ACCESS_KEY_ID"), Value: aws.String("its own")}},
			LinuxParameters:        &ecstypes.LinuxParameters{InitProcessEnabled: aws.Bool(true)},
		},
	}
	arguments, environment := plan.createArguments("app:built", "try-image-1", access{
		hosts:     []string{"a-host"},
		variables: map[string]string{"AWS_ACCESS_KEY_ID": "the environment's", "AWS_ENDPOINT_URL": "http://172.17.0.1:5000"},
	}, 2)
	want := "create --pull never --platform linux/arm64 --name try-image-1 --label try-image=app:built --log-driver json-file " +
		"--publish 127.0.0.1::8080 --sysctl net.ipv4.ip_unprivileged_port_start=1024 --add-host a-host:host-gateway " +
		"--cpus 2 --memory 8192m --memory-swap 8192m --env AWS_ACCESS_KEY_ID=its own --env AWS_ENDPOINT_URL --env JWT_SECRET " +
		"--user 1000:1000 --read-only --init --entrypoint /bin/node app:built --enable-source-maps server.js"
	if got := strings.Join(arguments, " "); got != want {
		t.Errorf("docker is called with\n%s\nwant\n%s", got, want)
	}
	if want := []string{"AWS_ENDPOINT_URL=http://172.17.0.1:5000", "JWT_SECRET=" + secret}; !slices.Equal(environment, want) {
		t.Errorf("docker gets the variables %q, want %q", environment, want)
	}
}

func TestWhatIsLeftOutIsNamed(t *testing.T) {
	// ECS fills in some properties with what says nothing.
	plain := ecstypes.ContainerDefinition{
		Name: aws.String("mediaserver"), Image: aws.String("app:built"), Essential: aws.Bool(true), MountPoints: []ecstypes.MountPoint{},
		Interactive: aws.Bool(false), LinuxParameters: &ecstypes.LinuxParameters{InitProcessEnabled: aws.Bool(true)},
	}
	if got := leftOut(reflect.ValueOf(plain)); got != nil {
		t.Errorf("got %q", got)
	}
	plain.MountPoints, plain.DockerLabels, plain.WorkingDirectory = []ecstypes.MountPoint{{}}, map[string]string{"a": "b"}, aws.String("/srv")
	plain.LinuxParameters.SharedMemorySize = aws.Int32(64)
	if got := leftOut(reflect.ValueOf(plain)); !slices.Equal(got, []string{"dockerLabels", "sharedMemorySize", "mountPoints", "workingDirectory"}) {
		t.Errorf("got %q", got)
	}
}
