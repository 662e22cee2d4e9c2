package fit

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnImageIsTried has for each image that fits badly what docker says about it.
func TestAnImageIsTried(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	curlFails := []answer{{exit: 7}}
	notInImage := []answer{{exit: 126, stdout: `OCI runtime exec failed: exec failed: unable to start container process: ` +
		`exec: "curl": executable file not found in $PATH: unknown`}}
	for name, each := range map[string]struct {
		handler http.HandlerFunc
		docker  map[string][]answer
		// change is what else the stack says.
		change  func(*Plan)
		code    Code
		phrases []string
	}{
		"exits": {
			docker: map[string][]answer{"inspect": {container(false, false, 3)}, "logs": {{stderr: "DATABASE_URL is not set\n"}}},
			code:   Exited, phrases: []string{"it exited with code 3 after 1 s; its last lines:\n    DATABASE_URL is not set\n"},
		},
		"exits before its port is looked up": {
			docker: map[string][]answer{"inspect": {container(true, false, 0), container(false, false, 3)},
				"port": {{exit: 1, stderr: "Error: No public port '3000/tcp' published"}}},
			code: Exited, phrases: []string{"it exited with code 3"},
		},
		"exits soon after it was healthy": {
			handler: status(200),
			docker:  map[string][]answer{"inspect": {container(true, false, 0), container(false, false, 1)}},
			code:    Exited, phrases: []string{"it exited with code 1"},
		},
		"exits at a port that its user may not have": {
			docker: map[string][]answer{"inspect": {container(false, false, 1)}},
			change: func(plan *Plan) { plan.Port = 80 },
			code:   Exited, phrases: []string{"Its user 65532:65532 may not listen on port 80 on AWS Fargate", "mediaserver:appPort 8080"},
		},
		"takes too much memory": {
			docker: map[string][]answer{"inspect": {container(false, true, 137)}},
			code:   OutOfMemory, phrases: []string{"because it took more than its 512 MiB of memory", "pulumi config set mediaserver:memory 1024"},
		},
		"has no curl and no shell": {
			handler: status(200), docker: map[string][]answer{"exec": notInImage},
			code: NoProgram, phrases: []string{"there is no curl in it, and the container's own health check runs curl --fail",
				"pulumi config set mediaserver:containerHealthCheck none"},
		},
		"has no curl, but wget": {
			handler: status(200), docker: map[string][]answer{"exec": notInImage, "exec wget": {{exit: 1, stderr: "BusyBox v1.37.0"}}, "exec sh": {{stdout: "apk\n"}}},
			code: NoProgram, phrases: []string{"It has wget, so let the check run that: pulumi config set mediaserver:containerHealthCheck wget"},
		},
		"has no curl and a package manager": {
			handler: status(200), docker: map[string][]answer{"exec": notInImage, "exec sh": {{stdout: "apt-get\n"}}},
			code: NoProgram, phrases: []string{"before the line with USER: RUN apt-get update && apt-get install -y --no-install-recommends curl"},
		},
		"listens on another port": {
			handler: gone, docker: map[string][]answer{"exec": curlFails, "exec cat": {{stdout: sockets("00000000000000000000000000000000:1F90")}}},
			code: OtherPort, phrases: []string{"it listens on port 8080, not on port 3000, which the load balancer asks", "mediaserver:appPort 8080"},
		},
		"listens on loopback only": {
			handler: gone, docker: map[string][]answer{"exec cat": {{stdout: sockets("0100007F:0BB8")}}},
			code: LoopbackOnly, phrases: []string{"it listens on 127.0.0.1:3000 only, where no load balancer reaches it", "0.0.0.0"},
		},
		"answers another status": {
			handler: status(503), docker: map[string][]answer{"exec": {{exit: 22}}},
			code: Unhealthy, phrases: []string{"/health answers 503 after 1 s, and the load balancer wants 200", "mediaserver:healthCheckPath PATH"},
		},
		"is redirected": {
			handler: func(response http.ResponseWriter, request *http.Request) {
				http.Redirect(response, request, "https://example.com/", http.StatusMovedPermanently)
			},
			code: Unhealthy, phrases: []string{"/health answers 301"},
		},
		"listens on no port": {
			handler: gone, docker: map[string][]answer{"exec": curlFails, "exec cat": {{stdout: sockets()}}},
			code: NotInTime, phrases: []string{"it listens on no port after 1 s\nThe load balancer's health check allows", "its variable PORT, which is 3000"},
		},
		"stays without the port that its user may not have": {
			handler: gone, docker: map[string][]answer{"exec": curlFails, "exec cat": {{stdout: sockets()}}},
			change: func(plan *Plan) { plan.Port = 80 },
			code:   NotInTime, phrases: []string{"Its user 65532:65532 may not listen on port 80"},
		},
		"takes too long to answer": {
			handler: func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() },
			docker:  map[string][]answer{"exec": {{meanwhile: func(ctx context.Context) { <-ctx.Done() }}}},
			code:    NotInTime, phrases: []string{"/health gives no answer after ", "it takes longer than 1 s"},
		},
		"listens where nobody can see": {
			handler: gone, docker: map[string][]answer{"exec": curlFails, "exec cat": {{exit: 126, stderr: `exec: "cat": executable file not found in $PATH`}}},
			code: NotInTime, phrases: []string{"It may listen on another port than 3000, or on 127.0.0.1 only: this machine cannot see that."},
		},
		"fails its own check alone": {
			handler: status(200), docker: map[string][]answer{"exec": {{exit: 60, stderr: "curl: (60) a problem\n"}}},
			code: OwnCheckFail, phrases: []string{"/health answers 200 from outside, but the container's own health check fails: exit code 60: curl: (60) a problem",
				"The container's own health check allows"},
		},
		"cannot be started": {
			docker: map[string][]answer{"start": {{exit: 1, stderr: `exec: "/nothing": stat /nothing: no such file or directory: unknown`}}},
			code:   NotStarted, phrases: []string{"docker cannot start it: ", "/nothing", "Its entry point and its user must be in the image"},
		},
		"is for another platform": {
			docker: map[string][]answer{"image": {{stdout: "linux/arm64 \n"}}},
			code:   OtherFormat, phrases: []string{"it is built for linux/arm64, and the tasks run linux/amd64",
				"docker build --platform linux/amd64, or let the tasks run on its processor: pulumi config set mediaserver:cpuArchitecture ARM64."},
		},
		"is not there": {
			docker: map[string][]answer{"image": {{exit: 1, stderr: "Error: No such image: app:built"}}},
			code:   NoImage, phrases: []string{"it is not on this machine: Error: No such image: app:built", "docker image ls"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := plan
			plan.Own.Timeout, plan.LoadBalancer.Timeout = 50*time.Millisecond, time.Second
			plan.Own.Judge.Limit, plan.LoadBalancer.Judge.Limit = 1, 1
			if each.change != nil {
				each.change(&plan)
			}
			docker := healthy(serve(t, each.handler), each.docker)
			_, err := docker.tryOn(t.Context(), stack, plan, Options{})
			expect(t, err, each.code, each.phrases...)
			if docker.made() != docker.removed() {
				t.Errorf("made %d containers and removed %d", docker.made(), docker.removed())
			}
		})
	}
}

