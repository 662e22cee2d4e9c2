package awsprovider

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"syscall"
)

// errNotLoopback is why an address is refused.
var errNotLoopback = errors.New("it is not an address of this machine, and the sandbox must never touch a real account")

// checkLoopback refuses an endpoint that is not an http URL of this machine.
func checkLoopback(endpoint string) error {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("endpoint %q: %w", endpoint, err)
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("endpoint %q: it must be an http URL, such as http://127.0.0.1:5000", endpoint)
	}
	if address, err := netip.ParseAddr(parsed.Hostname()); parsed.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return fmt.Errorf("endpoint %q: %w", endpoint, errNotLoopback)
	}
	return nil
}

// refuseRemote sees the address that is really dialled, after names are
// resolved.
func refuseRemote(_, address string, _ syscall.RawConn) error {
	resolved, err := netip.ParseAddrPort(address)
	if err != nil || !resolved.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("refuse to connect to %s: %w", address, errNotLoopback)
	}
	return nil
}
