// Package fakeaws is an AWS account as an http.Handler, for the tests of this module and of the one in tests/. Its core
// is an Amazon ECS whose services deploy, fail, roll back and keep their record. Beside it are a registry that speaks
// docker's protocol, and the few calls of other services that a deployment makes.
//
// It stands alone, or in front of an emulator (Upstream) that keeps services but runs no tasks. Clients reach its API
// with AWS_ENDPOINT_URL. Proxy leads them to its registry and its load balancers under the names that AWS gives those.
package fakeaws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	account = "123456789012"
	region  = "eu-west-2"
	// RegistryHost is the registry's name.
	RegistryHost = account + ".dkr.ecr." + region + ".amazonaws.com"
	// password is what GetAuthorizationToken hands out, and the registry asks for.
	password = "registry-password-that-nobody-may-see"
)

// Object is JSON as AWS asks and answers it.
type Object = map[string]any

// AWS is the account. Set the fields before the first request.
type AWS struct {
	// Upstream answers what the account does not answer itself. If nil, the account keeps task definitions, target groups
	// and scalable targets too. Otherwise task definitions and services are Upstream's, and the account adds what runs.
	Upstream http.Handler
	// Public answers requests to all other names than the API's and the registry's, such as a load balancer's.
	Public http.Handler
	// Run runs a deployment's containers. If nil, a task is pending at the first look, and runs at the second.
	Run func(Containers) Task
	// MinCapacity are the limits that DescribeScalableTargets answers, by resource id. Without Upstream only.
	MinCapacity map[string]int
	// HealthPath is the health check path of every target group. Without Upstream only.
	HealthPath string
	// Targets is the XML of the members of DescribeTargetHealth's list. Without Upstream only.
	Targets string
	// PageSize is how many entries ListServiceDeployments answers at once.
	PageSize int

	mu          sync.Mutex
	registry    http.Handler
	calls       []Call
	next        map[string][]Response
	always      map[string]Response
	definitions []Object
	services    []*Service
	deployments int
}

// New makes an account 123456789012 in eu-west-2 in which there is nothing.
func New() *AWS {
	return &AWS{
		HealthPath: "/health", PageSize: 100, MinCapacity: map[string]int{},
		registry: registry.New(registry.Logger(discard)), next: map[string][]Response{}, always: map[string]Response{},
	}
}

// Call is a request to the API.
type Call struct {
	Action string // such as UpdateService, or registry PUT
	Input  Object // nil for what is no JSON
}

// Response is an answer in place of the account's own.
type Response struct {
	// Code and Message are an error of the API, with the HTTP status Status, or 400.
	Code, Message string
	Status        int
	// Body is answered as it is, with Status, or 200.
	Body string
	// Output is answered as JSON.
	Output Object
	// Change changes the account's own answer.
	Change func(Object)
	// Lost does what was asked, and closes the connection without an answer.
	Lost bool
	// Hangs answers nothing until the client gives up. Reached is closed when the request is there, if it is not nil.
	Hangs   bool
	Reached chan struct{}
}

// Refuses is an answer with which the API refuses a call.
func Refuses(code, message string) Response { return Response{Code: code, Message: message} }

func (r Response) Error() string { return r.Code + ": " + r.Message }

// Next answers the next calls of the action, one response each. Then the account answers again.
func (a *AWS) Next(action string, responses ...Response) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next[action] = append(a.next[action], responses...)
}

// Always answers every call of the action, once the responses given to Next are used up.
func (a *AWS) Always(action string, response Response) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.always[action] = response
}

// Calls are the calls of these actions so far, or all.
func (a *AWS) Calls(actions ...string) []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(a.calls), func(call Call) bool {
		return len(actions) > 0 && !slices.Contains(actions, call.Action)
	})
}

// arn is the name of a resource of ECS.
func arn(resource string) string { return "arn:aws:ecs:" + region + ":" + account + ":" + resource }

func (a *AWS) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.Host == RegistryHost:
		a.serveRegistry(w, request)
		return
	case a.Public != nil && !isAPI(request):
		a.Public.ServeHTTP(w, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, _ := url.ParseQuery(string(body))
	action := form.Get("Action")
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		action = target[strings.LastIndex(target, ".")+1:]
	}
	response, scripted := a.scripted(request, action, body)
	if response.Hangs {
		return
	}
	if scripted && !response.Lost && response.Change == nil {
		response.write(w, request)
		return
	}
	answer := a.answer(action, request, body)
	if response.Lost {
		// The server closes the connection.
		panic(http.ErrAbortHandler)
	}
	var output Object
	if response.Change != nil && json.Unmarshal(answer.Body.Bytes(), &output) == nil {
		response.Change(output)
		Response{Output: output}.write(w, request)
		return
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// RoundTrip serves a request without a network, whatever host it is for: AWS is the transport of a client in the same
// process too. The handlers see in Host the name that was asked for, and in the header Connected-To where.
func (a *AWS) RoundTrip(request *http.Request) (*http.Response, error) {
	inside := request.Clone(request.Context())
	inside.Header.Set("Connected-To", request.URL.Host)
	inside.Host = cmp.Or(inside.Host, request.URL.Host)
	inside.RequestURI = request.URL.RequestURI()
	if asked, err := url.ParseRequestURI(inside.RequestURI); err == nil {
		// As a server reads it, however the client has put it together.
		inside.URL = asked
	}
	if inside.Body == nil {
		inside.Body = http.NoBody
	}
	w, ended := httptest.NewRecorder(), make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		a.ServeHTTP(w, inside)
	}()
	select {
	case <-request.Context().Done():
		return nil, request.Context().Err()
	case failed := <-ended:
		if failed == http.ErrAbortHandler {
			return nil, io.ErrUnexpectedEOF
		} else if failed != nil {
			panic(failed)
		}
		response := w.Result()
		response.Request = request
		return response, nil
	}
}

