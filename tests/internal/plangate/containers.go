package plangate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// container is a container of a task definition, as far as it is judged (Amazon ECS API reference,
// ContainerDefinition).
type container struct {
	Name                   string `json:"name"`
	Image                  string `json:"image"`
	Privileged             bool   `json:"privileged"`
	ReadonlyRootFilesystem bool   `json:"readonlyRootFilesystem"`
	Environment            []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"environment"`
	EnvironmentFiles []json.RawMessage `json:"environmentFiles"`
	Secrets          []struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	} `json:"secrets"`
	LinuxParameters struct {
		Capabilities struct {
			Add []string `json:"add"`
		} `json:"capabilities"`
	} `json:"linuxParameters"`
	LogConfiguration *struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	} `json:"logConfiguration"`
	Command     []string `json:"command"`
	EntryPoint  []string `json:"entryPoint"`
	HealthCheck struct {
		Command []string `json:"command"`
	} `json:"healthCheck"`
	User        string `json:"user"`
	MountPoints []any  `json:"mountPoints"`
	VolumesFrom []any  `json:"volumesFrom"`
	// all are these and all other properties.
	all properties
}

// harmlessOfContainer are the properties of a container that are judged, or that give nothing away.
var harmlessOfContainer = []string{
	"name", "image", "privileged", "readonlyRootFilesystem", "environment", "secrets", "linuxParameters", "logConfiguration",
	"command", "entryPoint", "healthCheck", "user", "mountPoints", "volumesFrom", "essential", "cpu", "memory", "memoryReservation",
	"portMappings", "dependsOn", "startTimeout", "stopTimeout", "ulimits", "dockerLabels", "versionConsistency", "restartPolicy",
}

// secretSources are the places in a store of secrets from which variables come, by the names of the variables.
func (c container) secretSources() map[string]string {
	sources := map[string]string{}
	for _, each := range c.Secrets {
		sources[each.Name] = each.ValueFrom
	}
	return sources
}

// repository is where the container's image comes from: the image without its tag and digest.
func (c container) repository() string {
	repository, _, _ := strings.Cut(c.Image, "@")
	if colon := strings.LastIndex(repository, ":"); colon > strings.LastIndex(repository, "/") {
		repository = repository[:colon]
	}
	return repository
}

// containersGainNothing is the rule for the containers of a task definition. Another image of a repository that the
// task used already passes; so does another variable.
func containersGainNothing(path string) rule {
	return func(before, after properties) []Weakening {
		if sameValue(before.at(path).content, after.at(path).content) {
			return nil
		}
		old, _ := readContainers(before.at(path))
		changed, readable := readContainers(after.at(path))
		if !readable {
			// The definitions may hold a secret in plain, so they are not shown.
			return []Weakening{{path, "known containers", "not known yet, or a secret", "the gate cannot see what the task runs"}}
		}
		var found []Weakening
		for _, name := range slices.Sorted(maps.Keys(changed)) {
			for _, counterpart := range counterparts(changed[name], old, changed) {
				for _, each := range containerGainsNothing(path+"["+name+"].", old, counterpart, changed[name]) {
					if !slices.Contains(found, each) {
						found = append(found, each)
					}
				}
			}
		}
		return found
	}
}

// counterparts are the old containers that a container stands for: the one of its name. One with a new name may stand
// for each whose name has gone, and stands for none if no name has.
func counterparts(one container, old, changed map[string]container) []container {
	if same, existed := old[one.Name]; existed {
		return []container{same}
	}
	var gone []container
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, stays := changed[name]; !stays {
			gone = append(gone, old[name])
		}
	}
	if len(gone) == 0 {
		return []container{loggedAs(old)}
	}
	return gone
}

// loggedAs is a container that is nothing but logged, as the first of these by name that is. What is added beside them
// is compared with it.
func loggedAs(all map[string]container) container {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if log := all[name].LogConfiguration; log != nil {
			return container{LogConfiguration: log}
		}
	}
	return container{}
}

// containerGainsNothing compares a container with what it stands for among all from before.
func containerGainsNothing(path string, all map[string]container, before, after container) []Weakening {
	var found []Weakening
	add := func(property, from, to, why string) {
		found = append(found, Weakening{Property: path + property, From: from, To: to, Why: why})
	}
	repositories := map[string]bool{}
	for _, each := range all {
		repositories[each.repository()] = true
	}
	if len(all) > 0 && !repositories[after.repository()] {
		add("image", "of "+strings.Join(slices.Sorted(maps.Keys(repositories)), ", "), "of "+after.repository(), "somebody else decides what the task runs")
	}
	if after.Privileged && !before.Privileged {
		add("privileged", "false", "true", "the container may do all that its host may")
	}
	for _, capability := range after.LinuxParameters.Capabilities.Add {
		if !slices.Contains(before.LinuxParameters.Capabilities.Add, capability) {
			add("linuxParameters.capabilities.add", "without "+capability, "with "+capability, "the container may do more of what its host may")
		}
	}
	if before.ReadonlyRootFilesystem && !after.ReadonlyRootFilesystem {
		add("readonlyRootFilesystem", "true", "false", "an intruder can change the application's files")
	}
	if before.LogConfiguration != nil && (after.LogConfiguration == nil || after.LogConfiguration.LogDriver != before.LogConfiguration.LogDriver) {
		add("logConfiguration", before.LogConfiguration.LogDriver, after.logDriver(), logElsewhere)
	} else if before.LogConfiguration != nil {
		names := maps.Clone(after.LogConfiguration.Options)
		if names == nil {
			names = map[string]string{}
		}
		maps.Copy(names, before.LogConfiguration.Options)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if from, to := before.logOption(name), after.logOption(name); name != logStreamPrefix && from != to {
				add("logConfiguration.options", name+" "+from, name+" "+to, logElsewhere)
			}
		}
	}
	found = append(found, runsAsBefore(path, before, after)...)
	for _, each := range gainsNoOther(harmlessOfContainer...)(before.all, after.all) {
		add(each.Property, each.From, each.To, each.Why)
	}
	found = append(found, librariesBehaveAsBefore(path, before, after)...)
	sources := before.secretSources()
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		source, isSecret := after.secretSources()[name]
		switch {
		case isSecret && source != sources[name]:
			add("secrets", name+" from "+sources[name], name+" from "+source, "whoever knows what is in the other place knows the secret")
		case !isSecret && (after.hasVariable(name) || len(after.EnvironmentFiles) > len(before.EnvironmentFiles)):
			add("environment", name+" from a store of secrets", name+" in plain", "everybody who may read the task definition reads it")
		}
	}
	return found
}

// logStreamPrefix is the option of a log that only names its streams.
const logStreamPrefix = "awslogs-stream-prefix"

const logElsewhere = "the container's output is not kept where it was"

// logOption is an option of the container's log in words.
func (c container) logOption(name string) string {
	if text, has := c.LogConfiguration.Options[name]; has {
		return text
	}
	return value{}.String()
}

// variables are the plain variables by their names.
func (c container) variables() map[string]string {
	all := map[string]string{}
	for _, each := range c.Environment {
		all[each.Name] = each.Value
	}
	return all
}

// hasVariable tells whether the container has a plain variable of a name.
func (c container) hasVariable(name string) bool {
	_, has := c.variables()[name]
	return has
}

// logDriver is the driver of the container's log in words.
func (c container) logDriver() string {
	if c.LogConfiguration == nil {
		return "not set"
	}
	return c.LogConfiguration.LogDriver
}

// readContainers reads container definitions. It returns false if they are not known or cannot be read.
func readContainers(definitions value) (map[string]container, bool) {
	if !definitions.known() {
		return nil, false
	}
	var list []container
	if err := json.Unmarshal([]byte(definitions.text()), &list); err != nil {
		return nil, false
	}
	var all []properties
	if err := json.Unmarshal([]byte(definitions.text()), &all); err != nil {
		return nil, false
	}
	named := map[string]container{}
	for i, each := range list {
		each.all = all[i]
		named[each.Name] = each
	}
	return named, len(named) == len(list)
}
