package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/natefinch/atomic"

	"mediaserver/tests/internal/sandbox"
)

// stopWithin is how long the sandbox process may take to end after a request, before it is killed.
const stopWithin = 30 * time.Second

// errNone is returned when no sandbox is running.
var errNone = errors.New("no sandbox is running")

// daemon is the sandbox process of one folder, running or not, which outlives the command that deployed in it.
//
// The folder holds all its files: the record of the running sandbox, its log, and the lock that its process and the
// emulator's hold.
type daemon struct {
	dir string
}

// log is the file that the sandbox process writes to.
func (d daemon) log() string { return filepath.Join(d.dir, "sandbox.log") }

func (d daemon) record() string { return filepath.Join(d.dir, "sandbox.json") }

// lock is the file that is locked as long as the sandbox process or its emulator runs. It names the former.
func (d daemon) lock() string { return filepath.Join(d.dir, "process.lock") }

// exists tells whether the folder of a sandbox exists.
func (d daemon) exists() (bool, error) { return pathExists(d.dir) }

// served tells whether the folder's last sandbox was ready once, even if it has ended.
func (d daemon) served() (bool, error) { return pathExists(d.record()) }

func pathExists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a sandbox: %w", err)
	}
	return true, nil
}

// connect returns the stack of the running sandbox. The error is errNone, with the reason, if there is none.
func (d daemon) connect() (*sandbox.Stack, error) {
	runs, err := d.runs()
	if err != nil {
		return nil, err
	}
	// As long as the lock is held, one of two processes runs. It is about to end if the other one has ended.
	if pid, err := d.pid(); !runs || err != nil || !sandbox.ProcessRuns(pid) {
		return nil, errNone
	}
	stack, err := d.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNone, err)
	}
	emulator, err := net.Dial("tcp", strings.TrimPrefix(stack.Emulator, "http://"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNone, err)
	}
	return stack, emulator.Close()
}

// runs tells whether the sandbox process or its emulator runs.
func (d daemon) runs() (bool, error) {
	if exists, err := pathExists(d.lock()); err != nil || !exists {
		return false, err
	}
	lock, err := tryLock(d.lock())
	if err != nil || lock == nil {
		return lock == nil, err
	}
	return false, lock.Close()
}

func (d daemon) read() (*sandbox.Stack, error) {
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

// launch starts program with the given arguments as the sandbox process and waits until it serves. The
// program has to call serve with the same folder.
func (d daemon) launch(ctx context.Context, program string, arguments ...string) (*sandbox.Stack, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the sandbox's folder: %w", err)
	}
	log, err := os.OpenFile(d.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
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
	// In a session of its own, it does not get the terminal's Ctrl-C and hang-up.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Start()
	_ = written.Close()
	if err != nil {
		return nil, fmt.Errorf("start the sandbox process: %w", err)
	}
	interrupted := context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })
	defer interrupted()
	// The process writes one byte when it is ready. If it ends before that, the pipe ends without one.
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		_ = command.Wait()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		output, _ := os.ReadFile(d.log())
		return nil, fmt.Errorf("the sandbox process ended before it was ready:\n%s", output)
	}
	_ = command.Process.Release()
	return d.read()
}

// serve runs a sandbox in this process until ctx ends or the emulator does. It is what the program given to
// launch calls. The lock lasts until both processes have ended.
func (d daemon) serve(ctx context.Context, options sandbox.Options) (err error) {
	options.Held, err = tryLock(d.lock())
	if err != nil {
		return err
	}
	if options.Held == nil {
		return fmt.Errorf("another process serves the sandbox in %s already", d.dir)
	}
	if _, err := fmt.Fprintln(options.Held, os.Getpid()); err != nil {
		return fmt.Errorf("name the sandbox process: %w", err)
	}
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

func (d daemon) write(stack *sandbox.Stack) error {
	text, err := json.MarshalIndent(stack, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the sandbox's record: %w", err)
	}
	if err := atomic.WriteFile(d.record(), bytes.NewReader(append(text, '\n'))); err != nil {
		return fmt.Errorf("write the sandbox's record: %w", err)
	}
	return nil
}

// remove ends the sandbox process of the folder, if there is one, and the emulator, and removes the folder. It kills a
// process that does not end when asked to.
func (d daemon) remove(ctx context.Context) error {
	for _, request := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		runs, err := d.runs()
		if err != nil {
			return err
		}
		if !runs {
			break
		}
		if err := d.signal(request); err != nil && !errors.Is(err, errGone) {
			return err
		}
		wait, cancel := context.WithTimeout(ctx, stopWithin)
		lock, err := await(wait, d.lock())
		cancel()
		if err == nil {
			_ = lock.Close()
			break
		}
		if ctx.Err() != nil || request == syscall.SIGKILL {
			return fmt.Errorf("end the sandbox process in %s: %w", d.dir, err)
		}
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return fmt.Errorf("remove the sandbox's folder: %w", err)
	}
	return nil
}

// errGone is returned when the sandbox process has ended.
var errGone = errors.New("the sandbox process has ended")

// signal sends a signal to the sandbox process.
func (d daemon) signal(request syscall.Signal) error {
	pid, err := d.pid()
	if err != nil {
		return err
	}
	err = syscall.Kill(pid, request)
	if errors.Is(err, syscall.ESRCH) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("signal the sandbox process %d: %w", pid, err)
	}
	return nil
}

// pid is the id of the sandbox process, which may have ended.
func (d daemon) pid() (int, error) {
	text, err := os.ReadFile(d.lock())
	if err != nil {
		return 0, fmt.Errorf("find the sandbox process: %w", err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0, fmt.Errorf("find the sandbox process: %s does not name it: %w", d.lock(), err)
	}
	return pid, nil
}