func TestAnImageThatFitsIsToldWithItsLog(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	stack.description = "The application talks to somebody"
	// An image for several platforms, of which docker shows this machine's first.
	docker := healthy(serve(t, status(200)), map[string][]answer{
		"image": {{stdout: "linux/arm64 \n"}}, "image for platform": {{stdout: "linux/amd64 \n"}},
	})
	output, err := docker.tryOn(t.Context(), stack, plan, Options{})
	expect(t, err, Fits)
	for _, phrase := range []string{revision + " says: 0.25 vCPU, 512 MiB, linux/amd64, port 3000\nThe application talks to somebody\n",
		"Its own health check succeeds: curl --fail http://localhost:3000/health\n", "/health answers 200 from outside (1 s)\n", "app:built fits\n"} {
		if !strings.Contains(output, phrase) {
			t.Errorf("the output is\n%s\nand lacks %q", output, phrase)
		}
	}
	if strings.Contains(output, "Warning") || strings.Contains(output, secret) || docker.removed() != 1 {
		t.Errorf("%d containers removed, and the output is\n%s", docker.removed(), output)
	}
}

func TestEachJudgeDecidesForItself(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	slow, quick := plan, plan
	slow.LoadBalancer.Judge.Limit = 1
	_, err := healthy(serve(t, status(503)), nil).tryOn(t.Context(), stack, slow, Options{})
	expect(t, err, Unhealthy, "The load balancer's health check allows 60 s")

	quick.LoadBalancer.Judge.Limit = 1
	docker := healthy(serve(t, status(200)), map[string][]answer{"exec": {{exit: 7}, {exit: 7}, {}}})
	output, err := docker.tryOn(t.Context(), stack, quick, Options{})
	expect(t, err, Fits)
	if !strings.Contains(output, "So far (1 s of 150 s): the container's own health check fails: exit code 7\n") {
		t.Errorf("the output is\n%s", output)
	}

	_, err = healthy(serve(t, status(503)), nil).tryOn(t.Context(), stack, plan, Options{Limit: 1})
	expect(t, err, Unhealthy, "--timeout allows 1 s; the stack allows 60 s.")

	plan.Own = OwnCheck{}
	_, err = healthy(serve(t, status(503)), nil).tryOn(t.Context(), stack, plan, Options{Limit: 1})
	expect(t, err, Unhealthy, "--timeout allows 1 s; the stack allows 60 s.")
}

