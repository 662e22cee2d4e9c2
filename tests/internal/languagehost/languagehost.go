// Package languagehost serves Pulumi's language runtime protocol for Go programs.
//
// The Pulumi CLI normally starts the plugin pulumi-language-go for this. When PULUMI_DEBUG_LANGUAGES names a port
// instead, the CLI attaches to a server that is already running: this one. It builds the program with the Go tool,
// runs the binary with the environment that the Go SDK reads (sdk/go/pulumi, run.go), and reports how it ended.
package languagehost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/emptypb"
)

// maxMessageSize is the largest message accepted, in bytes. The engine itself allows as much.
const maxMessageSize = 400 << 20

// Host is a running language host. It serves any number of engines at once.
type Host struct {
	listener net.Listener
	server   *grpc.Server
}

// Serve starts a language host on a free port of 127.0.0.1. The caller has to Close it. With buildOnce, this process
// builds each program once, and does not notice a change after that: to ask the Go tool whether a program is up to
// date takes as much CPU as everything else in an unchanged preview.
func Serve(buildOnce bool) (*Host, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the Go language host: %w", err)
	}
	host := &Host{listener, grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageSize), grpc.WaitForHandlers(true))}
	pulumirpc.RegisterLanguageRuntimeServer(host.server, &service{buildOnce: buildOnce})
	go func() { _ = host.server.Serve(listener) }()
	return host, nil
}

// Port is the TCP port on 127.0.0.1 that PULUMI_DEBUG_LANGUAGES has to name.
func (h *Host) Port() int { return h.listener.Addr().(*net.TCPAddr).Port }

// Close ends the programs that are running and stops serving. Later calls do nothing.
func (h *Host) Close() error {
	h.server.Stop()
	return nil
}

// service has what the CLI needs to run a program. It does without the rest, such as the plugins that a program
// requires: the engine attaches to providers that are already running.
type service struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	buildOnce bool
	// engines are the engines by the address that they call from. A RunRequest does not say which engine it is from:
	// only the handshake on the same connection does.
	engines sync.Map
}

// engine is one that made a connection.
type engine struct {
	// address is where the engine itself serves.
	address string
	// cancelled ends when the engine asks to stop what it runs.
	cancelled context.Context
	cancel    context.CancelFunc
}

func (s *service) engine(ctx context.Context) *engine {
	caller, _ := peer.FromContext(ctx)
	found, _ := s.engines.Load(caller.Addr.String())
	return found.(*engine)
}

// Handshake notes the engine that made the connection.
func (s *service) Handshake(
	ctx context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	caller, _ := peer.FromContext(ctx)
	cancelled, cancel := context.WithCancel(context.Background())
	s.engines.Store(caller.Addr.String(), &engine{request.GetEngineAddress(), cancelled, cancel})
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo answers without a version: the host is a part of the sandbox, not a released plugin.
func (s *service) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{}, nil
}

// Cancel kills the programs that run for the engine which asks.
func (s *service) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	s.engine(ctx).cancel()
	return &emptypb.Empty{}, nil
}

// Run builds the program and runs it to its end, or until the engine or this host ends or cancels it. As with the
// released plugin, an error that the user has seen already ends in Bail, and any other bad end of the program in
// Error.
func (s *service) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	engine := s.engine(ctx)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(engine.cancelled, stop)()
	connection, err := grpc.NewClient(engine.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	user := pulumirpc.NewEngineClient(connection)
	command, err := s.start(ctx, request, func(command *exec.Cmd) {
		command.Env = environment(request, engine.address)
		command.Stdout, command.Stderr = &output{ctx, user, 1}, &output{ctx, user, 2}
	})
	if err != nil {
		return nil, err
	}
	err = command.Wait()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.ExitCode() == constant.ExitStatusLoggedError {
		return &pulumirpc.RunResponse{Bail: true}, nil
	} else if err != nil {
		return &pulumirpc.RunResponse{Error: "the program ended with " + err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// output shows what is written to it to the user, through the engine, because an attached host has no output that the
// engine captures.
type output struct {
	ctx    context.Context
	engine pulumirpc.EngineClient
	stream int32
}

// Write cannot fail: an engine that does not listen any more has no user to show the text to.
func (o *output) Write(text []byte) (int, error) {
	_, _ = o.engine.Log(o.ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Message: strings.ToValidUTF8(string(text), "\uFFFD"), StreamId: o.stream,
	})
	return len(text), nil
}
