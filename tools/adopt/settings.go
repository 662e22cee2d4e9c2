package adopt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

// Setting is a setting of the program that the stack file states.
type Setting struct {
	// Key is its key, without the project's name.
	Key string
	// Value is its value for YAML.
	Value any
	// Source is the address from which it was read, or its reason.
	Source string
}

// deriveSettings reads the settings with which the program changes as little as possible. Keys that the program does
// not know are left out.
func (a *Adoption) deriveSettings(state tfstate.State) []string {
	kept := ""
	if len(a.KeptNames) > 0 {
		kept = ", such as these names: " + strings.Join(a.KeptNames, ", ")
	}
	a.set("name", a.Name, "the names of the resources")
	a.set("adopted", true, "what AWS cannot change in place stays"+kept)
	a.set("forceDestroy", false, "adopted resources hold data; none is deleted with its contents")
	a.set("protectData", true, "Pulumi refuses to delete or replace the bucket, the registry and the JWT secret")
	target := a.target()
	if port, isKnown := target.Number("container_port"); isKnown {
		a.set("appPort", port, target.Address)
	}
	for _, match := range a.Matches {
		for _, path := range slices.Sorted(maps.Keys(match.Ours.Takes)) {
			a.take(match, path)
		}
	}
	problems := a.setImageTag()
	a.setDesiredCount()
	a.setRetention()
	a.setNetwork(state)
	a.setAllowedNetworks()
	a.setAccessLogsBucket()
	a.setVariables()
	a.setSecretsKeys(state)
	a.setStart()
	a.setLifecycle()
	cluster, _ := a.find("aws_ecs_cluster.main")
	for at := range cluster.Length("setting") {
		if cluster.Text("setting", at, "name") == "containerInsights" {
			a.set("containerInsights", cluster.Text("setting", at, "value"), cluster.Address)
		}
	}
	execution, _ := a.find(executionRole)
	task, _ := a.find(taskRole)
	switch boundary := execution.Text("permissions_boundary"); {
	case boundary != task.Text("permissions_boundary"):
		a.remark("%s and %s have different permissions boundaries, but the program has one for both; set permissionsBoundaryArn",
			execution.Address, task.Address)
	case boundary != "":
		a.set("permissionsBoundaryArn", boundary, task.Address)
	}
	https, further := a.httpsSettings(state)
	for _, setting := range https {
		a.set(setting.Key, setting.Value, setting.Source)
	}
	return append(problems, further...)
}

// set adds a setting that the program knows.
func (a *Adoption) set(key string, value any, source string) {
	if _, isKnown := a.project.Settings[key]; isKnown {
		a.Settings = append(a.Settings, Setting{key, value, source})
	}
}

// take makes a setting of an attribute, in the setting's type. An attribute of another type is told as a change to the
// default.
func (a *Adoption) take(match Match, path string) {
	key, source := match.Ours.Takes[path], match.Theirs.Address
	if match.Ours.Address == taskDefinition {
		source = a.revisionSource()
	}
	var steps []any
	for at, name := range strings.Split(path, ".") {
		if at > 0 && match.Theirs.Length(steps...) == 1 {
			steps = append(steps, 0)
		}
		steps = append(steps, name)
	}
	value := match.Theirs.Text(steps...)
	switch a.project.Settings[key].Type {
	case "array":
		if values := match.Theirs.Texts(steps...); len(values) > 0 {
			slices.Sort(values)
			a.set(key, values, source)
		}
		return
	case "boolean":
		// An attribute that is not set is off. If its whole block is missing, nothing is known.
		if !isEmpty(match.Theirs.At(steps[:len(steps)-1]...)) {
			a.set(key, value == "true", source)
		}
		return
	case "integer":
		if number, isWhole := match.Theirs.Number(steps...); isWhole {
			a.set(key, number, source)
			return
		}
	default:
		if value != "" {
			a.set(key, value, source)
			return
		}
	}
	if value != "" {
		a.Differences = append(a.Differences, Difference{Address: source, Attribute: path,
			Change: fmt.Sprintf("%s → %s, because %s must be a whole number", value, text(a.project.Settings[key].Default), key)})
	}
}

