package fit

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAnImageIsTried has for each kind of image that fits badly what docker and the application say about it.
func TestAnImageIsTried(t *testing.T) {
	for name, each := range map[string]struct {
		handler http.HandlerFunc
		docker  map[string][]answer
		sockets string
		code    Code
		phrases []string
	}{
		"is not there": {
			docker: map[string][]answer{"create": {{exit: 1, stderr: "Error: No such image: app:built"}}, "rm": {{exit: 1}}},
			code:   NoImage, phrases: []string{"it is not on this machine: Error: No such image: app:built", "docker image ls"},
		},
		"cannot be started": {
			docker: map[string][]answer{"start": {{exit: 1, stderr: `exec: "/nothing": stat /nothing: no such file or directory: unknown`}}},
			code:   NotStarted, phrases: []string{"docker cannot start it: ", "Its entry point and its user must be in the image"},
		},
		"exits": {
			docker: map[string][]answer{
				"inspect": {ended(3)}, "logs": {{stdout: strings.Repeat("line\n", lastLines), stderr: "\nno DATABASE_URL"}},
			},
			code: Exited, phrases: []string{"it exited with code 3; its last lines:\n" +
				strings.Repeat("    line\n", lastLines-2) + "    \n    no DATABASE_URL\n"},
		},
		"exits while it is asked": {
			handler: gone, docker: map[string][]answer{"inspect": {running(":1"), ended(3)}},
			code: Exited, phrases: []string{"it exited with code 3"},
		},
		"exits soon after it was healthy": {
			handler: status(200), docker: map[string][]answer{"inspect": {{}, {}, ended(1)}},
			code: Exited, phrases: []string{"it exited with code 1"},
		},
		"has no curl": {
			handler: status(200), docker: map[string][]answer{"exec": {{exit: 126, stdout: `OCI runtime exec failed: exec failed: ` +
				`unable to start container process: exec: "curl": executable file not found in $PATH: unknown`}}},
			code: NoProgram, phrases: []string{"there is no curl in it, and the container's own health check runs curl --fail",
				"Install curl in the image, or ", "pulumi config set mediaserver:containerHealthCheck none"},
		},
		"has no curl, but wget": {
			handler: status(200), docker: map[string][]answer{
				"exec":      {{exit: 127, stderr: `exec: "curl": stat curl: no such file or directory`}},
				"exec wget": {{exit: 1, stderr: "BusyBox v1.37.0"}},
			},
			code:    NoProgram,
			phrases: []string{"It has wget, so let the check run that: pulumi config set mediaserver:containerHealthCheck wget"},
		},
		"listens on loopback only": {
			handler: gone, sockets: "0: 0100007F:0BB8 00000000:0000 0A\n",
			code: LoopbackOnly, phrases: []string{"it listens on 127.0.0.1:3000 only, where no load balancer reaches it\nLet the application"},
		},
		"listens where nobody can see": {
			handler: gone, sockets: "0: nonsense 00000000:0000 0A\n",
			code: NotInTime, phrases: []string{
				"/health gives no answer: the connection was refused or closed\nThe load balancer's health check allows",
				"It may listen on another port, or on 127.0.0.1 only: this machine cannot see that.",
			},
		},
		"is redirected": {
			handler: func(response http.ResponseWriter, request *http.Request) {
				http.Redirect(response, request, "https://example.com/", http.StatusMovedPermanently)
			},
			code:    Unhealthy,
			phrases: []string{"/health answers 301, and the load balancer wants 200\nThe load balancer's health check allows"},
		},
		"takes too long to answer": {
			handler: func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() },
			sockets: "0: 00000000:0BB8 00000000:0000 0A\n",
			docker:  map[string][]answer{"exec": {{meanwhile: func(ctx context.Context) { <-ctx.Done() }}}},
			code:    NotInTime, phrases: []string{"/health gives no answer: it takes longer than 1 s\n"},
		},
		"fails its own check alone": {
			handler: status(200), docker: map[string][]answer{"exec": {{exit: 60, stderr: "curl: (60) a problem\n"}}},
			code: OwnCheckFail, phrases: []string{"/health answers 200 from outside, but the container's own health check fails: " +
				"exit code 60: curl: (60) a problem\nThe container's own health check allows"},
		},
		"never ends its own check": {
			handler: status(200), docker: map[string][]answer{"exec": {{meanwhile: func(ctx context.Context) { <-ctx.Done() }}}},
			code: OwnCheckFail, phrases: []string{"fails: no end after 0 s\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := defaultAccount().plan(t)
			plan.own.timeout, plan.loadBalancer.timeout = 50*time.Millisecond, time.Second
			plan.own.limit, plan.loadBalancer.limit = 1, 1
			address := serve(t, each.handler)
			engine := healthy(address, each.docker)
			for i, given := range engine.answers["inspect"] {
				if given.stdout == "" {
					engine.answers["inspect"][i] = running(address)
				}
			}
			_, err := engine.try(t.Context(), plan, Request{Keep: each.code == NoImage}, process(t, each.sockets))
			expect(t, err, each.code, each.phrases...)
		})
	}
}

