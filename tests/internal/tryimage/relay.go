package tryimage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// RelayVerb is the verb with which this program runs as a relay; no image can have this name. See ServeRelay.
const RelayVerb = "+relay"

// relay is the container's way to the endpoint.
type relay struct {
	// endpoint is the endpoint's address as the container sees it; empty for AWS itself.
	endpoint string
	// hosts are names that must lead to this machine for it.
	hosts []string
	// process relays, if one is needed; it ends when input is closed before it was told a container's name.
	process *exec.Cmd
	input   io.WriteCloser
}

// startRelay starts a process of this program that relays from the network to the endpoint. A process of its own,
// because it has to live as long as a container that is kept.
func startRelay(ctx context.Context, network *net.IPNet, endpoint *url.URL) (*relay, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the container's way to %s: %w", endpoint, err)
	}
	target := endpoint.Host
	if endpoint.Port() == "" {
		target = net.JoinHostPort(endpoint.Hostname(), map[string]string{"http": "80", "https": "443"}[endpoint.Scheme])
	}
	process := exec.CommandContext(context.WithoutCancel(ctx), program, RelayVerb, network.String(), target)
	// Ctrl-C in the terminal, and the end of its session, are for this process alone.
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	input, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the container's way to %s: %w", endpoint, err)
	}
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the container's way to %s: %w", endpoint, err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start the container's way to %s: %w", endpoint, err)
	}
	started := &relay{process: process, input: input}
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		started.end()
		return nil, fmt.Errorf("start the container's way to %s: the relay ended", endpoint)
	}
	seen := *endpoint
	seen.Host = strings.TrimSpace(address)
	started.endpoint = seen.String()
	return started, nil
}

// end ends the relay's process.
func (r *relay) end() {
	if r.process == nil {
		return
	}
	_ = r.input.Close()
	_ = r.process.Wait()
}

// keep lets the relay's process live as long as the container, and tells whether it does.
func (r *relay) keep(container string) bool {
	if r.process == nil {
		return true
	}
	_, err := fmt.Fprintln(r.input, container)
	return err == nil
}

// ServeRelay passes connections from a network of containers on to target, an address on this machine's loopback
// interface. The network is written as this machine's address in it, such as 172.17.0.1/16; nobody from elsewhere is let
// in. It prints the address that it listens on, and ends when its input ends, or, if that has named a container, with
// the container.
func ServeRelay(ctx context.Context, arguments []string, input io.Reader, output io.Writer) error {
	if len(arguments) != 2 {
		return errors.New("a relay takes a network and a target")
	}
	own, network, err := net.ParseCIDR(arguments[0])
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(own.String(), "0"))
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintln(output, listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if !admitted(network, connection.RemoteAddr()) {
				_ = connection.Close()
				continue
			}
			go pass(connection, arguments[1])
		}
	}()
	container, err := bufio.NewReader(input).ReadString('\n')
	if err != nil {
		// Whoever started this has ended, or needs it no more.
		return nil
	}
	docker, err := Find(ctx)
	if err != nil {
		return err
	}
	_, err = docker.run(ctx, nil, "wait", strings.TrimSpace(container))
	return err
}

// admitted tells whether an address is in the network: a machine elsewhere may find a way to this one's address in it.
func admitted(network *net.IPNet, remote net.Addr) bool {
	address, ok := remote.(*net.TCPAddr)
	return ok && network.Contains(address.IP)
}

// pass passes one connection on, in both directions, each until its end.
func pass(from net.Conn, target string) {
	defer from.Close()
	to, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		transfer(to, from)
	}()
	transfer(from, to)
	<-done
}

// transfer copies one direction and then tells the receiver that nothing more comes.
func transfer(to, from net.Conn) {
	// A connection that breaks is the matter of its two ends.
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
