package emulator

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
)

// dockerBridge is the network interface through which containers of docker on this machine reach it.
const dockerBridge = "docker0"

// serveContainers lets the containers behind a network interface, and nobody else, reach an emulator at the same port of
// the address that this machine has there: to them, 127.0.0.1 is their own. The returned function ends that. Without such
// an interface, or with its port taken, it does nothing.
func serveContainers(device string, emulator *url.URL) (end func()) {
	end = func() {}
	bridge, err := net.InterfaceByName(device)
	if err != nil {
		return end
	}
	addresses, err := bridge.Addrs()
	if err != nil {
		return end
	}
	for _, address := range addresses {
		network, err := netip.ParsePrefix(address.String())
		if err != nil || !network.Addr().Is4() {
			continue
		}
		listener, err := net.Listen("tcp4", net.JoinHostPort(network.Addr().String(), emulator.Port()))
		if err != nil {
			return end
		}
		server := &http.Server{Handler: onlyFrom(network, httputil.NewSingleHostReverseProxy(emulator)), ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		return func() { _ = server.Close() }
	}
	return end
}

// onlyFrom refuses requests from outside a network: another machine may find a way to this one's address in it.
func onlyFrom(network netip.Prefix, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		remote, err := netip.ParseAddrPort(request.RemoteAddr)
		if err != nil || !network.Contains(remote.Addr()) {
			http.Error(response, "only containers of this machine are served here", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(response, request)
	})
}
