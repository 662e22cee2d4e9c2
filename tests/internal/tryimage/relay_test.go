package tryimage

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestARelayAdmitsItsNetworkAlone(t *testing.T) {
	_, network, err := net.ParseCIDR("172.17.0.1/16")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"172.17.0.2": true, "172.18.0.2": false, "192.0.2.1": false, "::1": false} {
		if got := admitted(network, &net.TCPAddr{IP: net.ParseIP(address), Port: 1}); got != want {
			t.Errorf("%s is admitted: %t, want %t", address, got, want)
		}
	}
	if admitted(network, &net.UnixAddr{}) {
		t.Error("something without an address is admitted")
	}
}

func TestARelayPassesOnUntilItsInputEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		_, _ = response.Write(append([]byte("got "), body...))
	}))
	defer server.Close()
	input, end := io.Pipe()
	output, printed := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- ServeRelay(t.Context(), []string{"127.0.0.1/8", strings.TrimPrefix(server.URL, "http://")}, input, printed)
	}()
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post("http://"+strings.TrimSpace(address), "text/plain", strings.NewReader("a question"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "got a question" {
		t.Errorf("the answer is %q (%v)", body, err)
	}
	_ = end.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if connection, err := net.Dial("tcp", strings.TrimSpace(address)); err == nil {
		connection.Close()
		t.Error("the relay still accepts connections")
	}
}
