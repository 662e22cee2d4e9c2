package python

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Template is a process that has loaded what its forks need. It ends with this process.
type Template struct {
	command  *exec.Cmd
	requests *net.UnixConn
	loaded   <-chan struct{}
	exited   <-chan struct{}
	// said is complete when read is closed: when neither the template nor a fork has it as its standard error any more.
	said Output
	read <-chan struct{}
	// asking keeps the descriptors of two requests apart.
	asking sync.Mutex
}

// Start starts a template. Its program loads something, and then calls fork_for_each of the module forks.
func Start(python, program string, environment []string, arguments ...string) (*Template, error) {
	ends, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	own, other := os.NewFile(uintptr(ends[0]), "requests"), os.NewFile(uintptr(ends[1]), "requests")
	defer own.Close()
	defer other.Close()
	connection, err := net.FileConn(own)
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	template := &Template{requests: connection.(*net.UnixConn)}
	template.command = Command(python, program, arguments...)
	template.command.Env = environment
	template.command.ExtraFiles = []*os.File{other}
	written, read, err := template.said.Pipe()
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	defer written.Close()
	template.command.Stderr = written
	if err := template.command.Start(); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	loaded, exited := make(chan struct{}), make(chan struct{})
	template.loaded, template.exited, template.read = loaded, exited, read
	go func() {
		if _, err := connection.Read(make([]byte, 1)); err == nil {
			close(loaded)
		}
	}()
	go func() {
		_ = template.command.Wait()
		close(exited)
	}()
	return template, nil
}

// Loaded returns when the template has loaded what its forks need, and with an error if it ends before that.
func (t *Template) Loaded(ctx context.Context) error {
	select {
	case <-t.loaded:
		return nil
	case <-t.exited:
		return fmt.Errorf("%s ended while it loaded: %s\n%s", t.command.Path, t.command.ProcessState, t.Said())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Runs tells whether the template has not ended, of itself or because somebody killed it.
func (t *Template) Runs() bool {
	select {
	case <-t.exited:
		return false
	default:
		return true
	}
}

// Close ends the template. Its forks go on until they are closed.
func (t *Template) Close() {
	_ = t.command.Process.Kill()
	<-t.exited
	_ = t.requests.Close()
}

// lastWords is how long what a template has printed may be on its way when it has ended. Its forks may go on and print.
const lastWords = time.Second

// Said is the beginning of what the template has printed on standard error.
func (t *Template) Said() string {
	if !t.Runs() {
		select {
		case <-t.read:
		case <-time.After(lastWords):
		}
	}
	return t.said.String()
}

// Fork lets a fork of the template use the files, as soon as it has loaded. They stay open here.
func (t *Template) Fork(files ...*os.File) (*Fork, error) {
	wanted, alive, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	defer wanted.Close()
	news, outgoing, err := os.Pipe()
	if err != nil {
		_ = alive.Close()
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	defer outgoing.Close()
	if err := t.ask(append([]*os.File{wanted, outgoing}, files...)); err != nil {
		return nil, errors.Join(err, alive.Close(), news.Close())
	}
	begun, exited := make(chan struct{}), make(chan struct{})
	fork := &Fork{alive: alive, begun: begun, exited: exited}
	go fork.follow(news, begun, exited)
	return fork, nil
}

func (t *Template) ask(files []*os.File) error {
	t.asking.Lock()
	defer t.asking.Unlock()
	var descriptors []int
	for _, file := range files {
		descriptors = append(descriptors, int(file.Fd()))
	}
	if _, _, err := t.requests.WriteMsgUnix([]byte{0}, syscall.UnixRights(descriptors...), nil); err != nil {
		return fmt.Errorf("hand a fork its files: %w\n%s", err, t.Said())
	}
	return nil
}

// Fork is a fork of a template. It ends with this process, too.
type Fork struct {
	// alive is the writing end of a pipe that the fork ends with.
	alive  *os.File
	begun  <-chan struct{}
	exited <-chan struct{}
	// pid is known when begun is closed, code when exited is, if known says so.
	pid, code int
	known     bool
	// ending guards pid against the end of the fork: its number may then be another process's.
	ending sync.Mutex
	ended  bool
	close  sync.Once
}

// follow reads what the template tells of the fork.
func (f *Fork) follow(news *os.File, begun, exited chan<- struct{}) {
	defer news.Close()
	reader := bufio.NewReader(news)
	if _, err := fmt.Fscanln(reader, &f.pid); err == nil {
		close(begun)
		// A template that was killed tells nothing, and its forks go on until they are closed.
		_, err := fmt.Fscanln(reader, &f.code)
		f.known = err == nil
	}
	f.ending.Lock()
	defer f.ending.Unlock()
	f.ended = true
	close(exited)
}

// Exited is closed when the fork has ended, or when nobody knows of it because the template has.
func (f *Fork) Exited() <-chan struct{} { return f.exited }

// Wait waits until the fork has ended, and returns its exit code, or the negative number of the signal that has ended it.
// Without its template nobody knows.
func (f *Fork) Wait() (code int, known bool) {
	<-f.exited
	return f.code, f.known
}

// Close ends the fork at once, also one that has stopped or hangs, and waits for that. One that has not come into being,
// because its template still loads, ends when it does, and is not waited for. Later calls do nothing.
func (f *Fork) Close() {
	f.close.Do(func() { _ = f.alive.Close() })
	select {
	case <-f.begun:
	case <-f.exited:
	default:
		return
	}
	f.Signal(syscall.SIGKILL)
	<-f.exited
}

// Signal sends the fork a signal, when it has come into being. One that has ended gets none.
func (f *Fork) Signal(signal syscall.Signal) {
	select {
	case <-f.begun:
	case <-f.exited:
		return
	}
	f.ending.Lock()
	defer f.ending.Unlock()
	if !f.ended {
		_ = syscall.Kill(f.pid, signal)
	}
}
