package appimage

import (
	"archive/tar"
	"debug/elf"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// module is the folder of the module that the application is in.
const module = "../.."

// invented stands for a compiled application where its content does not matter.
var invented = Program{architecture: "arm64", binary: []byte("a program")}

func makeImage(t *testing.T, program Program, variant Variant) v1.Image {
	t.Helper()
	image, err := program.Image(variant)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(t *testing.T, image v1.Image) string {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// filesOf returns the files of an image by their names: their content, or where a symbolic link leads.
func filesOf(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	archive := mutate.Extract(image)
	defer archive.Close()
	files := map[string]string{}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeDir {
			files[header.Name] = header.Linkname + string(content)
		}
	}
}

func TestTheProgramIsStaticAndForTheArchitectureOfItsImage(t *testing.T) {
	architecture := "amd64"
	if slices.Contains(Architectures, runtime.GOARCH) {
		architecture = runtime.GOARCH
	}
	program, err := Compile(t.Context(), module, architecture)
	if err != nil {
		t.Fatal(err)
	}
	image := makeImage(t, program, Variant{})
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := file.OS + "/" + file.Architecture; got != "linux/"+architecture {
		t.Errorf("the image is for %s", got)
	}
	binary, err := elf.NewFile(strings.NewReader(filesOf(t, image)["usr/bin/application"]))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[architecture]; binary.Machine != want {
		t.Errorf("the program is for %v, want %v", binary.Machine, want)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program asks for a dynamic linker, which an image without a base lacks")
		}
	}
}

func TestACompilationThatFailsSaysWhyAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for architecture, message := range map[string]string{
		"X86_64": `"X86_64": it must be one of amd64, arm64`, "amd64": "go.mod",
	} {
		if _, err := Compile(t.Context(), t.TempDir(), architecture); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("for %s the error is %v, want %q", architecture, err, message)
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, "application-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestAnImageHoldsTheProgramAndItsCurlAlone(t *testing.T) {
	files := filesOf(t, makeImage(t, invented, Variant{}))
	if len(files) != 2 || files["usr/bin/application"] != "a program" || files["usr/bin/curl"] != "application" {
		t.Errorf("the image holds %v", files)
	}
	files = filesOf(t, makeImage(t, invented, Variant{WithoutCurl: true}))
	if len(files) != 1 || files["usr/bin/application"] != "a program" {
		t.Errorf("the image without curl holds %v", files)
	}
}

func TestAVariantIsTheCommandOfItsImage(t *testing.T) {
	variant := Variant{
		Version: "v2", HealthPath: "/up", HealthStatus: 503, HealthDelay: time.Minute, Host: "127.0.0.1",
		Port: 8080, ReadyAfter: time.Second, Allocate: 64, ExitMessage: "no DATABASE_URL", ExitCode: 3,
	}
	want := []string{
		"-version", "v2", "-health-path", "/up", "-health-status", "503", "-health-delay", "1m0s",
		"-host", "127.0.0.1", "-port", "8080", "-ready-after", "1s", "-allocate", "64",
		"-exit-message", "no DATABASE_URL", "-exit-code", "3",
	}
	file, err := makeImage(t, invented, variant).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(file.Config.Cmd, want) {
		t.Errorf("the command is %q, want %q", file.Config.Cmd, want)
	}
	if file.Config.User != user || !slices.Equal(file.Config.Entrypoint, []string{"/usr/bin/application"}) {
		t.Errorf("the image runs %q as %q", file.Config.Entrypoint, file.Config.User)
	}
}

func TestASavedImageIsFoundByItsReference(t *testing.T) {
	image := makeImage(t, invented, Variant{})
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := Save(image, "application:v1", path); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("application:v1")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := tarball.ImageFromPath(path, &tag)
	if err != nil {
		t.Fatal(err)
	}
	want, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := saved.ConfigName(); err != nil || got != want {
		t.Errorf("the saved image has the configuration %v (%v), want %v", got, err, want)
	}
	if err := Save(image, "Not A Reference", path); err == nil || !strings.Contains(err.Error(), "Not A Reference") {
		t.Errorf("a bad reference: %v", err)
	}
	if err := Save(image, "application:v1", filepath.Join(path, "image.tar")); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a bad path: %v", err)
	}
}

// registryWith is a registry that asks for the login, and returns its address.
func registryWith(t *testing.T, login Login) string {
	t.Helper()
	images := registry.New()
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		username, password, _ := request.BasicAuth()
		if (Login{username, password}) != login {
			response.Header().Set("WWW-Authenticate", `Basic realm="the registry"`)
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(response, request)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestAnImageIsPushedWithTheLogin(t *testing.T) {
	login := Login{Username: "AWS", Password: "a password"}
	reference := registryWith(t, login) + "/mediaserver:v1"
	image := makeImage(t, invented, Variant{})
	digest, err := Push(t.Context(), image, reference, login)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Get(tag, remote.WithAuth(&authn.Basic{Username: login.Username, Password: login.Password}))
	if err != nil {
		t.Fatal(err)
	}
	if found.Digest.String() != digest || digest != digestOf(t, image) {
		t.Errorf("pushed %s, the registry holds %s", digest, found.Digest)
	}
}

func TestAPushWithoutTheRightLoginFails(t *testing.T) {
	reference := registryWith(t, Login{Username: "AWS", Password: "a password"}) + "/mediaserver:v1"
	for _, login := range []Login{{}, {Username: "AWS", Password: "guessed"}} {
		_, err := Push(t.Context(), makeImage(t, invented, Variant{}), reference, login)
		if err == nil || !strings.Contains(err.Error(), reference) || !strings.Contains(err.Error(), "401") {
			t.Errorf("%v: got %v", login, err)
		}
		if login.Password != "" && err != nil && strings.Contains(err.Error(), login.Password) {
			t.Errorf("the error gives the password away: %v", err)
		}
	}
}