func TestAnApplicationThatSpeaksTLSIsToldSo(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
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
		for {
			connection, err := silent.Accept()
			if err != nil {
				return
			}
			_ = connection.(*tls.Conn).Handshake()
			_ = connection.Close()
		}
	}()
	for _, address := range []string{server.Listener.Addr().String(), silent.Addr().String()} {
		// The time is not over, but waiting changes nothing: the first look is the last.
		ctx, interrupt := context.WithCancel(t.Context())
		docker := healthy(address, map[string][]answer{"exec": {{exit: 7}, {meanwhile: func(context.Context) { interrupt() }}}})
		_, err := docker.tryOn(ctx, stack, plan, Options{})
		interrupt()
		expect(t, err, Unhealthy, "it speaks TLS on port 3000, and the load balancer asks in plain HTTP", "mediaserver:domainName")
	}
}

func TestAnApplicationThatClosesIdleConnectionsIsWarnedAbout(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	for name, each := range map[string]struct {
		idle   time.Duration
		answer http.HandlerFunc
		warned bool
	}{
		"closes":         {5 * time.Millisecond, status(200), true},
		"keeps":          {time.Hour, status(200), false},
		"says it closes": {5 * time.Millisecond, func(response http.ResponseWriter, _ *http.Request) { response.Header().Set("Connection", "close") }, false},
		"breaks its answer": {time.Hour, func(response http.ResponseWriter, _ *http.Request) {
			response.Header().Set("Content-Length", "10")
			response.WriteHeader(200)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(each.answer)
			server.Config.IdleTimeout = each.idle
			server.Start()
			defer server.Close()
			output, err := healthy(server.Listener.Addr().String(), nil).tryOn(t.Context(), stack, plan, Options{})
			expect(t, err, Fits)
			const warning = "Warning: it closes idle connections after 1 s, and the load balancer keeps them for 60 s."
			if warned := strings.Contains(output, warning); warned != each.warned {
				t.Errorf("warned is %t, and the output is\n%s", warned, output)
			}
		})
	}
	for _, remedy := range []string{"server.keepAliveTimeout = 65_000", "IdleTimeout: 65 * time.Second", "--timeout-keep-alive 65"} {
		if !strings.Contains(warnOfIdle(5*time.Second), remedy) {
			t.Errorf("the warning lacks %q", remedy)
		}
	}
}

