package acceptance

import (
	"archive/tar"
	"bytes"
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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandbox"
)

type object = map[string]any

// containers stands between everybody and the emulator, which keeps services but runs no tasks. It does what ECS would
// do: it runs the application of a task definition's image as a process of this machine, with the variables and secrets
// that the task definition names, tells of deployments, rolls back what does not start, and keeps the record.
type containers struct {
	t        *testing.T
	emulator string
	server   *httptest.Server

	mu          sync.Mutex
	images      map[string]v1.Image // by their digests in the emulator's registry
	deployments []*deployed
	desired     int
}

// deployed is a deployment of the service.
type deployed struct {
	number            int
	definition        string
	image, digest     string
	state, reason     string // its rollout state
	status            string // in the record of deployments
	created           time.Time
	process           *exec.Cmd
	ended             chan struct{}
	port, exitCode    int
	takesTheTraffic   bool
	rolledBackBecause string
}

func (d *deployed) id() string { return fmt.Sprintf("ecs-svc/%d", d.number) }

// runContainers starts it in front of an emulator.
func runContainers(t *testing.T, emulator string) *containers {
	t.Helper()
	c := &containers{t: t, emulator: emulator, images: map[string]v1.Image{}}
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(func() {
		c.server.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, each := range c.deployments {
			each.stop()
		}
	})
	return c
}

// target lets a run use the containers.
func (c *containers) target(t *testing.T, target *Target, tools map[string]string) {
	t.Helper()
	home := t.TempDir()
	address := strings.TrimPrefix(c.server.URL, "http://")
	_, port, _ := net.SplitHostPort(address)
	// The load balancer's name is known to nobody here, so curl's own settings lead it to the application.
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte(fmt.Sprintf("connect-to = \"::127.0.0.1:%s\"\n", port)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range tools {
		if err := os.Symlink(path, filepath.Join(home, name)); err != nil {
			t.Fatal(err)
		}
	}
	target.Environment = append(target.Environment, "AWS_ENDPOINT_URL="+c.server.URL, "HOME="+home)
	for i, entry := range target.Environment {
		if path, found := strings.CutPrefix(entry, "PATH="); found {
			target.Environment[i] = "PATH=" + home + string(os.PathListSeparator) + path
		}
	}
	target.Config.BaseEndpoint = aws.String(c.server.URL)
	target.Containers = &Containers{Push: c.push, Public: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}}
}

func (c *containers) account() aws.Config {
	return sandbox.AWSConfig(c.emulator)
}

// push puts an image's manifest into the emulator's registry, which keeps no layers. It takes the layers for the whole
// image, so the manifest names the configuration as its layer, which differs with every variant.
func (c *containers) push(ctx context.Context, image v1.Image, reference string) error {
	configuration, err := image.ConfigName()
	if err != nil {
		return err
	}
	part := func(kind string) object {
		return object{"mediaType": "application/vnd.docker." + kind, "size": 7, "digest": configuration.String()}
	}
	manifest, err := json.Marshal(object{
		"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": part("container.image.v1+json"), "layers": []object{part("image.rootfs.diff.tar.gzip")},
	})
	if err != nil {
		return err
	}
	_, name, _ := strings.Cut(reference, "/")
	repository, tag, _ := strings.Cut(name, ":")
	put, err := ecr.NewFromConfig(c.account()).PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: &repository, ImageTag: &tag, ImageManifest: aws.String(string(manifest)),
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.images[aws.ToString(put.Image.ImageId.ImageDigest)] = image
	return nil
}

