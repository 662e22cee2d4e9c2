package appimage

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestTheProgramIsStaticAndForTheProcessorOfTheTasks(t *testing.T) {
	program, err := Compile(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if binary.Machine != elf.EM_X86_64 {
		t.Errorf("the program is for %v", binary.Machine)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program asks for a dynamic linker, which an image without a base lacks")
		}
	}
}

// image is an image with an invented program.
func image(t *testing.T) v1.Image {
	t.Helper()
	made, err := Image([]byte("a program"), []string{"curl"}, "-version", "v2")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAnImageRunsTheProgramAndHoldsNothingElse(t *testing.T) {
	made := image(t)
	archive := mutate.Extract(made)
	defer archive.Close()
	files := map[string]string{}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = header.Linkname + string(content)
	}
	want := map[string]string{"usr": "", "usr/bin": "", "usr/bin/application": "a program", "usr/bin/curl": "application"}
	if !maps.Equal(files, want) {
		t.Errorf("the image holds %q, want %q", files, want)
	}
	file, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := v1.Config{
		User: "65532:65532", Env: []string{"PATH=/usr/bin"},
		Entrypoint: []string{"/usr/bin/application"}, Cmd: []string{"-version", "v2"},
	}
	if file.OS != "linux" || file.Architecture != "amd64" || !reflect.DeepEqual(file.Config, config) {
		t.Errorf("the image's configuration is %+v", file)
	}
}

func TestAnImageIsPushedWithTheLogin(t *testing.T) {
	images := registry.New()
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if username, password, _ := request.BasicAuth(); username != "AWS" || password != "a password" {
			response.Header().Set("WWW-Authenticate", `Basic realm="the registry"`)
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(response, request)
	}))
	defer server.Close()
	made, reference := image(t), strings.TrimPrefix(server.URL, "http://")+"/mediaserver:v1"
	if err := Push(t.Context(), made, reference, "AWS", "guessed"); err == nil || !strings.Contains(err.Error(), reference) ||
		!strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "guessed") {
		t.Errorf("without the right login: %v", err)
	}
	if err := Push(t.Context(), made, reference, "AWS", "a password"); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Get(tag, remote.WithAuth(&authn.Basic{Username: "AWS", Password: "a password"}))
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := made.Digest(); err != nil || found.Digest != digest {
		t.Errorf("pushed %s (%v), the registry holds %s", digest, err, found.Digest)
	}
}
