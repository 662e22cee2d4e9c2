package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"mediaserver/tests/internal/iampolicy"
	"mediaserver/tests/internal/sandbox"
)

// guard stands between the Pulumi CLI and the emulator's Amazon S3 and AWS KMS. It does what AWS
// does and the emulator does not: it refuses what the policies of the caller do not allow.
type guard struct {
	forward *httputil.ReverseProxy
	mutex   sync.Mutex
	// documents are the policies of the caller. Nil is an administrator.
	documents []iampolicy.Document
	// seen and refused are the requests since the last call of take.
	seen, refused []iampolicy.Request
}

// newGuard is a guard in front of the emulator, with its address.
func newGuard(t *testing.T, emulator string) (*guard, string) {
	t.Helper()
	target, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	guarding := &guard{forward: httputil.NewSingleHostReverseProxy(target)}
	server := httptest.NewServer(guarding)
	t.Cleanup(server.Close)
	return guarding, server.URL
}

// as makes everybody who comes from now on a caller with the documents.
func (g *guard) as(documents []iampolicy.Document) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.documents = documents
}

// take returns the requests since it was last called: all, and those that were refused.
func (g *guard) take() (seen, refused []iampolicy.Request) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	seen, refused = g.seen, g.refused
	g.seen, g.refused = nil, nil
	return seen, refused
}

func (g *guard) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	var needed []iampolicy.Request
	if err == nil {
		needed, err = permissions(request, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, each := range needed {
		if !g.allows(each) {
			refuse(w, request)
			return
		}
	}
	answer := httptest.NewRecorder()
	g.forward.ServeHTTP(answer, request)
	// Amazon S3 does not tell a caller that an object is missing who may not list its key (API reference, GetObject). It
	// takes the key for s3:prefix (ceph/ceph#68577).
	if bucket, key := bucketAndKey(request); answer.Code == http.StatusNotFound && key != "" && !g.allows(listing(bucket, key)) {
		refuse(w, request)
		return
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = answer.Body.WriteTo(w)
}

// allows notes a request, and tells whether the caller may make it.
func (g *guard) allows(request iampolicy.Request) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.seen = append(g.seen, request)
	allowed := g.documents == nil || iampolicy.Allows(g.documents, request)
	if !allowed {
		g.refused = append(g.refused, request)
	}
	return allowed
}

// permissions are what a request needs. One that the guard does not know is an error.
func permissions(request *http.Request, body []byte) ([]iampolicy.Request, error) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return keyPermissions(target, body)
	}
	bucket, key := bucketAndKey(request)
	query := request.URL.Query()
	object := func(action, path string) iampolicy.Request {
		return iampolicy.Request{Action: action, Resource: "arn:aws:s3:::" + path}
	}
	path := bucket + "/" + key
	switch {
	case key == "" && request.Method == http.MethodGet && query.Get("list-type") == "2":
		list := listing(bucket, query.Get("prefix"))
		if !query.Has("prefix") {
			list.Context = nil
		}
		return []iampolicy.Request{list}, nil
	case key != "" && (request.Method == http.MethodGet || request.Method == http.MethodHead):
		return []iampolicy.Request{object("s3:GetObject", path)}, nil
	case key != "" && request.Method == http.MethodDelete:
		return []iampolicy.Request{object("s3:DeleteObject", path)}, nil
	case key != "" && request.Method == http.MethodPut:
		needed := []iampolicy.Request{object("s3:PutObject", path)}
		if copied := request.Header.Get("X-Amz-Copy-Source"); copied != "" {
			source, err := url.PathUnescape(strings.TrimPrefix(copied, "/"))
			return append(needed, object("s3:GetObject", source)), err
		}
		return needed, nil
	}
	return nil, fmt.Errorf("the guard does not know %s %s", request.Method, request.URL)
}

// keyPermissions are what a request to AWS KMS needs.
func keyPermissions(target string, body []byte) ([]iampolicy.Request, error) {
	var fields struct {
		KeyID          string `json:"KeyId"`
		CiphertextBlob []byte
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	action := "kms:" + strings.TrimPrefix(target, "TrentService.")
	key := fields.KeyID
	// A ciphertext says with which key it was encrypted; the emulator's begins with its id.
	const idLength = 36
	if action == "kms:Decrypt" {
		if len(fields.CiphertextBlob) < idLength {
			return nil, fmt.Errorf("the ciphertext has %d bytes", len(fields.CiphertextBlob))
		}
		key = string(fields.CiphertextBlob[:idLength])
	}
	return []iampolicy.Request{{Action: action, Resource: keyARN(key)}}, nil
}

// keyARN is the ARN of a KMS key.
func keyARN(id string) string {
	return "arn:aws:kms:" + sandbox.Region + ":" + sandbox.Account + ":key/" + id
}

// listing is what it takes to list the keys of a bucket that begin with a prefix.
func listing(bucket, prefix string) iampolicy.Request {
	return iampolicy.Request{Action: "s3:ListBucket", Resource: "arn:aws:s3:::" + bucket, Context: map[string]string{"s3:prefix": prefix}}
}

// bucketAndKey are what the path of a request names.
func bucketAndKey(request *http.Request) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	return bucket, key
}

// refuse answers as AWS does to a caller without the permission.
func refuse(w http.ResponseWriter, request *http.Request) {
	if request.Header.Get("X-Amz-Target") != "" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "not authorized"}`)
		return
	}
	w.WriteHeader(http.StatusForbidden)
	if request.Method != http.MethodHead {
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>")
	}
}
