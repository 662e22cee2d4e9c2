package emulator

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"mediaserver/tests/internal/install"
)

// The release of moto that the sandbox was tested with, and the releases that it takes from PATH.
const (
	pinned = "5.2.1"
	series = "5.2."
)

// probe prints moto's version and the path of the Python, if this Python can serve moto.
const probe = `import importlib.metadata, importlib.util, sys
for name in ("flask", "flask_cors", "werkzeug"):
    assert importlib.util.find_spec(name), name
print(importlib.metadata.version("moto"), sys.executable)`

//go:embed serve.py
var program string

// python is a Python that serves emulators. It ends with this process.
type python struct {
	command *exec.Cmd
	// address is where it serves, such as 127.0.0.1:41235.
	address string
	// ended takes the names of emulators that have ended. It is the pipe that the Python ends with.
	ended  io.Writer
	exited chan struct{}
}

// shared is the Python of this process.
var shared struct {
	sync.Mutex
	*python
}

// running returns the Python of this process, and starts it if it is not running.
func running(ctx context.Context, repository string) (*python, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.python != nil {
		select {
		case <-shared.exited:
		default:
			return shared.python, nil
		}
	}
	started, err := serve(ctx, repository)
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	shared.python = started
	return started, nil
}

func serve(ctx context.Context, repository string) (*python, error) {
	interpreter, err := Locate(ctx, repository)
	if err != nil {
		return nil, err
	}
	command := exec.Command(interpreter, "-c", program)
	command.Env = environment()
	command.Stderr = os.Stderr
	// Ctrl-C on a terminal is for this process, which still needs the emulator to take everything down.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ended, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	answer, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	interrupted := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	port, err := bufio.NewReader(answer).ReadString('\n')
	interrupted()
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	if err != nil {
		return nil, fmt.Errorf("%s ended before it served moto", interpreter)
	}
	return &python{command: command, address: "127.0.0.1:" + strings.TrimSpace(port), ended: ended, exited: exited}, nil
}

// environment is that of the Python. It leaves out what configures AWS clients, since the emulator is built on one and
// would fail on a profile that it cannot find, and what configures another emulator.
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

// Locate returns a Python that can serve moto: the python3 on PATH, if it has a moto that suits, else the one of a
// virtual environment in the repository, which is made when it is not there.
func Locate(ctx context.Context, repository string) (string, error) {
	found, err := exec.CommandContext(ctx, "python3", "-c", probe).Output()
	version, path, _ := strings.Cut(strings.TrimSpace(string(found)), " ")
	if err == nil && strings.HasPrefix(version, series) {
		return path, nil
	}
	environment := filepath.Join(repository, "bin", "moto-"+pinned)
	if err := install.Python(ctx, environment, "moto[server]=="+pinned); err != nil {
		return "", fmt.Errorf("the emulator needs moto; install moto[server] %sx for python3, or what installs it here: %w",
			series, err)
	}
	return filepath.Join(environment, "bin", "python"), nil
}
