package fakeaws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Service is a service of the account's ECS.
type Service struct {
	Cluster, Name string
	// Desired is how many tasks it asks for.
	Desired int
	// Properties are further ones, or other ones, that DescribeServices answers.
	Properties Object
	// Deployments are those that the service has, the PRIMARY one first.
	Deployments []*Deployment
	// Record are those that AWS has a record of, the oldest first.
	Record []*Deployment
	// Stopped are its stopped tasks, as DescribeTasks answers them.
	Stopped []Object

	seen string // the task definition that Upstream's answer named last
}

// Deployment is a deployment of a service, and its entry in the record.
type Deployment struct {
	// ID is such as ecs-svc/0000000000000000001.
	ID, TaskDefinition string
	// State and Reason are those of its rollout, Status that in the record.
	State, Reason, Status string
	Running, Pending      int
	Failed                int
	Created               time.Time
	// Images are the containers' images, as DescribeServiceRevisions answers them.
	Images []Object
	// Alarms are those that it has raised.
	Alarms []string
	// Source is what ran before, and what ECS goes back to. Nil for a service's first deployment.
	Source *Deployment

	task        Task
	backFrom    *Deployment // of a deployment that ECS itself has made to go back from this one
	serviceName string      // with the cluster's
}

// Containers are what is to run for a deployment.
type Containers struct {
	// Definition is the task definition as DescribeTaskDefinition answers it.
	Definition Object
	// Digests are those of the containers' images, by the container's name. One that is not in the registry is missing.
	Digests map[string]string
}

// Task is what runs for a deployment.
type Task interface {
	// Look tells how it is now.
	Look() TaskState
	// Stop ends it. It is called once, also for a task that has ended.
	Stop()
}

// TaskState is how a task is. Neither Healthy nor Stopped means that it starts.
type TaskState struct {
	Healthy, Stopped bool
	// ExitCode and Reason are those of a stopped task.
	ExitCode int
	Reason   string
}

// AddService adds a service that runs a task definition.
func (a *AWS) AddService(cluster, name, definition string, desired int) *Service {
	a.mu.Lock()
	defer a.mu.Unlock()
	service := a.addService(cluster, name)
	service.Desired = desired
	first := a.begin(service, definition)
	first.Running = desired
	a.complete(service, first)
	return service
}

func (a *AWS) addService(cluster, name string) *Service {
	service := &Service{Cluster: cluster, Name: name, Properties: Object{}}
	a.services = append(a.services, service)
	return service
}

// StopTasks stops what runs, at the end of a test.
func (a *AWS) StopTasks() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, service := range a.services {
		for _, each := range service.Deployments {
			each.stop()
		}
	}
}

// Running is the task of the service's newest deployment that is healthy. Nil if there is none.
func (a *AWS) Running(name string) Task {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, service := range a.services {
		for _, each := range service.Deployments {
			if service.Name == name && each.task != nil && each.task.Look().Healthy {
				return each.task
			}
		}
	}
	return nil
}

// AddTaskDefinition adds an answer of DescribeTaskDefinition.
func (a *AWS) AddTaskDefinition(answer Object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.definitions = append(a.definitions, answer)
}

func (a *AWS) registerTaskDefinition(input asked) (Object, error) {
	definition := maps.Clone(input.whole)
	delete(definition, "tags")
	revision := 1
	for _, each := range a.definitions {
		known := fmt.Sprint(each["taskDefinition"].(Object)["taskDefinitionArn"])
		number, _ := strconv.Atoi(known[strings.LastIndex(known, ":")+1:])
		revision = max(revision, number+1)
	}
	definition["taskDefinitionArn"] = arn(fmt.Sprintf("task-definition/%s:%d", definition["family"], revision))
	definition["revision"], definition["status"] = revision, "ACTIVE"
	answer := Object{"taskDefinition": definition, "tags": input.whole["tags"]}
	a.definitions = append(a.definitions, answer)
	return answer, nil
}

func (a *AWS) describeTaskDefinition(input asked) (Object, error) {
	for _, each := range slices.Backward(a.definitions) {
		known := each["taskDefinition"].(Object)
		if known["taskDefinitionArn"] == input.TaskDefinition || known["family"] == input.TaskDefinition {
			return each, nil
		}
	}
	return nil, Refuses("ClientException", "Unable to describe task definition.")
}

// definition is a task definition of the account or of Upstream.
func (a *AWS) definition(arn string) (Object, error) {
	if a.Upstream == nil {
		return a.describeTaskDefinition(asked{TaskDefinition: arn})
	}
	body, _ := json.Marshal(Object{"taskDefinition": arn})
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=test/20260101/%s/ecs/aws4_request, SignedHeaders=host, Signature=0", region))
	w := httptest.NewRecorder()
	a.Upstream.ServeHTTP(w, request)
	var answer Object
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		return nil, err
	}
	if _, found := answer["taskDefinition"].(Object); !found {
		return nil, fmt.Errorf("describe %s: %s", arn, w.Body)
	}
	return answer, nil
}

