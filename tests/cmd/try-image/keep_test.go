package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"mediaserver/tests/internal/appimage"
)

// kept finds the address and the name of a container that is left running.
var kept = regexp.MustCompile(`It keeps running at (\S+), and its log is shown by: docker logs --follow (\S+)\nEnd it with: docker rm --force (\S+)\n`)

func TestAKeptContainerServesWithTheStacksSecretAndBucket(t *testing.T) {
	stack := deploy(t)
	engine, real := realEngine(t)
	if !real {
		return
	}
	image := engine.load(t, appimage.Variant{Version: "v7"}, nil)
	result := stage{deployed: stack, engine: engine}.start(t, "--outputs", stack.outputs, "--keep", image).wait()
	result.expect(t, 0, image+" fits\n")
	found := kept.FindStringSubmatch(result.output)
	if found == nil {
		t.Fatalf("nothing says how to go on:\n%s", result.output)
	}
	address, name := found[1], found[2]
	defer func() { _, _ = engine.docker("rm", "--force", name) }()

	_, body := get(t, "GET", address+"/report")
	var report struct {
		Version     string
		Environment map[string]string
		JWTSecret   struct{ SHA256 string }
	}
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(stack.secret(t)))
	if report.Version != "v7" || report.JWTSecret.SHA256 != hex.EncodeToString(digest[:]) ||
		report.Environment["PORT"] != "3000" || report.Environment["AWS_REGION"] != "eu-west-2" {
		t.Errorf("the application reports %s", body)
	}
	// The emulator listens on this machine's loopback interface alone, so this goes through the relay.
	if status, body := get(t, "POST", address+"/bucket"); status != 200 {
		t.Errorf("the application's round through its bucket: %d %s", status, body)
	}

	endpoint, err := engine.docker("inspect", "--format", `{{range .Config.Env}}{{println .}}{{end}}`, name)
	if err != nil {
		t.Fatal(err)
	}
	relay := relayIn(t, strings.Split(endpoint, "\n"))
	if output, err := engine.docker("rm", "--force", name); err != nil {
		t.Fatalf("docker rm: %v\n%s", err, output)
	}
	closes(t, relay)
}

func TestAKeptContainerKeepsItsWayToTheSandboxUntilItEnds(t *testing.T) {
	stack := deploy(t)
	folder := t.TempDir()
	// The loopback interface in place of docker's bridge: the relay listens there, and this test is in its network.
	play := happy(t, status(200)).but("network", says("%s\n", loopback(t))).but("wait", answer{Until: "ended"})
	result := stage{deployed: stack, script: play, folder: folder}.start(t, "app:built", "--keep", "--outputs", stack.outputs).wait()
	result.expect(t, 0, "app:built fits\n")
	if kept.FindString(result.output) == "" {
		t.Errorf("nothing says how to go on:\n%s", result.output)
	}
	if removed := recorded(folder, "rm"); len(removed) > 0 {
		t.Errorf("removed a container that was to be kept: %v", removed)
	}
	relay := relayIn(t, recorded(folder, "create")[0].Environment)
	if got := parameter(t, "http://"+relay, "/mediaserver/jwt-secret"); got != stack.secret(t) {
		t.Error("the emulator answers something else through the relay")
	}
	write(t, filepath.Join(folder, "ended"), "")
	closes(t, relay)
}

func TestAnInterruptLeavesNothingBehind(t *testing.T) {
	stack := deploy(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run("scripted/"+signal.String(), func(t *testing.T) {
			play := happy(t, gone).but("exec", fails(7, "")).but("exec cat", says(tableHead)).
				but("network", says("%s\n", loopback(t)))
			running := stage{deployed: stack, script: play}.start(t, "--outputs", stack.outputs, "--keep", "app:built")
			running.output.await(t.Context(), t, " s): it listens on no port yet\n")
			if err := running.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			result := running.wait()
			result.expect(t, 130, "try-image: interrupted; nothing was left behind\n")
			if removed := recorded(running.folder, "rm"); len(removed) != 1 {
				t.Errorf("the container was removed %d times", len(removed))
			}
			closes(t, relayIn(t, recorded(running.folder, "create")[0].Environment))
		})
	}
	engine, real := realEngine(t)
	if !real {
		return
	}
	t.Run("real", func(t *testing.T) {
		image := engine.load(t, appimage.Variant{ReadyAfter: time.Hour}, nil)
		running := stage{deployed: stack, engine: engine}.start(t, "--outputs", stack.outputs, image)
		running.output.await(t.Context(), t, " s): it listens on no port yet\n")
		if err := running.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		running.wait().expect(t, 130, "nothing was left behind")
		if left, err := engine.docker("ps", "--all", "--quiet", "--filter", "label=try-image="+image); err != nil || left != "" {
			t.Errorf("left behind: %s (%v)", left, err)
		}
	})
}

func TestAnInterruptDuringTheStartLeavesNothingBehind(t *testing.T) {
	stack := deploy(t)
	folder := t.TempDir()
	play := happy(t, status(200)).but("create", answer{Stdout: "an-id\n", Until: "created"})
	running := stage{deployed: stack, script: play, folder: folder}.start(t, "--outputs", stack.outputs, "app:built")
	running.output.await(t.Context(), t, "The application gets the credentials")
	for len(recorded(folder, "create")) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	// The terminal sends Ctrl-C to the whole process group of the command.
	if err := syscall.Kill(-running.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "created"), "")
	running.wait().expect(t, 130, "nothing was left behind")
	if answers, err := os.ReadFile(filepath.Join(folder, "create.answers")); err != nil || len(answers) == 0 {
		t.Errorf("docker create was cut off, and what the engine makes of it stays behind (%v)", err)
	}
	if removed := recorded(folder, "rm"); len(removed) != 1 {
		t.Errorf("the container was removed %d times", len(removed))
	}
}

// loopback is the name of this machine's loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	devices, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range devices {
		if device.Flags&net.FlagLoopback != 0 {
			return device.Name
		}
	}
	t.Fatal("no loopback interface")
	return ""
}

// relayIn is the relay's address, from the variables of a container.
func relayIn(t *testing.T, variables []string) string {
	t.Helper()
	for _, variable := range variables {
		if value, found := strings.CutPrefix(variable, "AWS_ENDPOINT_URL="); found {
			endpoint, err := url.Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			return endpoint.Host
		}
	}
	t.Fatal("the container has no AWS_ENDPOINT_URL")
	return ""
}

// closes waits until nobody listens on an address any more.
func closes(t *testing.T, address string) {
	t.Helper()
	for {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = connection.Close()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatalf("%s still accepts connections", address)
		}
	}
}
