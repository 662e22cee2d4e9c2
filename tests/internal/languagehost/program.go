package languagehost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// Streams of the engine's log that carry the program's output.
const (
	standardOutput int32 = 1
	standardError  int32 = 2
)

// grace is how long the pipes of a killed program may stay open in processes that it started.
const grace = 2 * time.Second

// buildFlags are those of the released plugin (pulumi-language-go, compileProgram). A program that the sandbox
// built is then up to date for a plain `pulumi` too, and the other way round. -gcflags is there because Go would
// otherwise write that of scripts/goflags into the program.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-gcflags=", "-ldflags", "-w -s"}

// runProgram builds the program of a request and runs it. As with the released plugin, an error that the
// user has seen already ends in Bail, and any other bad end of the program in Error.
func (s *service) runProgram(
	ctx context.Context, engine *engine, request *pulumirpc.RunRequest, environment []string,
) (*pulumirpc.RunResponse, error) {
	// The buildTarget of Pulumi.yaml.
	target := request.GetInfo().GetOptions().GetFields()["buildTarget"].GetStringValue()
	if target == "" {
		return nil, errors.New("build the program: Pulumi.yaml states no buildTarget")
	}
	binary := filepath.Join(request.GetInfo().GetProgramDirectory(), target)
	command, err := s.start(ctx, engine, request, binary, environment)
	var compilation *compileError
	if errors.As(err, &compilation) {
		engine.log(ctx, pulumirpc.LogSeverity_ERROR, 0, compilation.Error())
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	if err != nil {
		return nil, err
	}

	err = command.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("the program was stopped: %w", context.Cause(ctx))
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit) && exit.Exited():
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("program exited with non-zero exit code: %d", exit.ExitCode()),
		}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("program ended unexpectedly: %v", err)}, nil
	}
}

// start builds the program and starts its binary. It does both under one lock, because the Go tool may write
// the binary in place and other runs share it.
func (s *service) start(
	ctx context.Context, engine *engine, request *pulumirpc.RunRequest, binary string, environment []string,
) (*exec.Cmd, error) {
	unlock, err := lockBinary(binary)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(binary); err != nil || !s.keepBinaries {
		if err := compile(ctx, request.GetInfo().GetProgramDirectory(), binary); err != nil {
			return nil, err
		}
	}

	command := exec.CommandContext(ctx, binary, request.GetArgs()...)
	command.Dir = request.GetPwd()
	command.Env = environment
	command.Stdout = output{ctx, engine, standardOutput}
	command.Stderr = output{ctx, engine, standardError}
	command.WaitDelay = grace
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the program: %w", err)
	}
	return command, nil
}

// Build builds the program in a directory as a run would, so that the run itself finds it built.
func Build(ctx context.Context, directory, binary string) error {
	unlock, err := lockBinary(binary)
	if err != nil {
		return err
	}
	defer unlock()
	return compile(ctx, directory, binary)
}

// CopyBinary copies a program's binary while nobody builds it. Where the source is the same, the copy is up to date
// for a build there. The error is fs.ErrNotExist if there is no binary yet.
func CopyBinary(from, to string) error {
	unlock, err := lockBinary(from)
	if err != nil {
		return err
	}
	defer unlock()
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the program's binary: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("create the folder of the copied binary: %w", err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		return fmt.Errorf("copy the program's binary: %w", err)
	}
	return nil
}

// lockBinary keeps other builds and starts of a binary away until unlock is called.
func lockBinary(binary string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return nil, fmt.Errorf("create the folder of the program's binary: %w", err)
	}
	unlock, err = lockedfile.MutexAt(binary + ".lock").Lock()
	if err != nil {
		return nil, fmt.Errorf("lock the program's binary: %w", err)
	}
	return unlock, nil
}

// compileError is a program that the Go compiler refused.
type compileError struct {
	directory string
	messages  string
}

func (e *compileError) Error() string {
	return fmt.Sprintf("build the program in %s with go build:\n%s", e.directory, e.messages)
}

// compile builds the program in a directory. The Go tool leaves a binary that is up to date.
func compile(ctx context.Context, directory, binary string) error {
	goTool, err := findGo()
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, goTool, append([]string{"build", "-o", binary}, append(buildFlags, ".")...)...)
	build.Dir = directory
	build.WaitDelay = grace
	messages, err := build.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the build of the program was stopped: %w", context.Cause(ctx))
	case errors.As(err, &exit):
		return &compileError{directory: directory, messages: strings.TrimSpace(string(messages))}
	case err != nil:
		return fmt.Errorf("run go build in %s: %w", directory, err)
	}
	return nil
}

func findGo() (string, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("the Go tool builds the program and is not on PATH; install Go: %w", err)
	}
	return path, nil
}
