package emulator

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
)

//go:embed serve.py
var program string

// process is a Python that serves emulators. It ends with this process.
type process struct {
	python  string
	command *exec.Cmd
	// requests is the pipe that it ends with.
	requests io.WriteCloser
	answers  *bufio.Reader
	exited   <-chan struct{}
	// said is the beginning of what it has printed on standard error, complete when exited is closed.
	said *beginning
	// asking keeps the answers of two requests apart.
	asking sync.Mutex
}

func start(options Options) (*process, error) {
	said := &beginning{}
	command := exec.Command(options.Python, "-c", program)
	command.Env = environment()
	command.Stderr = io.MultiWriter(said, options.Log)
	// Ctrl-C on a terminal is for this process, which still needs the emulator to take everything down.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if options.Held != nil {
		command.ExtraFiles = []*os.File{options.Held}
	}
	requests, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	// Not StdoutPipe, which Wait closes, maybe before an answer is read.
	answers, written, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	command.Stdout = written
	err = command.Start()
	_ = written.Close()
	if err != nil {
		_ = answers.Close()
		return nil, fmt.Errorf("start the emulator with %s: %w", options.Python, err)
	}
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	return &process{
		python: options.Python, command: command, requests: requests, answers: bufio.NewReader(answers), exited: exited, said: said,
	}, nil
}

// environment is that of the emulator. It leaves out what configures AWS clients, since the emulator is built on one
// and would fail on a profile that it cannot find, and what configures another emulator.
func environment() []string {
	own := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "AWS_") || strings.HasPrefix(variable, "MOTO_")
	})
	return append(own,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"MOTO_IAM_LOAD_MANAGED_POLICIES=true",
		// Without it moto looks for the account of each request's key, and loads IAM in every partition for that.
		"MOTO_ACCOUNT_ID="+Account,
		// It would let every certificate wait for a minute.
		"MOTO_ACM_VALIDATION_WAIT=0",
		// It would make a thousand machine images, which nothing here uses, in each region.
		"MOTO_EC2_LOAD_DEFAULT_AMIS=false",
	)
}

// open opens an emulator, which ends by the call of end with its port.
func (p *process) open(ctx context.Context, end func(port string) error) (*Emulator, error) {
	type answer struct {
		port string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		port, err := p.ask("open")
		answered <- answer{port, err}
	}()
	select {
	case got := <-answered:
		if got.err != nil {
			return nil, got.err
		}
		return &Emulator{process: p, port: got.port, end: sync.OnceValue(func() error { return end(got.port) })}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("start the emulator with %s: %w", p.python, context.Cause(ctx))
	}
}

// close ends one of several emulators.
func (p *process) close(port string) error {
	if _, err := p.ask("close " + port); err != nil && p.runs() {
		return err
	}
	return nil
}

// ask makes a request and returns the answer.
func (p *process) ask(request string) (string, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	_, err := io.WriteString(p.requests, request+"\n")
	var answer string
	if err == nil {
		answer, err = p.answers.ReadString('\n')
	}
	// The pipe is closed at this end as soon as the process is known to have ended.
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		<-p.exited
		return "", fmt.Errorf("the emulator, served by %s, has ended:\n%s", p.python, p.said)
	}
	if err != nil {
		return "", fmt.Errorf("ask the emulator: %w", err)
	}
	return strings.TrimSpace(answer), nil
}

func (p *process) runs() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stop ends the process, and all emulators with it, and waits for that.
func (p *process) stop() {
	_ = p.requests.Close()
	_ = p.command.Process.Kill()
	<-p.exited
}

// mostSaid is how many bytes of the emulator's output an error quotes.
const mostSaid = 8 << 10

// beginning keeps the first bytes that are written to it.
type beginning struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *beginning) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(text[:min(len(text), mostSaid-b.text.Len())])
	return len(text), nil
}

func (b *beginning) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
