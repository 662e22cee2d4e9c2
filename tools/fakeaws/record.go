package fakeaws

import (
	"path"
	"slices"
	"strconv"
)

func (d *Deployment) arn(kind string) string {
	return arn(kind + "/" + d.serviceName + "/" + path.Base(d.ID))
}

// recorded is a deployment's entry, as ListServiceDeployments and DescribeServiceDeployments answer it.
func (d *Deployment) recorded() Object {
	return Object{
		"serviceDeploymentArn": d.arn("service-deployment"), "targetServiceRevisionArn": d.arn("service-revision"),
		"status": d.Status, "createdAt": seconds(d.Created), "alarms": Object{"triggeredAlarmNames": d.Alarms},
	}
}

// AddRecord adds an entry to a service's record, after all others, and returns it to be changed.
func (a *AWS) AddRecord(service *Service, definition string) *Deployment {
	a.mu.Lock()
	defer a.mu.Unlock()
	added := a.begin(service, definition)
	added.Status = "SUCCESSFUL"
	service.Deployments = service.Deployments[1:]
	return added
}

func (a *AWS) listServiceDeployments(input asked) (Object, error) {
	entries := []Object{}
	if service := a.find(input.Cluster, input.Service); service != nil {
		for _, each := range service.Record {
			// AWS does not promise an order.
			entries = slices.Insert(entries, len(entries)/2, each.recorded())
		}
	}
	start, _ := strconv.Atoi(input.NextToken)
	end := min(start+a.PageSize, len(entries))
	answer := Object{"serviceDeployments": entries[start:end]}
	if end < len(entries) {
		answer["nextToken"] = strconv.Itoa(end)
	}
	return answer, nil
}

// record are the entries of all services whose ARNs of a kind were asked for.
func (a *AWS) record(kind string, arns []string, visit func(*Service, *Deployment)) {
	for _, service := range a.services {
		for _, each := range slices.Clone(service.Record) {
			if slices.Contains(arns, each.arn(kind)) {
				visit(service, each)
			}
		}
	}
}

func (a *AWS) describeServiceDeployments(input asked) (Object, error) {
	entries := []Object{}
	a.record("service-deployment", input.ServiceDeploymentArns, func(_ *Service, each *Deployment) {
		entries = append(entries, each.recorded())
	})
	return Object{"serviceDeployments": entries}, nil
}

func (a *AWS) describeServiceRevisions(input asked) (Object, error) {
	if len(input.ServiceRevisionArns) > 20 {
		return nil, Refuses("InvalidParameterException", "At most 20 service revisions.")
	}
	revisions := []Object{}
	a.record("service-revision", input.ServiceRevisionArns, func(_ *Service, each *Deployment) {
		revisions = append(revisions, Object{
			"serviceRevisionArn": each.arn("service-revision"), "taskDefinition": each.TaskDefinition, "containerImages": each.Images,
		})
	})
	return Object{"serviceRevisions": revisions}, nil
}

func (a *AWS) stopServiceDeployment(input asked) (Object, error) {
	var err error = Refuses("ServiceDeploymentNotFoundException", "No service deployment that can be stopped.")
	a.record("service-deployment", []string{input.ServiceDeploymentArn}, func(service *Service, each *Deployment) {
		if each.Status == "IN_PROGRESS" && each.Source != nil {
			err = nil
			a.giveUp(service, each, "ECS deployment stopped.", "ECS deployment rolling back to deploymentId ")
		}
	})
	return Object{"serviceDeploymentArn": input.ServiceDeploymentArn}, err
}
