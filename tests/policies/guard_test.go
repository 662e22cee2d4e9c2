package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"

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

// newGuard is a guard in front of the emulator.
func newGuard(emulator string) (*guard, error) {
	forward, err := proxyTo(emulator)
	if err != nil {
		return nil, err
	}
	guarding := &guard{forward: forward}
	forward.ModifyResponse = guarding.hideWhatMayNotBeListed
	return guarding, nil
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
	body, err := reread(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	needed, err := permissions(request, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, each := range needed {
		if err := g.judge(each); err != nil {
			refuse(w, request, err)
			return
		}
	}
	g.forward.ServeHTTP(w, request)
}

// judge notes a request, and returns an error if the caller may not make it.
func (g *guard) judge(request iampolicy.Request) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.seen = append(g.seen, request)
	if g.documents == nil {
		return nil
	}
	allowed, err := iampolicy.Evaluate(request, g.documents...)
	if err == nil && !allowed {
		err = fmt.Errorf("not authorized to perform %s on %s with %v", request.Action, request.Resource, request.Context)
	}
	if err != nil {
		g.refused = append(g.refused, request)
	}
	return err
}

// hideWhatMayNotBeListed refuses a caller who reads an object that is not there, unless the caller may list its key:
// Amazon S3 does not tell others that it is missing (API reference, GetObject). It takes the key for s3:prefix
// (ceph/ceph#68577).
func (g *guard) hideWhatMayNotBeListed(response *http.Response) error {
	request := response.Request
	bucket, key := bucketAndKey(request)
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	if response.StatusCode != http.StatusNotFound || !reads || key == "" {
		return nil
	}
	if err := g.judge(listing(bucket, key)); err != nil {
		_ = response.Body.Close()
		text := denial(request, err)
		response.StatusCode, response.Status = http.StatusForbidden, ""
		response.Header.Set("Content-Length", strconv.Itoa(len(text)))
		response.ContentLength = int64(len(text))
		response.Body = io.NopCloser(bytes.NewReader(text))
	}
	return nil
}

// permissions are what a request needs. One that the guard does not know is an error.
func permissions(request *http.Request, body []byte) ([]iampolicy.Request, error) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return keyPermissions(target, body)
	}
	bucket, key := bucketAndKey(request)
	query := request.URL.Query()
	object := func(action, bucket, key string) iampolicy.Request {
		return iampolicy.Request{Action: action, Resource: "arn:aws:s3:::" + bucket + "/" + key}
	}
	switch {
	case key == "" && request.Method == http.MethodGet && query.Get("list-type") == "2":
		list := listing(bucket, query.Get("prefix"))
		if !query.Has("prefix") {
			list.Context = nil
		}
		return []iampolicy.Request{list}, nil
	case key != "" && (request.Method == http.MethodGet || request.Method == http.MethodHead):
		return []iampolicy.Request{object("s3:GetObject", bucket, key)}, nil
	case key != "" && request.Method == http.MethodDelete:
		return []iampolicy.Request{object("s3:DeleteObject", bucket, key)}, nil
	case key != "" && request.Method == http.MethodPut:
		needed := []iampolicy.Request{object("s3:PutObject", bucket, key)}
		if copied := request.Header.Get("X-Amz-Copy-Source"); copied != "" {
			source, err := url.PathUnescape(strings.TrimPrefix(copied, "/"))
			if err != nil {
				return nil, err
			}
			fromBucket, fromKey, _ := strings.Cut(source, "/")
			needed = append(needed, object("s3:GetObject", fromBucket, fromKey))
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
func refuse(w http.ResponseWriter, request *http.Request, reason error) {
	status := http.StatusForbidden
	if request.Header.Get("X-Amz-Target") != "" {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	_, _ = w.Write(denial(request, reason))
}

// denial is the body of such an answer.
func denial(request *http.Request, reason error) []byte {
	if request.Method == http.MethodHead {
		return nil
	}
	if request.Header.Get("X-Amz-Target") != "" {
		text, _ := json.Marshal(map[string]string{"__type": "AccessDeniedException", "message": reason.Error()})
		return text
	}
	return []byte("<Error><Code>AccessDenied</Code><Message>" + reason.Error() + "</Message></Error>")
}
