// Package appimage makes container images of the small application in tests/application, without docker and without
// a base image.
package appimage

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	architecture = "amd64"
	// user runs the application: it needs no rights in the container. No entry of /etc/passwd is needed for a number.
	user = "65532:65532"
)

// Compile compiles the application in the module folder (tests in the repository) for Linux on amd64, as the tasks of
// the default stack run it. It takes a minute the first time, and a second from the build cache.
func Compile(ctx context.Context, module string) (program []byte, err error) {
	folder, err := os.MkdirTemp("", "application-")
	if err != nil {
		return nil, fmt.Errorf("compile the application: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	binary := filepath.Join(folder, "application")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-w -s",
		"-o", binary, "./application")
	build.Dir = module
	// Without C the program is static, as an image without a base needs it.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	if messages, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the application in %s with go build: %w\n%s", module, err, messages)
	}
	return os.ReadFile(binary)
}

// Image is an image of the compiled application and nothing else. It runs the application with flags. The application
// is also its own health check, by the names of the programs that are in the image: curl and wget.
func Image(program []byte, programs []string, flags ...string) (v1.Image, error) {
	entries := []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "usr/bin/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "usr/bin/application", Mode: 0o755, Size: int64(len(program))},
	}
	for _, name := range programs {
		link := tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/bin/" + name, Linkname: "application", Mode: 0o777}
		entries = append(entries, &link)
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	var problems []error
	for _, entry := range entries {
		problems = append(problems, writer.WriteHeader(entry))
		if entry.Typeflag == tar.TypeReg {
			_, err := writer.Write(program)
			problems = append(problems, err)
		}
	}
	if err := errors.Join(append(problems, writer.Close())...); err != nil {
		return nil, fmt.Errorf("make the layer of the application's image: %w", err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
	if err != nil {
		return nil, fmt.Errorf("make the layer of the application's image: %w", err)
	}
	config := v1.Config{Entrypoint: []string{"/usr/bin/application"}, Cmd: flags, Env: []string{"PATH=/usr/bin"}, User: user}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture, RootFS: v1.RootFS{Type: "layers"}, Config: config,
	})
	if err != nil {
		return nil, fmt.Errorf("make the application's image: %w", err)
	}
	return mutate.AppendLayers(image, layer)
}
