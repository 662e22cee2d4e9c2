package languagehost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// attached is an engine that is attached to a host and keeps what it is told to show.
type attached struct {
	pulumirpc.UnimplementedEngineServer
	pulumirpc.LanguageRuntimeClient
	connection *grpc.ClientConn
	address    string
	shown      chan string
}

func (a *attached) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	a.shown <- fmt.Sprint(request.GetStreamId(), " ", request.GetMessage())
	return &emptypb.Empty{}, nil
}

// attach connects an engine to a host, as the CLI does.
func attach(t *testing.T, host *Host) *attached {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", host.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	engine := &attached{
		LanguageRuntimeClient: pulumirpc.NewLanguageRuntimeClient(connection), connection: connection,
		address: listener.Addr().String(), shown: make(chan string, 10),
	}
	pulumirpc.RegisterEngineServer(server, engine)
	go func() { _ = server.Serve(listener) }()
	shake := &pulumirpc.LanguageHandshakeRequest{EngineAddress: engine.address}
	if _, err := engine.Handshake(t.Context(), shake); err != nil {
		t.Fatal(err)
	}
	return engine
}

func serve(t *testing.T, buildOnce bool) *Host {
	t.Helper()
	host, err := Serve(buildOnce)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	return host
}

// request runs a program whose main function has the given body.
func request(t *testing.T, body string) *pulumirpc.RunRequest {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "go.mod"), "module program\n\ngo 1.24\n")
	write(t, filepath.Join(folder, "main.go"), `package main
import ("fmt"; "os"; "strings"; "syscall"; "time")
var _, _, _, _, _ = fmt.Sprint, os.Exit, strings.Join, syscall.Kill, time.Sleep
func main() {
`+body+"\n}\n")
	options, err := structpb.NewStruct(map[string]any{"buildTarget": "bin/program"})
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.RunRequest{
		Pwd: folder, Project: "project", Stack: "stack", Organization: "organization",
		Config: map[string]string{"project:name": `a "quoted" value`}, ConfigSecretKeys: []string{"project:secret"},
		DryRun: true, Parallel: 7, MonitorAddress: "127.0.0.1:1",
		Info: &pulumirpc.ProgramInfo{RootDirectory: folder, ProgramDirectory: folder, EntryPoint: ".", Options: options},
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheProgramGetsTheEnvironmentThatTheGoSDKReadsAndTheUserSeesWhatItPrints(t *testing.T) {
	t.Setenv("PULUMI_STACK", "another")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "not for the program")
	t.Setenv("SOME_OTHER_VARIABLE", "kept")
	engine := attach(t, serve(t, false))
	run := request(t, `
		fmt.Print(os.Getenv("SOME_OTHER_VARIABLE"))
		time.Sleep(10 * time.Millisecond)
		fmt.Fprint(os.Stderr, "an error")
		os.WriteFile("environment", []byte(strings.Join(os.Environ(), "\n")), 0o600)`)
	response, err := engine.Run(t.Context(), run)
	if err != nil || response.GetError() != "" || response.GetBail() {
		t.Fatalf("the run ended in %v (%v)", response, err)
	}
	shown := []string{<-engine.shown, <-engine.shown}
	slices.Sort(shown)
	if want := []string{"1 kept", "2 an error"}; !slices.Equal(shown, want) {
		t.Errorf("the user sees %q, want %q", shown, want)
	}
	text, err := os.ReadFile(filepath.Join(run.GetPwd(), "environment"))
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.Split(string(text), "\n")
	pulumi := slices.DeleteFunc(variables, func(v string) bool { return !strings.HasPrefix(v, "PULUMI_") })
	slices.Sort(pulumi)
	want := []string{
		`PULUMI_CONFIG={"project:name":"a \"quoted\" value"}`,
		`PULUMI_CONFIG_SECRET_KEYS=["project:secret"]`,
		"PULUMI_DRY_RUN=true",
		"PULUMI_ENGINE=" + engine.address,
		"PULUMI_MONITOR=127.0.0.1:1",
		"PULUMI_ORGANIZATION=organization",
		"PULUMI_PARALLEL=7",
		"PULUMI_PROJECT=project",
		"PULUMI_ROOT_DIRECTORY=" + run.GetPwd(),
		"PULUMI_STACK=stack",
	}
	if !slices.Equal(pulumi, want) {
		t.Errorf("the program gets\n%q\nwant\n%q", pulumi, want)
	}
}

