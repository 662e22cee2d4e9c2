package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// engine is a docker engine for the tests: the one that docker finds on this machine, or one that runs for the tests
// alone, where its program is installed and these run as root.
type engine struct {
	// host is the value of DOCKER_HOST that leads to it; empty before that is known.
	host string
	// missing tells why there is none.
	missing string
}

var findEngine = sync.OnceValue(startEngine)

// realEngine returns the engine, and false where there is none; then the test's log says why.
func realEngine(t *testing.T) (*engine, bool) {
	t.Helper()
	running := findEngine()
	if running.missing != "" {
		t.Logf("no docker engine here (%s): only the scripted docker was used", running.missing)
		return nil, false
	}
	return running, true
}

// docker runs a docker command on the engine.
func (e *engine) docker(arguments ...string) (string, error) {
	command := exec.Command("docker", arguments...)
	command.Env = e.environment()
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (e *engine) environment() []string {
	if e.host == "" {
		return os.Environ()
	}
	return append(os.Environ(), "DOCKER_HOST="+e.host, "DOCKER_CONTEXT=")
}

func startEngine() *engine {
	installed := &engine{}
	if _, err := exec.LookPath("docker"); err != nil {
		return &engine{missing: "docker is not on PATH"}
	}
	platform, err := installed.docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
	if err == nil && platform != "linux/amd64" {
		return &engine{missing: "docker runs " + platform + ", and the tasks linux/amd64"}
	}
	if err == nil {
		// The command under test has a home of its own, without the user's choice of an engine.
		installed.host, err = installed.docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	}
	if err == nil {
		return installed
	}
	program, err := exec.LookPath("dockerd")
	if err != nil {
		return &engine{missing: "docker does not answer, and dockerd is not on PATH"}
	}
	if os.Geteuid() != 0 {
		return &engine{missing: "docker does not answer, and only root can start it"}
	}
	started := &engine{}
	if err := started.start(program); err != nil {
		return &engine{missing: err.Error()}
	}
	return started
}

// start starts an engine that touches nothing of the machine but its bridge, which goes away with it.
func (e *engine) start(program string) error {
	// Two engines would share the bridge without knowing of each other.
	unlock, err := lockedfile.MutexAt(filepath.Join(os.TempDir(), "mediaserver-dockerd.lock")).Lock()
	if err != nil {
		return err
	}
	ending = append(ending, unlock)
	folder, err := os.MkdirTemp("", "dockerd-")
	if err != nil {
		return err
	}
	ending = append(ending, func() { _ = os.RemoveAll(folder) })
	const bridge = "docker0"
	if _, err := net.InterfaceByName(bridge); err != nil {
		ending = append(ending, func() { _ = exec.Command("ip", "link", "delete", bridge).Run() })
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	e.host = "unix://" + filepath.Join(folder, "socket")
	process := exec.Command(program,
		"--data-root", filepath.Join(folder, "data"), "--exec-root", filepath.Join(folder, "run"),
		"--pidfile", filepath.Join(folder, "pid"), "--host", e.host,
		"--iptables=false", "--ip-forward=false", "--ip-masq=false")
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait()
	}()
	ending = append(ending, func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	for range 600 {
		if _, err := e.docker("version"); err == nil {
			return nil
		}
		select {
		case <-ended:
			text, err := os.ReadFile(log.Name())
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			return errors.Join(fmt.Errorf("dockerd ended: %s", lines[len(lines)-1]), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("dockerd does not answer")
}
