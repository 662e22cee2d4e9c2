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
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

var discard = log.New(io.Discard, "", 0)

// serveRegistry is what docker speaks with. It wants the password of GetAuthorizationToken.
func (a *AWS) serveRegistry(w http.ResponseWriter, request *http.Request) {
	if user, given, _ := request.BasicAuth(); user != "AWS" || given != password {
		w.Header().Set("WWW-Authenticate", `Basic realm="ecr"`)
		http.Error(w, `{"errors": [{"code": "DENIED", "message": "Your authorization token has expired. Reauthenticate and try again."}]}`, http.StatusUnauthorized)
		return
	}
	response, scripted := a.scripted(request, "registry "+request.Method, nil)
	switch {
	case response.Hangs:
	case scripted:
		response.write(w, request)
	default:
		a.registry.ServeHTTP(w, request)
	}
}

// inside serves requests by the registry, without a password.
type inside struct{ http.Handler }

func (i inside) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, request)
	response := w.Result()
	response.Request = request
	return response, nil
}

// Push puts an image or an index into the registry, under a tag.
func (a *AWS) Push(repository, tag string, image remote.Taggable) error {
	reference, err := name.ParseReference(RegistryHost + "/" + repository + ":" + tag)
	if err != nil {
		return err
	}
	return remote.Push(reference, image, remote.WithTransport(inside{a.registry}))
}

func (a *AWS) fetch(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.registry.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// Manifest is the manifest of what a tag or digest names in a repository.
func (a *AWS) Manifest(repository, reference string) string {
	return a.fetch(http.MethodGet, "/v2/"+repository+"/manifests/"+reference).Body.String()
}

// Digest is the digest of what a tag or digest names in a repository. Empty if there is no such image.
func (a *AWS) Digest(repository, reference string) string {
	return a.fetch(http.MethodHead, "/v2/"+repository+"/manifests/"+reference).Header().Get("Docker-Content-Digest")
}

// digestOf is the digest of an image that a container names.
func (a *AWS) digestOf(image string) (string, error) {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image)))
	if _, named, found := strings.Cut(image, "@"); found {
		digest = named
	}
	if own, found := strings.CutPrefix(image, RegistryHost+"/"); found {
		at := strings.IndexAny(own, "@:")
		digest = a.Digest(own[:at], own[at+1:])
	}
	if digest == "" {
		return "", fmt.Errorf("CannotPullContainerError: %s", image)
	}
	return digest, nil
}

func (a *AWS) getAuthorizationToken(asked) (Object, error) {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
	return Object{"authorizationData": []Object{{"authorizationToken": token, "proxyEndpoint": "https://" + RegistryHost}}}, nil
}

func (a *AWS) describeImages(input asked) (Object, error) {
	digest := ""
	for _, each := range input.ImageIds {
		digest = a.Digest(input.RepositoryName, each.ImageTag+each.ImageDigest)
	}
	if digest == "" {
		return nil, Refuses("ImageNotFoundException", "The image requested does not exist.")
	}
	var list struct{ Tags []string }
	_ = json.Unmarshal(a.fetch(http.MethodGet, "/v2/"+input.RepositoryName+"/tags/list").Body.Bytes(), &list)
	tags := slices.DeleteFunc(list.Tags, func(tag string) bool { return a.Digest(input.RepositoryName, tag) != digest })
	return Object{"imageDetails": []Object{{"imageDigest": digest, "imageTags": tags}}}, nil
}