func (a *AWS) find(cluster, name string) *Service {
	for _, service := range a.services {
		if service.Name == path.Base(name) && service.Cluster == path.Base(cluster) {
			return service
		}
	}
	return nil
}

func (a *AWS) describeServices(input asked) (Object, error) {
	services := []Object{}
	for _, name := range input.Services {
		if service := a.find(input.Cluster, name); service != nil {
			a.advance(service)
			services = append(services, a.describe(service))
		}
	}
	return Object{"services": services}, nil
}

func (a *AWS) updateService(input asked) (Object, error) {
	service := a.find(input.Cluster, input.Service)
	if service == nil {
		return nil, Refuses("ServiceNotFoundException", "Service not found.")
	}
	if input.DesiredCount != nil {
		service.Desired = *input.DesiredCount
	}
	a.begin(service, input.TaskDefinition)
	return Object{"service": a.describe(service)}, nil
}

// amend adds what runs to Upstream's answer about services.
func (a *AWS) amend(action string, input asked, output Object) {
	described := []any{output["service"]}
	if action == "DescribeServices" {
		described, _ = output["services"].([]any)
	}
	for _, each := range described {
		answer := each.(Object)
		if answer["status"] != "ACTIVE" {
			continue
		}
		name := fmt.Sprint(answer["serviceArn"])
		cluster := path.Base(path.Dir(name))
		service := a.find(cluster, name)
		if service == nil {
			service = a.addService(cluster, path.Base(name))
		}
		if desired, found := answer["desiredCount"].(float64); found {
			service.Desired = int(desired)
		}
		// What is deployed follows the number at once.
		if len(service.Deployments) > 0 && service.Deployments[0].State == "COMPLETED" {
			service.Deployments[0].Running = service.Desired
		}
		definition := fmt.Sprint(answer["taskDefinition"])
		// Whoever talks to Upstream itself may have changed the service.
		changed := service.seen != definition
		service.seen = definition
		switch {
		case changed || action == "UpdateService" && (input.ForceNewDeployment || input.TaskDefinition != ""):
			a.begin(service, definition)
		case action == "DescribeServices":
			a.advance(service)
		}
		described := a.describe(service)
		for _, property := range []string{"taskDefinition", "runningCount", "deployments"} {
			answer[property] = described[property]
		}
	}
}

// begin begins a deployment. What ran before goes on until this one is complete.
func (a *AWS) begin(service *Service, definition string) *Deployment {
	a.deployments++
	began := &Deployment{
		ID: fmt.Sprintf("ecs-svc/%019d", a.deployments), TaskDefinition: definition, State: "IN_PROGRESS", Status: "IN_PROGRESS",
		Created: time.Now(), serviceName: service.Cluster + "/" + service.Name,
	}
	for _, each := range slices.Backward(service.Record) {
		if began.Source == nil && each.Status == "SUCCESSFUL" {
			began.Source = each
		}
	}
	for _, each := range service.Record {
		if each.Status == "IN_PROGRESS" {
			each.Status = "STOPPED"
		}
	}
	service.Deployments = append([]*Deployment{began}, service.Deployments...)
	service.Record = append(service.Record, began)
	return began
}

// advance takes the service's deployment a step further.
func (a *AWS) advance(service *Service) {
	if len(service.Deployments) == 0 {
		return
	}
	primary := service.Deployments[0]
	if primary.State != "IN_PROGRESS" {
		return
	}
	if service.Desired == 0 {
		a.complete(service, primary)
		return
	}
	if primary.task == nil {
		task, err := a.start(primary)
		if err != nil {
			// The image may come yet.
			primary.Pending, primary.Failed = service.Desired, primary.Failed+1
			return
		}
		primary.task = task
	}
	state := primary.task.Look()
	switch {
	case state.Stopped:
		service.Stopped = append(service.Stopped, a.stoppedTask(service, primary, state))
		primary.Failed++
		a.giveUp(service, primary, "ECS deployment circuit breaker: tasks failed to start.",
			"ECS deployment circuit breaker: rolling back to deploymentId ")
	case state.Healthy:
		primary.Running, primary.Pending = service.Desired, 0
		a.complete(service, primary)
	default:
		primary.Running = service.Desired / 2
		primary.Pending = service.Desired - primary.Running
	}
}

func (a *AWS) stoppedTask(service *Service, deployment *Deployment, state TaskState) Object {
	container := Object{"name": "unknown", "exitCode": state.ExitCode}
	if len(deployment.Images) > 0 {
		container["name"] = deployment.Images[0]["containerName"]
	}
	return Object{
		"taskArn":   arn(fmt.Sprintf("task/%s/%032d", service.Cluster, len(service.Stopped)+1)),
		"startedBy": deployment.ID, "stoppedAt": seconds(time.Now()), "stopCode": "EssentialContainerExited",
		"stoppedReason": cmp.Or(state.Reason, "Essential container in task exited"), "containers": []Object{container},
	}
}

