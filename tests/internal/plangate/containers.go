package plangate

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// container is a container of a task definition, as far as it is judged (Amazon ECS API reference,
// ContainerDefinition).
type container struct {
	Name                   string            `json:"name"`
	Image                  string            `json:"image"`
	Privileged             bool              `json:"privileged"`
	ReadonlyRootFilesystem bool              `json:"readonlyRootFilesystem"`
	Environment            []json.RawMessage `json:"environment"`
	EnvironmentFiles       []json.RawMessage `json:"environmentFiles"`
	Secrets                []struct {
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
	User        string   `json:"user"`
	MountPoints []any    `json:"mountPoints"`
	VolumesFrom []any    `json:"volumesFrom"`
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
		if driver := all[name].LogConfiguration; driver != nil {
			only := *driver
			only.Options = nil
			return container{LogConfiguration: &only}
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
		for _, name := range slices.Sorted(maps.Keys(before.LogConfiguration.Options)) {
			from, to := before.logOption(name), after.logOption(name)
			if name != logStreamPrefix && from != to {
				add("logConfiguration.options", name+" "+from, name+" "+to, logElsewhere)
			}
		}
	}
	found = append(found, runsAsBefore(path, before, after)...)
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

// runsAsBefore compares what a container that was there runs, as whom, and which files it reaches.
func runsAsBefore(path string, before, after container) []Weakening {
	var found []Weakening
	if isRoot(after.User) && !isRoot(before.User) || after.User == "" && before.User != "" && !isRoot(before.User) {
		found = append(found, Weakening{path + "user", userName(before.User), userName(after.User), "an intruder may do more in the container"})
	}
	for _, each := range []struct {
		property string
		from, to []string
	}{{"command", before.Command, after.Command}, {"entryPoint", before.EntryPoint, after.EntryPoint}} {
		if before.Name != "" && !slices.Equal(each.from, each.to) {
			found = append(found, Weakening{path + each.property, inJSON(each.from), inJSON(each.to), "the task runs something else of its image"})
		}
	}
	for _, each := range []struct {
		property string
		from, to []any
	}{{"mountPoints", before.MountPoints, after.MountPoints}, {"volumesFrom", before.VolumesFrom, after.VolumesFrom}} {
		for _, mounted := range each.to {
			if !slices.ContainsFunc(each.from, func(old any) bool { return sameValue(old, mounted) }) {
				text := value{mounted}.String()
				found = append(found, Weakening{path + each.property, "without " + text, "with " + text, "the container reaches other files"})
			}
		}
	}
	return found
}

// isRoot tells whether a user, which a group may follow behind a colon, is the one that may do everything.
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	number, err := strconv.Atoi(name)
	return name == "root" || err == nil && number == 0
}

// userName is a user in words.
func userName(user string) string {
	if user == "" {
		return "that of the image"
	}
	return user
}

// inJSON are texts as a list of JSON. Absent ones are an empty list.
func inJSON(texts []string) string {
	return value{append([]string{}, texts...)}.String()
}

// logOption is an option of the container's log in words.
func (c container) logOption(name string) string {
	if text, has := c.LogConfiguration.Options[name]; has {
		return text
	}
	return value{}.String()
}

// hasVariable tells whether the container has a plain variable of a name.
func (c container) hasVariable(name string) bool {
	return slices.ContainsFunc(c.Environment, func(text json.RawMessage) bool {
		var variable struct {
			Name string `json:"name"`
		}
		return json.Unmarshal(text, &variable) != nil || variable.Name == name
	})
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
	named := map[string]container{}
	for _, each := range list {
		named[each.Name] = each
	}
	return named, len(named) == len(list)
}