func TestAKeptContainerStaysAndIsExplained(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	address := serve(t, status(200))
	docker := healthy(address, nil)
	output, err := docker.tryOn(t.Context(), stack, plan, Options{Keep: true})
	expect(t, err, Fits)
	if want := "It keeps running at http://" + address + ", and its log is shown by: docker logs --follow try-image-"; !strings.Contains(output, want) {
		t.Errorf("the output is\n%s\nand lacks %q", output, want)
	}
	if docker.removed() != 0 {
		t.Error("the container was removed")
	}
}

func TestAnInterruptLeavesNothingBehind(t *testing.T) {
	stack, plan := defaultAccount().plan(t)
	for _, kind := range []string{"create", "start", "exec", "exec cat"} {
		t.Run(kind, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			cutOff := false
			docker := healthy(serve(t, gone), map[string][]answer{"exec": {{exit: 7}}, kind: {{meanwhile: func(ctx context.Context) {
				interrupt()
				cutOff = ctx.Err() != nil
			}}}})
			_, err := docker.tryOn(ctx, stack, plan, Options{Keep: true})
			if err == nil || ctx.Err() == nil || docker.made() != 1 || docker.removed() != 1 {
				t.Errorf("made %d containers, removed %d: %v", docker.made(), docker.removed(), err)
			}
			if makes := kind == "create" || kind == "start"; cutOff == makes {
				t.Errorf("docker %s was cut off: %t", kind, cutOff)
			}
		})
	}
}

func TestWithoutAnEngineNothingCanBeTried(t *testing.T) {
	for phrase, says := range map[string]answer{
		"docker does not answer: Cannot connect":  {exit: 1, stderr: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."},
		"docker runs containers of windows/amd64": {stdout: "windows/amd64"},
	} {
		expect(t, healthy("", map[string][]answer{"version": {says}}).docker().check(t.Context()), NoEngine, phrase)
	}
	t.Setenv("PATH", t.TempDir())
	_, err := FindDocker(t.Context())
	expect(t, err, NoEngine, "docker is not on PATH", "https://docs.docker.com/engine/install/")
}

func TestTheContainerReachesTheStacksAWS(t *testing.T) {
	stack, _ := defaultAccount().plan(t)
	port := (*stack.account.BaseEndpoint)[strings.LastIndex(*stack.account.BaseEndpoint, ":"):]
	found, err := healthy("", nil).docker().accessTo(t.Context(), stack)
	if err != nil || found.variables["AWS_ENDPOINT_URL"] != "http://host.docker.internal"+port ||
		!slices.Equal(found.hosts, []string{"host.docker.internal", "media.host.docker.internal"}) {
		t.Errorf("on an engine of another machine: %v (%v)", found, err)
	}
	if found.variables["AWS_ACCESS_KEY_ID"] != "an-id" || found.variables["AWS_SECRET_ACCESS_KEY"] != "a-key" ||
		found.variables["AWS_SESSION_TOKEN"] != "a-session-token" {
		t.Errorf("the credentials are %v", found.variables)
	}
	// The loopback interface in place of docker's bridge.
	docker := healthy("", map[string][]answer{"network": {{stdout: "lo\n"}}}).docker()
	if found, err = docker.accessTo(t.Context(), stack); err != nil || found.variables["AWS_ENDPOINT_URL"] != *stack.account.BaseEndpoint || found.hosts != nil {
		t.Errorf("through the bridge: %v (%v)", found, err)
	}
	closed := "http://localhost:1"
	stack.account.BaseEndpoint = &closed
	_, err = docker.accessTo(t.Context(), stack)
	expect(t, err, NoPlan, "nothing listens on 127.0.0.1:1", "run make sandbox again")
	stack.account.BaseEndpoint = nil
	if found, err = docker.accessTo(t.Context(), stack); err != nil || found.variables["AWS_ENDPOINT_URL"] != "" || found.hosts != nil {
		t.Errorf("on AWS: %v (%v)", found, err)
	}
}