func TestAnImageThatFitsIsToldWithItsLog(t *testing.T) {
	plan := defaultAccount().plan(t)
	plan.description = "The application talks to somebody"
	docker := healthy(serve(t, status(200)), map[string][]answer{"exec": {{exit: 7}, {exit: 7}, {}}})
	output, err := docker.try(t.Context(), plan, Request{}, "")
	expect(t, err, Fits)
	for _, phrase := range []string{revision + " says: 0.25 vCPU, 512 MiB, linux/amd64, port 3000\nThe application talks to somebody\n",
		"mediaserver | application v1 starts\n", "mediaserver | and goes on\n",
		"Its own health check succeeds: curl --fail http://localhost:3000/health\n",
		"/health answers 200 from outside (0 s)\n", "app:built fits\n"} {
		if !strings.Contains(output, phrase) {
			t.Errorf("the output is\n%s\nand lacks %q", output, phrase)
		}
	}
	const soFar = "So far (0 s of 150 s): /health answers 200 from outside, but the container's own health check fails: exit code 7\n"
	if strings.Count(output, soFar) != 1 || strings.Contains(output, "Warning") || strings.Contains(output, secret) {
		t.Errorf("the output is\n%s", output)
	}
}

// The time is not over, but waiting changes nothing: the first look is the last.
func TestAnApplicationThatSpeaksTLSIsToldSo(t *testing.T) {
	plan := defaultAccount().plan(t)
	server := httptest.NewUnstartedServer(status(200))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	// Go's server answers plain HTTP with 400; others, such as Node.js, close the connection.
	silent, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for connection, err := silent.Accept(); err == nil; connection, err = silent.Accept() {
			_ = connection.(*tls.Conn).Handshake()
			_ = connection.Close()
		}
	}()
	for _, address := range []string{server.Listener.Addr().String(), silent.Addr().String()} {
		docker := healthy(address, map[string][]answer{"exec": {{exit: 7}}})
		_, err := docker.try(t.Context(), plan, Request{}, "")
		expect(t, err, Unhealthy, "it speaks TLS on port 3000, and the load balancer asks in plain HTTP\nLet", "mediaserver:domainName")
	}
}

func TestAnApplicationThatClosesIdleConnectionsIsWarnedAbout(t *testing.T) {
	plan := defaultAccount().plan(t)
	for name, each := range map[string]struct {
		idle   time.Duration
		answer http.HandlerFunc
		warned bool
	}{
		"closes":         {1, status(200), true},
		"keeps":          {time.Hour, status(200), false},
		"says it closes": {1, func(response http.ResponseWriter, _ *http.Request) { response.Header().Set("Connection", "close") }, false},
		"breaks its answer": {time.Hour, func(response http.ResponseWriter, _ *http.Request) {
			response.Header().Set("Content-Length", "10")
			response.WriteHeader(200)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(each.answer)
			server.Config.IdleTimeout = each.idle
			server.Start()
			defer server.Close()
			output, err := healthy(server.Listener.Addr().String(), nil).try(t.Context(), plan, Request{}, "")
			expect(t, err, Fits)
			const warning = "Warning: it closes a connection that is idle for 7 s, and the load balancer keeps them for 60 s."
			if warned := strings.Contains(output, warning); warned != each.warned {
				t.Errorf("warned is %t, and the output is\n%s", warned, output)
			}
		})
	}
}

func TestAKeptContainerStaysAndIsExplained(t *testing.T) {
	address := serve(t, status(200))
	docker := healthy(address, nil)
	output, err := docker.try(t.Context(), defaultAccount().plan(t), Request{Keep: true}, "")
	expect(t, err, Fits)
	want := "It keeps running at http://" + address + ", and its log is shown by: docker logs --follow try-image-"
	if !strings.Contains(output, want) || docker.calls["rm"] != 0 {
		t.Errorf("docker rm was called %d times, and the output is\n%s", docker.calls["rm"], output)
	}
	docker = healthy(address, map[string][]answer{"inspect": {ended(3)}})
	_, err = docker.try(t.Context(), defaultAccount().plan(t), Request{Keep: true}, "")
	if expect(t, err, Exited); docker.calls["rm"] != 1 {
		t.Error("a container that has ended stays")
	}
}

func TestAnInterruptLeavesNothingBehind(t *testing.T) {
	plan := defaultAccount().plan(t)
	for _, kind := range []string{"create", "start", "inspect", "exec"} {
		t.Run(kind, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			cutOff := false
			docker := healthy(serve(t, gone), map[string][]answer{kind: {{meanwhile: func(ctx context.Context) {
				interrupt()
				cutOff = ctx.Err() != nil
			}}}})
			_, err := docker.try(ctx, plan, Request{Keep: true}, "")
			if err == nil || ctx.Err() == nil || docker.calls["create"] != 1 || docker.calls["rm"] != 1 {
				t.Errorf("the calls are %v: %v", docker.calls, err)
			}
			if cutOff == (kind == "create") {
				t.Errorf("docker %s was cut off: %t", kind, cutOff)
			}
		})
	}
}

func TestWithoutAnEngineNothingCanBeTried(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	expect(t, Request{}.Try(t.Context()), NoEngine, `docker version: exec: "docker": executable file not found in $PATH`, "Install docker")
	write(t, "#!/bin/sh\necho Cannot connect >&2; exit 1\n", 0o755, folder, "docker")
	expect(t, Request{}.Try(t.Context()), NoEngine, "docker version: Cannot connect (exit code 1)", "systemctl start docker")
}
