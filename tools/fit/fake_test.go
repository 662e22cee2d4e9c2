package fit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"mediaserver/tools/fakeaws"
)

// object is a JSON object as AWS sends it.
type object = fakeaws.Object

// account is an AWS account with a stack of default settings. A test changes what it is about.
type account struct {
	*fakeaws.AWS
	definition, container, service object
	// group holds the elements of a target group, as Elastic Load Balancing names them.
	group map[string]string
}

const (
	revision = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:1"
	secret   = "a secret\nof two lines"
)

func defaultAccount() *account {
	return &account{
		AWS:        fakeaws.New(),
		definition: object{"taskDefinitionArn": revision, "family": "mediaserver", "cpu": "256", "memory": "512"},
		container: object{
			"name":    "mediaserver",
			"secrets": []object{{"name": "JWT_SECRET", "valueFrom": "arn:aws:ssm:eu-west-2:123456789012:parameter/jwt-secret"}},
			"healthCheck": object{"command": []string{"CMD", "curl", "--fail", "http://localhost:3000/health"},
				"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60},
		},
		service: object{"healthCheckGracePeriodSeconds": 60,
			"loadBalancers": []object{{"targetGroupArn": "arn:group", "containerPort": 3000}}},
		group: map[string]string{"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": "30", "HealthCheckTimeoutSeconds": "5",
			"HealthyThresholdCount": "2", "UnhealthyThresholdCount": "2", "Matcher": "<HttpCode>200</HttpCode>"},
	}
}

// stack is the stack in an account, which is served until the end of the test. The loopback interface takes the place of
// docker's bridge. Task definitions that are added later are newer than the stack's.
func (a *account) stack(t *testing.T) stack {
	t.Helper()
	a.definition["containerDefinitions"] = []object{a.container}
	a.AddTaskDefinition(object{"taskDefinition": a.definition})
	a.Always("DescribeServices", fakeaws.Response{Output: object{"services": []object{a.service}}})
	a.Always("GetParameter", fakeaws.Response{Output: object{"Parameter": object{"Value": secret}}})
	group := ""
	for name, value := range a.group {
		group += fmt.Sprintf("<%s>%s</%[1]s>", name, value)
	}
	a.Always("DescribeTargetGroups", fakeaws.Response{Body: "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult>" +
		"<TargetGroups><member>" + group + "</member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>"})
	address := "http://" + serve(t, a.ServeHTTP)
	return stack{
		region: "eu-west-2", cluster: "mediaserver-cluster", service: "mediaserver-service",
		container: "mediaserver", taskDefinition: revision, bridge: "lo",
		account: aws.Config{Region: "eu-west-2", BaseEndpoint: &address,
			Credentials: credentials.NewStaticCredentialsProvider("an-id", "a-key", "a-session-token")},
	}
}

// plan is the plan of the account's stack.
func (a *account) plan(t *testing.T) plan {
	t.Helper()
	read, err := a.stack(t).readPlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// answer is what the scripted docker says to one kind of command.
type answer struct {
	stdout, stderr string
	exit           int
	// meanwhile runs before the answer, with the command's context.
	meanwhile func(context.Context)
}

// engine is a docker that answers as it is told: by kind of command the answers in order, of which the last repeats.
type engine struct {
	answers map[string][]answer
	lock    sync.Mutex
	calls   map[string]int
}

// running and ended are what docker tells about a container.
func running(address string) answer {
	_, port, _ := strings.Cut(address, ":")
	return answer{stdout: `{"Id": "an-id", "State": {"Running": true, "Pid": 42}, "Config": {"User": "65532:65532"},
		"NetworkSettings": {"Ports": {"3000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "` + port + `"}]}}}`}
}

func ended(exit int) answer {
	return answer{stdout: fmt.Sprintf(`{"Id": "an-id", "State": {"ExitCode": %d}, "NetworkSettings": {"Ports": {}}}`, exit)}
}

// healthy is a docker with an image that fits, whose application answers at an address; changes take the place of what it
// answers.
func healthy(address string, changes map[string][]answer) *engine {
	answers := map[string][]answer{
		"create":    {{stdout: "an-id\n"}},
		"start":     {{}},
		"logs":      {{stdout: "application v1 starts\nand goes on"}},
		"inspect":   {running(address)},
		"exec":      {{}},
		"exec curl": {{stderr: `exec: "curl": executable file not found in $PATH`, exit: 127}},
		"exec wget": {{stderr: `exec: "wget": executable file not found in $PATH`, exit: 127}},
		"rm":        {{}},
	}
	maps.Copy(answers, changes)
	return &engine{answers: answers, calls: map[string]int{}}
}

// docker is the engine behind the docker command.
func (e *engine) docker(ctx context.Context, _, arguments []string, stdout, stderr io.Writer) (int, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	kind := arguments[0]
	if arguments[len(arguments)-1] == "--version" {
		kind += " " + arguments[2]
	}
	e.lock.Lock()
	given := e.answers[kind][min(e.calls[kind], len(e.answers[kind])-1)]
	e.calls[kind]++
	e.lock.Unlock()
	if given.meanwhile != nil {
		given.meanwhile(ctx)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	_, _ = io.WriteString(stdout, given.stdout)
	_, _ = io.WriteString(stderr, given.stderr)
	return given.exit, nil
}

// try tries an image on the engine without waiting between two looks, and returns what was printed. The container's
// process is the folder 42 of processes.
func (e *engine) try(ctx context.Context, plan plan, request Request, processes string) (string, error) {
	output := &strings.Builder{}
	request.Image, request.Output = "app:built", output
	attempt := &trial{Request: request, docker: e.docker, plan: plan, processes: processes,
		pause: time.Millisecond, idleWatch: 200 * time.Millisecond}
	err := attempt.run(ctx)
	if e.calls["create"] != 1 || e.calls["rm"] != 1 && !request.Keep {
		err = fmt.Errorf("%d containers were made and %d removed: %w", e.calls["create"], e.calls["rm"], err)
	}
	return output.String(), err
}

// process is a folder with a process 42 of the container with the id an-id, and the kernel's table of its sockets.
func process(t *testing.T, sockets string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, "0::/docker/an-id\n", 0o600, folder, "42", "cgroup")
	write(t, "  sl  local_address rem_address   st tx_queue\n"+sockets, 0o600, folder, "42", "net", "tcp")
	write(t, "", 0o600, folder, "42", "net", "tcp6")
	return folder
}

// serve is an application in place of one in a container. It returns the address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// status answers everything with a status.
func status(code int) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) { response.WriteHeader(code) }
}

// gone closes every connection without an answer, as docker's proxy does where nobody listens behind it.
func gone(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// expect checks the code of a verdict, and that it says each phrase. Code Fits expects none.
func expect(t *testing.T, err error, code Code, phrases ...string) {
	t.Helper()
	verdict := new(Verdict)
	if code == Fits {
		if err != nil {
			t.Errorf("got %v, want none", err)
		}
		return
	}
	if !errors.As(err, &verdict) || verdict.Code != code {
		t.Errorf("got %#v, want code %d", err, code)
		return
	}
	for _, phrase := range phrases {
		if !strings.Contains(verdict.Error(), phrase) {
			t.Errorf("the verdict is\n%v\nand lacks %q", verdict, phrase)
		}
	}
}

// write writes a file, executable or not, and returns its path.
func write(t *testing.T, text string, mode os.FileMode, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), mode)); err != nil {
		t.Fatal(err)
	}
	return file
}
