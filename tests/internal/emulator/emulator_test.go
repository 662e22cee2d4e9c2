package emulator

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"mediaserver/tests/internal/awsclients"
)

func opened(t *testing.T) *Emulator {
	t.Helper()
	emulator, err := start(t.Context(), t.TempDir(), netip.MustParsePrefix("127.0.0.2/32"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emulator.Close() })
	return emulator
}

// account returns clients of the emulated AWS account.
func account(endpoint string) *awsclients.Clients {
	return awsclients.New(aws.Config{
		Region: "eu-west-2", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// TestTheEmulatorServesThisMachineAndItsContainersUntilItIsClosed has another address of the loopback interface in
// place of the one of docker's bridge.
func TestTheEmulatorServesThisMachineAndItsContainersUntilItIsClosed(t *testing.T) {
	emulator := opened(t)
	address, err := url.Parse(emulator.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		clients := account("http://" + net.JoinHostPort(host, address.Port()))
		if _, err := clients.STS.GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("the emulator does not serve at %s: %v", host, err)
		}
	}
	if other, err := net.Dial("tcp", net.JoinHostPort("127.0.0.3", address.Port())); err == nil {
		_ = other.Close()
		t.Error("the emulator listens on all addresses")
	}
	if err := emulator.Close(); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		if connection, err := net.Dial("tcp", net.JoinHostPort(host, address.Port())); err == nil {
			_ = connection.Close()
			t.Errorf("%s still accepts connections after Close", host)
		}
	}
}

func TestOnlyThisMachineAndItsContainersAreServed(t *testing.T) {
	handler := onlyFrom(netip.MustParsePrefix("172.17.0.1/16"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for remote, want := range map[string]int{"127.0.0.1:1": 200, "172.17.0.2:1": 200, "172.18.0.2:1": 403, "nonsense": 403} {
		request, response := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		request.RemoteAddr = remote
		if handler.ServeHTTP(response, request); response.Code != want {
			t.Errorf("%s gets %d, want %d", remote, response.Code, want)
		}
	}
	if network := networkOf("lo"); network.String() != "127.0.0.1/8" {
		t.Errorf("the network of the loopback interface is %s", network)
	}
}

func TestOnlyWholeRequestsReachTheEmulator(t *testing.T) {
	var bodies []string
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		bodies = append(bodies, request.Header.Get("X-Emulation")+" "+string(body))
	}))
	defer backend.Close()
	server := httptest.NewServer(forward(strings.TrimPrefix(backend.URL, "http://"), "7"))
	defer server.Close()
	broken, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Write([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		response, err := http.Post(server.URL, "text/plain", strings.NewReader("whole"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	_ = broken.Close()
	server.Close()
	backend.Close()
	if got := strings.Join(bodies, ", "); got != "7 whole, 7 whole, 7 whole" {
		t.Errorf("the emulator gets %s", got)
	}
}

func TestTheUsersOwnSettingsDoNotReachTheEmulator(t *testing.T) {
	t.Setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
	t.Setenv("MOTO_PORT", "1")
	for _, variable := range environment() {
		if strings.HasPrefix(variable, "AWS_PROFILE=") || strings.HasPrefix(variable, "MOTO_PORT=") {
			t.Errorf("the emulator gets %s", variable)
		}
	}
}

// A bucket's name is unique in all of AWS, so that emulators which share anything share this.
func TestTheEmulatorsOfOneProcessShareNothing(t *testing.T) {
	first, second := opened(t), opened(t)
	for _, emulator := range []*Emulator{first, second} {
		clients := account(emulator.URL())
		identity, err := clients.STS.GetCallerIdentity(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if *identity.Account != Account {
			t.Errorf("the account is %s, want %s", *identity.Account, Account)
		}
		listed, err := clients.S3.ListBuckets(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(listed.Buckets) != 0 {
			t.Errorf("a new account has %d buckets, want none", len(listed.Buckets))
		}
		if _, err := clients.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String("media"),
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := account(second.URL()).STS.GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("one emulator ends with the other: %v", err)
	}
}

func TestAfterTheEndOfThePythonAnEmulatorAnswers502AndTheNextStartsAnother(t *testing.T) {
	first := opened(t)
	if err := first.python.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.Exited()
	response, err := http.Get(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("the emulator answers %s", response.Status)
	}
	if err := first.Close(); err != nil {
		t.Errorf("an emulator that has ended cannot be closed: %v", err)
	}
	if second := opened(t); second.python == first.python {
		t.Error("the second emulator is served by a Python that has ended")
	}
}

// TestTheEmulatorEndsWithTheProcess is also the process that ends: it then says that the emulator serves, and waits
// to be killed. The Python inherits a pipe, as it inherits the lock of a sandbox.
func TestTheEmulatorEndsWithTheProcess(t *testing.T) {
	if os.Getenv("KILLED_WITH_EMULATOR") != "" {
		opened(t)
		_, _ = os.NewFile(3, "pipe").WriteString("serving\n")
		select {}
	}
	killed := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	killed.Env = append(os.Environ(), "KILLED_WITH_EMULATOR=1")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	killed.ExtraFiles = []*os.File{writer}
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	pipe := bufio.NewReader(reader)
	if line, err := pipe.ReadString('\n'); line != "serving\n" {
		t.Errorf("the process says %q (%v)", line, err)
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()
	// The pipe ends when nobody has it open any more.
	if rest, err := pipe.ReadString('\n'); !errors.Is(err, io.EOF) {
		t.Errorf("after the end, the pipe has %q (%v)", rest, err)
	}
}

// fakePython puts a python3 first and alone on PATH that has the given version of moto, if any. Its venv module makes a
// folder with a python in it that runs the given shell commands.
func fakePython(t *testing.T, moto, commands string) string {
	t.Helper()
	folder := t.TempDir()
	script := `#!/bin/sh
set -e
if [ "$1" = -c ]; then
	case "$2" in *importlib*) [ -z "` + moto + `" ] || { echo "` + moto + ` $0"; exit; } ;; esac
	exit 1
fi
[ "$1 $2" = "-m venv" ]
/bin/mkdir -p "$3/bin"
printf '%s\n' '#!/bin/sh' '` + commands + `' > "$3/bin/python"
/bin/chmod +x "$3/bin/python"
`
	path := filepath.Join(folder, "python3")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	return path
}

func TestWithoutASuitableMotoAVirtualEnvironmentIsMadeOnce(t *testing.T) {
	repository := t.TempDir()
	// As an installation leaves it that was interrupted.
	if err := os.MkdirAll(filepath.Join(repository, "bin", "moto-5.2.1", "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, moto := range []string{"", "5.1.9", "5.20.0", "6.0.0"} {
		fakePython(t, moto, `echo "$@" >> "${0%/*}/calls"`)
		python, err := Locate(t.Context(), repository)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(repository, "bin", "moto-5.2.1", "bin", "python"); python != want {
			t.Errorf("beside moto %q, moto is served by %s, want %s", moto, python, want)
		}
	}
	calls, err := os.ReadFile(filepath.Join(repository, "bin", "moto-5.2.1", "bin", "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := "-m pip install --disable-pip-version-check --no-input --quiet moto[server]==5.2.1\n"
	if string(calls) != want {
		t.Errorf("the environment's python was called with\n%swant\n%s", calls, want)
	}
	suitable := fakePython(t, "5.2.0", "exit 1")
	if python, err := Locate(t.Context(), repository); err != nil || python != suitable {
		t.Errorf("beside moto 5.2.0, moto is served by %s (%v), want %s", python, err, suitable)
	}
}

func TestWhenPipCannotInstallTheErrorSaysWhyAndNothingUnfinishedIsLeft(t *testing.T) {
	fakePython(t, "", `echo "no matching distribution" >&2; exit 1`)
	repository := t.TempDir()
	_, err := Locate(t.Context(), repository)
	for _, want := range []string{
		"moto[server]==5.2.1", "pip", "no matching distribution", "install moto[server] 5.2.x for python3",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if _, err := os.Stat(filepath.Join(repository, "bin", "moto-5.2.1")); err == nil {
		t.Error("an unfinished virtual environment is left")
	}
}

func TestWithoutPythonTheErrorSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Locate(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "install Python 3") {
		t.Errorf("the error is %v, want what to install", err)
	}
}

func TestAPythonThatCannotServeMotoIsNamed(t *testing.T) {
	python := fakePython(t, "5.2.1", "exit 1")
	_, err := serve(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), python+" ended before it served moto") {
		t.Errorf("the error is %v", err)
	}
}
