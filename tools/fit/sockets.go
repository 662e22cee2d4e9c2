package fit

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// listening is the state of a socket that listens, in the tables of the Linux kernel (proc_pid_net(5)).
const listening = "0A"

// listeners are the addresses on which the processes of a container listen. The kernel's tables of them are read through
// the container's process, if that runs on this machine, or else by the container's own cat.
func (d Docker) listeners(ctx context.Context, name string, state containerState) ([]netip.AddrPort, error) {
	tables, err := tablesOf(state)
	if err != nil {
		var inside error
		if tables, inside = d.run(ctx, nil, "exec", name, "cat", "/proc/net/tcp", "/proc/net/tcp6"); inside != nil {
			return nil, inside
		}
	}
	return parseListeners(tables), nil
}

// tablesOf reads the tables of a container's network through its process. An engine on another machine, or in a virtual
// one, has process numbers of its own, so the process must be in the control group that docker names by the container's
// id.
func tablesOf(state containerState) (string, error) {
	folder := fmt.Sprintf("/proc/%d/", state.Pid)
	groups, err := os.ReadFile(folder + "cgroup")
	if err != nil {
		return "", err
	}
	if state.ID == "" || !strings.Contains(string(groups), state.ID) {
		return "", fmt.Errorf("process %d of this machine is not the container's", state.Pid)
	}
	var tables strings.Builder
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, err := os.ReadFile(folder + table)
		if err != nil {
			return "", err
		}
		tables.Write(text)
	}
	return tables.String(), nil
}

// parseListeners finds the sockets that listen in the kernel's tables, sorted.
func parseListeners(tables string) []netip.AddrPort {
	var found []netip.AddrPort
	for line := range strings.Lines(tables) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != listening {
			continue
		}
		if address, ok := parseAddress(fields[1]); ok {
			found = append(found, address)
		}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found)
}

// parseAddress reads an address as the kernel writes it: words of four bytes in the processor's order, which is
// little-endian on both processors that tasks run on, and the port.
func parseAddress(text string) (netip.AddrPort, bool) {
	host, portText, _ := strings.Cut(text, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	octets, err := hex.DecodeString(host)
	if err != nil || len(octets)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(octets, 4) {
		slices.Reverse(word)
	}
	address, ok := netip.AddrFromSlice(octets)
	return netip.AddrPortFrom(address.Unmap(), uint16(port)), ok
}
