package adoption

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mediaserver/tests/internal/terraformstate"
)

// Setting is a setting of the program that the stack file states.
type Setting struct {
	// Key is its key, without the project's name.
	Key string
	// Value is its value as YAML shall have it.
	Value any
	// Source is the address that it was read from, or why it is so.
	Source string
}

// deriveSettings reads the settings with which the program changes as little as possible. What the program does not
// know as a setting is left out.
func (a *Adoption) deriveSettings(project Project) {
	settings := []Setting{{"name", a.Name, "the names of the resources"}}
	settings = append(settings, Setting{"adopted", true, "what AWS cannot change in place stays as it is" + a.keptNames()})
	settings = append(settings, a.applicationSettings()...)
	settings = append(settings, a.capacitySettings()...)
	settings = append(settings, a.storageSettings()...)
	settings = append(settings, a.permissionSettings()...)
	settings = append(settings, a.https...)
	for _, setting := range settings {
		if slices.Contains(project.Settings, setting.Key) {
			a.Settings = append(a.Settings, setting)
		}
	}
}

// keptNames names what the program would call otherwise, behind a comment. Empty if there is nothing.
func (a Adoption) keptNames() string {
	if len(a.KeptNames) == 0 {
		return ""
	}
	return ", such as these names: " + strings.Join(a.KeptNames, ", ")
}

// remark adds something to look at.
func (a *Adoption) remark(format string, arguments ...any) {
	a.Remarks = append(a.Remarks, fmt.Sprintf(format, arguments...))
}

// text is a setting from an attribute. Nothing if the state does not have it.
func (a *Adoption) text(key, address string, path ...any) []Setting {
	theirs, _ := a.find(address)
	if value := theirs.Text(path...); value != "" {
		return []Setting{{key, value, theirs.Address}}
	}
	return nil
}

// number is a setting from a whole number. Nothing if the state has none, and a remark if it has another number.
func (a *Adoption) number(key, address string, path ...any) []Setting {
	theirs, _ := a.find(address)
	value, isWhole := theirs.Number(path...)
	if isWhole {
		return []Setting{{key, value, theirs.Address}}
	}
	if other := theirs.Text(path...); other != "" {
		a.remark("%s: it has %s, and %s must be a whole number; the default takes its place", theirs.Address, other, key)
	}
	return nil
}

// container is the part of a container definition that settings are read from.
type container struct {
	Image       string
	Environment []struct{ Name, Value string }
	Secrets     []struct{ Name string }
}

// variables are the environment variables that the program gives the container.
var variables = []string{"AWS_REGION", "JWT_SECRET", "NODE_ENV", "PORT", "S3_BUCKET_NAME"}

// remarkVariables names the variables that the next revision would drop.
func (a *Adoption) remarkVariables(taskDefinition terraformstate.Resource, container container) {
	var dropped []string
	for _, variable := range container.Environment {
		dropped = append(dropped, variable.Name)
	}
	for _, secret := range container.Secrets {
		dropped = append(dropped, secret.Name)
	}
	dropped = slices.DeleteFunc(dropped, func(name string) bool { return slices.Contains(variables, name) })
	if len(dropped) > 0 {
		a.remark("%s: the container has variables that the program does not give it, and the next revision drops them: %s; add them in ecs.go first",
			taskDefinition.Address, strings.Join(dropped, ", "))
	}
}

