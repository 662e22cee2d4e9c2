package provider

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessageSize is the largest message accepted, in bytes. The engine itself
// allows as much.
const maxMessageSize = 400 << 20

// Server serves one package to any number of engines at a time.
//
// Every connection gets a provider of its own. An engine opens one connection
// per configured provider, so region and default tags of one run never meet
// those of another.
type Server struct {
	listener    net.Listener
	newProvider func() plugin.Provider

	mu          sync.Mutex
	connections map[*grpc.Server]struct{}
	closed      bool
	handlers    sync.WaitGroup
}

// Listen starts to serve on a free port of 127.0.0.1. It calls newProvider for
// each connection. The caller must Close the server.
func Listen(newProvider func() plugin.Provider) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the engine: %w", err)
	}
	server := &Server{
		listener:    listener,
		newProvider: newProvider,
		connections: map[*grpc.Server]struct{}{},
	}
	server.handlers.Go(server.accept)
	return server, nil
}

// Port is the port to name in PULUMI_DEBUG_PROVIDERS.
func (s *Server) Port() int {
	return s.listener.Addr().(*net.TCPAddr).Port
}

// Close ends all connections and returns when the operations under way have
// ended, so that nothing is created after it. It may be called repeatedly.
func (s *Server) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	connections := make([]*grpc.Server, 0, len(s.connections))
	for connection := range s.connections {
		connections = append(connections, connection)
	}
	s.mu.Unlock()

	var err error
	if first {
		err = s.listener.Close()
	}
	for _, connection := range connections {
		connection.Stop()
	}
	s.handlers.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		connection := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageSize), grpc.WaitForHandlers(true))
		pulumirpc.RegisterResourceProviderServer(connection, plugin.NewProviderServer(s.newProvider()))

		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.connections[connection] = struct{}{}
		s.mu.Unlock()
		s.handlers.Go(func() { s.serve(connection, conn) })
	}
}

func (s *Server) serve(connection *grpc.Server, conn net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.connections, connection)
		s.mu.Unlock()
	}()
	ended := make(chan struct{})
	single := &singleListener{conn: &notifyingConn{Conn: conn, ended: ended}, addr: conn.LocalAddr(), done: make(chan struct{})}
	go func() {
		<-ended
		_ = single.Close()
	}()
	_ = connection.Serve(single)
	_ = conn.Close()
	connection.Stop()
}

// singleListener accepts the one connection it was made for. A [grpc.Server]
// serves listeners, and here each connection has a server of its own.
type singleListener struct {
	conn net.Conn
	addr net.Addr

	accept sync.Once
	close  sync.Once
	done   chan struct{}
}

var errListenerClosed = errors.New("the connection has ended")

func (l *singleListener) Accept() (net.Conn, error) {
	var conn net.Conn
	l.accept.Do(func() { conn = l.conn })
	if conn != nil {
		return conn, nil
	}
	<-l.done
	return nil, errListenerClosed
}

func (l *singleListener) Close() error {
	l.close.Do(func() { close(l.done) })
	return nil
}

func (l *singleListener) Addr() net.Addr { return l.addr }

// notifyingConn tells when gRPC has closed the connection, which it does when
// the engine hangs up.
type notifyingConn struct {
	net.Conn
	once  sync.Once
	ended chan struct{}
}

func (c *notifyingConn) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.Conn.Close()
}
