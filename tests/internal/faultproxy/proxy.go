// Package faultproxy is an HTTP proxy between a client of AWS APIs and an emulator that makes chosen calls fail.
package faultproxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Fault is a way in which a call goes wrong.
type Fault int

const (
	// Throttle refuses the call as AWS does when there are too many.
	Throttle Fault = iota + 1
	// InternalError answers the call with status 500 and does not pass it on.
	InternalError
	// DropRequest closes the connection and does not pass the call on.
	DropRequest
	// DropResponse passes the call on, so that it is carried out, and closes the
	// connection instead of answering.
	DropResponse
	// Delay passes the call on after a pause.
	Delay
)

// String is the name of the fault.
func (f Fault) String() string {
	switch f {
	case Throttle:
		return "Throttle"
	case InternalError:
		return "InternalError"
	case DropRequest:
		return "DropRequest"
	case DropResponse:
		return "DropResponse"
	case Delay:
		return "Delay"
	default:
		return fmt.Sprintf("Fault(%d)", int(f))
	}
}

// Rule says which calls go wrong.
type Rule struct {
	// Action is the name of the API operation, for example CreateRole. For S3 it
	// is the method, the path's form and the sub-resource as [Action] returns it,
	// for example "PUT bucket?versioning". Empty: every call.
	Action string
	// Fault is what happens to them.
	Fault Fault
	// Pause is how long a Delay lasts.
	Pause time.Duration
	// Skip is how many matching calls go well before: 0 hits the first, n-1 the
	// n-th.
	Skip int
	// Times is how many go wrong after that; 0 means all.
	Times int
}

// Proxy is a running proxy.
type Proxy struct {
	server   *http.Server
	listener net.Listener
	forward  *httputil.ReverseProxy
	served   sync.WaitGroup

	mu    sync.Mutex
	rules []*injected
	calls []call
}

// call is a call that arrived.
type call struct{ action, body string }

type injected struct {
	Rule
	seen int
	hits int
}

// Start starts a proxy on a free port of 127.0.0.1 in front of the target, the
// URL of an emulator. The caller must Close it.
func Start(target string) (*Proxy, error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("start the fault proxy: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the fault proxy: %w", err)
	}
	p := &Proxy{
		listener: listener,
		forward: &httputil.ReverseProxy{
			Rewrite: func(request *httputil.ProxyRequest) {
				host := request.In.Host
				request.SetURL(parsed)
				// The emulator tells services apart by the host that was signed.
				request.Out.Host = host
			},
			// A new connection per call: one that is reused could fail by itself.
			Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		},
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: time.Minute}
	p.served.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

// URL is the address to give to the client instead of the emulator's.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Inject adds a rule and returns a function that tells how many calls it has
// made go wrong. Of several rules that match a call the first counts.
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

// Bodies are the bodies of all calls of an action so far, in the order of their
// arrival.
func (p *Proxy) Bodies(action string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var bodies []string
	for _, call := range p.calls {
		if call.action == action {
			bodies = append(bodies, call.body)
		}
	}
	return bodies
}

// Actions are the actions of all calls so far, in the order of their arrival.
func (p *Proxy) Actions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	actions := make([]string, len(p.calls))
	for i, call := range p.calls {
		actions[i] = call.action
	}
	return actions
}

// Close stops the proxy.
func (p *Proxy) Close() error {
	err := p.server.Close()
	p.served.Wait()
	return err
}

func (p *Proxy) serve(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))

	rule := p.matching(Action(request, body), string(body))
	switch rule.Fault {
	case Throttle:
		refuse(writer, request, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case InternalError:
		refuse(writer, request, http.StatusInternalServerError, "InternalFailure", "The fault proxy answers instead of the emulator")
	case DropRequest:
		panic(http.ErrAbortHandler)
	case DropResponse:
		p.forward.ServeHTTP(discard{http.Header{}}, request)
		panic(http.ErrAbortHandler)
	case Delay:
		select {
		case <-time.After(rule.Pause):
			p.forward.ServeHTTP(writer, request)
		case <-request.Context().Done():
		}
	default:
		p.forward.ServeHTTP(writer, request)
	}
}

// matching notes a call and returns the rule that decides what happens to it, an empty one for nothing.
func (p *Proxy) matching(action, body string) Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call{action, body})
	for _, rule := range p.rules {
		if rule.Action != "" && rule.Action != action {
			continue
		}
		rule.seen++
		if rule.seen > rule.Skip && (rule.Times == 0 || rule.seen <= rule.Skip+rule.Times) {
			rule.hits++
			return rule.Rule
		}
	}
	return Rule{}
}

// Action names the API operation of a request. AWS's protocols put it into the
// form field Action or the header X-Amz-Target, those of Route 53 into the method
// and the path; for S3, which has none of these, it is
// made up of the method, "service", "bucket" or "object", and the first query
// parameter without a value, if any.
func Action(request *http.Request, body []byte) string {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	if operation := Route53Operation(request); operation != "" {
		return operation
	}
	level := "service"
	if path := strings.Trim(request.URL.Path, "/"); strings.Contains(path, "/") {
		level = "object"
	} else if path != "" {
		level = "bucket"
	}
	action := request.Method + " " + level
	for _, parameter := range strings.Split(request.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(parameter, "="); name != "" && value == "" {
			return action + "?" + name
		}
	}
	return action
}

// refuse answers with an error in the protocol that the request speaks.
func refuse(writer http.ResponseWriter, request *http.Request, status int, code, message string) {
	switch {
	case request.Header.Get("X-Amz-Target") != "":
		writer.Header().Set("Content-Type", "application/x-amz-json-1.1")
		writer.Header().Set("X-Amzn-ErrorType", code)
		writer.WriteHeader(status)
		_, _ = fmt.Fprintf(writer, `{"__type":%q,"message":%q}`, code, message)
	case request.Header.Get("Content-Type") == "application/x-www-form-urlencoded":
		writer.Header().Set("Content-Type", "text/xml")
		writer.WriteHeader(status)
		// EC2 wraps its errors otherwise than the other services that speak XML.
		format := `<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`
		if strings.Contains(request.Header.Get("Authorization"), "/ec2/") {
			format = `<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors></Response>`
		}
		_, _ = fmt.Fprintf(writer, format, code, message)
	default:
		writer.Header().Set("Content-Type", "application/xml")
		writer.WriteHeader(status)
		_, _ = fmt.Fprintf(writer, `<Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	}
}

// discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) Write(data []byte) (int, error) { return len(data), nil }
func (d discard) WriteHeader(int)                {}
