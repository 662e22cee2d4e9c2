package awscli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// clientHere returns a client of an AWS CLI that a Python can load: that of this machine, else the one that Path installs.
func clientHere(t *testing.T) string {
	t.Helper()
	found := Forked(t)
	if found != Path(t) {
		return found
	}
	installed, err := forked(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

// api answers the call of each AWS CLI as the test says, and keeps the calls.
type api struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func (a *api) called() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.bodies, "\n")
}

func serveAPI(t *testing.T, answer http.HandlerFunc) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		a.mu.Lock()
		a.bodies = append(a.bodies, r.Header.Get("Authorization")+" "+string(body))
		a.mu.Unlock()
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		answer(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func answerNothing(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }

// call prepares a call by somebody who has nothing but these variables.
func (a *api) call(t *testing.T, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = t.TempDir()
	command.Env = []string{
		"HOME=" + command.Dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + a.URL,
		"AWS_ACCESS_KEY_ID=caller", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=eu-west-2",
	}
	return command
}

func TestACallIsThatOfTheInstalledAWSCLI(t *testing.T) {
	own, err := exec.Command(clientHere(t), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(own), "aws-cli/1.") {
		t.Errorf("the client says %s", own)
	}
	if clientHere(t) != Forked(t) {
		return
	}
	if installed, err := exec.Command(Path(t), "--version").Output(); err != nil || !bytes.Equal(own, installed) {
		t.Errorf("the client says\n%sthe AWS CLI\n%s(%v)", own, installed, err)
	}
}

func TestACallHasItsCallersStreamsAndExitCode(t *testing.T) {
	a := serveAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "DeleteCluster") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type": "ClusterNotFoundException", "message": "no such cluster"}`)
			return
		}
		fmt.Fprint(w, `{"clusterArns": ["`+"ä"+`"]}`)
	})
	program := clientHere(t)
	for _, each := range []struct {
		arguments      []string
		code           int
		stdout, stderr string
	}{
		{[]string{"ecs", "list-clusters", "--output", "text"}, 0, "CLUSTERARNS\tä\n", ""},
		{[]string{"ecs", "delete-cluster", "--cluster", "none"}, 255, "", "no such cluster"},
		{[]string{"ecs", "list-clusters", "--nonsense"}, 255, "", "Unknown options: --nonsense"},
	} {
		command := a.call(t, program, each.arguments...)
		var stdout, stderr bytes.Buffer
		command.Stdout, command.Stderr = &stdout, &stderr
		_ = command.Run()
		if code := command.ProcessState.ExitCode(); code != each.code {
			t.Errorf("%q: exit code %d, want %d", each.arguments, code, each.code)
		}
		if stdout.String() != each.stdout || !strings.Contains(stderr.String(), each.stderr) || (each.stderr == "") != (stderr.Len() == 0) {
			t.Errorf("%q: standard output %q, standard error %q", each.arguments, &stdout, &stderr)
		}
	}
	command := a.call(t, program, "ecs", "create-cluster", "--cluster-name", "file:///dev/stdin")
	command.Stdin = strings.NewReader("from-standard-input")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if called := a.called(); !strings.Contains(called, "from-standard-input") {
		t.Errorf("the calls were\n%s", called)
	}
}

