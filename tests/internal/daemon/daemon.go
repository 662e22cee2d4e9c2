// Package daemon keeps a sandbox running in a process of its own, so that a deployed stack outlives the
// command that deployed it.
//
// All that it leaves on disk is in the sandbox's folder: the record of the running sandbox, its log and the
// lock that its process holds.
package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/natefinch/atomic"

	"mediaserver/tests/internal/languagehost"
	"mediaserver/tests/internal/sandbox"
)

// How long a running sandbox may take to answer, and its process to end after being asked to.
const (
	answerWithin = 5 * time.Second
	stopWithin   = 5 * time.Second
)

// ErrNone is returned when no sandbox is running that answers.
var ErrNone = errors.New("no sandbox is running")

// Daemon is the sandbox process of one folder, running or not.
type Daemon struct {
	// Dir is the sandbox's folder.
	Dir string
}

// Log is the file that the sandbox process writes to.
func (d Daemon) Log() string { return filepath.Join(d.Dir, "sandbox.log") }

func (d Daemon) record() string { return filepath.Join(d.Dir, "sandbox.json") }
func (d Daemon) lock() string   { return filepath.Join(d.Dir, "process.lock") }

// Exists tells whether a sandbox has left anything in the folder.
func (d Daemon) Exists() (bool, error) {
	_, err := os.Stat(d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the sandbox's folder: %w", err)
	}
	return true, nil
}

// Connect returns the stack of the running sandbox, after its servers have answered. The error is ErrNone,
// with the reason, if there is no such sandbox.
func (d Daemon) Connect(ctx context.Context) (*sandbox.Stack, error) {
	pid, err := holder(d.lock())
	if err != nil {
		return nil, err
	}
	if pid == 0 {
		return nil, ErrNone
	}
	stack, err := d.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	if err := answers(ctx, stack); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return stack, nil
}

// Recorded is the stack of the folder's last sandbox, running or not.
func (d Daemon) Recorded() (*sandbox.Stack, error) { return d.read() }

func (d Daemon) read() (*sandbox.Stack, error) {
	text, err := os.ReadFile(d.record())
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's record: %w", err)
	}
	var stack sandbox.Stack
	if err := json.Unmarshal(text, &stack); err != nil {
		return nil, fmt.Errorf("read the sandbox's record %s: %w", d.record(), err)
	}
	return &stack, nil
}

// answers asks the servers of a sandbox whether they work.
func answers(ctx context.Context, stack *sandbox.Stack) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, stack.Endpoint()+"/moto-api/", nil)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the emulator: GET %s: %s", request.URL, response.Status)
	}
	if stack.Plugins == sandbox.Official {
		return nil
	}
	return languagehost.Ping(ctx, stack.LanguagePort)
}

// Launch starts program with the given arguments as the sandbox process and waits until it serves. The
// program has to call Serve with the same folder.
func (d Daemon) Launch(ctx context.Context, program string, arguments ...string) (*sandbox.Stack, error) {
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the sandbox's folder: %w", err)
	}
	log, err := os.OpenFile(d.Log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the sandbox's log: %w", err)
	}
	defer log.Close()
	ready, written, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe to the sandbox: %w", err)
	}
	defer ready.Close()

	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{written}
	// A session of its own keeps it away from the terminal's Ctrl-C and hang-up.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Start()
	_ = written.Close()
	if err != nil {
		return nil, fmt.Errorf("start the sandbox process: %w", err)
	}
	interrupted := context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })
	defer interrupted()
	// The process writes one byte when it serves; the pipe ends without it when the process ends.
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		_ = command.Wait()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		output, _ := os.ReadFile(d.Log())
		return nil, fmt.Errorf("the sandbox process ended before it was ready:\n%s", output)
	}
	_ = command.Process.Release()
	return d.read()
}

// Serve runs a sandbox in this process until ctx ends or the emulator does. It is what the program given to
// Launch calls.
func (d Daemon) Serve(ctx context.Context, options sandbox.Options) (err error) {
	lock, err := tryLock(d.lock())
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("another process serves the sandbox in %s already", d.Dir)
	}
	defer lock.release()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running, err := sandbox.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	if err := d.write(&running.Stack); err != nil {
		return err
	}
	ready := os.NewFile(3, "ready")
	_, _ = ready.Write([]byte{1})
	_ = ready.Close()

	select {
	case <-ctx.Done():
		return nil
	case <-running.EmulatorExited():
		return errors.New("the emulator ended by itself, and what was deployed in it with it")
	}
}

func (d Daemon) write(stack *sandbox.Stack) error {
	text, err := json.MarshalIndent(stack, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the sandbox's record: %w", err)
	}
	if err := atomic.WriteFile(d.record(), bytes.NewReader(append(text, '\n'))); err != nil {
		return fmt.Errorf("write the sandbox's record: %w", err)
	}
	return nil
}

// Stop ends the sandbox process of the folder, if there is one, and everything that it started. The process
// is asked first and killed when it does not end.
func (d Daemon) Stop(ctx context.Context) error {
	for _, request := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		pid, err := holder(d.lock())
		if err != nil || pid == 0 {
			return err
		}
		if err := syscall.Kill(pid, request); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the sandbox process %d: %w", pid, err)
		}
		wait, cancel := context.WithTimeout(ctx, stopWithin)
		err = awaitFree(wait, d.lock())
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("the sandbox process in %s does not end, not even when killed", d.Dir)
}

// awaitEmulator returns when the emulator of the folder's last sandbox accepts no more connections. It ends by
// itself, moments after a sandbox process that was killed. The wait is bounded, because the port may have been
// given to another process since.
func (d Daemon) awaitEmulator(ctx context.Context) {
	stack, err := d.read()
	if err != nil {
		return
	}
	endpoint, err := url.Parse(stack.Endpoint())
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var dialer net.Dialer
	for ctx.Err() == nil {
		connection, err := dialer.DialContext(ctx, "tcp", endpoint.Host)
		if err != nil {
			return
		}
		_ = connection.Close()
		time.Sleep(lockPoll)
	}
}

// Remove stops the sandbox process and removes the folder.
func (d Daemon) Remove(ctx context.Context) error {
	if err := d.Stop(ctx); err != nil {
		return err
	}
	d.awaitEmulator(ctx)
	if err := os.RemoveAll(d.Dir); err != nil {
		return fmt.Errorf("remove the sandbox's folder: %w", err)
	}
	return nil
}