// applicationSettings are those of what runs in a task.
func (a *Adoption) applicationSettings() []Setting {
	const taskDefinition, service = "aws_ecs_task_definition.mediaserver", "aws_ecs_service.mediaserver"
	settings := a.number("appPort", service, "load_balancer", 0, "container_port")
	settings = append(settings, a.text("healthCheckPath", "aws_lb_target_group.mediaserver", "health_check", 0, "path")...)
	settings = append(settings, a.number("cpu", taskDefinition, "cpu")...)
	settings = append(settings, a.number("memory", taskDefinition, "memory")...)
	settings = append(settings, a.text("cpuArchitecture", taskDefinition, "runtime_platform", 0, "cpu_architecture")...)
	if theirs, isFound := a.find(service); isFound {
		settings = append(settings, Setting{"executeCommand", theirs.Flag("enable_execute_command"), theirs.Address})
	}
	theirs, isFound := a.find(taskDefinition)
	if !isFound {
		return settings
	}
	var containers []container
	if err := json.Unmarshal([]byte(theirs.Text("container_definitions")), &containers); err != nil || len(containers) == 0 {
		a.remark("%s: its container definitions cannot be read, so nodeEnv and imageTag are the defaults", theirs.Address)
		return settings
	}
	if len(containers) > 1 {
		a.remark("%s: a task has %d containers, and the program's has one; the next revision drops the others", theirs.Address, len(containers))
	}
	a.remarkVariables(theirs, containers[0])
	for _, variable := range containers[0].Environment {
		if variable.Name == "NODE_ENV" && variable.Value != "" {
			settings = append(settings, Setting{"nodeEnv", variable.Value, theirs.Address})
		}
	}
	return append(settings, a.imageSettings(theirs, containers[0].Image)...)
}

// imageSettings are the tag of the image that tasks run, in the repository of the stack.
func (a *Adoption) imageSettings(taskDefinition terraformstate.Resource, image string) []Setting {
	repository, _ := a.find("aws_ecr_repository.mediaserver")
	tag, inRepository := strings.CutPrefix(image, repository.Text("repository_url"))
	switch {
	case !inRepository || repository.Text("repository_url") == "":
		a.remark("%s: tasks run %s, which is not in the stack's repository; push it there first, and set imageTag to its tag", taskDefinition.Address, image)
	case strings.HasPrefix(tag, ":") && !strings.Contains(tag, "@"):
		return []Setting{{"imageTag", tag[1:], taskDefinition.Address}}
	case tag != "":
		a.remark("%s: tasks run %s, an image by its digest; give it a tag, and set imageTag to that", taskDefinition.Address, image)
	}
	return nil
}

// capacitySettings are those of how many tasks run and when their number changes.
func (a *Adoption) capacitySettings() []Setting {
	const service, target = "aws_ecs_service.mediaserver", "aws_appautoscaling_target.ecs_target"
	settings := a.number("minCapacity", target, "min_capacity")
	settings = append(settings, a.number("maxCapacity", target, "max_capacity")...)
	theirs, _ := a.find(service)
	desired, isKnown := theirs.Number("desired_count")
	least, hasLeast := settingOf(settings, "minCapacity", 1)
	most, hasMost := settingOf(settings, "maxCapacity", 10)
	if isKnown {
		// The number of tasks belongs to the scaling policies, and counts only when the service is made. The program
		// wants it between the two bounds.
		source := theirs.Address
		if bounded := min(max(desired, least), most); bounded != desired && (hasLeast || hasMost) {
			desired, source = bounded, source+", moved between minCapacity and maxCapacity"
		}
		settings = append(settings, Setting{"desiredCount", desired, source})
	}
	settings = append(settings, a.number(highCPU.setting, highCPU.address, "threshold")...)
	return append(settings, a.number(lowCPU.setting, lowCPU.address, "threshold")...)
}

// settingOf is the number of a setting among others, else its default, and whether it is there.
func settingOf(settings []Setting, key string, otherwise int) (int, bool) {
	for _, setting := range settings {
		if value, isNumber := setting.Value.(int); setting.Key == key && isNumber {
			return value, true
		}
	}
	return otherwise, false
}

