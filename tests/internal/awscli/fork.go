package awscli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mediaserver/tests/internal/python"
)

var (
	//go:embed serve.py
	serve string
	//go:embed client.py
	client string
)

// probe prints the path of the AWS CLI's script, if this Python has it.
const probe = `import importlib.util, os, sysconfig
assert importlib.util.find_spec("awscli.clidriver")
print(os.path.join(sysconfig.get_path("scripts"), "aws"))`

// loadsWithin is how long the AWS CLI may take to load; it takes a second.
const loadsWithin = time.Minute

// descriptors is how many descriptors a call brings.
const descriptors = 5

// clients are those that have been made, by the AWS CLI that they call.
var clients = struct {
	sync.Mutex
	made map[string]made
}{made: map[string]made{}}

// made is the path of a client, or why there is none.
type made struct {
	path string
	err  error
}

// Forked returns an aws that runs the AWS CLI of Path in a fork of a process that has loaded it: that takes a quarter of
// the CPU. For its caller it is the AWS CLI itself. It is alone in its folder, and ends with this process. Where no
// Python can load the AWS CLI, as with version 2, it is that of Path.
func Forked(tb testing.TB) string {
	tb.Helper()
	path := Path(tb)
	clients.Lock()
	defer clients.Unlock()
	found, asked := clients.made[path]
	if !asked {
		found.path, found.err = forked(path)
		clients.made[path] = found
	}
	if found.err != nil {
		tb.Logf("each call of %s starts it: %v", path, found.err)
		return path
	}
	return found.path
}

// forked makes a client for an AWS CLI, and starts what it calls.
func forked(path string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), loadsWithin, fmt.Errorf("it did not load within %s", loadsWithin))
	defer cancel()
	own, ok := python.Of(ctx, path, probe)
	if !ok {
		return "", errors.New("it is none of a Python")
	}
	// The first line of a program takes no more, and splits at blanks.
	if len(own.Path) > 120 || strings.ContainsAny(own.Path, " \t") {
		return "", fmt.Errorf("a program cannot name %s in its first line", own.Path)
	}
	folder, err := os.MkdirTemp("", "aws")
	if err != nil {
		return "", err
	}
	address, program := filepath.Join(folder, "socket"), filepath.Join(folder, "bin", "aws")
	listener, err := net.Listen("unix", address)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	// Without a look at settings and at what is installed beside the standard library, a Python starts in 10 ms.
	text := fmt.Sprintf("#!%s -IS\n%s", own.Path, strings.Replace(client, "SOCKET", strconv.Quote(address), 1))
	if err := writeProgram(program, text); err != nil {
		return "", errors.Join(err, listener.Close(), os.RemoveAll(folder))
	}
	template, err := python.Start(own.Path, serve, python.Environment(), own.Printed, folder)
	if err == nil {
		if err = template.Loaded(ctx); err != nil {
			template.Close()
		}
	}
	if err != nil {
		return "", errors.Join(err, listener.Close(), os.RemoveAll(folder))
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(template, connection.(*net.UnixConn))
		}
	}()
	return program, nil
}

// relay hands a client's files to a fork and its signals, and tells it how the fork has ended. A fork without a client
// ends.
func relay(template *python.Template, connection *net.UnixConn) {
	defer connection.Close()
	files, err := receive(connection)
	if err != nil {
		return
	}
	fork, err := template.Fork(files...)
	for _, file := range files {
		_ = file.Close()
	}
	if err != nil {
		return
	}
	go func() {
		defer fork.Close()
		signal := make([]byte, 1)
		for {
			if _, err := connection.Read(signal); err != nil {
				return
			}
			fork.Signal(syscall.Signal(signal[0]))
		}
	}()
	if code, known := fork.Wait(); known {
		_, _ = fmt.Fprint(connection, code)
	}
}

// receive receives the files of a call.
func receive(connection *net.UnixConn) ([]*os.File, error) {
	text, rights := make([]byte, 1), make([]byte, syscall.CmsgSpace(descriptors*4))
	_, count, _, _, err := connection.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:count])
	if err != nil {
		return nil, err
	}
	if len(messages) != 1 {
		return nil, errors.New("the client ended before it sent its files")
	}
	numbers, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, number := range numbers {
		files = append(files, os.NewFile(uintptr(number), "file of a call"))
	}
	return files, nil
}

// writeProgram writes a program. No other process that is started meanwhile inherits the open file: it could not be run as
// long as that is open.
func writeProgram(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(text), 0o700)
}
