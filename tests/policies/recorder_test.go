package policies

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"mediaserver/tests/internal/faultproxy"
)

// recorder stands between the aws provider and the emulator and notes each API operation as
// the IAM action of that name. Amazon S3 is left out: its operations are not named in requests.
type recorder struct {
	forward *httputil.ReverseProxy
	mutex   sync.Mutex
	actions map[string]bool
}

// scope is the service in the credential that signs a request.
var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/[^/]+/([^/]+)/`)

// prefixes are the services whose IAM prefix is not the name that they sign with.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := reread(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if found := scope.FindStringSubmatch(request.Header.Get("Authorization")); found != nil && found[1] != "s3" {
		service := found[1]
		if prefix, other := prefixes[service]; other {
			service = prefix
		}
		r.mutex.Lock()
		r.actions[service+":"+operation(request, body)] = true
		r.mutex.Unlock()
	}
	r.forward.ServeHTTP(w, request)
}

// made are the actions noted since the last call, sorted.
func (r *recorder) made() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var actions []string
	for action := range r.actions {
		actions = append(actions, action)
	}
	clear(r.actions)
	slices.Sort(actions)
	return actions
}

// operation is the API operation of a request in the JSON, the RPC and the query protocol, and in that of Route 53.
func operation(request *http.Request, body []byte) string {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if strings.Contains(request.URL.Path, "/operation/") {
		return path.Base(request.URL.Path)
	}
	if operation := faultproxy.Route53Operation(request); operation != "" {
		return operation
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "unknown"
	}
	return form.Get("Action")
}

// reread reads the body of a request and leaves it to be read again.
func reread(request *http.Request) ([]byte, error) {
	body, err := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// serve serves a handler on this machine until the test ends, and returns its address.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// proxyTo forwards requests to an address.
func proxyTo(address string) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return httputil.NewSingleHostReverseProxy(target), nil
}
