package emulator

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
)

// TestContainersReachTheEmulatorAtItsPort has the loopback interface in place of docker's bridge: the whole of
// 127.0.0.0/8 is this machine's, and the emulator listens on another address of it.
func TestContainersReachTheEmulatorAtItsPort(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	emulator := httptest.NewUnstartedServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		_, _ = response.Write([]byte("asked by " + request.Host))
	}))
	emulator.Listener = listener
	emulator.Start()
	defer emulator.Close()
	at, err := url.Parse(emulator.URL)
	if err != nil {
		t.Fatal(err)
	}
	end := serveContainers("lo", at)
	seen := "http://127.0.0.1:" + at.Port()
	response, err := http.Get(seen)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the emulator answers a container %s", response.Status)
	}
	end()
	if connection, err := net.Dial("tcp", "127.0.0.1:"+at.Port()); err == nil {
		_ = connection.Close()
		t.Error("containers are still served after the end")
	}
}

func TestOnlyContainersAreServed(t *testing.T) {
	handler := onlyFrom(netip.MustParsePrefix("172.17.0.1/16"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for remote, want := range map[string]int{"172.17.0.2:1": 200, "172.18.0.2:1": 403, "192.0.2.1:1": 403, "nonsense": 403} {
		request, response := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		request.RemoteAddr = remote
		if handler.ServeHTTP(response, request); response.Code != want {
			t.Errorf("%s gets %d, want %d", remote, response.Code, want)
		}
	}
}
