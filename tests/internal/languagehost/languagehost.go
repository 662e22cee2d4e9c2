// Package languagehost serves Pulumi's language runtime protocol for Go programs.
//
// The Pulumi CLI normally starts the plugin pulumi-language-go for this. When PULUMI_DEBUG_LANGUAGES
// names a port instead, the CLI attaches to a server that is already running: this one. It builds the
// program with the Go tool, runs the binary with the environment that the Go SDK reads (sdk/go/pulumi,
// run.go), and reports the exit code as the plugin does.
package languagehost

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Host is a running language host. It serves any number of engines at once.
type Host struct {
	port   int
	cancel chan bool
	done   <-chan error
	stop   context.CancelFunc
	close  sync.Once
}

// Serve starts a language host on a free port of 127.0.0.1. It stops when ctx ends or Close is called. With keepBinaries
// it builds a program only where its buildTarget has no binary, and runs one that is there as it is: to ask the Go tool
// whether it is up to date takes as much CPU as everything else in an unchanged preview.
func Serve(ctx context.Context, keepBinaries bool) (*Host, error) {
	running, stop := context.WithCancel(ctx)
	cancel := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &service{running: running, keepBinaries: keepBinaries})
			return nil
		},
		Options: []grpc.ServerOption{grpc.StatsHandler(connections{})},
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("serve the Go language host: %w", err)
	}
	host := &Host{port: handle.Port, cancel: cancel, done: handle.Done, stop: stop}
	context.AfterFunc(ctx, func() { _ = host.Close() })
	return host, nil
}

// Port is the TCP port on 127.0.0.1 that PULUMI_DEBUG_LANGUAGES has to name.
func (h *Host) Port() int { return h.port }

// Close ends the programs that are running and stops serving. Later calls do nothing.
func (h *Host) Close() error {
	var err error
	h.close.Do(func() {
		h.stop()
		close(h.cancel)
		err = <-h.done
	})
	return err
}

// connection is what the host knows about one engine's connection. A RunRequest does not carry the
// engine's address: only the handshake on the same connection does.
type connection struct {
	mu     sync.Mutex
	engine string
	cancel chan struct{}
}

func (c *connection) handshake(engine string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.engine = engine
}

func (c *connection) engineAddress() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine
}

// cancelled is closed when the engine asks to stop what runs on this connection at the time of the call.
func (c *connection) cancelled() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cancel
}

func (c *connection) cancelRunning() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.cancel)
	c.cancel = make(chan struct{})
}

type connectionKey struct{}

func connectionOf(ctx context.Context) *connection {
	return ctx.Value(connectionKey{}).(*connection)
}

// connections gives each gRPC connection its own state. gRPC hands the context of TagConn to every call
// on that connection.
type connections struct{}

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{cancel: make(chan struct{})})
}
func (connections) HandleConn(context.Context, stats.ConnStats)                     {}
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                       {}

type service struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	running      context.Context
	keepBinaries bool
}

// Handshake stores the address of the engine that made the connection.
func (s *service) Handshake(
	ctx context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	connectionOf(ctx).handshake(request.GetEngineAddress())
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo answers without a version: the host is a part of the sandbox, not a released plugin.
func (s *service) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

// GetRequiredPackages answers that there is nothing to install: the engine attaches to providers that
// are already running.
func (s *service) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// About tells which Go tool builds the program.
func (s *service) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	goTool, err := findGo()
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, goTool, "env", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", goTool, err)
	}
	return &pulumirpc.AboutResponse{Executable: goTool, Version: strings.TrimSpace(string(version))}, nil
}

// Cancel kills the programs that run for the engine which asks.
func (s *service) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	connectionOf(ctx).cancelRunning()
	return &emptypb.Empty{}, nil
}

// Run builds the program, runs it to its end, and tells the engine how it ended.
func (s *service) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	address := connectionOf(ctx).engineAddress()
	ctx, stop := s.whileWanted(ctx)
	defer stop()
	engine, err := dialEngine(address)
	if err != nil {
		return nil, err
	}
	defer engine.close()
	environment, err := programEnvironment(os.Environ(), request, address)
	if err != nil {
		return nil, err
	}
	return s.runProgram(ctx, engine, request, environment)
}

// whileWanted returns a context that ends when the engine's call ends (also because the engine died),
// when the engine cancels, or when the host closes.
func (s *service) whileWanted(ctx context.Context) (context.Context, context.CancelFunc) {
	cancelled := connectionOf(ctx).cancelled()
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(s.running, cancel)
	go func() {
		select {
		case <-cancelled:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { detach(); cancel() }
}