func (c *containers) serve(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/image-configuration" {
		fmt.Fprint(w, `{"os": "linux", "architecture": "amd64"}`)
		return
	}
	if strings.Contains(request.Host, "elb.amazonaws.com") {
		c.serveApplication(w, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var asked object
	_ = json.Unmarshal(body, &asked)
	if answer := c.answer(faultproxy.Action(request, body), asked); answer != nil {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	target, _ := url.Parse(c.emulator)
	forward := &httputil.ReverseProxy{
		Rewrite: func(proxied *httputil.ProxyRequest) {
			host := proxied.In.Host
			proxied.SetURL(target)
			proxied.Out.Host = host
		},
		ModifyResponse: func(response *http.Response) error {
			return c.amend(faultproxy.Action(request, body), asked, response)
		},
	}
	forward.ServeHTTP(w, request)
}

// answer answers what the emulator does not know. Nil for everything else.
func (c *containers) answer(action string, asked object) object {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch action {
	case "GetDownloadUrlForLayer":
		return object{"downloadUrl": c.server.URL + "/image-configuration", "layerDigest": asked["layerDigest"]}
	case "ListServiceDeployments":
		var record []object
		for _, each := range c.deployments {
			if each.rolledBackBecause == "" {
				record = append(record, object{
					"serviceDeploymentArn":     fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:service-deployment/%d", each.number),
					"targetServiceRevisionArn": each.revision(), "status": each.status,
					"createdAt": seconds(each.created), "startedAt": seconds(each.created),
				})
			}
		}
		return object{"serviceDeployments": record}
	case "DescribeServiceRevisions":
		revisions := []object{}
		for _, each := range c.deployments {
			if strings.Contains(fmt.Sprint(asked["serviceRevisionArns"]), each.revision()) {
				revisions = append(revisions, object{
					"serviceRevisionArn": each.revision(), "taskDefinition": each.definition,
					"containerImages": []object{{"containerName": nameOf(each.definition), "image": each.image, "imageDigest": each.digest}},
				})
			}
		}
		return object{"serviceRevisions": revisions, "failures": []object{}}
	case "ListTasks":
		arns := []string{}
		for _, each := range c.deployments {
			if asked["desiredStatus"] == "STOPPED" && each.exitCode != 0 {
				arns = append(arns, each.task())
			}
		}
		return object{"taskArns": arns}
	case "DescribeTasks":
		tasks := []object{}
		for _, each := range c.deployments {
			if strings.Contains(fmt.Sprint(asked["tasks"]), each.task()) {
				tasks = append(tasks, object{
					"taskArn": each.task(), "startedBy": each.id(), "stopCode": "EssentialContainerExited",
					"stoppedReason": "Essential container in task exited",
					"containers":    []object{{"name": nameOf(each.definition), "exitCode": each.exitCode}},
				})
			}
		}
		return object{"tasks": tasks, "failures": []object{}}
	}
	return nil
}

func (d *deployed) revision() string {
	return fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:service-revision/cluster/service/%04d", d.number)
}

func (d *deployed) task() string {
	return fmt.Sprintf("arn:aws:ecs:eu-west-2:123456789012:task/cluster/%04d", d.number)
}

// nameOf is the family of a task definition, which is the container's name too.
func nameOf(definition string) string {
	_, revision, _ := strings.Cut(definition, "/")
	family, _, _ := strings.Cut(revision, ":")
	return family
}

func seconds(moment time.Time) float64 { return float64(moment.UnixMilli()) / 1000 }

// amend adds the tasks to what the emulator answers about the service.
func (c *containers) amend(action string, asked object, response *http.Response) error {
	if action != "UpdateService" && action != "DescribeServices" || response.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer object
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if service, found := answer["service"].(object); found {
		c.desired = int(service["desiredCount"].(float64))
		if asked["taskDefinition"] != nil || asked["forceNewDeployment"] == true {
			c.begin(fmt.Sprint(service["taskDefinition"]))
		}
		c.describe(service)
	}
	if services, found := answer["services"].([]any); found {
		for _, service := range services {
			c.describe(service.(object))
		}
	}
	text, err = json.Marshal(answer)
	response.Body = io.NopCloser(bytes.NewReader(text))
	response.ContentLength = int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return err
}

// describe tells of the deployments in a service: the last one, and one that it came back from.
func (c *containers) describe(service object) {
	if len(c.deployments) == 0 || service["status"] != "ACTIVE" {
		return
	}
	last := c.deployments[len(c.deployments)-1]
	shown := []*deployed{last}
	if last.rolledBackBecause != "" {
		shown = append(shown, c.deployments[len(c.deployments)-2])
	}
	var list []object
	for i, each := range shown {
		desired, status := c.desired, "PRIMARY"
		if i > 0 {
			desired, status = 0, "ACTIVE"
		}
		running := 0
		if each.state == "COMPLETED" {
			running = desired
		}
		list = append(list, object{
			"id": each.id(), "status": status, "taskDefinition": each.definition, "desiredCount": desired, "runningCount": running,
			"rolloutState": each.state, "rolloutStateReason": each.reason + each.rolledBackBecause, "createdAt": seconds(each.created),
		})
	}
	service["deployments"] = list
	service["runningCount"] = list[0]["runningCount"]
	service["taskDefinition"] = last.definition
}

// begin begins a deployment, as ECS does: the tasks before serve until the new ones are healthy.
func (c *containers) begin(definition string) {
	began := &deployed{
		number: len(c.deployments) + 1, definition: definition, state: "IN_PROGRESS", status: "IN_PROGRESS", created: time.Now(),
	}
	c.deployments = append(c.deployments, began)
	if c.desired == 0 {
		began.state, began.status = "COMPLETED", "SUCCESSFUL"
		return
	}
	if err := c.start(began); err != nil {
		began.reason, began.exitCode = err.Error(), 127
	}
	go c.follow(began, began.process)
}

// start starts the application of the deployment's image.
func (c *containers) start(deployment *deployed) error {
	ctx := context.Background()
	container, err := c.container(ctx, deployment.definition)
	if err != nil {
		return err
	}
	deployment.image = container.Image
	if deployment.digest, err = c.digest(ctx, container.Image); err != nil {
		return err
	}
	image := c.images[deployment.digest]
	if image == nil {
		return fmt.Errorf("CannotPullContainerError: %s", container.Image)
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
	deployment.port = free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	process := exec.Command(program, append(file.Config.Cmd, "-host", "127.0.0.1", "-port", strconv.Itoa(deployment.port))...)
	process.Env = append(file.Config.Env,
		"AWS_ENDPOINT_URL="+c.emulator, "AWS_ACCESS_KEY_ID="+sandbox.AccessKey, "AWS_SECRET_ACCESS_KEY="+sandbox.SecretKey)
	for _, variable := range container.Environment {
		process.Env = append(process.Env, variable.Name+"="+variable.Value)
	}
	for _, secret := range container.Secrets {
		name := secret.ValueFrom[strings.Index(secret.ValueFrom, ":parameter")+len(":parameter"):]
		parameter, err := ssm.NewFromConfig(c.account()).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
		if err != nil {
			return err
		}
		process.Env = append(process.Env, secret.Name+"="+aws.ToString(parameter.Parameter.Value))
	}
	if err := process.Start(); err != nil {
		return err
	}
	deployment.process, deployment.ended = process, make(chan struct{})
	go func() {
		_ = process.Wait()
		close(deployment.ended)
	}()
	return nil
}

// taskContainer is what is read here of a container definition.
type taskContainer struct {
	Image       string
	Environment []struct{ Name, Value string }
	Secrets     []struct{ Name, ValueFrom string }
}

// container asks the emulator what a task definition says.
func (c *containers) container(ctx context.Context, definition string) (taskContainer, error) {
	body, err := json.Marshal(object{"taskDefinition": definition})
	if err != nil {
		return taskContainer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.emulator, bytes.NewReader(body))
	if err != nil {
		return taskContainer{}, err
	}
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-2/ecs/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return taskContainer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		TaskDefinition struct{ ContainerDefinitions []taskContainer }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return taskContainer{}, err
	}
	if len(answer.TaskDefinition.ContainerDefinitions) != 1 {
		return taskContainer{}, errors.New("the task definition has not one container")
	}
	return answer.TaskDefinition.ContainerDefinitions[0], nil
}

// digest is the digest of an image that is named by it or by a tag.
func (c *containers) digest(ctx context.Context, image string) (string, error) {
	if _, digest, found := strings.Cut(image, "@"); found {
		return digest, nil
	}
	_, name, _ := strings.Cut(image, "/")
	repository, tag, _ := strings.Cut(name, ":")
	found, err := ecr.NewFromConfig(c.account()).BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &tag}},
	})
	if err != nil {
		return "", err
	}
	if len(found.Images) != 1 {
		return "", fmt.Errorf("CannotPullContainerError: %s", image)
	}
	return aws.ToString(found.Images[0].ImageId.ImageDigest), nil
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

