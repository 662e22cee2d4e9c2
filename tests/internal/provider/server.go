package provider

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessageSize is the largest message accepted, in bytes. The engine itself allows as much.
const maxMessageSize = 400 << 20

// Server serves one package to any number of engines at a time.
//
// Every connection gets a provider of its own. An engine opens one connection per configured provider, so region and
// default tags of one run never meet those of another.
type Server struct {
	listener net.Listener
	http     *http.Server

	mu         sync.Mutex
	closed     bool
	operations sync.WaitGroup
}

// connectionKey is the key of a connection's provider in the contexts of its requests.
type connectionKey struct{}

// Listen starts to serve on a free port of 127.0.0.1. It calls newProvider for each connection. The caller must Close
// the server.
func Listen(newProvider func() plugin.Provider) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the engine: %w", err)
	}
	server := &Server{listener: listener}
	server.http = &http.Server{
		Handler:   server,
		Protocols: new(http.Protocols),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			connection := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageSize))
			pulumirpc.RegisterResourceProviderServer(connection, plugin.NewProviderServer(newProvider()))
			return context.WithValue(ctx, connectionKey{}, connection)
		},
	}
	server.http.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.http.Serve(listener) }()
	return server, nil
}

// Port is the port to name in PULUMI_DEBUG_PROVIDERS.
func (s *Server) Port() int {
	return s.listener.Addr().(*net.TCPAddr).Port
}

// ServeHTTP implements [http.Handler]: it carries out one operation.
func (s *Server) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.operations.Add(1)
	s.mu.Unlock()
	defer s.operations.Done()
	request.Context().Value(connectionKey{}).(*grpc.Server).ServeHTTP(writer, request)
}

// Close ends all connections and returns when the operations under way have ended, so that nothing is created after it.
// It may be called repeatedly.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.http.Close()
	s.operations.Wait()
	return err
}