// isAPI tells a request to the API: it is signed, or goes to the address that AWS_ENDPOINT_URL names.
func isAPI(request *http.Request) bool {
	return strings.HasPrefix(request.Header.Get("Authorization"), "AWS4-") ||
		strings.HasPrefix(request.Host, "127.0.0.1") || strings.HasPrefix(request.Host, "localhost")
}

// scripted notes a call, and finds the response that was given for it. If that hangs, it does so here.
func (a *AWS) scripted(request *http.Request, action string, body []byte) (response Response, found bool) {
	call := Call{Action: action}
	_ = json.Unmarshal(body, &call.Input)
	a.mu.Lock()
	a.calls = append(a.calls, call)
	if queue := a.next[action]; len(queue) > 0 {
		response, found, a.next[action] = queue[0], true, queue[1:]
	} else {
		response, found = a.always[action]
	}
	a.mu.Unlock()
	if response.Reached != nil {
		close(response.Reached)
	}
	if response.Hangs {
		<-request.Context().Done()
	}
	return response, found
}

// asked is what any call of the API asks for.
type asked struct {
	Cluster, Service, ServiceName, TaskDefinition, ServiceDeploymentArn string

	Services, Tasks, ServiceDeploymentArns, ServiceRevisionArns, ResourceIds []string

	DesiredStatus, NextToken, RepositoryName string

	DesiredCount       *int
	ForceNewDeployment bool
	ImageIds           []struct{ ImageTag, ImageDigest string }

	whole Object
}

// answer is the account's own answer, or Upstream's.
func (a *AWS) answer(action string, request *http.Request, body []byte) *httptest.ResponseRecorder {
	a.mu.Lock()
	defer a.mu.Unlock()
	var input asked
	_ = json.Unmarshal(body, &input)
	_ = json.Unmarshal(body, &input.whole)
	w := httptest.NewRecorder()
	var output Object
	var err error
	if own := a.own(action); own != nil {
		output, err = own(input)
	} else if a.Upstream != nil {
		request.Body = io.NopCloser(bytes.NewReader(body))
		a.Upstream.ServeHTTP(w, request)
		if action != "DescribeServices" && action != "UpdateService" || w.Code != http.StatusOK {
			return w
		}
		if err = json.Unmarshal(w.Body.Bytes(), &output); err == nil {
			a.amend(action, input, output)
		}
		w = httptest.NewRecorder()
	} else {
		err = Response{Code: "UnknownOperationException", Message: "fakeaws has no " + action}
	}
	response := Response{Output: output}
	if xml, is := output["xml"].(string); is {
		response = Response{Body: fmt.Sprintf("<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, xml)}
	}
	if refusal, is := err.(Response); is {
		response = refusal
	} else if err != nil {
		response = Response{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}
	}
	response.write(w, request)
	return w
}

// own is what answers the action in the account itself. Nil if it is Upstream's or unknown.
func (a *AWS) own(action string) func(asked) (Object, error) {
	handlers := map[string]func(asked) (Object, error){
		"ListServiceDeployments": a.listServiceDeployments, "DescribeServiceDeployments": a.describeServiceDeployments,
		"DescribeServiceRevisions": a.describeServiceRevisions, "StopServiceDeployment": a.stopServiceDeployment,
		"ListTasks": a.listTasks, "DescribeTasks": a.describeTasks,
		"GetAuthorizationToken": a.getAuthorizationToken, "DescribeImages": a.describeImages,
	}
	if a.Upstream == nil {
		handlers["DescribeServices"], handlers["UpdateService"] = a.describeServices, a.updateService
		handlers["DescribeTaskDefinition"], handlers["RegisterTaskDefinition"] = a.describeTaskDefinition, a.registerTaskDefinition
		handlers["DescribeScalableTargets"] = a.describeScalableTargets
		handlers["DescribeTargetGroups"] = func(asked) (Object, error) {
			return Object{"xml": "<TargetGroups><member><HealthCheckPath>" + a.HealthPath + "</HealthCheckPath></member></TargetGroups>"}, nil
		}
		handlers["DescribeTargetHealth"] = func(asked) (Object, error) {
			return Object{"xml": "<TargetHealthDescriptions>" + a.Targets + "</TargetHealthDescriptions>"}, nil
		}
	}
	return handlers[action]
}

func (a *AWS) describeScalableTargets(input asked) (Object, error) {
	targets := []Object{}
	for _, id := range input.ResourceIds {
		if least, found := a.MinCapacity[id]; found {
			targets = append(targets, Object{
				"ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": "ecs:service:DesiredCount",
				"MinCapacity": least, "MaxCapacity": 10, "RoleARN": "role", "CreationTime": 1700000000,
			})
		}
	}
	return Object{"ScalableTargets": targets}, nil
}

func (r Response) write(w http.ResponseWriter, request *http.Request) {
	status, body := cmp.Or(r.Status, http.StatusOK), r.Body
	switch {
	case r.Code != "" && request.Header.Get("X-Amz-Target") == "":
		// The query protocol has errors in XML.
		status = cmp.Or(r.Status, http.StatusBadRequest)
		body = "<ErrorResponse><Error><Code>" + r.Code + "</Code><Message>" + r.Message + "</Message></Error></ErrorResponse>"
	case r.Code != "":
		status, r.Output = cmp.Or(r.Status, http.StatusBadRequest), Object{"__type": r.Code, "message": r.Message}
	}
	if r.Output != nil {
		text, err := json.Marshal(r.Output)
		if err != nil {
			panic(err)
		}
		body = string(text)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if strings.HasPrefix(body, "<") {
		w.Header().Set("Content-Type", "text/xml")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
