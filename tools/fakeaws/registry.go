package fakeaws

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

var discard = log.New(io.Discard, "", 0)

// serveRegistry is what docker speaks with. It wants the password of GetAuthorizationToken.
func (a *AWS) serveRegistry(w http.ResponseWriter, request *http.Request) {
	if user, password, _ := request.BasicAuth(); user != "AWS" || password != a.Password {
		w.Header().Set("WWW-Authenticate", `Basic realm="ecr"`)
		http.Error(w, `{"errors": [{"code": "DENIED", "message": "Your authorization token has expired. Reauthenticate and try again."}]}`, http.StatusUnauthorized)
		return
	}
	if response, scripted := a.scripted("registry "+request.Method, nil); scripted {
		if response.Hangs {
			<-request.Context().Done()
			return
		}
		response.write(w)
		return
	}
	a.registry.ServeHTTP(w, request)
}

// Push puts an image or an index into the registry, under a tag.
func (a *AWS) Push(repository, tag string, image remote.Taggable) error {
	reference, err := name.ParseReference(a.RegistryHost() + "/" + repository + ":" + tag)
	if err != nil {
		return err
	}
	inside := remote.WithTransport(roundTripper(func(request *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		a.registry.ServeHTTP(w, request)
		response := w.Result()
		response.Request = request
		return response, nil
	}))
	switch image := image.(type) {
	case v1.ImageIndex:
		return remote.WriteIndex(reference, image, inside)
	case v1.Image:
		return remote.Write(reference, image, inside)
	}
	return remote.Put(reference, image, inside)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request.Body = http.NoBody
	}
	return r(request)
}

func (a *AWS) fetch(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.registry.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// Digest is the digest of what a tag or digest names in a repository. Empty if there is no such image.
func (a *AWS) Digest(repository, reference string) string {
	w := a.fetch(http.MethodHead, "/v2/"+repository+"/manifests/"+reference)
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Header().Get("Docker-Content-Digest")
}

// digestOf is the digest of an image that a container names.
func (a *AWS) digestOf(image string) (string, error) {
	own, inRegistry := strings.CutPrefix(image, a.RegistryHost()+"/")
	if !inRegistry {
		if _, digest, found := strings.Cut(image, "@"); found {
			return digest, nil
		}
		return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image))), nil
	}
	repository, reference, found := strings.Cut(own, "@")
	if !found {
		repository, reference, _ = strings.Cut(own, ":")
	}
	if digest := a.Digest(repository, reference); digest != "" {
		return digest, nil
	}
	return "", fmt.Errorf("CannotPullContainerError: %s", image)
}

func (a *AWS) getAuthorizationToken(Object) (Object, error) {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + a.Password))
	return Object{"authorizationData": []Object{{"authorizationToken": token, "proxyEndpoint": "https://" + a.RegistryHost()}}}, nil
}

// asked is the image that a call of the registry's API names.
func (a *AWS) asked(input Object) (repository, digest string) {
	repository = text(input["repositoryName"])
	ids, _ := input["imageIds"].([]any)
	if len(ids) == 0 {
		return repository, ""
	}
	id := ids[0].(Object)
	return repository, a.Digest(repository, text(id["imageTag"])+text(id["imageDigest"]))
}

func (a *AWS) describeImages(input Object) (Object, error) {
	repository, digest := a.asked(input)
	if digest == "" {
		return nil, Response{Code: "ImageNotFoundException", Message: "The image requested does not exist."}
	}
	var list struct{ Tags []string }
	_ = json.Unmarshal(a.fetch(http.MethodGet, "/v2/"+repository+"/tags/list").Body.Bytes(), &list)
	tags := slices.DeleteFunc(list.Tags, func(tag string) bool { return a.Digest(repository, tag) != digest })
	return Object{"imageDetails": []Object{{"imageDigest": digest, "imageTags": tags}}}, nil
}

// Manifest is the manifest of what a tag or digest names in a repository.
func (a *AWS) Manifest(repository, reference string) string {
	return a.fetch(http.MethodGet, "/v2/"+repository+"/manifests/"+reference).Body.String()
}
