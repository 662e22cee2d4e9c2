package languagehost

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// user is an engine that keeps what it is told to show.
type user struct {
	pulumirpc.UnimplementedEngineServer
	address string

	mu   sync.Mutex
	seen []*pulumirpc.LogRequest
	told chan struct{}
}

func newUser(t *testing.T) *user {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	engine := &user{address: listener.Addr().String(), told: make(chan struct{}, 1)}
	pulumirpc.RegisterEngineServer(server, engine)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return engine
}

func (u *user) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = append(u.seen, request)
	select {
	case u.told <- struct{}{}:
	default:
	}
	return &emptypb.Empty{}, nil
}

// shown is all that the user was shown at one severity.
func (u *user) shown(severity pulumirpc.LogSeverity) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var text strings.Builder
	for _, request := range u.seen {
		if request.GetSeverity() == severity {
			text.WriteString(request.GetMessage())
		}
	}
	return text.String()
}

// attach connects an engine to a host, as the CLI does.
func attach(t *testing.T, host *Host, engine *user) (pulumirpc.LanguageRuntimeClient, *grpc.ClientConn) {
	t.Helper()
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", host.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := pulumirpc.NewLanguageRuntimeClient(connection)
	if _, err := client.Handshake(t.Context(),
		&pulumirpc.LanguageHandshakeRequest{EngineAddress: engine.address}); err != nil {
		t.Fatal(err)
	}
	return client, connection
}

func serve(t *testing.T) *Host { return serveKeeping(t, false) }

func serveKeeping(t *testing.T, binaries bool) *Host {
	t.Helper()
	host, err := Serve(t.Context(), binaries)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return host
}

