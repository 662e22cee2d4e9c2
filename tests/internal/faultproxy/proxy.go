// Package faultproxy is an HTTP proxy between a client of AWS APIs and an emulator. It notes the calls, makes chosen
// ones go wrong, and lets a test look at the account around each.
package faultproxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is a way in which a call goes wrong.
type Fault string

const (
	// InternalError answers the call with status 500 and does not pass it on.
	InternalError Fault = "InternalError"
	// DropRequest closes the connection and does not pass the call on.
	DropRequest Fault = "DropRequest"
	// Delay passes the call on after a pause.
	Delay Fault = "Delay"
)

// InternalErrorMessage is the message of an InternalError.
const InternalErrorMessage = "The fault proxy answers instead of the emulator"

// Rule says which calls go wrong.
type Rule struct {
	// Action is the action of the calls, as in [Call].
	Action string
	// Fault is what happens to them.
	Fault Fault
	// Pause is how long a Delay lasts.
	Pause time.Duration
	// Times is how many of them go wrong, the first ones; 0 means all.
	Times int
}

// Call is a call of an AWS API.
type Call struct {
	// Service is the service that the client signed the call for, for example ecs.
	Service string
	// Action is the name of the API operation, for example CreateRole. For S3, whose requests do not name it, it is the
	// method, the path's form and the sub-resource, for example "PUT bucket?versioning".
	Action string
	// Body is the body of the request.
	Body string
}

// Proxy is a running proxy.
type Proxy struct {
	server  *httptest.Server
	forward *httputil.ReverseProxy

	mu     sync.Mutex
	rules  []*injected
	calls  []Call
	around func(call Call, forward func())
}

type injected struct {
	Rule
	hits int
}

// Start starts a proxy on a free port of 127.0.0.1 in front of the target, the URL of an emulator. The caller must Close
// it.
func Start(target string) (*Proxy, error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("start the fault proxy: %w", err)
	}
	// The emulator tells services apart by the host that was signed, which this keeps.
	forward := httputil.NewSingleHostReverseProxy(parsed)
	// A new connection per call: one that is reused could fail by itself.
	forward.Transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	p := &Proxy{forward: forward}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	return p, nil
}

// URL is the address to give to the client instead of the emulator's.
func (p *Proxy) URL() string { return p.server.URL }

// Inject adds a rule and returns a function that tells how many calls it has made go wrong. Of several rules for an
// action the first counts.
func (p *Proxy) Inject(rule Rule) (hits func() int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	added := &injected{Rule: rule}
	p.rules = append(p.rules, added)
	return func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return added.hits
	}
}

// Heal removes all rules.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// Around has a function called with each call that does not go wrong, which it passes on by calling forward.
func (p *Proxy) Around(around func(call Call, forward func())) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.around = around
}

// Calls are all calls so far, in the order of their arrival.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Close stops the proxy.
func (p *Proxy) Close() error {
	p.server.CloseClientConnections()
	p.server.Close()
	return nil
}

func (p *Proxy) serve(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))

	call := Call{Service: service(request), Action: action(request, string(body)), Body: string(body)}
	rule, around := p.arrived(call)
	switch rule.Fault {
	case InternalError:
		refuse(writer, request)
		return
	case DropRequest:
		panic(http.ErrAbortHandler)
	case Delay:
		select {
		case <-time.After(rule.Pause):
		case <-request.Context().Done():
			return
		}
	}
	forward := func() { p.forward.ServeHTTP(writer, request) }
	if around != nil {
		around(call, forward)
	} else {
		forward()
	}
}

// arrived notes a call and returns the rule that decides what happens to it, an empty one for nothing, and what stands
// around it.
func (p *Proxy) arrived(call Call) (Rule, func(call Call, forward func())) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call)
	for _, rule := range p.rules {
		if rule.Action == call.Action && (rule.Times == 0 || rule.hits < rule.Times) {
			rule.hits++
			return rule.Rule, p.around
		}
	}
	return Rule{}, p.around
}

// scope is the service in the credential that signs a request.
var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/[^/]+/([^/]+)/`)

func service(request *http.Request) string {
	if found := scope.FindStringSubmatch(request.Header.Get("Authorization")); found != nil {
		return found[1]
	}
	return ""
}

// route53Actions are the operations of Amazon Route 53 that providers call, by the method and the path of their
// requests, which do not name them (API reference).
var route53Actions = []struct {
	request *regexp.Regexp
	action  string
}{
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/?$`), "ListHostedZones"},
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/[^/]+/?$`), "GetHostedZone"},
	{regexp.MustCompile(`^GET /2013-04-01/hostedzone/[^/]+/rrset/?$`), "ListResourceRecordSets"},
	{regexp.MustCompile(`^POST /2013-04-01/hostedzone/[^/]+/rrset/?$`), "ChangeResourceRecordSets"},
	{regexp.MustCompile(`^GET /2013-04-01/change/[^/]+/?$`), "GetChange"},
	{regexp.MustCompile(`^GET /2013-04-01/tags/hostedzone/[^/]+/?$`), "ListTagsForResource"},
}

// action names the API operation of a request. AWS's protocols put it into the form field Action or the header
// X-Amz-Target.
func action(request *http.Request, body string) string {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if form, err := url.ParseQuery(body); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	for _, each := range route53Actions {
		if each.request.MatchString(request.Method + " " + request.URL.Path) {
			return each.action
		}
	}
	level := "service"
	if path := strings.Trim(request.URL.Path, "/"); strings.Contains(path, "/") {
		level = "object"
	} else if path != "" {
		level = "bucket"
	}
	action := request.Method + " " + level
	for parameter := range strings.SplitSeq(request.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(parameter, "="); name != "" && value == "" {
			return action + "?" + name
		}
	}
	return action
}

// refuse answers with an error in the protocol that the request speaks.
func refuse(writer http.ResponseWriter, request *http.Request) {
	const code = "InternalFailure"
	if request.Header.Get("X-Amz-Target") != "" {
		writer.Header().Set("X-Amzn-ErrorType", code)
		writer.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(writer, `{"message":%q}`, InternalErrorMessage)
		return
	}
	writer.WriteHeader(http.StatusInternalServerError)
	// S3 has the code at the top of its answer, EC2 in Errors, and the other services that speak XML in Error.
	failure := "<Code>" + code + "</Code><Message>" + InternalErrorMessage + "</Message>"
	_, _ = fmt.Fprintf(writer, "<Response>%s<Error>%[1]s</Error><Errors><Error>%[1]s</Error></Errors></Response>", failure)
}
