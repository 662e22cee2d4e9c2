package plangate

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// runsAsBefore compares what a container that was there runs, as whom, and which files it reaches.
func runsAsBefore(path string, before, after container) []Weakening {
	var found []Weakening
	if isRoot(after.User) && !isRoot(before.User) || after.User == "" && before.User != "" && !isRoot(before.User) {
		found = append(found, Weakening{path + "user", userName(before.User), userName(after.User), "an intruder may do more in the container"})
	}
	for _, each := range []struct {
		property string
		from, to []string
	}{
		{"command", before.Command, after.Command}, {"entryPoint", before.EntryPoint, after.EntryPoint},
		{"healthCheck.command", before.healthCheck(), after.healthCheck()},
	} {
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

// libraryVariable names the variables by which what stands between the application and the network is told what to load
// and where to send: the AWS SDKs (AWS SDKs and tools reference, "Environment variables"), Node.js, the dynamic linker,
// and whatever knows a proxy.
var libraryVariable = regexp.MustCompile(`(?i)^(AWS|NODE|LD)_|_PROXY$`)

// nodeEnv is the one of them that a setting gives.
const nodeEnv = "NODE_ENV"

// librariesBehaveAsBefore compares the variables by which a container's libraries are told what to do. Values are not
// shown.
func librariesBehaveAsBefore(path string, before, after container) []Weakening {
	var found []Weakening
	old, changed := before.variables(), after.variables()
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if from, had := old[name]; libraryVariable.MatchString(name) && name != nodeEnv && (!had || from != changed[name]) {
			found = append(found, Weakening{path + "environment", name + " as it was", "another " + name, "the libraries of the application load something else, or send elsewhere"})
		}
	}
	return found
}

// ownAddress is the beginning of an address in the container itself. What follows, the port and the path, are settings.
var ownAddress = regexp.MustCompile(`^http://(localhost|127\.0\.0\.1)(:[0-9]+)?/[^ ]*$`)

// healthCheck is the command that tells whether the container is healthy, without the port and the path that it asks.
func (c container) healthCheck() []string {
	var words []string
	for _, word := range c.HealthCheck.Command {
		words = append(words, ownAddress.ReplaceAllString(word, "http://$1"))
	}
	return words
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
