package languagehost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// grace is how long the pipes of a killed program may stay open in processes that it started.
const grace = 2 * time.Second

// buildFlags are those of the released plugin (pulumi-language-go, compileProgram). A program that the sandbox built is
// then up to date for a plain `pulumi` too, and the other way round. -gcflags is there because Go would otherwise write
// that of scripts/goflags into the program.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-gcflags=", "-ldflags", "-w -s"}

// built are the paths of the binaries that this process has built.
var built sync.Map

// start builds the program, lets prepare complete the command, and starts the binary. It builds and starts under one
// lock, because the Go tool may write the binary in place and other runs share it.
func (s *service) start(ctx context.Context, request *pulumirpc.RunRequest, prepare func(*exec.Cmd)) (*exec.Cmd, error) {
	folder := request.GetInfo().GetProgramDirectory()
	target := request.GetInfo().GetOptions().GetFields()["buildTarget"].GetStringValue()
	if target == "" {
		return nil, errors.New("build the program: Pulumi.yaml states no buildTarget")
	}
	binary := filepath.Join(folder, target)
	unlock, err := lock(binary)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, done := built.Load(binary); !done || !s.buildOnce {
		if err := build(ctx, folder, binary); err != nil {
			return nil, err
		}
		built.Store(binary, true)
	}
	command := exec.CommandContext(ctx, binary, request.GetArgs()...)
	command.Dir = request.GetPwd()
	command.WaitDelay = grace
	prepare(command)
	return command, command.Start()
}

// environment is what the Go SDK reads in a program that the engine at an address runs, with this process's own
// environment, except for PULUMI_ variables, which belong to whoever started the host and not to this run.
func environment(request *pulumirpc.RunRequest, engine string) []string {
	// Texts by texts and lists of texts always have a JSON.
	config, _ := json.Marshal(request.GetConfig())
	secretKeys, _ := json.Marshal(request.GetConfigSecretKeys())
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "PULUMI_") })
	return append(own,
		pulumi.EnvOrganization+"="+request.GetOrganization(),
		pulumi.EnvProject+"="+request.GetProject(),
		pulumi.EnvPulumiRootDirectory+"="+request.GetInfo().GetRootDirectory(),
		pulumi.EnvStack+"="+request.GetStack(),
		pulumi.EnvConfig+"="+string(config),
		pulumi.EnvConfigSecretKeys+"="+string(secretKeys),
		pulumi.EnvDryRun+"="+strconv.FormatBool(request.GetDryRun()),
		pulumi.EnvParallel+"="+strconv.Itoa(int(request.GetParallel())),
		pulumi.EnvMonitor+"="+request.GetMonitorAddress(),
		pulumi.EnvEngine+"="+engine,
	)
}

// Build builds the program in a folder as a run would, so that the run itself finds it built.
func Build(ctx context.Context, folder, binary string) error {
	unlock, err := lock(binary)
	if err != nil {
		return err
	}
	defer unlock()
	return build(ctx, folder, binary)
}

// CopyBinary copies a program's binary, if there is one, while nobody builds it. Where the source is the same, the
// copy is up to date for a build there.
func CopyBinary(from, to string) error {
	unlock, err := lock(from)
	if err != nil {
		return err
	}
	defer unlock()
	content, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

// lock keeps other builds and starts of a binary away until unlock is called.
func lock(binary string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return nil, fmt.Errorf("lock the program's binary: %w", err)
	}
	return lockedfile.MutexAt(binary + ".lock").Lock()
}

// build builds the program in a folder. The Go tool leaves a binary that is up to date.
func build(ctx context.Context, folder, binary string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-o", binary}, append(buildFlags, ".")...)...)
	command.Dir = folder
	command.WaitDelay = grace
	if messages, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program in %s with go build: %w\n%s", folder, err, messages)
	}
	return nil
}
