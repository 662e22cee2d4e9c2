package fit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// object is a JSON object as AWS sends it.
type object map[string]any

// account is an AWS account with a stack of default settings. A test changes what it is about.
type account struct {
	definition, container, service object
	// group holds the elements of a target group, as Elastic Load Balancing names them.
	group map[string]string
	// newest is the newest revision of the family, and tags are its tags.
	newest string
	tags   []object
	// secrets are the versions of secrets of Secrets Manager, by ARN:STAGE:ID. One without a text is binary.
	secrets map[string]string
}

const (
	revision = "arn:aws:ecs:eu-west-2:123456789012:task-definition/mediaserver:1"
	secret   = "a secret\nof two lines"
)

func defaultAccount() *account {
	return &account{
		newest:     revision,
		definition: object{"taskDefinitionArn": revision, "cpu": "256", "memory": "512", "status": "ACTIVE"},
		container: object{
			"name":            "mediaserver",
			"environment":     []object{{"name": "PORT", "value": "3000"}},
			"secrets":         []object{{"name": "JWT_SECRET", "valueFrom": "arn:aws:ssm:eu-west-2:123456789012:parameter/mediaserver/jwt-secret"}},
			"linuxParameters": object{"initProcessEnabled": true},
			"healthCheck": object{"command": []string{"CMD", "curl", "--fail", "http://localhost:3000/health"},
				"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60},
		},
		service: object{"healthCheckGracePeriodSeconds": 60,
			"loadBalancers": []object{{"targetGroupArn": "arn:group", "containerPort": 3000}}},
		group: map[string]string{"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": "30", "HealthCheckTimeoutSeconds": "5",
			"HealthyThresholdCount": "2", "UnhealthyThresholdCount": "2", "Matcher": "<HttpCode>200</HttpCode>"},
	}
}

// ServeHTTP answers what the package asks of AWS.
func (a *account) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	var asked struct{ TaskDefinition, Name, SecretID, VersionStage, VersionID string }
	_ = json.Unmarshal(body, &asked)
	var answer object
	switch target := request.Header.Get("X-Amz-Target"); target[strings.LastIndex(target, ".")+1:] {
	case "DescribeTaskDefinition":
		if asked.TaskDefinition == "mediaserver" {
			answer = object{"taskDefinition": object{"taskDefinitionArn": a.newest}, "tags": a.tags}
			break
		}
		if asked.TaskDefinition != revision {
			response.WriteHeader(http.StatusBadRequest)
			answer = object{"__type": "ClientException", "message": "Unable to describe task definition."}
			break
		}
		a.definition["containerDefinitions"] = []object{a.container}
		answer = object{"taskDefinition": a.definition}
	case "DescribeServices":
		answer = object{"services": []object{a.service}}
		if a.service == nil {
			answer = object{"services": []object{}}
		}
	case "GetParameter":
		answer = object{"Parameter": object{"Value": secret}}
	case "GetSecretValue":
		version := asked.SecretID + ":" + asked.VersionStage + ":" + asked.VersionID
		text, found := a.secrets[version]
		switch {
		case !found:
			response.WriteHeader(http.StatusBadRequest)
			answer = object{"__type": "ResourceNotFoundException", "message": "no " + version}
		case text == "":
			answer = object{"SecretBinary": "AAAA"}
		default:
			answer = object{"SecretString": text}
		}
	default:
		group := ""
		for name, value := range a.group {
			group += fmt.Sprintf("<%s>%s</%s>", name, value, name)
		}
		fmt.Fprintf(response, "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member>%s</member>"+
			"</TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>", group)
		return
	}
	_ = json.NewEncoder(response).Encode(answer)
}

// stack is the stack in an account, which is served until the end of the test.
func (a *account) stack(t *testing.T) Stack {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	provider := credentials.NewStaticCredentialsProvider("an-id", "a-key", "a-session-token")
	return Stack{
		outputs:     outputs{"eu-west-2", "mediaserver-cluster", "mediaserver-service", "mediaserver", revision, "media"},
		account:     aws.Config{Region: "eu-west-2", BaseEndpoint: &server.URL, Credentials: provider},
		credentials: provider.Value,
	}
}

// plan is the plan of the account's stack.
func (a *account) plan(t *testing.T) (Stack, Plan) {
	t.Helper()
	stack := a.stack(t)
	plan, err := stack.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stack, plan
}

// answer is what the scripted docker says to one kind of command.
type answer struct {
	stdout, stderr string
	exit           int
	// meanwhile runs before the answer, with the command's context.
	meanwhile func(context.Context)
}

