package emulator

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// loaded are the processes that have loaded moto, by their Python. They end with this process.
var loaded = struct {
	sync.Mutex
	processes map[string]*loadedProcess
}{processes: map[string]*loadedProcess{}}

// loadedProcess is a process that has loaded moto and forks an emulator for each byte on its connection.
type loadedProcess struct {
	connection *net.UnixConn
	startup    *limited
	command    *exec.Cmd
	exited     <-chan struct{}
}

// runs tells whether the process has not ended, of itself or because somebody killed it.
func (p *loadedProcess) runs() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// fork lets the loaded process of a Python serve on the socket in a fork, and returns what that process said while
// it started. It starts the process if none runs.
func fork(python string, socket, log *os.File) (*Emulator, *limited, error) {
	if log == nil {
		nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, err
		}
		defer nowhere.Close()
		log = nowhere
	}
	wanted, alive, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("open a pipe: %w", err)
	}
	defer wanted.Close()
	ended, running, err := os.Pipe()
	if err != nil {
		_ = alive.Close()
		return nil, nil, fmt.Errorf("open a pipe: %w", err)
	}
	defer running.Close()

	startup, err := request(python, socket, log, wanted, running)
	if err != nil {
		_ = alive.Close()
		_ = ended.Close()
		return nil, nil, err
	}
	exited := make(chan struct{})
	go func() {
		// Nothing is ever written to it: it ends with the last process that holds the other end.
		_, _ = ended.Read(make([]byte, 1))
		_ = ended.Close()
		close(exited)
	}()
	return &Emulator{alive: alive, exited: exited, kill: func() {}}, startup, nil
}

// request sends the files to the loaded process of a Python.
func request(python string, files ...*os.File) (*limited, error) {
	loaded.Lock()
	defer loaded.Unlock()
	process := loaded.processes[python]
	if process == nil || !process.runs() {
		var err error
		if process, err = startLoaded(python); err != nil {
			return nil, err
		}
		loaded.processes[python] = process
	}
	var descriptors []int
	for _, file := range files {
		descriptors = append(descriptors, int(file.Fd()))
	}
	if _, _, err := process.connection.WriteMsgUnix([]byte{1}, syscall.UnixRights(descriptors...), nil); err != nil {
		// It has ended, and the next emulator gets another.
		delete(loaded.processes, python)
		_ = process.connection.Close()
		return nil, fmt.Errorf("hand a fork its files: %w\n%s", err, process.startup.String())
	}
	return process.startup, nil
}

func startLoaded(python string) (*loadedProcess, error) {
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
	command, startup := process(python, "many", other)
	if err := command.Start(); err != nil {
		_ = connection.Close()
		return nil, err
	}
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	return &loadedProcess{connection: connection.(*net.UnixConn), startup: startup, command: command, exited: exited}, nil
}

// socketPair makes a pair of connected sockets that no other program inherits.
func socketPair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(ends[0])
		syscall.CloseOnExec(ends[1])
	}
	return ends, err
}
