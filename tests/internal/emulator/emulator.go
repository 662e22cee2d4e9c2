// Package emulator runs moto's server, an emulation of the AWS APIs, on this machine.
//
// An emulator starts empty, keeps everything in memory, and ends with the process that started it.
package emulator

import (
	"context"
	"io"
	"net/url"
	"os"
	"sync"
)

// Options says how to get the emulator and where it reports.
type Options struct {
	// Python is the interpreter that serves moto, from Locate. Empty means to Locate it.
	Python string
	// BinDir is the folder that keeps a virtual environment with moto when none suitable is on PATH.
	BinDir string
	// Log gets what moto says, such as the traces of its errors. Empty means that it is thrown away.
	Log io.Writer
	// Progress gets one line before an installation. Empty means io.Discard.
	Progress io.Writer
	// Shared lets the emulator be one of several in one process, which ends with this one. To load moto takes more than
	// a second of CPU, and another emulator in the same process a tenth of that. Log is then that of the first one.
	Shared bool
	// Held is a file that the emulator's process keeps open until it ends, and with it a lock on the file. May be nil.
	Held *os.File
}

// Emulator is a running emulation of the AWS APIs.
type Emulator struct {
	process *process
	port    string
	end     func() error
	// endContainers ends the service for containers.
	endContainers func()
}

// shared is the process of all shared emulators.
var shared struct {
	sync.Mutex
	*process
}

// Start installs moto if needed, serves it on a free port of 127.0.0.1 and for the containers of this machine's docker,
// and returns when it answers.
func Start(ctx context.Context, options Options) (*Emulator, error) {
	emulator, err := open(ctx, options)
	if err != nil {
		return nil, err
	}
	emulator.endContainers = serveContainers(dockerBridge, &url.URL{Scheme: "http", Host: "127.0.0.1:" + emulator.port})
	return emulator, nil
}

func open(ctx context.Context, options Options) (*Emulator, error) {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	if options.Log == nil {
		options.Log = io.Discard
	}
	if options.Python == "" {
		var err error
		if options.Python, err = Locate(ctx, options.BinDir, options.Progress); err != nil {
			return nil, err
		}
	}
	if options.Shared {
		serving, err := sharedProcess(options)
		if err != nil {
			return nil, err
		}
		return serving.open(ctx, serving.close)
	}
	serving, err := start(options)
	if err != nil {
		return nil, err
	}
	emulator, err := serving.open(ctx, func(string) error { serving.stop(); return nil })
	if err != nil {
		serving.stop()
	}
	return emulator, err
}

// sharedProcess returns the running process of the shared emulators, and starts it if there is none.
func sharedProcess(options Options) (*process, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.process == nil || !shared.runs() {
		serving, err := start(options)
		if err != nil {
			return nil, err
		}
		shared.process = serving
	}
	return shared.process, nil
}

// URL is the endpoint of every emulated service, such as http://127.0.0.1:41234.
func (e *Emulator) URL() string { return "http://127.0.0.1:" + e.port }

// Exited is closed when the emulator's process has ended.
func (e *Emulator) Exited() <-chan struct{} { return e.process.exited }

// Close ends the emulator and waits for it. Later calls do nothing.
func (e *Emulator) Close() error {
	e.endContainers()
	return e.end()
}
