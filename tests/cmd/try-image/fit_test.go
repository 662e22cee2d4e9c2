package main

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"mediaserver/tests/internal/appimage"
)

const (
	// running and ended are what docker tells of a container, with the id and the process of none on this machine.
	running = `an-id {"Status":"running","Running":true,"OOMKilled":false,"Pid":0,"ExitCode":0}`
	ended   = `an-id {"Status":"exited","Running":false,"OOMKilled":%t,"Pid":0,"ExitCode":%d}`
	// tableHead begins a table of sockets, tableRow is a socket that listens.
	tableHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	tableRow  = "   0: %s 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 342238 2 0 100 0 0 10 0\n"
)

// happy is a docker with an image that fits; the application answers with the handler.
func happy(t *testing.T, handler http.HandlerFunc) script {
	t.Helper()
	return script{
		"version": {says("linux/amd64\n")},
		"image":   {says("linux/amd64\n")},
		// An engine of before API 1.49.
		"image for platform": {fails(125, "unknown flag: --platform")},
		"network":            {says("a-bridge-of-another-machine\n")},
		"info":               {says("2\n")},
		"create":             {says("an-id\n")},
		"start":              {says("the-name\n")},
		"logs follow":        {says("application v1 starts\nand goes on")},
		"logs":               {says("application v1 starts\n")},
		"inspect":            {says("%s", running)},
		"port":               {says("%s\n", serve(t, handler))},
		"exec":               {says(`{"version":"v1"}`)},
		"exec cat":           {says(tableHead+tableRow, "00000000:0BB8")},
		"rm":                 {says("the-name\n")},
	}
}

// status answers everything with a status.
func status(code int) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) { response.WriteHeader(code) }
}

