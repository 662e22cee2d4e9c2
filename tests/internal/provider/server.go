package provider

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// maxMessageSize is the largest message accepted, in bytes. The engine itself allows as much.
const maxMessageSize = 400 << 20

// Server serves one package to any number of engines at a time.
//
// Every connection gets a provider of its own. An engine opens one connection per configured provider, so region and
// default tags of one run never meet those of another.
type Server struct {
	listener net.Listener
	grpc     *grpc.Server
}

// listen starts to serve on a free port of 127.0.0.1. It calls newProvider for each connection. The caller must Close
// the server.
func listen(newProvider func() plugin.Provider) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the engine: %w", err)
	}
	service := pulumirpc.ResourceProvider_ServiceDesc
	service.Methods = slices.Clone(service.Methods)
	for i, method := range service.Methods {
		service.Methods[i].Handler = func(
			_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
		) (any, error) {
			return method.Handler(ctx.Value(connectionKey{}), ctx, decode, interceptor)
		}
	}
	// Close must wait for the operations under way, so that nothing is created after it.
	server := grpc.NewServer(grpc.WaitForHandlers(true), grpc.MaxRecvMsgSize(maxMessageSize), grpc.StatsHandler(connections(newProvider)))
	server.RegisterService(&service, nil)
	go func() { _ = server.Serve(listener) }()
	return &Server{listener: listener, grpc: server}, nil
}

// Port is the port to name in PULUMI_DEBUG_PROVIDERS.
func (s *Server) Port() int {
	return s.listener.Addr().(*net.TCPAddr).Port
}

// Close ends all connections and returns when the operations under way have ended. It may be called repeatedly.
func (s *Server) Close() error {
	s.grpc.Stop()
	return nil
}

// connectionKey is the key of a connection's provider in the contexts of its requests.
type connectionKey struct{}

// connections makes a provider for each connection. It implements [stats.Handler].
type connections func() plugin.Provider

func (c connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, connectionKey{}, plugin.NewProviderServer(c()))
}

func (connections) HandleConn(context.Context, stats.ConnStats) {}

func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (connections) HandleRPC(context.Context, stats.RPCStats) {}
