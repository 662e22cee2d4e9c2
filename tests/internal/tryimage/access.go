package tryimage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// hostName is docker's name for this machine, seen from a container.
const hostName = "host.docker.internal"

// Access is how the application reaches AWS.
type Access struct {
	// Description tells the user whose credentials the application gets.
	Description string
	// Credentials are what the application gets.
	Credentials aws.Credentials
	// Endpoint is the address of an emulator; empty means AWS.
	Endpoint string
	// Bucket is the stack's bucket. Clients of S3 make it part of the endpoint's name.
	Bucket string
}

// variables are the variables of AWS's clients. An empty one is left out.
func (a Access) variables(way *relay) map[string]string {
	variables := map[string]string{}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":     a.Credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": a.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":     a.Credentials.SessionToken,
		"AWS_ENDPOINT_URL":      way.endpoint,
	} {
		if value != "" {
			variables[name] = value
		}
	}
	return variables
}

// openWay makes the endpoint reachable from a container. An emulator that listens on this machine's loopback interface
// is not: 127.0.0.1 is the container's own there. Where the engine's bridge is an interface of this machine, a relay
// listens on it; its address is a number, and so clients of S3 name the bucket in the path. Where the engine has a
// virtual machine of its own, Docker Desktop leads to this machine's loopback interface by a name.
func (d Docker) openWay(ctx context.Context, access Access) (*relay, error) {
	if access.Endpoint == "" {
		return &relay{}, nil
	}
	endpoint, err := url.Parse(access.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL is %q: %w", access.Endpoint, err)
	}
	if !isLoopback(endpoint.Hostname()) {
		return &relay{endpoint: access.Endpoint}, nil
	}
	const bridge = `{{index .Options "com.docker.network.bridge.name"}}`
	name, err := d.run(ctx, nil, "network", "inspect", "bridge", "--format", bridge)
	if err != nil {
		return nil, err
	}
	gateway, err := addressOf(name)
	if err != nil {
		port := endpoint.Port()
		endpoint.Host = net.JoinHostPort(hostName, port)
		return &relay{endpoint: endpoint.String(), hosts: []string{hostName, access.Bucket + "." + hostName}}, nil
	}
	return startRelay(ctx, gateway, endpoint)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// addressOf is the IPv4 address of a network interface of this machine, with the network behind it.
func addressOf(name string) (*net.IPNet, error) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	addresses, err := device.Addrs()
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return network, nil
		}
	}
	return nil, errors.New("no IPv4 address")
}