// storageSettings are those of what is kept.
func (a *Adoption) storageSettings() []Setting {
	var settings []Setting
	if cors, isFound := a.find("aws_s3_bucket_cors_configuration.media_storage"); isFound {
		if origins := cors.Texts("cors_rule", 0, "allowed_origins"); len(origins) > 0 {
			settings = append(settings, Setting{"corsAllowedOrigins", slices.Sorted(slices.Values(origins)), cors.Address})
		}
		if rules := cors.Length("cors_rule"); rules > 1 {
			a.remark("%s: it has %d rules, and the program's has one; corsAllowedOrigins are those of the first", cors.Address, rules)
		}
	}
	lifecycle, _ := a.find("aws_s3_bucket_lifecycle_configuration.media_storage")
	for rule := range lifecycle.Length("rule") {
		if days, isKnown := lifecycle.Number("rule", rule, "noncurrent_version_expiration", 0, "noncurrent_days"); isKnown {
			settings = append(settings, Setting{"oldVersionDays", days, lifecycle.Address})
			break
		}
	}
	settings = append(settings, a.retention()...)
	return append(settings,
		Setting{"forceDestroy", false, "what is adopted holds data; nothing may be deleted with what it holds"},
		Setting{"protectData", true, "Pulumi refuses to delete or replace the bucket, the registry and the JWT secret"})
}

// longestRetention is the longest retention, in days, that the program and CloudWatch Logs take.
const longestRetention = 3653

// retention is the longer one of the two log groups, so that no event is lost. For ever is longer than that.
func (a *Adoption) retention() []Setting {
	longest := Setting{Key: "logRetentionDays"}
	for _, address := range []string{"aws_cloudwatch_log_group.ecs_logs", "aws_cloudwatch_log_group.app_logs"} {
		group, _ := a.find(address)
		days, isKnown := group.Number("retention_in_days")
		if !isKnown {
			continue
		}
		if days == 0 {
			a.remark("%s: it keeps events for ever, and the program for %d days at most; the plan gate refuses that until it is allowed",
				group.Address, longestRetention)
			days = longestRetention
		}
		if before, isNumber := longest.Value.(int); !isNumber || days > before {
			longest.Value, longest.Source = days, group.Address
		}
	}
	if longest.Value == nil {
		return nil
	}
	return []Setting{longest}
}

// permissionSettings are those of the roles and the cluster.
func (a *Adoption) permissionSettings() []Setting {
	var settings []Setting
	cluster, _ := a.find("aws_ecs_cluster.main")
	for at := range cluster.Length("setting") {
		if cluster.Text("setting", at, "name") == "containerInsights" {
			settings = append(settings, Setting{"containerInsights", cluster.Text("setting", at, "value"), cluster.Address})
		}
	}
	execution, _ := a.find("aws_iam_role.ecs_task_execution_role")
	task, _ := a.find("aws_iam_role.ecs_task_role")
	boundary := execution.Text("permissions_boundary")
	switch {
	case boundary != task.Text("permissions_boundary"):
		a.remark("%s and %s have different permissions boundaries, and the program one for both; set permissionsBoundaryArn", execution.Address, task.Address)
	case boundary != "":
		settings = append(settings, Setting{"permissionsBoundaryArn", boundary, task.Address})
	}
	return settings
}

// commonTags are the tags that all resources carry, by the provider's default tags or each for itself. As default
// tags they stay.
func (a *Adoption) commonTags() map[string]string {
	var common map[string]string
	for _, match := range a.Matches {
		if match.Theirs.At("tags_all") == nil || ways[terraformType(match.Ours)].by != byImport {
			continue
		}
		tags := match.Theirs.Map("tags_all")
		if common == nil {
			common = tags
			continue
		}
		maps.DeleteFunc(common, func(key, value string) bool { return tags[key] != value })
	}
	var single []string
	for _, match := range a.Matches {
		for key, value := range match.Theirs.Map("tags_all") {
			if common[key] != value && !slices.Contains(single, key) {
				single = append(single, key)
			}
		}
	}
	if len(single) > 0 {
		slices.Sort(single)
		a.remark("some resources have tags of their own, which the first update takes away: %s", strings.Join(single, ", "))
	}
	return common
}
