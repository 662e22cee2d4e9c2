package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// projectFile is the file that describes a Pulumi project.
const projectFile = "Pulumi.yaml"

// Stack is one Pulumi stack in a sandbox, and all that another process needs to use it.
type Stack struct {
	// Root is the folder of Pulumi.yaml, the program's.
	Root string
	// Dir is the sandbox's folder.
	Dir string
	// CLI is the path of the Pulumi CLI.
	CLI string
	// Project is the name of the program's project, and Name that of the stack.
	Project, Name string
	// Plugins says who does the providers' and the language host's work.
	Plugins Plugins
	// Emulator is the endpoint of every AWS API in the sandbox, such as http://127.0.0.1:41234.
	Emulator string
	// ProviderEndpoint is where the aws provider reaches the emulator.
	ProviderEndpoint string
	// Providers holds the port of each stand-in provider by its package, such as aws. Empty with Official.
	Providers map[string]int `json:",omitempty"`
	// LanguagePort is the port of the Go language host. Zero with Official.
	LanguagePort int `json:",omitempty"`
}

// Result is how a command ended.
type Result struct {
	// Stdout and Stderr are all that the command printed.
	Stdout, Stderr string
	// ExitCode is its exit status; -1 if a signal ended it.
	ExitCode int
}

// StateFile is the file that keeps the stack's state between commands.
func (s *Stack) StateFile() string {
	return filepath.Join(s.stateDir(), ".pulumi", "stacks", s.Project, s.Name+".json")
}

// SettingsFile is the file with the stack's settings.
func (s *Stack) SettingsFile() string {
	return filepath.Join(s.FolderForNewStacks(), "Pulumi."+s.Name+".yaml")
}

// FolderForNewStacks is that of the settings, with a copy of the project file. There the CLI can make a stack: it
// writes the provider of the stack's secrets to a settings file beside the project file, whatever the environment
// says.
func (s *Stack) FolderForNewStacks() string { return filepath.Join(s.Dir, "settings") }

func (s *Stack) stateDir() string { return filepath.Join(s.Dir, "state") }
func (s *Stack) homeDir() string  { return filepath.Join(s.Dir, "home") }

// Command prepares the Pulumi CLI with the sandbox's environment, in the program's folder, without running it.
func (s *Stack) Command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, s.CLI, arguments...)
	command.Dir = s.Root
	command.Env = s.Env()
	if os.Getenv("GOGC") == "" {
		// The CLI runs for a second, and would spend a tenth of it on collecting garbage.
		command.Env = append(command.Env, "GOGC=400")
	}
	return command
}

// Pulumi runs the Pulumi CLI to its end and keeps what it printed. A command that fails is no error here: its exit code
// says so. The error is for a CLI that could not be run.
func (s *Stack) Pulumi(ctx context.Context, arguments ...string) (Result, error) {
	return run(s.Command(ctx, append([]string{"--non-interactive"}, arguments...)...))
}

func run(command *exec.Cmd) (Result, error) {
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, fmt.Errorf("run %s: %w", command.Path, err)
	}
	return Result{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: command.ProcessState.ExitCode()}, nil
}

// NewStack makes another stack in the same sandbox and account, with settings of the program such as
// "mediaserver:name" that the stack's settings file takes beside the region.
func (s *Stack) NewStack(ctx context.Context, name string, settings map[string]string) (*Stack, error) {
	other := *s
	other.Name = name
	return &other, other.initialize(ctx, settings)
}

// initialize makes the empty stack and its settings, the sandbox's and those of the program.
func (s *Stack) initialize(ctx context.Context, ofProgram map[string]string) error {
	for _, dir := range []string{s.stateDir(), s.homeDir(), s.FolderForNewStacks()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create the sandbox's folder: %w", err)
		}
	}
	settings, err := s.encodeSettings(ofProgram)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.SettingsFile(), settings, 0o600); err != nil {
		return fmt.Errorf("write the settings of stack %s: %w", s.Name, err)
	}
	project, err := os.ReadFile(filepath.Join(s.Root, projectFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(s.FolderForNewStacks(), projectFile), project, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copy the Pulumi project: %w", err)
	}
	command := s.Command(ctx, "stack", "init", s.Name, "--non-interactive", "--secrets-provider", secretsProvider)
	command.Dir = s.FolderForNewStacks()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("create the stack %s: %w\n%s", s.Name, err, output)
	}
	return nil
}

// readProject reads the project file of a program.
func readProject(root string) (*workspace.Project, error) {
	project, err := workspace.LoadProject(filepath.Join(root, projectFile))
	if err != nil {
		return nil, fmt.Errorf("read the Pulumi project: %w", err)
	}
	return project, nil
}

// Killed tells whether a run of the CLI on the stack was killed: then the lock that the file backend gives each run
// is still there, and the process that it names has ended. State and account may differ.
func (s *Stack) Killed() (bool, error) {
	// The file backend has one organization, of this name.
	folder := filepath.Join(s.stateDir(), ".pulumi", "locks", "organization", s.Project, s.Name)
	locks, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look whether the last run was killed: %w", err)
	}
	for _, each := range locks {
		var lock struct{ PID int }
		text, err := os.ReadFile(filepath.Join(folder, each.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		// A run that was killed while it wrote its lock leaves half of it.
		if err != nil || json.Unmarshal(text, &lock) != nil || !ProcessRuns(lock.PID) {
			return true, nil
		}
	}
	return false, nil
}

// ProcessRuns tells whether a process runs. A zombie keeps its id until its parent waits for it, which may never
// happen in a container; /proc, where there is one, tells it apart.
func ProcessRuns(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("\nState:\tZ"))
}
