package fit

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listening is the state of a socket that listens, in the tables of the Linux kernel (proc_pid_net(5)).
const listening = "0A"

// listeners are the addresses on which the processes of a container listen, sorted: the kernel's tables of them, read
// through the container's process. An engine on another machine, or in a virtual one, has process numbers of its own, so
// the process must be in the control group that docker names by the container's id.
func listeners(processes string, of container) ([]netip.AddrPort, error) {
	folder := filepath.Join(processes, strconv.Itoa(of.State.Pid))
	groups, err := os.ReadFile(filepath.Join(folder, "cgroup"))
	if err != nil {
		return nil, err
	}
	if of.ID == "" || !strings.Contains(string(groups), of.ID) {
		return nil, fmt.Errorf("process %d of this machine is not the container's", of.State.Pid)
	}
	var found []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(folder, "net", table))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 3 && fields[3] == listening {
				address, err := parseAddress(fields[1])
				if err != nil {
					return nil, err
				}
				found = append(found, address)
			}
		}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return found, nil
}

// parseAddress reads an address as the kernel writes it: words of four bytes in the processor's order, which is
// little-endian on both processors that tasks run on, and the port.
func parseAddress(text string) (netip.AddrPort, error) {
	host, portText, _ := strings.Cut(text, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	octets, err := hex.DecodeString(host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for word := range slices.Chunk(octets, 4) {
		slices.Reverse(word)
	}
	address, _ := netip.AddrFromSlice(octets)
	return netip.AddrPortFrom(address.Unmap(), uint16(port)), nil
}
