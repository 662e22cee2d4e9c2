package fakeaws

import (
	"path"
	"slices"
	"strconv"
)

func (a *AWS) recordARN(kind string, deployment *Deployment) string {
	return a.ARN("ecs", kind+"/"+deployment.serviceName+"/"+path.Base(deployment.ID))
}

// recorded is a deployment's entry, as ListServiceDeployments answers it or, if whole, DescribeServiceDeployments.
func (a *AWS) recorded(deployment *Deployment, whole bool) Object {
	entry := Object{
		"serviceDeploymentArn": a.recordARN("service-deployment", deployment), "status": deployment.Status,
		"createdAt": seconds(deployment.Created), "startedAt": seconds(deployment.Created) + 1.25,
	}
	target := a.recordARN("service-revision", deployment)
	if !whole {
		entry["targetServiceRevisionArn"] = target
		return entry
	}
	entry["targetServiceRevision"] = Object{"arn": target}
	if deployment.Source != nil {
		entry["sourceServiceRevisions"] = []Object{{"arn": a.recordARN("service-revision", deployment.Source)}}
	}
	entry["alarms"] = Object{"triggeredAlarmNames": deployment.Alarms}
	return entry
}

// records are all entries of the services, each with its service.
func (a *AWS) records(visit func(*Service, *Deployment)) {
	for _, service := range a.services {
		for _, each := range slices.Clone(service.Record) {
			visit(service, each)
		}
	}
}

// AddRecord adds an entry to a service's record, after all others, and returns it to be changed.
func (a *AWS) AddRecord(service *Service, definition string) *Deployment {
	a.mu.Lock()
	defer a.mu.Unlock()
	added := a.begin(service, definition)
	service.started, added.Status = false, "SUCCESSFUL"
	service.Deployments = service.Deployments[1:]
	return added
}

func (a *AWS) listServiceDeployments(input Object) (Object, error) {
	entries := []Object{}
	a.records(func(service *Service, each *Deployment) {
		if service == a.find(text(input["cluster"]), text(input["service"])) {
			// AWS does not promise an order.
			entries = slices.Insert(entries, len(entries)/2, a.recorded(each, false))
		}
	})
	start, _ := strconv.Atoi(text(input["nextToken"]))
	end := min(start+a.PageSize, len(entries))
	answer := Object{"serviceDeployments": entries[start:end]}
	if end < len(entries) {
		answer["nextToken"] = strconv.Itoa(end)
	}
	return answer, nil
}

func (a *AWS) describeServiceDeployments(input Object) (Object, error) {
	for _, service := range a.services {
		a.advance(service)
	}
	entries := []Object{}
	a.records(func(_ *Service, each *Deployment) {
		if slices.Contains(texts(input["serviceDeploymentArns"]), a.recordARN("service-deployment", each)) {
			entries = append(entries, a.recorded(each, true))
		}
	})
	return Object{"serviceDeployments": entries, "failures": []Object{}}, nil
}

func (a *AWS) describeServiceRevisions(input Object) (Object, error) {
	asked := texts(input["serviceRevisionArns"])
	if len(asked) > 20 {
		return nil, Response{Code: "InvalidParameterException", Message: "At most 20 service revisions."}
	}
	revisions := []Object{}
	a.records(func(_ *Service, each *Deployment) {
		if arn := a.recordARN("service-revision", each); slices.Contains(asked, arn) {
			revisions = append(revisions, Object{"serviceRevisionArn": arn, "taskDefinition": each.TaskDefinition, "containerImages": each.Images})
		}
	})
	return Object{"serviceRevisions": revisions, "failures": []Object{}}, nil
}

func (a *AWS) stopServiceDeployment(input Object) (Object, error) {
	found := false
	a.records(func(service *Service, each *Deployment) {
		if a.recordARN("service-deployment", each) == input["serviceDeploymentArn"] && each.Status == "IN_PROGRESS" && each.Source != nil {
			found = true
			a.giveUp(service, each, "ECS deployment stopped.", "ECS deployment rolling back to deploymentId ")
		}
	})
	if !found {
		return nil, Response{Code: "ServiceDeploymentNotFoundException", Message: "No service deployment that can be stopped."}
	}
	return Object{"serviceDeploymentArn": input["serviceDeploymentArn"]}, nil
}