// revisionSource names the revision from which a setting comes.
func (a *Adoption) revisionSource() string {
	definition, _ := a.find(taskDefinition)
	if a.revision == "" {
		return definition.Address
	}
	return definition.Address + ", revision " + a.revision
}

// setImageTag takes the tag of the image that tasks run. It reports an image that is not in the stack's repository: the
// first update would replace it.
func (a *Adoption) setImageTag() []string {
	definition, isFound := a.find(taskDefinition)
	image := definition.Text("container", "image")
	if !isFound || image == "" {
		return nil
	}
	repository, _ := a.find("aws_ecr_repository.mediaserver")
	rest, isInside := strings.CutPrefix(image, repository.Text("repository_url"))
	tag, _, _ := strings.Cut(strings.TrimPrefix(rest, ":"), "@")
	source := a.revisionSource()
	switch {
	case !isInside || repository.Text("repository_url") == "":
		return []string{fmt.Sprintf("%s: tasks run %s, which is not in the stack's repository: the first update would replace it. Push it there, "+
			"and have Terraform or the pipeline deploy it from there first", source, image)}
	case strings.HasPrefix(rest, ":"):
		a.set("imageTag", tag, source)
		return nil
	}
	return []string{fmt.Sprintf("%s: tasks run %s, an image without a tag, and imageTag needs one: the first update would replace it. "+
		"Deploy it by a tag first (`docker buildx imagetools create --tag %s:TAG %s` gives it one)", source, image, repository.Text("repository_url"), image)}
}

// setDesiredCount takes the number of tasks, which the program wants between the two bounds. It counts only when the
// service is created; later the scaling policies own it.
func (a *Adoption) setDesiredCount() {
	service, _ := a.find(ecsService)
	desired, isKnown := service.Number("desired_count")
	if !isKnown {
		return
	}
	least, most := a.number("minCapacity"), a.number("maxCapacity")
	source := service.Address
	if bounded := min(max(desired, least), most); bounded != desired {
		desired, source = bounded, source+", moved between minCapacity and maxCapacity"
	}
	a.set("desiredCount", desired, source)
}

// longestRetention is the longest retention, in days, that the program and CloudWatch Logs take.
const longestRetention = 3653

// setRetention takes the longer retention of the two log groups, so that no event is lost.
func (a *Adoption) setRetention() {
	longest, source := 0, ""
	for _, address := range []string{"aws_cloudwatch_log_group.ecs_logs", "aws_cloudwatch_log_group.app_logs"} {
		group, _ := a.find(address)
		days, isKnown := group.Number("retention_in_days")
		if isKnown && days == 0 {
			a.remark("%s: it keeps events for ever, but the program keeps them for %d days at most; the plan gate asks for an allowance",
				group.Address, longestRetention)
			days = longestRetention
		}
		if days > longest {
			longest, source = days, group.Address
		}
	}
	if longest > 0 {
		a.set("logRetentionDays", longest, source)
	}
}

// commonTags are the tags that all resources carry, as the provider's default tags or as their own. They become the
// stack's default tags.
func (a *Adoption) commonTags() map[string]string {
	var common map[string]string
	for _, match := range a.Matches {
		if match.Theirs.At("tags_all") == nil || match.Ours.Import == "" {
			continue
		}
		tags := match.Theirs.Map("tags_all")
		if common == nil {
			common = tags
			continue
		}
		maps.DeleteFunc(common, func(key, value string) bool { return tags[key] != value })
	}
	single := map[string]bool{}
	for _, match := range a.Matches {
		for key, value := range match.Theirs.Map("tags_all") {
			if common[key] != value {
				single[key] = true
			}
		}
	}
	if len(single) > 0 {
		a.remark("some resources have tags of their own, which the first update removes: %s", strings.Join(slices.Sorted(maps.Keys(single)), ", "))
	}
	return common
}
