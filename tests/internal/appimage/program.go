// Package appimage makes container images of the small application in tests/application, without docker and without
// a base image, and saves them as docker loads them or pushes them to a registry.
package appimage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Architectures are those that images are made for, by Go's and docker's names.
var Architectures = []string{"amd64", "arm64"}

// Program is the compiled application. All images of one architecture share it.
type Program struct {
	architecture string
	binary       []byte
}

// Compile compiles the application in the module folder (tests in the repository) for Linux on one of the
// Architectures. It takes a minute the first time, and a second from the build cache.
func Compile(ctx context.Context, module, architecture string) (Program, error) {
	if !slices.Contains(Architectures, architecture) {
		return Program{}, fmt.Errorf("compile the application for %q: it must be one of %s",
			architecture, strings.Join(Architectures, ", "))
	}
	folder, err := os.MkdirTemp("", "application-")
	if err != nil {
		return Program{}, fmt.Errorf("compile the application: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	binary := filepath.Join(folder, "application")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-w -s", "-o", binary, "./application")
	build.Dir = module
	// Without C the program is static, as an image without a base needs it.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	if messages, err := build.CombinedOutput(); err != nil {
		return Program{}, fmt.Errorf("compile the application in %s with go build: %w\n%s", module, err, messages)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return Program{}, fmt.Errorf("compile the application: %w", err)
	}
	return Program{architecture: architecture, binary: content}, nil
}
