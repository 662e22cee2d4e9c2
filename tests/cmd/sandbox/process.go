package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mediaserver/tests/internal/sandbox"
)

// record is what the folder of a sandbox keeps about its process. The file is locked as long as that process runs or
// one that it has started, such as the emulator's.
type record struct {
	// PID is the id of the sandbox process.
	PID int
	// Stack is empty until the sandbox is ready.
	sandbox.Stack
}

// errNone is returned when no sandbox is running.
var errNone = errors.New("no sandbox is running")

// connect returns the stack of the running sandbox. The error is errNone, with the reason, if there is none, or if
// its process or the emulator has ended and the other is about to.
func connect(ctx context.Context, place place) (*sandbox.Stack, error) {
	file, locked, err := tryLock(place.record(), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if locked {
		return nil, errNone
	}
	last, err := place.last()
	if err == nil {
		err = last.answers(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNone, err)
	}
	return &last.Stack, nil
}

// answers asks for the emulator. It is the sandbox process that answers, also when the emulator has ended.
func (r record) answers(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Emulator, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusBadGateway {
		return errors.New("the emulator has ended")
	}
	return nil
}

// last is the record of the folder's last sandbox, which may have ended.
func (p place) last() (record, error) {
	var last record
	text, err := os.ReadFile(p.record())
	if err == nil {
		err = json.Unmarshal(text, &last)
	}
	return last, err
}

// launch starts the sandbox process and waits until it serves.
func launch(ctx context.Context, place place) (*sandbox.Stack, error) {
	if err := os.MkdirAll(place.dir(), 0o700); err != nil {
		return nil, fmt.Errorf("create the sandbox's folder: %w", err)
	}
	log, err := os.Create(place.log())
	if err != nil {
		return nil, fmt.Errorf("create the sandbox's log: %w", err)
	}
	defer log.Close()
	held, _, err := tryLock(place.record(), os.O_CREATE)
	if err != nil {
		return nil, err
	}
	defer held.Close()
	command := exec.Command(place.executable(), "serve")
	command.Stderr = log
	// All processes that it starts inherit the file, and with it the lock.
	command.ExtraFiles = []*os.File{held}
	// In a session of its own, it does not get the terminal's Ctrl-C and hang-up.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	ready, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the sandbox process: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox process: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })()
	// The process writes when it is ready. If it ends before that, so does the pipe.
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		_ = command.Wait()
		output, _ := os.ReadFile(place.log())
		return nil, fmt.Errorf("the sandbox process ended before it was ready:\n%s", output)
	}
	return connect(ctx, place)
}

// serve is the sandbox process. It runs a sandbox until ctx ends or the emulator does.
func serve(ctx context.Context, place place) (err error) {
	held := os.NewFile(3, place.record())
	own := record{PID: os.Getpid()}
	if err := own.write(held); err != nil {
		return err
	}
	plugins, err := choosePlugins()
	if err != nil {
		return err
	}
	running, err := sandbox.Start(ctx, sandbox.Options{Root: place.root, Dir: place.dir(), Plugins: plugins})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	own.Stack = running.Stack
	if err := own.write(held); err != nil {
		return err
	}
	fmt.Println("ready")
	select {
	case <-ctx.Done():
		return nil
	case <-running.EmulatorExited():
		return errors.New("the emulator ended by itself, and what was deployed in it with it")
	}
}

func (r record) write(file *os.File) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = file.WriteAt(append(text, '\n'), 0)
	}
	if err != nil {
		return fmt.Errorf("write the sandbox's record: %w", err)
	}
	return nil
}

// remove ends the sandbox process and what it has started, and removes the folder.
func remove(ctx context.Context, place place) error {
	file, locked, err := tryLock(place.record(), 0)
	if err == nil {
		defer file.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !locked {
		last, err := place.last()
		if err != nil {
			return fmt.Errorf("end the sandbox process: %w", err)
		}
		if err := syscall.Kill(last.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the sandbox process %d: %w", last.PID, err)
		}
		if err := await(ctx, file); err != nil {
			return fmt.Errorf("end the sandbox process %d: %w", last.PID, err)
		}
	}
	if err := os.RemoveAll(place.dir()); err != nil {
		return fmt.Errorf("remove the sandbox's folder: %w", err)
	}
	return nil
}

// lockPoll is how often a waiting process tries to take a lock.
const lockPoll = 20 * time.Millisecond

// tryLock opens a file and tries to take the lock on it.
func tryLock(path string, flags int) (file *os.File, locked bool, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|flags, 0o600)
	if err == nil {
		locked, err = take(file)
	}
	return file, locked, err
}

// take takes the lock on an open file, unless another process has it. The kernel drops the lock when every process
// that has the file open has closed it or ended, in whatever way. A process id does not tell that, because ids are
// reused.
func take(file *os.File) (bool, error) {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// await takes the lock on an open file as soon as no other process has it.
func await(ctx context.Context, file *os.File) error {
	for {
		if locked, err := take(file); locked || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}