// request runs a program whose main function has the given body.
func request(t *testing.T, body string, imports ...string) *pulumirpc.RunRequest {
	t.Helper()
	folder := t.TempDir()
	source := "package main\n"
	for _, name := range imports {
		source += fmt.Sprintf("import %q\n", name)
	}
	source += "func main() {\n" + body + "\n}\n"
	for name, text := range map[string]string{"go.mod": "module program\n\ngo 1.24\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options, err := structpb.NewStruct(map[string]any{"buildTarget": "bin/program"})
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.RunRequest{
		Pwd:            folder,
		Project:        "project",
		Stack:          "stack",
		Organization:   "organization",
		Config:         map[string]string{"project:name": `a "quoted" value`},
		DryRun:         true,
		Parallel:       7,
		MonitorAddress: "127.0.0.1:1",
		Info: &pulumirpc.ProgramInfo{
			RootDirectory: folder, ProgramDirectory: folder, EntryPoint: ".", Options: options,
		},
		ConfigSecretKeys: []string{"project:secret"},
	}
}

func TestTheProgramGetsTheEnvironmentThatTheGoSDKReads(t *testing.T) {
	t.Setenv("PULUMI_STACK", "another")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "not for the program")
	t.Setenv("SOME_OTHER_VARIABLE", "kept")
	engine := newUser(t)
	client, _ := attach(t, serve(t), engine)
	run := request(t, `
		text, _ := json.Marshal(os.Environ())
		os.WriteFile("environment.json", text, 0o600)`, "encoding/json", "os")
	response, err := client.Run(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if response.GetError() != "" || response.GetBail() {
		t.Fatalf("the run ended in %v", response)
	}

	text, err := os.ReadFile(filepath.Join(run.GetPwd(), "environment.json"))
	if err != nil {
		t.Fatal(err)
	}
	var environment []string
	if err := json.Unmarshal(text, &environment); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(environment, "SOME_OTHER_VARIABLE=kept") {
		t.Error("the program does not get the host's environment")
	}
	pulumi := slices.DeleteFunc(environment, func(v string) bool { return !strings.HasPrefix(v, "PULUMI_") })
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
	if _, err := os.Stat(filepath.Join(run.GetPwd(), "bin", "program")); err != nil {
		t.Errorf("the binary is not at the build target: %v", err)
	}
}

func TestAnEditedProgramIsBuiltAgainUnlessBinariesAreKept(t *testing.T) {
	for keeping, want := range map[bool]string{false: "old\nnew\n", true: "old\nold\n"} {
		engine := newUser(t)
		client, _ := attach(t, serveKeeping(t, keeping), engine)
		run := request(t, "fmt.Println(word)", "fmt")
		for _, word := range []string{"old", "new"} {
			source := fmt.Sprintf("package main\nconst word = %q\n", word)
			if err := os.WriteFile(filepath.Join(run.GetPwd(), "word.go"), []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			if response, err := client.Run(t.Context(), run); err != nil || response.GetError() != "" || response.GetBail() {
				t.Fatalf("the run ended in %v, %v", response, err)
			}
		}
		if printed := engine.shown(pulumirpc.LogSeverity_INFO); printed != want {
			t.Errorf("two runs print %q, want %q (binaries are kept: %t)", printed, want, keeping)
		}
	}
}

func TestTheExitCodeDecidesHowTheRunEnds(t *testing.T) {
	client, _ := attach(t, serve(t), newUser(t))
	for body, want := range map[string]*pulumirpc.RunResponse{
		"os.Exit(0)":  {},
		"os.Exit(32)": {Bail: true},
		"os.Exit(3)":  {Error: "program exited with non-zero exit code: 3"},
		"syscall.Kill(os.Getpid(), syscall.SIGKILL); time.Sleep(time.Hour)": {Error: "program ended unexpectedly: signal: killed"},
	} {
		imports := []string{"os"}
		if want.Error != "" && strings.Contains(body, "syscall") {
			imports = append(imports, "syscall", "time")
		}
		got, err := client.Run(t.Context(), request(t, body, imports...))
		if err != nil {
			t.Fatal(err)
		}
		if got.GetBail() != want.GetBail() || got.GetError() != want.GetError() {
			t.Errorf("%s ends the run in %v, want %v", body, got, want)
		}
	}
}

func TestTheUserSeesWhatTheProgramPrintsAndTheCompilersErrors(t *testing.T) {
	engine := newUser(t)
	client, _ := attach(t, serve(t), engine)
	if _, err := client.Run(t.Context(), request(t,
		`fmt.Println("to standard output"); fmt.Fprintln(os.Stderr, "to standard error")`, "fmt", "os")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"to standard output\n", "to standard error\n"} {
		if shown := engine.shown(pulumirpc.LogSeverity_INFO); !strings.Contains(shown, want) {
			t.Errorf("the user sees %q, want %q in it", shown, want)
		}
	}
	response, err := client.Run(t.Context(), request(t, "thisIsNotDeclared()"))
	if err != nil {
		t.Fatal(err)
	}
	if !response.GetBail() {
		t.Errorf("the run ends in %v, want bail, as the user has seen the error", response)
	}
	if shown := engine.shown(pulumirpc.LogSeverity_ERROR); !strings.Contains(shown, "undefined: thisIsNotDeclared") {
		t.Errorf("the user sees %q, want the compiler's message", shown)
	}
}

func TestACancelledRunEndsAndItsProgramIsKilled(t *testing.T) {
	type running struct {
		host       *Host
		client     pulumirpc.LanguageRuntimeClient
		connection *grpc.ClientConn
		stop       context.CancelFunc
	}
	for name, cancel := range map[string]func(running) error{
		"by the engine's call": func(r running) error {
			_, err := r.client.Cancel(t.Context(), &emptypb.Empty{})
			return err
		},
		"by the end of the call":   func(r running) error { r.stop(); return nil },
		"by the end of the engine": func(r running) error { return r.connection.Close() },
		"by the end of the host":   func(r running) error { return r.host.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			engine := newUser(t)
			host := serve(t)
			client, connection := attach(t, host, engine)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			run := request(t, `os.WriteFile("pid", []byte(fmt.Sprint(os.Getpid())), 0o600); fmt.Println("running"); time.Sleep(time.Hour)`,
				"fmt", "os", "time")
			ended := make(chan error, 1)
			go func() {
				_, err := client.Run(ctx, run)
				ended <- err
			}()
			<-engine.told
			if err := cancel(running{host, client, connection, stop}); err != nil {
				t.Error(err)
			}
			if err := <-ended; err == nil {
				t.Error("the run ended without an error")
			}
			awaitEnd(t, filepath.Join(run.GetPwd(), "pid"))
		})
	}
}

func TestOneEnginesCancellationLeavesAnothersProgramRunning(t *testing.T) {
	host := serve(t)
	first, second := newUser(t), newUser(t)
	firstClient, _ := attach(t, host, first)
	secondClient, _ := attach(t, host, second)
	run := request(t, `
		fmt.Println("running", os.Getenv("PULUMI_ENGINE"))
		for { if _, err := os.Stat("go-on"); err == nil { return }; time.Sleep(time.Millisecond) }`, "fmt", "os", "time")
	ended := make(chan error, 1)
	go func() {
		_, err := secondClient.Run(t.Context(), run)
		ended <- err
	}()
	<-second.told
	if _, err := firstClient.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run.GetPwd(), "go-on"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the other engine's run ended in %v", err)
	}
	if shown, want := second.shown(pulumirpc.LogSeverity_INFO), "running "+second.address+"\n"; shown != want {
		t.Errorf("the second engine's user sees %q, want %q", shown, want)
	}
}
