// Package emulator runs moto's server, an emulation of the AWS APIs, on this machine.
//
// An emulator starts empty, keeps everything in memory, and ends with the process that started it. One Python serves
// all emulators of a process, because to load moto takes more than a second of CPU.
package emulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"sync/atomic"
)

// Account is the number of the emulated AWS account.
const Account = "123456789012"

// dockerBridge is the network interface through which containers of docker on this machine reach it.
const dockerBridge = "docker0"

// Emulator is a running emulation of the AWS APIs.
type Emulator struct {
	python *python
	// name tells it apart in the Python.
	name   string
	url    string
	server *http.Server
}

// started is how many emulators this process has started.
var started atomic.Int64

// Start installs moto in the repository if needed, serves it on a free port of 127.0.0.1, and returns when it
// answers. What goes wrong in moto is told on standard error.
//
// Containers of this machine's docker, to which 127.0.0.1 is their own, reach it at the same port of the address that
// this machine has there, if that is free. Nobody else does.
func Start(ctx context.Context, repository string) (*Emulator, error) {
	return start(ctx, repository, networkOf(dockerBridge))
}

func start(ctx context.Context, repository string, containers netip.Prefix) (*Emulator, error) {
	python, err := running(ctx, repository)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	address := listener.Addr().(*net.TCPAddr)
	name := strconv.FormatInt(started.Add(1), 10)
	server := &http.Server{Handler: onlyFrom(containers, forward(python.address, name))}
	go func() { _ = server.Serve(listener) }()
	// Without docker there is no such address.
	bridge, err := net.Listen("tcp4", net.JoinHostPort(containers.Addr().String(), strconv.Itoa(address.Port)))
	if err == nil {
		go func() { _ = server.Serve(bridge) }()
	}
	return &Emulator{python: python, name: name, url: "http://" + address.String(), server: server}, nil
}

// forward passes requests on to an emulation of the Python, each once it is whole: net/http closes the body of a request
// when it begins to answer it. If the body is still being passed on then, that takes the answer with it.
func forward(address, name string) http.Handler {
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(&url.URL{Scheme: "http", Host: address})
		request.Out.Host = request.In.Host
		request.Out.Header.Set("X-Emulation", name)
	}}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			// There is nobody to answer.
			panic(http.ErrAbortHandler)
		}
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(response, request)
	})
}

// networkOf is the IPv4 network behind a network interface with this machine's address in it, or none.
func networkOf(device string) netip.Prefix {
	bridge, err := net.InterfaceByName(device)
	if err != nil {
		return netip.Prefix{}
	}
	addresses, _ := bridge.Addrs()
	for _, address := range addresses {
		if network, err := netip.ParsePrefix(address.String()); err == nil && network.Addr().Is4() {
			return network
		}
	}
	return netip.Prefix{}
}

// onlyFrom refuses requests from outside of this machine and a network: another machine may find a way to this one's
// address in it.
func onlyFrom(network netip.Prefix, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		remote, err := netip.ParseAddrPort(request.RemoteAddr)
		if err != nil || !remote.Addr().IsLoopback() && !network.Contains(remote.Addr()) {
			http.Error(response, "only this machine and its containers are served here", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(response, request)
	})
}

// URL is the endpoint of every emulated service, such as http://127.0.0.1:41234. It answers 502 when moto has ended.
func (e *Emulator) URL() string { return e.url }

// Exited is closed when moto has ended.
func (e *Emulator) Exited() <-chan struct{} { return e.python.exited }

// Close ends the emulator. Later calls do nothing.
func (e *Emulator) Close() error {
	err := e.server.Close()
	_, _ = fmt.Fprintln(e.python.ended, e.name)
	return err
}
