package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/semver"
)

// The CLI's Go module, the package of its command, and the variable that holds its version. The linker
// sets that variable in Pulumi's own releases too; a CLI without a version refuses requiredPulumiVersion.
const (
	module          = "github.com/pulumi/pulumi/pkg/v3"
	command         = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
)

// PulumiOptions says where to look for the CLI and where to build it.
type PulumiOptions struct {
	// ToolModule is the folder of the go.mod that pins the CLI as a tool.
	ToolModule string
	// BinDir is the folder that keeps a CLI built here, as pulumi-VERSION/pulumi, so that its folder can go
	// on PATH.
	BinDir string
	// Progress gets one line before a build, which takes minutes the first time. Empty means io.Discard.
	Progress io.Writer
}

// Pulumi returns the absolute path of a Pulumi CLI that is at least as new as the pinned version and of the
// same major version: the one on PATH, else the one that an earlier call built, else a new build.
func Pulumi(ctx context.Context, options PulumiOptions) (string, error) {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	pinned, err := pinnedVersion(ctx, options.ToolModule)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(options.BinDir, "pulumi-"+pinned)
	binary := filepath.Join(folder, "pulumi")
	// The CLI that was built here has the pinned version; asking it would cost a run of the CLI.
	if installed, err := exec.LookPath("pulumi"); err == nil && installed != binary && suits(versionOf(ctx, installed), pinned) {
		return filepath.Abs(installed)
	}

	return binary, Once(folder, func() error { return build(ctx, options, pinned, binary) })
}

// build compiles the pinned CLI.
func build(ctx context.Context, options PulumiOptions, version, binary string) error {
	fmt.Fprintf(options.Progress,
		"Building the Pulumi CLI %s from its Go module (about 3 minutes the first time, seconds from the build cache) ...\n",
		version)
	tool := exec.CommandContext(ctx, "go", "build",
		"-o", binary,
		"-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X "+versionVariable+"="+version,
		command)
	tool.Dir = options.ToolModule
	if messages, err := tool.CombinedOutput(); err != nil {
		return fmt.Errorf("build the Pulumi CLI %s with go build: %w\n%s", version, err, messages)
	}
	return nil
}

// pinnedVersions keeps the version that the go.mod of each tool module pins, so that Go is not asked again for it.
var pinnedVersions sync.Map

// pinnedVersion is the version of the CLI's module in the tool module, such as v3.255.0.
func pinnedVersion(ctx context.Context, toolModule string) (string, error) {
	if known, ok := pinnedVersions.Load(toolModule); ok {
		return known.(string), nil
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", module)
	list.Dir = toolModule
	version, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("read the pinned version of the Pulumi CLI from %s: %w",
			filepath.Join(toolModule, "go.mod"), withMessages(err))
	}
	pinned := strings.TrimSpace(string(version))
	pinnedVersions.Store(toolModule, pinned)
	return pinned, nil
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

// withMessages adds what a command printed on standard error to its exit status.
func withMessages(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