func TestAnEditedProgramIsBuiltAgainUnlessEachIsBuiltOnce(t *testing.T) {
	for once, want := range map[bool]string{false: "1 new", true: "1 old"} {
		engine := attach(t, serve(t, once))
		run := request(t, "fmt.Print(word)")
		var shown string
		for _, word := range []string{"old", "new"} {
			write(t, filepath.Join(run.GetPwd(), "word.go"), fmt.Sprintf("package main\nconst word = %q\n", word))
			if response, err := engine.Run(t.Context(), run); err != nil || response.GetError() != "" || response.GetBail() {
				t.Fatalf("the run ended in %v (%v)", response, err)
			}
			shown = <-engine.shown
		}
		if shown != want {
			t.Errorf("the edited program prints %q, want %q (each is built once: %t)", shown, want, once)
		}
	}
}

func TestTheRunEndsAsTheProgramDoes(t *testing.T) {
	engine := attach(t, serve(t, false))
	for body, want := range map[string]string{
		"os.Exit(0)":  "bail: false, error: ",
		"os.Exit(32)": "bail: true, error: ",
		"os.Exit(3)":  "bail: false, error: the program ended with exit status 3",
		"syscall.Kill(os.Getpid(), 9); time.Sleep(time.Hour)": "bail: false, error: the program ended with signal: killed",
	} {
		got, err := engine.Run(t.Context(), request(t, body))
		if ended := fmt.Sprintf("bail: %t, error: %s", got.GetBail(), got.GetError()); err != nil || ended != want {
			t.Errorf("%s ends the run with %q (%v), want %q", body, ended, err, want)
		}
	}
	if _, err := engine.Run(t.Context(), request(t, "thisIsNotDeclared()")); err == nil ||
		!strings.Contains(err.Error(), "undefined: thisIsNotDeclared") {
		t.Errorf("a program that does not compile ends the run in %v, want the compiler's message", err)
	}
}

// sleeper runs a program that never ends, and returns its process and the end of its run.
func (a *attached) sleeper(ctx context.Context, t *testing.T) (process int, ended <-chan error) {
	t.Helper()
	run := request(t, `fmt.Print(os.Getpid()); time.Sleep(time.Hour)`)
	end := make(chan error, 1)
	go func() {
		_, err := a.Run(ctx, run)
		end <- err
	}()
	process, err := strconv.Atoi(strings.TrimPrefix(<-a.shown, "1 "))
	if err != nil {
		t.Fatal(err)
	}
	return process, end
}

func TestACancelledRunEndsAndItsProgramIsKilled(t *testing.T) {
	for name, cancel := range map[string]func(host *Host, engine *attached, stop context.CancelFunc) error{
		"by the engine's call": func(_ *Host, engine *attached, _ context.CancelFunc) error {
			_, err := engine.Cancel(t.Context(), &emptypb.Empty{})
			return err
		},
		"by the end of the call":   func(_ *Host, _ *attached, stop context.CancelFunc) error { stop(); return nil },
		"by the end of the engine": func(_ *Host, engine *attached, _ context.CancelFunc) error { return engine.connection.Close() },
		"by the end of the host":   func(host *Host, _ *attached, _ context.CancelFunc) error { return host.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			host := serve(t, false)
			engine, another := attach(t, host), attach(t, host)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			process, ended := engine.sleeper(ctx, t)
			others, othersEnd := another.sleeper(t.Context(), t)
			if err := cancel(host, engine, stop); err != nil {
				t.Error(err)
			}
			<-ended
			// A program that never ends lets the test run into its time limit.
			for !errors.Is(syscall.Kill(process, 0), syscall.ESRCH) {
				time.Sleep(time.Millisecond)
			}
			if err := syscall.Kill(others, 0); name != "by the end of the host" && err != nil {
				t.Errorf("the program of another engine has ended, too (%v)", err)
			}
			_ = host.Close()
			<-othersEnd
		})
	}
}