func TestACallHasItsCallersFolderAndEnvironmentAlsoBesideOthers(t *testing.T) {
	// Neither the process that loads the AWS CLI nor a call by somebody else may see this.
	t.Setenv("AWS_ACCESS_KEY_ID", "of-the-test")
	t.Setenv("AWS_PROFILE", "that-does-not-exist")
	a := serveAPI(t, answerNothing)
	program := clientHere(t)
	var calls sync.WaitGroup
	for number := range 6 {
		calls.Go(func() {
			command := a.call(t, program, "ecs", "create-cluster", "--cli-input-json", "file://call.json")
			name := fmt.Sprintf("cluster-%d", number)
			if err := os.WriteFile(filepath.Join(command.Dir, "call.json"), []byte(`{"clusterName": "`+name+`"}`), 0o600); err != nil {
				t.Error(err)
				return
			}
			command.Env = append(command.Env, "AWS_ACCESS_KEY_ID=key-"+name)
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
	calls.Wait()
	for number := range 6 {
		found := 0
		for call := range strings.Lines(a.called()) {
			if strings.Contains(call, fmt.Sprintf("Credential=key-cluster-%d/", number)) && strings.Contains(call, fmt.Sprintf(`"cluster-%d"`, number)) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("cluster %d was asked for %d times, want once with its own key:\n%s", number, found, a.called())
		}
	}
	command := a.call(t, program, "configure", "get", "region")
	if err := os.MkdirAll(filepath.Join(command.Dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(command.Dir, ".aws", "config"), []byte("[default]\nregion = of-the-callers-home\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := command.CombinedOutput(); err != nil || string(output) != "of-the-callers-home\n" {
		t.Errorf("the settings in the caller's home are %q (%v)", output, err)
	}
}

// hanging serves an API that does not answer, and tells when it was called and when the caller has gone.
func hanging(t *testing.T) (a *api, called, gone <-chan struct{}) {
	t.Helper()
	calls, ends, release := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	a = serveAPI(t, func(w http.ResponseWriter, r *http.Request) {
		calls <- struct{}{}
		select {
		case <-r.Context().Done():
			ends <- struct{}{}
		case <-release:
			answerNothing(w, r)
		}
	})
	t.Cleanup(func() { close(release) })
	return a, calls, ends
}

func TestSignalsReachACall(t *testing.T) {
	program := clientHere(t)
	for sent, ends := range map[syscall.Signal]func(syscall.WaitStatus) bool{
		syscall.SIGINT:  func(status syscall.WaitStatus) bool { return status.ExitStatus() == 130 },
		syscall.SIGTERM: func(status syscall.WaitStatus) bool { return status.Signal() == syscall.SIGTERM },
		syscall.SIGHUP:  func(status syscall.WaitStatus) bool { return status.Signal() == syscall.SIGHUP },
		syscall.SIGKILL: func(status syscall.WaitStatus) bool { return status.Signal() == syscall.SIGKILL },
	} {
		t.Run(sent.String(), func(t *testing.T) {
			// What ignores SIGHUP, as nohup does, would have the call ignore it too. What is caught here is not ignored there.
			caught := make(chan os.Signal, 1)
			signal.Notify(caught, sent)
			defer signal.Stop(caught)
			a, called, gone := hanging(t)
			command := a.call(t, program, "ecs", "list-clusters")
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			<-called
			if err := command.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			_ = command.Wait()
			if status := command.ProcessState.Sys().(syscall.WaitStatus); !ends(status) {
				t.Errorf("%s", command.ProcessState)
			}
			<-gone
		})
	}
}

func TestASignalThatTheCallerIgnoresIsIgnored(t *testing.T) {
	answer := make(chan struct{})
	called := make(chan struct{}, 1)
	a := serveAPI(t, func(w http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		<-answer
		answerNothing(w, r)
	})
	command := a.call(t, "/bin/sh", "-c", `trap "" INT; exec "$0" ecs list-clusters`, clientHere(t))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	close(answer)
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWithoutAPythonTheAWSCLIIsStartedForEachCall(t *testing.T) {
	folder := t.TempDir()
	bundled := filepath.Join(folder, "aws")
	if err := writeProgram(bundled, "#!/bin/sh\n"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	if found := Forked(t); found != bundled {
		t.Errorf("the aws is %s, want %s", found, bundled)
	}
}

// TestNothingStaysOfAKilledProcess is also the process that is killed: it then prints its client, and waits for that.
func TestNothingStaysOfAKilledProcess(t *testing.T) {
	program := clientHere(t)
	if os.Getenv("KILLED_WITH_CLIENT") != "" {
		fmt.Println("client:" + program)
		select {}
	}
	killed := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	killed.Env = append(os.Environ(), "KILLED_WITH_CLIENT=1")
	output, err := killed.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	var own string
	for text, buffer := "", make([]byte, 1<<12); own == ""; {
		count, err := output.Read(buffer)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		text += string(buffer[:count])
		if _, rest, found := strings.Cut(text, "client:"); found {
			own, _, _ = strings.Cut(rest, "\n")
		}
	}
	a, called, gone := hanging(t)
	command := a.call(t, own, "ecs", "list-clusters")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	_ = killed.Process.Kill()
	_ = killed.Wait()
	<-gone
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != 255 {
		t.Errorf("the call ends with %d", code)
	}
	// Its folder goes with the process that has loaded the AWS CLI.
	for folder := filepath.Dir(filepath.Dir(own)); t.Context().Err() == nil; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(folder); os.IsNotExist(err) {
			break
		}
	}
}