// gone closes every connection without an answer, as docker's proxy does where nobody listens behind it.
func gone(response http.ResponseWriter, _ *http.Request) {
	connection, _, err := response.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// silent never answers.
func silent(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }

// scenario is an image and what is found about it, once with the engine and once with a script of what docker says.
type scenario struct {
	variant appimage.Variant
	// change is what else is special about the image.
	change func(*v1.ConfigFile)
	// handler is what the application answers in the script.
	handler http.HandlerFunc
	// docker is what docker says in the script, where it is not as with an image that fits.
	docker script
	// late says that the verdict comes when the time is over.
	late    bool
	code    int
	phrases []string
}

const nothingListens = "Let the application listen on the port in its variable PORT, which is 3000, within"

func scenarios() map[string]scenario {
	curlFails := fails(7, "")
	return map[string]scenario{
		"fits": {
			handler: status(200),
			phrases: []string{"mediaserver:1 says: 0.25 vCPU, 512 MiB, linux/amd64, port 3000\n", "mediaserver | application ",
				"/health answers 200 from outside", " fits\n"},
		},
		"exits": {
			variant: appimage.Variant{ExitMessage: "DATABASE_URL is not set", ExitCode: 3},
			docker: script{"inspect": {says(ended, false, 3)}, "logs follow": {says("DATABASE_URL is not set\n")},
				"logs": {says("DATABASE_URL is not set\n")}},
			code:    8,
			phrases: []string{"mediaserver | DATABASE_URL is not set\n", "does not fit: it exited with code 3 after ", " s; its last lines:\n", "    DATABASE_URL is not set\n"},
		},
		"exits before its port is looked up": {
			variant: appimage.Variant{ExitMessage: "DATABASE_URL is not set", ExitCode: 3},
			docker: script{"inspect": {says(running), says(ended, false, 3)}, "logs": {says("DATABASE_URL is not set\n")},
				"port": {fails(1, "Error: No public port '3000/tcp' published for the-name")}},
			code:    8,
			phrases: []string{"does not fit: it exited with code 3 after ", "    DATABASE_URL is not set\n"},
		},
		"takes too much memory": {
			variant: appimage.Variant{Allocate: 1024},
			docker:  script{"inspect": {says(running), says(ended, true, 137)}, "exec": {curlFails}},
			handler: gone,
			code:    9,
			phrases: []string{"because it took more than its 512 MiB of memory", "pulumi config set mediaserver:memory 1024"},
		},
		"has no curl": {
			variant: appimage.Variant{WithoutCurl: true},
			handler: status(200),
			// On standard output, as docker has it.
			docker: script{"exec": {answer{Exit: 126, Stdout: `OCI runtime exec failed: exec failed: unable to start container process: ` +
				`exec: "curl": executable file not found in $PATH: unknown`}}},
			code:    10,
			phrases: []string{"there is no curl in it, and the container's own health check runs curl --fail", "apk add --no-cache curl"},
		},
		"listens on another port": {
			variant: appimage.Variant{Port: 8080},
			handler: gone,
			docker:  script{"exec": {curlFails}, "exec cat": {says(tableHead+tableRow, "00000000000000000000000000000000:1F90")}},
			late:    true,
			code:    11,
			phrases: []string{"it listens on port 8080, not on port 3000, which the load balancer asks", "pulumi config set mediaserver:appPort 8080"},
		},
		"listens on loopback only": {
			variant: appimage.Variant{Host: "127.0.0.1"},
			handler: gone,
			docker:  script{"exec cat": {says(tableHead+tableRow, "0100007F:0BB8")}},
			late:    true,
			code:    12,
			phrases: []string{"it listens on 127.0.0.1:3000 only, where no load balancer reaches it", "0.0.0.0"},
		},
		"answers another status": {
			variant: appimage.Variant{HealthStatus: 503},
			handler: status(503),
			docker:  script{"exec": {fails(22, "")}},
			late:    true,
			code:    13,
			phrases: []string{"/health answers 503 after ", "the load balancer wants 200"},
		},
		"has another health path": {
			variant: appimage.Variant{HealthPath: "/up"},
			handler: status(404),
			docker:  script{"exec": {fails(22, "")}},
			late:    true,
			code:    13,
			phrases: []string{"/health answers 404 after ", "pulumi config set mediaserver:healthCheckPath PATH"},
		},
		"listens too late": {
			variant: appimage.Variant{ReadyAfter: time.Hour},
			handler: gone,
			docker:  script{"exec": {curlFails}, "exec cat": {says(tableHead)}},
			late:    true,
			code:    15,
			phrases: []string{"it listens on no port after ", nothingListens},
		},
		"takes too long to answer": {
			variant: appimage.Variant{HealthDelay: time.Hour},
			handler: silent,
			docker:  script{"exec": {answer{Until: "never"}}},
			late:    true,
			code:    15,
			phrases: []string{"/health gives no answer after ", "it takes longer than 5 s"},
		},
		"cannot be started": {
			change: func(file *v1.ConfigFile) { file.Config.Entrypoint = []string{"/nothing"} },
			docker: script{"start": {fails(1, `Error response from daemon: exec: "/nothing": stat /nothing: no such file or directory: unknown`)}},
			code:   7, phrases: []string{"docker cannot start it: ", "/nothing", "Its entry point and its user must be in the image"},
		},
		"is for another platform": {
			change:  func(file *v1.ConfigFile) { file.Architecture = "arm64" },
			docker:  script{"image": {says("linux/arm64\n")}},
			code:    6,
			phrases: []string{"it is built for linux/arm64, and the tasks run linux/amd64", "docker build --platform linux/amd64, or let the tasks run on its processor: pulumi config set mediaserver:cpuArchitecture ARM64."},
		},
	}
}

func TestAnImageIsTried(t *testing.T) {
	stack := deploy(t)
	engine, real := realEngine(t)
	for name, each := range scenarios() {
		arguments := func(timeout int) []string {
			if !each.late {
				return []string{"--outputs", stack.outputs}
			}
			return []string{"--outputs", stack.outputs, "--timeout", strconv.Itoa(timeout)}
		}
		t.Run("scripted/"+name, func(t *testing.T) {
			t.Parallel()
			play := happy(t, each.handler)
			for kind, answers := range each.docker {
				play = play.but(kind, answers...)
			}
			result := stage{deployed: stack, script: play}.start(t, append(arguments(1), "app:built")...).wait()
			result.expect(t, each.code, each.phrases...)
			if made, removed := recorded(result.folder, "create"), recorded(result.folder, "rm"); len(made) != len(removed) {
				t.Errorf("made %d containers and removed %d", len(made), len(removed))
			}
		})
		if !real {
			continue
		}
		t.Run("real/"+name, func(t *testing.T) {
			t.Parallel()
			image := engine.load(t, each.variant, each.change)
			// A real application needs its time to start, and more of it on a busy machine.
			var result performance
			for timeout := 3; timeout < 200; timeout *= 2 {
				result = stage{deployed: stack, engine: engine}.start(t, append(arguments(timeout), image)...).wait()
				if result.code != 15 || result.isWanted(each.code, each.phrases...) == nil {
					break
				}
			}
			result.expect(t, each.code, each.phrases...)
			if left, err := engine.docker("ps", "--all", "--quiet", "--filter", "label=try-image="+image); err != nil || left != "" {
				t.Errorf("left behind: %s (%v)", left, err)
			}
		})
	}
}
