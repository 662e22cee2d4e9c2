package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// The CLI's Go module, the package of its command, and the variable that holds its version. The linker sets that
// variable in Pulumi's own releases too; a CLI without a version refuses requiredPulumiVersion.
const (
	module          = "github.com/pulumi/pulumi/pkg/v3"
	command         = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
)

// Pulumi returns the absolute path of a Pulumi CLI that is at least as new as the version in the tests' go.mod and of
// the same major version: the one on PATH, else the one that an earlier call built in the repository, else a new
// build.
func Pulumi(ctx context.Context, repository string) (string, error) {
	tests, err := filepath.Abs(filepath.Join(repository, "tests"))
	if err != nil {
		return "", err
	}
	pinned, err := required(filepath.Join(tests, "go.mod"))
	if err != nil {
		return "", err
	}
	folder := filepath.Join(filepath.Dir(tests), "bin", "pulumi-"+pinned)
	binary := filepath.Join(folder, "pulumi")
	// The CLI that was built here has the pinned version; asking it would cost a run of the CLI.
	installed, err := exec.LookPath("pulumi")
	if err == nil && installed != binary && suits(versionOf(ctx, installed), pinned) {
		return filepath.Abs(installed)
	}
	return binary, Once(folder, func() error {
		fmt.Fprintf(os.Stderr, "Building the Pulumi CLI %s from its Go module "+
			"(about 3 minutes the first time, seconds from the build cache) ...\n", pinned)
		build := exec.CommandContext(ctx, "go", "build", "-o", binary, "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -X "+versionVariable+"="+pinned, command)
		build.Dir = tests
		if messages, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the Pulumi CLI with go build: %w\n%s", err, messages)
		}
		return nil
	})
}

// required is the version of the CLI's module in a go.mod, such as v3.255.0.
func required(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("find the version of the Pulumi CLI: %w", err)
	}
	parsed, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return "", fmt.Errorf("find the version of the Pulumi CLI: %w", err)
	}
	at := slices.IndexFunc(parsed.Require, func(each *modfile.Require) bool { return each.Mod.Path == module })
	if at < 0 {
		return "", fmt.Errorf("find the version of the Pulumi CLI: %s does not require %s", file, module)
	}
	return parsed.Require[at].Mod.Version, nil
}

// versionOf is what a CLI says about itself, or nothing if it does not run or does not know.
func versionOf(ctx context.Context, binary string) string {
	ask := exec.CommandContext(ctx, binary, "version")
	ask.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	version, err := ask.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(version))
}

// suits tells whether a CLI of one version can do what the sandbox was tested with at another.
func suits(version, pinned string) bool {
	return semver.IsValid(version) &&
		semver.Major(version) == semver.Major(pinned) &&
		semver.Compare(version, pinned) >= 0
}
