// Package fakeaws is an AWS account as an http.Handler, for the tests of this module and of the one in tests/. Its core
// is an Amazon ECS whose services deploy, fail, roll back and keep their record. Beside it are a registry that speaks
// docker's protocol, and the few calls of other services that a deployment makes.
//
// It stands alone, or in front of an emulator (Upstream) that keeps services but runs no tasks. Clients reach its API
// with AWS_ENDPOINT_URL. Proxy leads them to its registry and its load balancers under the names that AWS gives those.
package fakeaws

import (
	"bytes"
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

// Object is JSON as AWS asks and answers it.
type Object = map[string]any

// AWS is the account. Set the fields before the first request.
type AWS struct {
	// Account and Region are in every ARN, and in the registry's name.
	Account, Region string
	// Password is what GetAuthorizationToken hands out, and the registry asks for.
	Password string
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
		Account: "123456789012", Region: "eu-west-2", Password: "registry-password-that-nobody-may-see",
		HealthPath: "/health", PageSize: 100, MinCapacity: map[string]int{},
		registry: registry.New(registry.Logger(discard)), next: map[string][]Response{}, always: map[string]Response{},
	}
}

// Call is a request to the API.
type Call struct {
	Action string // such as UpdateService
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
	var calls []Call
	for _, call := range a.calls {
		if len(actions) == 0 || slices.Contains(actions, call.Action) {
			calls = append(calls, call)
		}
	}
	return calls
}

// RegistryHost is the registry's name.
func (a *AWS) RegistryHost() string {
	return a.Account + ".dkr.ecr." + a.Region + ".amazonaws.com"
}

// ARN is the name of a resource of the account.
func (a *AWS) ARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, a.Region, a.Account, resource)
}

func (a *AWS) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.Host == a.RegistryHost():
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
	action, input := parse(request, body)
	response, scripted := a.scripted(action, input)
	if response.Reached != nil {
		close(response.Reached)
	}
	if response.Hangs {
		<-request.Context().Done()
		return
	}
	if scripted && !response.Lost && response.Change == nil {
		if request.Header.Get("X-Amz-Target") == "" && response.Code != "" {
			// The query protocol has errors in XML.
			response = Response{Status: max(response.Status, http.StatusBadRequest), Body: "<ErrorResponse><Error><Code>" +
				response.Code + "</Code><Message>" + response.Message + "</Message></Error></ErrorResponse>"}
		}
		response.write(w)
		return
	}
	answer := a.answer(action, input, request, body)
	switch {
	case response.Lost:
		// The server closes the connection.
		panic(http.ErrAbortHandler)
	case response.Change != nil:
		var output Object
		if err := json.Unmarshal(answer.Body.Bytes(), &output); err == nil {
			response.Change(output)
			Response{Output: output}.write(w)
			return
		}
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
	inside.RequestURI = request.URL.RequestURI()
	if asked, err := url.ParseRequestURI(inside.RequestURI); err == nil {
		// As a server reads it, however the client has put it together.
		inside.URL = asked
	}
	if inside.Host == "" {
		inside.Host = request.URL.Host
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

// parse reads the action of a request, and its input if that is JSON.
func parse(request *http.Request, body []byte) (action string, input Object) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		_ = json.Unmarshal(body, &input)
		return target[strings.LastIndex(target, ".")+1:], input
	}
	form, _ := url.ParseQuery(string(body))
	return form.Get("Action"), nil
}

func (a *AWS) scripted(action string, input Object) (response Response, found bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, Call{action, input})
	if queue := a.next[action]; len(queue) > 0 {
		a.next[action] = queue[1:]
		return queue[0], true
	}
	response, found = a.always[action]
	return response, found
}

