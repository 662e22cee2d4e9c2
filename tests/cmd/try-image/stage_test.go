package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/sandbox"
)

// deployed is a deployed stack to try images for.
type deployed struct {
	*sandbox.Stack
	// outputs is a file with its outputs.
	outputs string
}

// deploy returns the stack that the tests of this package share. Nobody changes it.
func deploy(t *testing.T) *deployed {
	t.Helper()
	stack, err := deployOnce()
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// ending are what ends the things that the tests share, in the order in which they began.
var ending []func()

var deployOnce = sync.OnceValues(func() (*deployed, error) {
	folder, err := os.MkdirTemp("", "try-image-test-")
	if err != nil {
		return nil, err
	}
	ending = append(ending, func() { _ = os.RemoveAll(folder) })
	running, err := sandbox.Start(context.Background(), sandbox.Options{
		Root: "../../..", Dir: filepath.Join(folder, "sandbox"), Progress: os.Stderr,
	})
	if err != nil {
		return nil, err
	}
	ending = append(ending, func() { _ = running.Close() })
	stack := &deployed{Stack: &running.Stack, outputs: filepath.Join(folder, "outputs.json")}
	for _, arguments := range [][]string{{"up", "--yes", "--skip-preview"}, {"stack", "output", "--json"}} {
		result, err := running.Pulumi(context.Background(), arguments...)
		if err != nil {
			return nil, err
		}
		if result.ExitCode != 0 {
			return nil, fmt.Errorf("pulumi %q: exit code %d\n%s%s", arguments, result.ExitCode, result.Stdout, result.Stderr)
		}
		if err := os.WriteFile(stack.outputs, []byte(result.Stdout), 0o600); err != nil {
			return nil, err
		}
	}
	return stack, nil
})

// performance is what one run of the command did.
type performance struct {
	code   int
	output string
	// folder is that of the scripted docker, if it was that.
	folder string
}

// stage is what a run of the command meets.
type stage struct {
	*deployed
	// script is what docker answers; nil lets the engine answer.
	script script
	engine *engine
	// root is the repository that the command finds itself in; empty means one without a sandbox.
	root string
	// variables are further variables of the environment.
	variables []string
	// without leaves docker out of PATH.
	without bool
	// folder is where the scripted docker finds its answers; made if empty.
	folder string
}

// process is a running command.
type process struct {
	t      *testing.T
	stage  stage
	folder string
	cmd    *exec.Cmd
	output *watched
}

// start starts the command with the arguments.
func (s stage) start(t *testing.T, arguments ...string) *process {
	t.Helper()
	folder := s.folder
	if folder == "" {
		folder = t.TempDir()
	}
	root := s.root
	if root == "" {
		root = t.TempDir()
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(root, "bin", "try-image")
	place(t, self, program)
	path := filepath.Join(folder, "path")
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	// With the race detector, the command and each call of the scripted docker would wait for a second at their end.
	environment := append([]string{"HOME=" + folder, "TMPDIR=" + folder, "GORACE=atexit_sleep_ms=0"}, s.variables...)
	for _, variable := range s.Env() {
		// What leads to the sandbox's AWS; nothing of Pulumi.
		if strings.HasPrefix(variable, "AWS_") {
			environment = append(environment, variable)
		}
	}
	switch {
	case s.without:
	case s.script != nil:
		place(t, self, filepath.Join(path, "docker"))
		text, err := json.Marshal(s.script)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "script"), string(text))
		environment = append(environment, scriptVariable+"="+folder)
	default:
		docker, err := exec.LookPath("docker")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(docker, filepath.Join(path, "docker")); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
		for _, variable := range s.engine.environment() {
			if strings.HasPrefix(variable, "DOCKER_") {
				environment = append(environment, variable)
			}
		}
	}
	p := &process{t: t, stage: s, folder: folder, output: &watched{changed: make(chan struct{}, 1)}}
	p.cmd = exec.Command(program, arguments...)
	p.cmd.Env = append(environment, "PATH="+path+string(os.PathListSeparator)+"/usr/bin:/bin")
	if s.without {
		p.cmd.Env = append(environment, "PATH="+path)
	}
	p.cmd.Dir = folder
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// wait waits for the end of the command.
func (p *process) wait() performance {
	p.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(p.folder, "unanswered")); err == nil {
		p.t.Errorf("the script has no answer for %s", text)
	}
	result := performance{code: p.cmd.ProcessState.ExitCode(), output: p.output.String(), folder: p.folder}
	if secret := p.stage.secret(p.t); strings.Contains(result.output, secret) {
		p.t.Errorf("the output gives the secret away: %s", result.output)
	}
	return result
}

// isWanted returns an error unless the exit code is as wanted and the output holds every phrase.
func (r performance) isWanted(code int, phrases ...string) error {
	var problems []error
	if r.code != code {
		problems = append(problems, fmt.Errorf("exit code %d, want %d", r.code, code))
	}
	for _, phrase := range phrases {
		if !strings.Contains(r.output, phrase) {
			problems = append(problems, fmt.Errorf("the output lacks %q", phrase))
		}
	}
	return errors.Join(problems...)
}

// expect checks what isWanted does.
func (r performance) expect(t *testing.T, code int, phrases ...string) {
	t.Helper()
	if err := r.isWanted(code, phrases...); err != nil {
		t.Errorf("%v\noutput:\n%s", err, r.output)
	}
}

// secret is the stack's JWT secret.
func (d *deployed) secret(t *testing.T) string {
	t.Helper()
	return parameter(t, d.Emulator, "/mediaserver/jwt-secret")
}

// watched is an output that a test can wait for.
type watched struct {
	lock    sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (w *watched) Write(text []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	defer func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}()
	return w.text.Write(text)
}

func (w *watched) String() string {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.text.String()
}

// await waits until the output holds a phrase.
func (w *watched) await(ctx context.Context, t *testing.T, phrase string) {
	t.Helper()
	for !strings.Contains(w.String(), phrase) {
		select {
		case <-w.changed:
		case <-ctx.Done():
			t.Fatalf("the output never held %q:\n%s", phrase, w)
		}
	}
}

// serve is an application in place of one in a container: every path is answered by one handler. It returns the
// address, as docker port would.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// get asks an address and returns status and body.
func get(t *testing.T, method, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// place puts the program into another place, under the name that tells it what to be.
func place(t *testing.T, program, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(program, path); err == nil || errors.Is(err, os.ErrExist) {
		return
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// parameter is the value of a parameter in the sandbox.
func parameter(t *testing.T, endpoint, name string) string {
	t.Helper()
	client := ssm.NewFromConfig(sandbox.AWSConfig(endpoint))
	answer, err := client.GetParameter(context.Background(), &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return *answer.Parameter.Value
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
