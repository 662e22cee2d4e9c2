// Package emulator runs moto's server, an emulation of the AWS APIs, on this machine.
//
// It starts empty, keeps everything in memory, and ends with the process that started it.
package emulator

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"mediaserver/tests/internal/python"
)

//go:embed serve.py
var program string

// readyWithin is how long the emulator may take to answer; it takes one to two seconds.
const readyWithin = 60 * time.Second

// Options says how to get the emulator and where it reports.
type Options struct {
	// Python is the interpreter that serves moto, from Locate. Empty means to Locate it.
	Python string
	// BinDir is the folder that keeps a virtual environment with moto when none suitable is on PATH.
	BinDir string
	// Log gets the emulator's own output, one line per request. Empty means that it is thrown away.
	Log *os.File
	// Progress gets one line before an installation. Empty means io.Discard.
	Progress io.Writer
	// Fork makes the emulator a fork of a process that has loaded moto, which stays until this process ends.
	// From the second one on, that saves a second of CPU for each emulator.
	Fork bool
}

// Emulator is a running emulation of the AWS APIs.
type Emulator struct {
	url    string
	exited <-chan struct{}
	// end ends the process at once and waits for it.
	end func()
	// endContainers ends the service for containers.
	endContainers func()
}

// Start installs moto if needed, serves it on a free port of 127.0.0.1 and for the containers of this machine's docker,
// and returns when it answers.
func Start(ctx context.Context, options Options) (*Emulator, error) {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	interpreter := options.Python
	if interpreter == "" {
		var err error
		if interpreter, err = Locate(ctx, options.BinDir, options.Progress); err != nil {
			return nil, err
		}
	}
	// The emulator inherits a socket that listens already: the port cannot be taken in between.
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port for the emulator: %w", err)
	}
	socket, err := listener.(*net.TCPListener).File()
	_ = listener.Close()
	if err != nil {
		return nil, fmt.Errorf("hand the emulator its port: %w", err)
	}
	defer socket.Close()

	serve := start
	if options.Fork {
		serve = fork
	}
	emulator, startup, err := serve(interpreter, socket, options.Log)
	if err != nil {
		return nil, fmt.Errorf("start the emulator with %s: %w", interpreter, err)
	}
	at := url.URL{Scheme: "http", Host: listener.Addr().String()}
	emulator.url, emulator.endContainers = at.String(), serveContainers(dockerBridge, &at)
	if err := emulator.awaitReady(ctx); err != nil {
		_ = emulator.Close()
		return nil, fmt.Errorf("start the emulator with %s: %w\n%s", interpreter, err, startup.String())
	}
	return emulator, nil
}

// start starts a process that serves on the socket, and returns what it says while it starts.
func start(interpreter string, socket, log *os.File) (*Emulator, fmt.Stringer, error) {
	var startup python.Output
	command := python.Command(interpreter, program, "one")
	command.Env = environment()
	command.ExtraFiles = []*os.File{socket}
	command.Stderr = &startup
	if log != nil {
		command.Stdout, command.Stderr = log, io.MultiWriter(log, &startup)
	}
	// It ends with this pipe, and so with this process.
	alive, err := command.StdinPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("open a pipe: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	end := sync.OnceFunc(func() {
		_ = alive.Close()
		_ = command.Process.Kill()
		<-exited
	})
	return &Emulator{exited: exited, end: end}, &startup, nil
}

// environment is that of the emulator. It leaves out what configures AWS clients, since the emulator is built
// on one and would fail on a profile that it cannot find, and what configures another emulator.
func environment() []string {
	return append(python.Environment("MOTO_"),
		"MOTO_IAM_LOAD_MANAGED_POLICIES=true",
		// It would let every certificate wait for a minute.
		"MOTO_ACM_VALIDATION_WAIT=0",
		// It would make a thousand machine images, which nothing here uses, in each region.
		"MOTO_EC2_LOAD_DEFAULT_AMIS=false",
		"PYTHONUNBUFFERED=1",
	)
}

// URL is the endpoint of every emulated service, such as http://127.0.0.1:41234.
func (e *Emulator) URL() string { return e.url }

// Exited is closed when the emulator's process has ended.
func (e *Emulator) Exited() <-chan struct{} { return e.exited }

// Close ends the emulator and waits for it. Later calls do nothing.
func (e *Emulator) Close() error {
	e.endContainers()
	e.end()
	return nil
}

// awaitReady returns when the emulator answers its own status page.
func (e *Emulator) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("no answer within %s", readyWithin))
	defer cancel()
	answered := make(chan error, 1)
	// The socket listens before the emulator does, so one request waits for the answer; no polling is needed.
	go func() {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/moto-api/", nil)
		if err != nil {
			answered <- err
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			answered <- err
			return
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			answered <- fmt.Errorf("GET %s: %s", request.URL, response.Status)
			return
		}
		answered <- nil
	}()
	select {
	case err := <-answered:
		if cause := context.Cause(ctx); err != nil && cause != nil {
			return cause
		}
		return err
	case <-e.exited:
		return errors.New("the emulator ended before it answered")
	}
}
