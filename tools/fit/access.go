package fit

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// hostName is docker's name for this machine, seen from a container.
const hostName = "host.docker.internal"

// access is how a container reaches AWS.
type access struct {
	// variables are those of AWS's clients, without empty ones.
	variables map[string]string
	// hosts are names that must lead to this machine.
	hosts []string
}

// accessTo makes the variables with which a container reaches the stack's account. An emulator's address on the loopback
// interface means nothing there, because a container has a loopback interface of its own. If the engine's bridge is an
// interface of this machine, the emulator must listen there too, as the sandbox's does; that address is a number, so S3
// clients put the bucket into the path. If the engine runs in a virtual machine, Docker Desktop has a name for this
// machine's loopback interface, and S3 clients put the bucket before that name.
func (d Docker) accessTo(ctx context.Context, stack Stack) (access, error) {
	found := access{variables: map[string]string{}}
	endpoint, err := url.Parse(aws.ToString(stack.account.BaseEndpoint))
	if err != nil {
		return found, fmt.Errorf("AWS_ENDPOINT_URL is %q: %w", *stack.account.BaseEndpoint, err)
	}
	if isLoopback(endpoint.Hostname()) {
		bridge, err := d.run(ctx, nil, "network", "inspect", "bridge", "--format", `{{index .Options "com.docker.network.bridge.name"}}`)
		if err != nil {
			return found, err
		}
		host := addressOf(bridge)
		if host == "" {
			host = hostName
			found.hosts = []string{hostName, stack.outputs.bucket + "." + hostName}
		}
		endpoint.Host = net.JoinHostPort(host, endpoint.Port())
		if host != hostName {
			connection, err := net.DialTimeout("tcp", endpoint.Host, time.Second)
			if err != nil {
				return found, noPlan(fmt.Sprintf("a container cannot reach %s, because nothing listens on %s", *stack.account.BaseEndpoint, endpoint.Host),
					"The sandbox listens there if docker runs when the sandbox starts: run make sandbox again.")
			}
			_ = connection.Close()
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":     stack.credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": stack.credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":     stack.credentials.SessionToken,
		"AWS_ENDPOINT_URL":      endpoint.String(),
	} {
		if value != "" {
			found.variables[name] = value
		}
	}
	return found, nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// addressOf is the IPv4 address of a network interface of this machine; empty if there is none.
func addressOf(name string) string {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return ""
	}
	// An interface that has gone meanwhile has no address.
	addresses, _ := device.Addrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}
