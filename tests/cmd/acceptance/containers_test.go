package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tools/fakeaws"
)

// taskRunner stands in front of the emulator, which keeps services but runs no tasks: it runs the application of an
// image as a process of this machine, with the variables and secrets that the task definition names.
type taskRunner struct {
	*fakeaws.AWS
	t        *testing.T
	emulator string
	server   *httptest.Server
	trusted  string // the path of the certificate that the proxy's clients have to trust

	mu     sync.Mutex
	images map[string]v1.Image // by their digests
}

func runContainers(t *testing.T, emulator string) *taskRunner {
	t.Helper()
	c := &taskRunner{AWS: fakeaws.New(), t: t, emulator: emulator, images: map[string]v1.Image{}}
	target, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	c.Upstream = &httputil.ReverseProxy{Rewrite: func(proxied *httputil.ProxyRequest) {
		proxied.SetURL(target)
		proxied.Out.Host = proxied.In.Host
	}}
	c.Public, c.Run = http.HandlerFunc(c.balance), c.start
	proxy, certificate, err := c.Proxy()
	if err != nil {
		t.Fatal(err)
	}
	c.server, c.trusted = httptest.NewServer(proxy), filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(c.trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.StopTasks()
		c.server.Close()
	})
	return c
}

// lend lets a run use the containers.
func (c *taskRunner) lend(target *Target) {
	c.t.Helper()
	// The names of the load balancer and the registry are known to nobody but the proxy.
	target.Environment = append(target.Environment, "AWS_ENDPOINT_URL="+c.server.URL, "HTTP_PROXY="+c.server.URL,
		"http_proxy="+c.server.URL, "HTTPS_PROXY="+c.server.URL, "SSL_CERT_FILE="+c.trusted, "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
	target.Config.BaseEndpoint = aws.String(c.server.URL)
	address, err := url.Parse(c.server.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	target.Containers = &Containers{Push: c.push, Public: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}}
}

func (c *taskRunner) push(_ context.Context, image v1.Image, reference string) error {
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.images[digest.String()] = image
	c.mu.Unlock()
	_, name, _ := strings.Cut(reference, "/")
	repository, tag, _ := strings.Cut(name, ":")
	return c.Push(repository, tag, image)
}

// balance is the load balancer.
func (c *taskRunner) balance(w http.ResponseWriter, request *http.Request) {
	name, _, _ := strings.Cut(request.Host, "-alb-")
	running, _ := c.Running(name + "-service").(*application)
	if running == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: running.address}).ServeHTTP(w, request)
}

// application is the process of a task, or why there is none.
type application struct {
	process *exec.Cmd
	address string
	ended   chan struct{}
	failure error
}

func (c *taskRunner) start(asked fakeaws.Containers) fakeaws.Task {
	task := &application{ended: make(chan struct{})}
	if task.failure = c.launch(task, asked); task.failure != nil {
		close(task.ended)
	}
	return task
}

func (c *taskRunner) launch(task *application, asked fakeaws.Containers) error {
	text, err := json.Marshal(asked.Definition["containerDefinitions"])
	if err != nil {
		return err
	}
	var defined []struct {
		Name        string
		Environment []struct{ Name, Value string }
		Secrets     []struct{ Name, ValueFrom string }
	}
	if err := json.Unmarshal(text, &defined); err != nil || len(defined) != 1 {
		return fmt.Errorf("the task definition has not one container: %s (%w)", text, err)
	}
	c.mu.Lock()
	image := c.images[asked.Digests[defined[0].Name]]
	c.mu.Unlock()
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	program := filepath.Join(c.t.TempDir(), "application")
	if err := extract(image, "usr/bin/application", program); err != nil {
		return err
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	task.address = free.Addr().String()
	task.process = exec.Command(program, append(file.Config.Cmd, "-host", "127.0.0.1", "-port", strconv.Itoa(port))...)
	task.process.Env = append(file.Config.Env,
		"AWS_ENDPOINT_URL="+c.emulator, "AWS_ACCESS_KEY_ID="+sandbox.AccessKey, "AWS_SECRET_ACCESS_KEY="+sandbox.SecretKey)
	for _, variable := range defined[0].Environment {
		task.process.Env = append(task.process.Env, variable.Name+"="+variable.Value)
	}
	for _, secret := range defined[0].Secrets {
		_, name, _ := strings.Cut(secret.ValueFrom, ":parameter")
		found, err := ssm.NewFromConfig(sandbox.AWSConfig(c.emulator)).GetParameter(context.Background(),
			&ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil {
			return err
		}
		task.process.Env = append(task.process.Env, secret.Name+"="+aws.ToString(found.Parameter.Value))
	}
	if err := task.process.Start(); err != nil {
		return err
	}
	go func() {
		_ = task.process.Wait()
		close(task.ended)
	}()
	return nil
}

func (a *application) Look() fakeaws.TaskState {
	select {
	case <-a.ended:
		if a.failure != nil {
			return fakeaws.TaskState{Stopped: true, Reason: a.failure.Error()}
		}
		return fakeaws.TaskState{Stopped: true, ExitCode: a.process.ProcessState.ExitCode()}
	default:
	}
	response, err := http.Get("http://" + a.address + "/health")
	if err != nil {
		return fakeaws.TaskState{}
	}
	_ = response.Body.Close()
	return fakeaws.TaskState{Healthy: response.StatusCode == http.StatusOK}
}

func (a *application) Stop() {
	if a.failure == nil {
		_ = a.process.Process.Kill()
	}
	<-a.ended
}

// extract writes a file of an image to a path, so that it can be run.
func extract(image v1.Image, name, path string) error {
	content := mutate.Extract(image)
	defer func() { _ = content.Close() }()
	for files := tar.NewReader(content); ; {
		header, err := files.Next()
		if err != nil {
			return fmt.Errorf("look for %s in the image: %w", name, err)
		}
		if header.Name != name {
			continue
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, files)
		return errors.Join(err, file.Close())
	}
}
