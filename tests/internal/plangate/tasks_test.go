package plangate

import (
	"slices"
	"strings"
	"testing"
)

// ours are the inputs of a task definition of the stack.
const ours = `{"taskRoleArn": "t", "executionRoleArn": "e", "containerDefinitions": "[{\"name\": \"app\", \"image\": \"1.ecr/media:v1\"}]"}`

func TestAServiceRunsTasksOfItsStack(t *testing.T) {
	runs := func(definition string) Step {
		return update(t, service, `{"taskDefinition": "a:1"}`, `{"taskDefinition": "`+definition+`"}`)
	}
	replacing := update(t, taskDefinition, ours, strings.Replace(ours, "v1", "v2", 1))
	replacing.Operation = "replace"
	standing := update(t, taskDefinition, ours, ours)
	standing.Operation, standing.Before.Outputs = "same", map[string]any{"arn": "a:2"}
	going := update(t, taskDefinition, ours, ours)
	going.Operation, going.After, going.Before.Outputs = "delete", nil, map[string]any{"arn": "a:2"}
	for _, each := range []struct {
		what  string
		steps []Step
		want  []string
	}{
		{"the same", []Step{runs("a:1")}, nil},
		{"the next revision", []Step{comingFrom(runs(unknown), "taskDefinition", replacing), replacing}, nil},
		{"the revision of an update that was interrupted", []Step{runs("a:2"), standing}, nil},
		{"a revision from elsewhere", []Step{runs("b:2"), standing}, []string{"gets weaker taskDefinition: a:1 → b:2"}},
		{"a revision from elsewhere that says to be of the stack", []Step{comingFrom(runs("b:2"), "taskDefinition", standing), standing}, []string{"gets weaker taskDefinition: a:1 → b:2"}},
		{"a revision that goes", []Step{runs("a:2"), going}, []string{"gets weaker taskDefinition: a:1 → a:2"}},
		{"nobody knows which revision, of one that goes", []Step{comingFrom(runs(unknown), "taskDefinition", going), going}, []string{
			"gets weaker taskDefinition: a:1 → not known yet"}},
		{"a revision that is not known", []Step{runs(unknown), replacing}, []string{"gets weaker taskDefinition: a:1 → not known yet"}},
		{"a revision that comes from a parameter too", []Step{comingFrom(runs(unknown), "taskDefinition", replacing, creation(t, parameter, `{}`)), replacing, creation(t, parameter, `{}`)}, []string{
			"gets weaker taskDefinition: a:1 → not known yet"}},
	} {
		if got := dangers(t, each.steps...); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}

func TestWhatRunsBesideTheTasksIsJudgedAsTheTasksAre(t *testing.T) {
	const (
		running = `{"taskDefinition": "a:1", "loadBalancers": [], "networkConfiguration": {"securityGroups": ["a"], "assignPublicIp": false}}`
		open    = `{"taskDefinition": "a:1", "loadBalancers": [], "networkConfiguration": {"securityGroups": ["a"], "assignPublicIp": true}}`
	)
	standing := func(kind, inputs string) Step {
		step := update(t, kind, inputs, inputs)
		step.Operation, step.Before.Outputs = "same", map[string]any{"arn": "a:1"}
		return step
	}
	asked := strings.Replace(running, `"loadBalancers": []`, `"loadBalancers": [{"targetGroupArn": "g"}]`, 1)
	other := standing(taskDefinition, strings.Replace(ours, `"t"`, `"u"`, 1))
	other.URN += "-too"
	for _, each := range []struct {
		what  string
		steps []Step
		want  []string
	}{
		{"another task of the image", []Step{standing(taskDefinition, ours), creation(t, taskDefinition, strings.Replace(ours, "app", "worker", 1))}, nil},
		{"another task of another image", []Step{standing(taskDefinition, ours), creation(t, taskDefinition, strings.Replace(ours, "1.ecr", "evil", 1))}, []string{
			"gets weaker containerDefinitions[app].image: of 1.ecr/media → of evil/media"}},
		{"another task with another role", []Step{standing(taskDefinition, ours), creation(t, taskDefinition, strings.Replace(ours, `"t"`, `"v"`, 1))}, []string{"gets weaker taskRoleArn: t → v"}},
		{"another task with the role of a second one", []Step{standing(taskDefinition, ours), other, creation(t, taskDefinition, strings.Replace(ours, `"t"`, `"u"`, 1))}, nil},
		{"the first task", []Step{creation(t, taskDefinition, ours)}, nil},
		{"another service", []Step{standing(service, running), standing(taskDefinition, ours), creation(t, service, running)}, nil},
		{"another service that is open to the world", []Step{standing(service, running), standing(taskDefinition, ours), creation(t, service, open)}, []string{"gets weaker networkConfiguration.assignPublicIp: false → true"}},
		{"a worker, which no requests reach", []Step{standing(service, asked), standing(taskDefinition, ours), creation(t, service, strings.Replace(running, `"loadBalancers": [], `, "", 1))}, nil},
		{"a worker that is open to the world", []Step{standing(service, asked), standing(taskDefinition, ours), creation(t, service, open)}, []string{"gets weaker networkConfiguration.assignPublicIp: false → true"}},
		{"another service behind another target group", []Step{standing(service, asked), standing(taskDefinition, ours), creation(t, service, strings.Replace(asked, `"g"`, `"h"`, 1))}, []string{
			`gets weaker loadBalancers: [{"targetGroupArn":"g"}] → [{"targetGroupArn":"h"}]`}},
		{"another service of tasks from elsewhere", []Step{standing(service, running), standing(taskDefinition, ours), creation(t, service, strings.Replace(running, "a:1", "b:1", 1))}, []string{"gets weaker taskDefinition: not set → b:1"}},
	} {
		if got := dangers(t, each.steps...); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
}