// call is a command that docker was given.
type call struct{ arguments, variables []string }

// engine is a docker that answers as it is told: by kind of command the answers in order, of which the last repeats.
type engine struct {
	answers map[string][]answer
	lock    sync.Mutex
	calls   map[string][]call
}

// container is what docker tells about a container, with the id and the process of none on this machine.
func container(running, outOfMemory bool, exit int) answer {
	return answer{stdout: fmt.Sprintf(`an-id {"Running":%t,"OOMKilled":%t,"Pid":0,"ExitCode":%d}`, running, outOfMemory, exit)}
}

// healthy is a docker with an image that fits, whose application answers at an address; changes take the place of what it
// answers.
func healthy(address string, changes map[string][]answer) *engine {
	answers := map[string][]answer{
		"version": {{stdout: "linux/amd64\n"}},
		"image":   {{stdout: "linux/amd64 65532:65532\n"}},
		// An engine of before API 1.49.
		"image for platform": {{stderr: "unknown flag: --platform", exit: 125}},
		"network":            {{stdout: "a-bridge-of-another-machine\n"}},
		"info":               {{stdout: "2\n"}},
		"create":             {{stdout: "an-id\n"}},
		"start":              {{}},
		"logs":               {{stdout: "application v1 starts\nand goes on"}},
		"inspect":            {container(true, false, 0)},
		"port":               {{stdout: address + "\n"}},
		"exec":               {{}},
		"exec sh":            {{stderr: `exec: "sh": executable file not found in $PATH`, exit: 127}},
		"exec curl":          {{stderr: `exec: "curl": executable file not found in $PATH`, exit: 127}},
		"exec wget":          {{stderr: `exec: "wget": executable file not found in $PATH`, exit: 127}},
		"exec cat":           {{stdout: sockets("00000000:0BB8")}},
		"rm":                 {{}},
	}
	for kind, changed := range changes {
		answers[kind] = changed
	}
	return &engine{answers: answers, calls: map[string][]call{}}
}

// sockets is a table of the kernel with sockets that listen.
func sockets(addresses ...string) string {
	table := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for _, address := range addresses {
		table += "   0: " + address + " 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 342238 2 0\n"
	}
	return table
}

// docker is the engine behind the docker command.
func (e *engine) docker() Docker {
	return Docker{call: func(ctx context.Context, variables, arguments []string, stdout, stderr io.Writer) (int, error) {
		kind := arguments[0]
		switch {
		case kind == "image" && slices.Contains(arguments, "--platform"):
			kind += " for platform"
		case kind == "exec" && (arguments[2] == "cat" || arguments[2] == "sh" || arguments[3] == "--version"):
			kind += " " + arguments[2]
		}
		e.lock.Lock()
		answers, number := e.answers[kind], len(e.calls[kind])
		e.calls[kind] = append(e.calls[kind], call{arguments, variables})
		e.lock.Unlock()
		if len(answers) == 0 {
			return 0, errors.New("no answer for " + kind)
		}
		given := answers[min(number, len(answers)-1)]
		if given.meanwhile != nil {
			given.meanwhile(ctx)
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		_, _ = io.WriteString(stdout, given.stdout)
		_, _ = io.WriteString(stderr, given.stderr)
		return given.exit, nil
	}}
}

// made and removed are how many containers there were.
func (e *engine) made() int    { return e.count("create") }
func (e *engine) removed() int { return e.count("rm") }

// count is how often a command was called. The log of a container may still be followed meanwhile.
func (e *engine) count(kind string) int {
	e.lock.Lock()
	defer e.lock.Unlock()
	return len(e.calls[kind])
}

// screen is what a trial prints, which the log of a container may still add to when the trial is over.
type screen struct {
	lock sync.Mutex
	text strings.Builder
}

func (s *screen) Write(text []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.Write(text)
}

func (s *screen) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.String()
}

// tryOn runs an image on the engine without waiting between two looks, and returns what was printed.
func (e *engine) tryOn(ctx context.Context, stack Stack, plan Plan, options Options) (string, error) {
	output := &screen{}
	options.Image, options.Output = "app:built", output
	attempt := &trial{docker: e.docker(), plan: plan, Options: options,
		pause: time.Millisecond, idleWatch: 50 * time.Millisecond}
	err := attempt.run(ctx, stack)
	return output.String(), err
}

// serve is an application in place of one in a container. It returns the address, as docker port would.
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