// start reads which images a deployment runs, and runs them.
func (a *AWS) start(deployment *Deployment) (Task, error) {
	answer, err := a.definition(deployment.TaskDefinition)
	if err != nil {
		return nil, err
	}
	containers, _ := json.Marshal(answer["taskDefinition"].(Object)["containerDefinitions"])
	var named []struct{ Name, Image string }
	if err := json.Unmarshal(containers, &named); err != nil {
		return nil, err
	}
	var images []Object
	for _, container := range named {
		digest, err := a.digestOf(container.Image)
		if err != nil {
			return nil, err
		}
		images = append(images, Object{"containerName": container.Name, "image": container.Image, "imageDigest": digest})
	}
	if deployment.Images == nil {
		deployment.Images = images
	}
	digests := map[string]string{}
	for _, each := range deployment.Images {
		digests[fmt.Sprint(each["containerName"])] = fmt.Sprint(each["imageDigest"])
	}
	if a.Run == nil {
		return &slowStart{}, nil
	}
	return a.Run(Containers{Definition: answer["taskDefinition"].(Object), Digests: digests}), nil
}

// slowStart is a task that is healthy at the second look.
type slowStart struct{ looks int }

func (s *slowStart) Look() TaskState {
	s.looks++
	return TaskState{Healthy: s.looks > 1}
}

func (s *slowStart) Stop() {}

func (a *AWS) complete(service *Service, deployment *Deployment) {
	deployment.State, deployment.Status, deployment.Reason = "COMPLETED", "SUCCESSFUL", "ECS deployment "+deployment.ID+" completed."
	if deployment.backFrom != nil {
		deployment.backFrom.Status = "ROLLBACK_SUCCESSFUL"
	}
	for _, each := range service.Deployments {
		if each != deployment {
			each.stop()
		}
	}
	service.Deployments = []*Deployment{deployment}
}

// giveUp has ECS go back from a deployment to what ran before it, if there was anything.
func (a *AWS) giveUp(service *Service, deployment *Deployment, reason, backReason string) {
	deployment.State, deployment.Reason, deployment.Running, deployment.Pending = "FAILED", reason, 0, 0
	deployment.stop()
	if deployment.Source == nil {
		deployment.Status = "STOPPED"
		return
	}
	deployment.Status = "ROLLBACK_IN_PROGRESS"
	back := a.begin(service, deployment.Source.TaskDefinition)
	// ECS's own way back has no entry in the record. It takes the digests that ran, whatever a tag names by now.
	service.Record = service.Record[:len(service.Record)-1]
	back.backFrom, back.Source, back.Images = deployment, deployment.Source, deployment.Source.Images
	back.Reason = backReason + deployment.Source.ID + "."
	// What ran goes on.
	back.task, deployment.Source.task = deployment.Source.task, nil
	service.Deployments = []*Deployment{back, deployment}
}

func (d *Deployment) stop() {
	if d.task != nil {
		d.task.Stop()
		d.task = nil
	}
}

func (a *AWS) describe(service *Service) Object {
	running, deployments := 0, []Object{}
	for i, each := range service.Deployments {
		desired, status := service.Desired, "PRIMARY"
		if i > 0 {
			desired, status = 0, "ACTIVE"
		}
		running += each.Running
		deployments = append(deployments, Object{
			"id": each.ID, "status": status, "taskDefinition": each.TaskDefinition, "desiredCount": desired,
			"runningCount": each.Running, "pendingCount": each.Pending, "failedTasks": each.Failed,
			"rolloutState": each.State, "rolloutStateReason": each.Reason, "createdAt": seconds(each.Created),
		})
	}
	answer := Object{
		"serviceArn": arn("service/" + service.Cluster + "/" + service.Name), "serviceName": service.Name,
		"clusterArn": arn("cluster/" + service.Cluster), "status": "ACTIVE",
		"taskDefinition": service.Deployments[0].TaskDefinition,
		"desiredCount":   service.Desired, "runningCount": running, "deployments": deployments,
	}
	maps.Copy(answer, service.Properties)
	return answer
}

func seconds(moment time.Time) float64 { return float64(moment.UnixMilli()) / 1000 }

func (a *AWS) listTasks(input asked) (Object, error) {
	arns := []any{}
	if service := a.find(input.Cluster, input.ServiceName); service != nil && input.DesiredStatus == "STOPPED" {
		for _, each := range service.Stopped {
			arns = append(arns, each["taskArn"])
		}
	}
	return Object{"taskArns": arns}, nil
}

func (a *AWS) describeTasks(input asked) (Object, error) {
	tasks := []Object{}
	for _, service := range a.services {
		for _, each := range service.Stopped {
			if slices.Contains(input.Tasks, fmt.Sprint(each["taskArn"])) {
				tasks = append(tasks, each)
			}
		}
	}
	return Object{"tasks": tasks}, nil
}