// answer is the account's own answer, or Upstream's.
func (a *AWS) answer(action string, input Object, request *http.Request, body []byte) *httptest.ResponseRecorder {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := httptest.NewRecorder()
	forward := func() *httptest.ResponseRecorder {
		request.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		a.Upstream.ServeHTTP(w, request)
		return w
	}
	var output Object
	var err error
	if own := a.own(action); own != nil {
		output, err = own(input)
	} else if a.Upstream != nil {
		w = forward()
		if action != "DescribeServices" && action != "UpdateService" || w.Code != http.StatusOK {
			return w
		}
		if err = json.Unmarshal(w.Body.Bytes(), &output); err == nil {
			output, err = a.amend(action, input, output)
		}
		w = httptest.NewRecorder()
	} else if text, found := a.query(action); found {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, text)
		return w
	} else {
		err = Response{Code: "UnknownOperationException", Message: "fakeaws has no " + action}
	}
	if err != nil {
		refusal, known := err.(Response)
		if !known {
			refusal = Response{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}
		}
		refusal.write(w)
		return w
	}
	Response{Output: output}.write(w)
	return w
}

// own is what answers the action in the account itself. Nil if it is Upstream's or unknown.
func (a *AWS) own(action string) func(Object) (Object, error) {
	handlers := map[string]func(Object) (Object, error){
		"ListServiceDeployments": a.listServiceDeployments, "DescribeServiceDeployments": a.describeServiceDeployments,
		"DescribeServiceRevisions": a.describeServiceRevisions, "StopServiceDeployment": a.stopServiceDeployment,
		"ListTasks": a.listTasks, "DescribeTasks": a.describeTasks,
		"GetAuthorizationToken": a.getAuthorizationToken, "DescribeImages": a.describeImages,
	}
	if a.Upstream == nil {
		handlers["DescribeServices"], handlers["UpdateService"] = a.describeServices, a.updateService
		handlers["DescribeTaskDefinition"], handlers["RegisterTaskDefinition"] = a.describeTaskDefinition, a.registerTaskDefinition
		handlers["DescribeScalableTargets"] = a.describeScalableTargets
	}
	return handlers[action]
}

func (a *AWS) describeScalableTargets(input Object) (Object, error) {
	targets := []Object{}
	for _, id := range texts(input["ResourceIds"]) {
		if least, found := a.MinCapacity[id]; found {
			targets = append(targets, Object{
				"ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": "ecs:service:DesiredCount",
				"MinCapacity": least, "MaxCapacity": 10, "RoleARN": "role", "CreationTime": 1700000000,
			})
		}
	}
	return Object{"ScalableTargets": targets}, nil
}

// query answers what is asked in the query protocol, in XML.
func (a *AWS) query(action string) (string, bool) {
	switch action {
	case "DescribeTargetGroups":
		return "<TargetGroups><member><HealthCheckPath>" + a.HealthPath + "</HealthCheckPath></member></TargetGroups>", true
	case "DescribeTargetHealth":
		return "<TargetHealthDescriptions>" + a.Targets + "</TargetHealthDescriptions>", true
	}
	return "", false
}

func (r Response) write(w http.ResponseWriter) {
	status, body := r.Status, r.Body
	if r.Code != "" {
		if status == 0 {
			status = http.StatusBadRequest
		}
		text, _ := json.Marshal(Object{"__type": r.Code, "message": r.Message})
		body = string(text)
	} else if r.Output != nil {
		text, err := json.Marshal(r.Output)
		if err != nil {
			panic(err)
		}
		body = string(text)
	}
	if status == 0 {
		status = http.StatusOK
	}
	if w.Header().Set("Content-Type", "application/x-amz-json-1.1"); strings.HasPrefix(body, "<") {
		w.Header().Set("Content-Type", "text/html")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// texts are the texts of a list.
func texts(list any) []string {
	all, _ := list.([]any)
	found := make([]string, 0, len(all))
	for _, each := range all {
		found = append(found, fmt.Sprint(each))
	}
	return found
}

func text(value any) string {
	found, _ := value.(string)
	return found
}