// follow waits until the application is healthy, and hands it the traffic; or until it has ended, and goes back.
func (c *containers) follow(deployment *deployed, process *exec.Cmd) {
	if process == nil {
		c.goBack(deployment, deployment.exitCode)
		return
	}
	for {
		select {
		case <-deployment.ended:
			c.goBack(deployment, process.ProcessState.ExitCode())
			return
		default:
		}
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health", deployment.port))
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			c.complete(deployment)
			return
		}
	}
}

func (c *containers) complete(deployment *deployed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, each := range c.deployments {
		if each != deployment {
			each.takesTheTraffic = false
			each.stop()
		}
	}
	deployment.takesTheTraffic = true
	deployment.state, deployment.status, deployment.reason = "COMPLETED", "SUCCESSFUL", "ECS deployment completed."
}

// goBack is the circuit breaker: the deployment failed, and the one before is the service's again.
func (c *containers) goBack(deployment *deployed, exitCode int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	deployment.exitCode, deployment.process = exitCode, nil
	deployment.state, deployment.status = "FAILED", "ROLLBACK_SUCCESSFUL"
	deployment.reason = "ECS deployment circuit breaker: tasks failed to start."
	for i := len(c.deployments) - 2; i >= 0; i-- {
		before := c.deployments[i]
		if before.takesTheTraffic {
			again := *before
			again.number, again.created = len(c.deployments)+1, time.Now()
			again.rolledBackBecause = " ECS deployment circuit breaker: rolling back to " + before.id() + "."
			before.takesTheTraffic, before.process = false, nil
			c.deployments = append(c.deployments, &again)
			return
		}
	}
}

func (d *deployed) stop() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Kill()
	<-d.ended
	d.process = nil
}

// serveApplication is the load balancer.
func (c *containers) serveApplication(w http.ResponseWriter, request *http.Request) {
	c.mu.Lock()
	port := 0
	for _, each := range c.deployments {
		if each.takesTheTraffic {
			port = each.port
		}
	}
	c.mu.Unlock()
	if port == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}).ServeHTTP(w, request)
}
