package main

import (
	"archive/tar"
	"context"
	"encoding/json"
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
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

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
	// folder holds the archives of the images that the run makes.
	folder string
	// public reaches the load balancer by its name.
	public *http.Client
	// variables lead programs to it.
	variables map[string]string
}

func runContainers(t *testing.T, emulator, folder string) *taskRunner {
	t.Helper()
	c := &taskRunner{AWS: fakeaws.New(), t: t, emulator: emulator, folder: folder}
	upstream, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	c.Upstream = &httputil.ReverseProxy{Rewrite: func(proxied *httputil.ProxyRequest) {
		proxied.SetURL(upstream)
		proxied.Out.Host = proxied.In.Host
	}}
	c.Public, c.Run = http.HandlerFunc(c.balance), c.start
	proxy, certificate, err := c.Proxy()
	if err != nil {
		t.Fatal(err)
	}
	c.server = httptest.NewServer(proxy)
	t.Cleanup(func() {
		c.StopTasks()
		c.server.Close()
	})
	address, err := url.Parse(c.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	trusted := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	c.public = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
	c.variables = map[string]string{
		"AWS_ENDPOINT_URL": c.server.URL, "HTTP_PROXY": c.server.URL, "HTTPS_PROXY": c.server.URL, "SSL_CERT_FILE": trusted,
		"NO_PROXY": "127.0.0.1,localhost",
	}
	return c
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
	image, err := c.image(asked.Digests[defined[0].Name])
	if err != nil {
		return err
	}
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

// image is the image of a digest. It comes from its archive, because the registry waits for the deployment that asks for it.
func (c *taskRunner) image(digest string) (v1.Image, error) {
	archives, err := filepath.Glob(filepath.Join(c.folder, "*.tar"))
	if err != nil {
		return nil, err
	}
	for _, archive := range archives {
		image, err := tarball.ImageFromPath(archive, nil)
		if err != nil {
			return nil, err
		}
		if got, err := image.Digest(); err == nil && got.String() == digest {
			return image, nil
		}
	}
	return nil, fmt.Errorf("no image has the digest %s", digest)
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
		if header.Name == name {
			binary, err := io.ReadAll(files)
			if err != nil {
				return err
			}
			return os.WriteFile(path, binary, 0o700)
		}
	}
}
